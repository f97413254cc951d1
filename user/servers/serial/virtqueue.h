/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The driver's side of a split virtqueue (virtio 1.x, "Split Virtqueues"). Pure: it works on memory
 * that the device reads and writes too, and knows nothing of how the device is told.
 *
 * Descriptor i always names buffer i, one buffer each, so there are no chains and no list of free
 * descriptors: buffer i is with the device or it is not. What is with the device is kept in memory
 * that the device cannot write to; of what the device writes, only the used ring is read, each
 * field once, and checked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VIRTQUEUE_MOST 32u    /* places in a queue: a power of two */
#define VIRTQUEUE_BYTES 2048u /* memory for one queue, which begins on a multiple of 16 bytes */

/* Offsets of the three parts in that memory. */
#define VIRTQUEUE_AVAIL 512u
#define VIRTQUEUE_USED 1024u

/* What the device finds in the memory; all little-endian. */
struct virtq_desc {
    uint64_t address; /* as the device sees it */
    uint32_t bytes;
    uint16_t flags; /* VIRTQ_WRITE: for the device to write to */
    uint16_t next;
};
#define VIRTQ_WRITE 2u

struct virtq_avail {
    uint16_t flags; /* VIRTQ_QUIET: no interrupt when a buffer was used */
    uint16_t index;
    uint16_t ring[VIRTQUEUE_MOST];
};
#define VIRTQ_QUIET 1u

struct virtq_used {
    uint16_t flags; /* VIRTQ_ASLEEP_NOT: the device need not be told of new buffers */
    uint16_t index;
    struct {
        uint32_t id;
        uint32_t bytes; /* that the device has written */
    } ring[VIRTQUEUE_MOST];
};
#define VIRTQ_ASLEEP_NOT 1u

/* A queue.
 *
 * INV-VQ-1  with == the number of set bits in posted.
 * INV-VQ-2  bits of posted lie below size. */
struct virtqueue {
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    uint64_t bus;                   /* address of the memory as the device sees it */
    unsigned size;                  /* places, a power of two */
    unsigned with;                  /* buffers that are with the device */
    uint32_t posted;                /* which */
    uint16_t next;                  /* index of the next place in the available ring */
    uint16_t seen;                  /* index of the next entry of the used ring to take */
    uint32_t bytes[VIRTQUEUE_MOST]; /* of the buffers posted */
    bool broken; /* the device has written what cannot be; nothing more is taken or posted */
};

/* Set up an empty queue of `size` places, 1..VIRTQUEUE_MOST, a power of two, in VIRTQUEUE_BYTES at
 * `memory`, which the device sees at `bus`. */
void virtqueue_init(struct virtqueue *q, unsigned size, void *memory, uint64_t bus);

/* Addresses of the parts, for the device. */
static inline uint64_t virtqueue_desc_bus(const struct virtqueue *q)
{
    return q->bus;
}
static inline uint64_t virtqueue_avail_bus(const struct virtqueue *q)
{
    return q->bus + VIRTQUEUE_AVAIL;
}
static inline uint64_t virtqueue_used_bus(const struct virtqueue *q)
{
    return q->bus + VIRTQUEUE_USED;
}

/* Is buffer i with the device? */
static inline bool virtqueue_has(const struct virtqueue *q, unsigned i)
{
    return i < VIRTQUEUE_MOST && (q->posted >> i & 1) != 0;
}

/* Give buffer i, which the driver has, to the device: `bytes` at `address`, to be written to by the
 * device or read. False: it has it already, there is no such place, or the queue is broken. */
bool virtqueue_post(struct virtqueue *q, unsigned i, uint64_t address, uint32_t bytes,
                    bool device_writes);

/* After buffers were posted: must the device be told? */
bool virtqueue_must_tell(const struct virtqueue *q);

/* The used index as it is now: virtqueue_take_to() takes up to there. */
uint16_t virtqueue_mark(const struct virtqueue *q);

enum virtqueue_taken {
    VIRTQUEUE_NONE,
    VIRTQUEUE_ONE,
    VIRTQUEUE_BROKEN, /* an index, a number or a length that cannot be; so from now on */
};

/* What came back. */
struct virtqueue_buffer {
    unsigned i;
    uint32_t bytes; /* written, never more than the buffer has */
    bool over;      /* the device says that it wrote more than that */
};

/* Take a buffer back that the device has done with, if its entry lies before the mark. */
enum virtqueue_taken virtqueue_take_to(struct virtqueue *q, uint16_t mark,
                                       struct virtqueue_buffer *b);

/* Take one, whatever came by now. */
enum virtqueue_taken virtqueue_take(struct virtqueue *q, struct virtqueue_buffer *b);

/* Buffer i, if it is with the device, will not come back: the driver has it again. If the device
 * uses it after all, the queue is broken. */
void virtqueue_forget(struct virtqueue *q, unsigned i);

/* Ask the device not to interrupt for this queue, or to do so. Who asks for interrupts must look
 * again afterwards: a buffer used before that may not have interrupted. */
void virtqueue_quiet(struct virtqueue *q, bool quiet);

/* Test of the invariants: true if they hold. */
bool virtqueue_check(const struct virtqueue *q);
