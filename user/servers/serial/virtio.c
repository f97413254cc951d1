/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A virtio device on PCI; see virtio.h. Registers are read and written in their own width, and
 * those of 64 bits as two of 32.
 */
#include "virtio.h"

#include <lykos/time.h>

/* Fields of a capability of the device. */
#define CAP_LENGTH 2u
#define CAP_KIND 3u
#define CAP_BAR 4u
#define CAP_OFFSET 8u
#define CAP_BYTES 12u
#define CAP_LEAST 16u
#define CAP_NOTIFY_EACH 16u
#define BARS 6u

/* Registers of the common structure. */
#define COMMON_FEATURE_SELECT 0x00u
#define COMMON_FEATURE 0x04u
#define COMMON_DRIVER_SELECT 0x08u
#define COMMON_DRIVER 0x0cu
#define COMMON_STATUS 0x14u
#define COMMON_QUEUE_SELECT 0x16u
#define COMMON_QUEUE_SIZE 0x18u
#define COMMON_QUEUE_ENABLE 0x1cu
#define COMMON_QUEUE_NOTIFY 0x1eu
#define COMMON_QUEUE_DESC 0x20u
#define COMMON_QUEUE_AVAIL 0x28u
#define COMMON_QUEUE_USED 0x30u

#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER 0x02u
#define STATUS_DRIVER_OK 0x04u
#define STATUS_FEATURES_OK 0x08u
#define STATUS_NEEDS_RESET 0x40u
#define STATUS_FAILED 0x80u

#define RESET_TRIES 100u /* a millisecond each */

/* ---- Where its structures are ---- */

/* The structure that the capability at `at` names, if it makes sense. */
static void take_place(pci_reader *read, void *context, unsigned at, struct virtio_places *places)
{
    uint32_t kind = read(context, at + CAP_KIND, 1);
    struct virtio_place place = {
        .there = true,
        .bar = (uint8_t)read(context, at + CAP_BAR, 1),
        .offset = read(context, at + CAP_OFFSET, 4),
        .bytes = read(context, at + CAP_BYTES, 4),
    };
    bool fits = at + CAP_LEAST <= PCI_CONFIG_BYTES && place.bar < BARS &&
                place.bytes <= UINT32_MAX - place.offset &&
                read(context, at + CAP_LENGTH, 1) >= CAP_LEAST;

    if (!fits || kind < VIRTIO_COMMON || kind > VIRTIO_DEVICE || places->part[kind].there) {
        return;
    }
    if (kind == VIRTIO_NOTIFY) {
        if (at + CAP_NOTIFY_EACH + 4 > PCI_CONFIG_BYTES ||
            read(context, at + CAP_LENGTH, 1) < CAP_NOTIFY_EACH + 4) {
            return;
        }
        places->notify_each = read(context, at + CAP_NOTIFY_EACH, 4);
    }
    places->part[kind] = place;
}

const char *virtio_find(pci_reader *read, void *context, struct virtio_places *places)
{
    unsigned at = 0;

    *places = (struct virtio_places){ 0 };
    for (unsigned n = 0; n < PCI_CAPS_MOST; n++) {
        at = lk_pci_find_cap(read, context, PCI_CAP_VENDOR, n);
        if (at == 0) {
            break;
        }
        take_place(read, context, at, places);
    }
    const struct virtio_place *part = places->part;

    if (!part[VIRTIO_COMMON].there || part[VIRTIO_COMMON].bytes < VIRTIO_COMMON_BYTES ||
        part[VIRTIO_COMMON].offset % 4 != 0) {
        return "it has no structure of virtio 1.x";
    }
    if (!part[VIRTIO_ISR].there || part[VIRTIO_ISR].bytes < VIRTIO_ISR_BYTES) {
        return "it has no interrupt status";
    }
    if (!part[VIRTIO_NOTIFY].there || part[VIRTIO_NOTIFY].offset % 2 != 0 ||
        places->notify_each % 2 != 0) {
        return "it cannot be told of buffers";
    }
    return NULL;
}

/* ---- Registers ---- */

static volatile uint8_t *common(const struct virtio *v, unsigned offset)
{
    return v->part[VIRTIO_COMMON] + offset;
}
static uint8_t get8(const struct virtio *v, unsigned offset)
{
    return *common(v, offset);
}
static void set8(const struct virtio *v, unsigned offset, uint8_t value)
{
    *common(v, offset) = value;
}
static uint16_t get16(const struct virtio *v, unsigned offset)
{
    return *(volatile uint16_t *)common(v, offset);
}
static void set16(const struct virtio *v, unsigned offset, uint16_t value)
{
    *(volatile uint16_t *)common(v, offset) = value;
}
static uint32_t get32(const struct virtio *v, unsigned offset)
{
    return *(volatile uint32_t *)common(v, offset);
}
static void set32(const struct virtio *v, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)common(v, offset) = value;
}
static void set64(const struct virtio *v, unsigned offset, uint64_t value)
{
    set32(v, offset, (uint32_t)value);
    set32(v, offset + 4, (uint32_t)(value >> 32));
}

/* ---- The handshake ---- */

bool virtio_reset(const struct virtio *v)
{
    set8(v, COMMON_STATUS, 0);
    for (unsigned i = 0; i < RESET_TRIES; i++) {
        if (get8(v, COMMON_STATUS) == 0) {
            return true;
        }
        lk_sleep_ms(1);
    }
    return false;
}

static uint64_t features_offered(const struct virtio *v)
{
    uint64_t low;

    set32(v, COMMON_FEATURE_SELECT, 0);
    low = get32(v, COMMON_FEATURE);
    set32(v, COMMON_FEATURE_SELECT, 1);
    return low | (uint64_t)get32(v, COMMON_FEATURE) << 32;
}

static void features_take(const struct virtio *v, uint64_t features)
{
    set32(v, COMMON_DRIVER_SELECT, 0);
    set32(v, COMMON_DRIVER, (uint32_t)features);
    set32(v, COMMON_DRIVER_SELECT, 1);
    set32(v, COMMON_DRIVER, (uint32_t)(features >> 32));
}

/* Set a bit of the status, beside those that are set. */
static void status_add(const struct virtio *v, uint8_t bit)
{
    set8(v, COMMON_STATUS, get8(v, COMMON_STATUS) | bit);
}

const char *virtio_take(const struct virtio *v, uint64_t features)
{
    status_add(v, STATUS_ACKNOWLEDGE);
    status_add(v, STATUS_DRIVER);
    if ((features_offered(v) & features) != features) {
        status_add(v, STATUS_FAILED);
        return "it does not offer what is needed: virtio 1.x and several ports";
    }
    features_take(v, features);
    status_add(v, STATUS_FEATURES_OK);
    if ((get8(v, COMMON_STATUS) & STATUS_FEATURES_OK) == 0) {
        status_add(v, STATUS_FAILED);
        return "it does not accept what it has offered";
    }
    return NULL;
}

unsigned virtio_queue_most(const struct virtio *v, unsigned queue)
{
    set16(v, COMMON_QUEUE_SELECT, (uint16_t)queue);
    return get16(v, COMMON_QUEUE_SIZE);
}

/* The notification register of the selected queue; null: it lies outside of its structure. */
static volatile uint8_t *notify_register(const struct virtio *v)
{
    uint64_t offset = (uint64_t)get16(v, COMMON_QUEUE_NOTIFY) * v->places.notify_each;

    return offset + 2 <= v->places.part[VIRTIO_NOTIFY].bytes ? v->part[VIRTIO_NOTIFY] + offset
                                                             : NULL;
}

bool virtio_queue_set(struct virtio *v, unsigned queue, const struct virtqueue *q)
{
    if (queue >= VIRTIO_QUEUES) {
        return false;
    }
    set16(v, COMMON_QUEUE_SELECT, (uint16_t)queue);
    v->notify[queue] = notify_register(v);
    if (v->notify[queue] == NULL) {
        return false;
    }
    set16(v, COMMON_QUEUE_SIZE, (uint16_t)q->size);
    set64(v, COMMON_QUEUE_DESC, virtqueue_desc_bus(q));
    set64(v, COMMON_QUEUE_AVAIL, virtqueue_avail_bus(q));
    set64(v, COMMON_QUEUE_USED, virtqueue_used_bus(q));
    set16(v, COMMON_QUEUE_ENABLE, 1);
    return true;
}

void virtio_start(const struct virtio *v)
{
    status_add(v, STATUS_DRIVER_OK);
}

void virtio_tell(const struct virtio *v, unsigned queue)
{
    if (queue < VIRTIO_QUEUES && v->notify[queue] != NULL) {
        *(volatile uint16_t *)v->notify[queue] = (uint16_t)queue;
    }
}

uint8_t virtio_interrupt(const struct virtio *v)
{
    return *v->part[VIRTIO_ISR];
}

bool virtio_failed(const struct virtio *v)
{
    return (get8(v, COMMON_STATUS) & STATUS_NEEDS_RESET) != 0;
}

uint32_t virtio_config(const struct virtio *v, unsigned offset)
{
    const struct virtio_place *place = &v->places.part[VIRTIO_DEVICE];

    return place->there && offset + 4 <= place->bytes
               ? *(volatile uint32_t *)(v->part[VIRTIO_DEVICE] + offset)
               : 0;
}
