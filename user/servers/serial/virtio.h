/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A virtio device on PCI, as virtio 1.x has it ("Virtio Over PCI Bus"): where its registers are,
 * and the handshake with which a driver takes it.
 */
#pragma once

#include "virtqueue.h"

#include <lykos/pci.h>
#include <stdbool.h>
#include <stdint.h>

/* The kinds of structure that a device has in its memory. */
enum virtio_part {
    VIRTIO_COMMON = 1,
    VIRTIO_NOTIFY = 2,
    VIRTIO_ISR = 3,
    VIRTIO_DEVICE = 4,
    VIRTIO_PARTS = 5,
};

/* Where one is. */
struct virtio_place {
    bool there;
    uint8_t bar;
    uint32_t offset;
    uint32_t bytes;
};

struct virtio_places {
    struct virtio_place part[VIRTIO_PARTS]; /* by enum virtio_part */
    uint32_t notify_each;                   /* distance of the queues' notification registers */
};

/* Find the structures from the device's configuration space; the first of each kind that makes
 * sense counts. Null: all are there; else what is missing, in words. Pure. */
const char *virtio_find(pci_reader *read, void *context, struct virtio_places *places);

/* Least bytes that a driver needs of the structures. */
#define VIRTIO_COMMON_BYTES 56u
#define VIRTIO_ISR_BYTES 1u

/* Feature bits. */
#define VIRTIO_VERSION_1 (1ull << 32)

#define VIRTIO_QUEUES 32u /* that a driver can set */

/* Bits of the interrupt status register. */
#define VIRTIO_ISR_QUEUE 1u
#define VIRTIO_ISR_CONFIG 2u

/* A device whose structures are mapped. */
struct virtio {
    volatile uint8_t *part[VIRTIO_PARTS]; /* by enum virtio_part; bytes of each as in `places` */
    struct virtio_places places;
    volatile uint8_t *notify[VIRTIO_QUEUES]; /* notification register of each queue that is set */
};

/* Reset it: it does nothing any more, and keeps no address. False: it does not come to rest. */
bool virtio_reset(const struct virtio *v);

/* Take it with these features, all of which it must offer. Null, or what is wrong, in words. */
const char *virtio_take(const struct virtio *v, uint64_t features);

/* How many places its queue may have at most; 0: there is no such queue. */
unsigned virtio_queue_most(const struct virtio *v, unsigned queue);

/* Give it the memory of an empty queue. False: its notification register lies outside of what is
 * mapped. Between virtio_take() and virtio_start(). */
bool virtio_queue_set(struct virtio *v, unsigned queue, const struct virtqueue *q);

/* The driver is ready. */
void virtio_start(const struct virtio *v);

/* Tell the device of new buffers in a queue. */
void virtio_tell(const struct virtio *v, unsigned queue);

/* Read the interrupt status: VIRTIO_ISR_..; the device takes its interrupt back. */
uint8_t virtio_interrupt(const struct virtio *v);

/* Does the device say that it must be reset? */
bool virtio_failed(const struct virtio *v);

/* A 32-bit field of the device's own structure; 0 if that is not so long. */
uint32_t virtio_config(const struct virtio *v, unsigned offset);
