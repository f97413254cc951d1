/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A virtio device on PCI; see virtio.h. Registers are read and written in their own width, and
 * those of 64 bits as two of 32.
 */
#include "virtio.h"

#include <lykos/time.h>

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
