/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a virtio device has its structures; see virtio.h.
 */
#include "virtio.h"

/* Fields of a capability of the device. */
#define CAP_LENGTH 2u
#define CAP_KIND 3u
#define CAP_BAR 4u
#define CAP_OFFSET 8u
#define CAP_BYTES 12u
#define CAP_LEAST 16u
#define CAP_NOTIFY_EACH 16u
#define BARS 6u

/* The structure that the capability at `at` names, if it makes sense. */
static void take_place(pci_reader *read, void *context, unsigned at, struct virtio_places *places)
{
    if (at + CAP_LEAST > PCI_CONFIG_BYTES) {
        return;
    }
    uint32_t kind = read(context, at + CAP_KIND, 1);
    struct virtio_place place = {
        .there = true,
        .bar = (uint8_t)read(context, at + CAP_BAR, 1),
        .offset = read(context, at + CAP_OFFSET, 4),
        .bytes = read(context, at + CAP_BYTES, 4),
    };
    bool fits = place.bar < BARS && place.bytes <= UINT32_MAX - place.offset &&
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
