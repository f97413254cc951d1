/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The driver's side of a split virtqueue; see virtqueue.h.
 *
 * Order of memory accesses. On x86 stores become visible in the order of the program, and loads are
 * done in it; only a load may be done before an earlier store. So a release store and an acquire
 * load need no instruction, just the compiler kept from moving things. A full fence stands where a
 * store must be visible before a load is done: "posted, then: does the device sleep?" and "wake me,
 * then: has something come?". The device does the same two in the other order, so that at least one
 * side sees the other.
 */
#include "virtqueue.h"

#include <stddef.h>

_Static_assert(sizeof(struct virtq_desc) * VIRTQUEUE_MOST <= VIRTQUEUE_AVAIL, "descriptors fit");
_Static_assert(VIRTQUEUE_AVAIL + sizeof(struct virtq_avail) <= VIRTQUEUE_USED, "avail fits");
_Static_assert(VIRTQUEUE_USED + sizeof(struct virtq_used) <= VIRTQUEUE_BYTES, "used fits");
_Static_assert(sizeof(struct virtq_desc) == 16, "as the device has it");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "as the device has it");

void virtqueue_init(struct virtqueue *q, unsigned size, void *memory, uint64_t bus)
{
    uint8_t *at = memory;

    *q = (struct virtqueue){
        .desc = (void *)at,
        .avail = (void *)(at + VIRTQUEUE_AVAIL),
        .used = (void *)(at + VIRTQUEUE_USED),
        .bus = bus,
        .size = size,
    };
    for (size_t i = 0; i < VIRTQUEUE_BYTES; i++) {
        ((volatile uint8_t *)at)[i] = 0;
    }
}

bool virtqueue_post(struct virtqueue *q, unsigned i, uint64_t address, uint32_t bytes,
                    bool device_writes)
{
    if (q->broken || i >= q->size || virtqueue_has(q, i)) {
        return false;
    }
    q->posted |= 1u << i;
    q->with++;
    q->bytes[i] = bytes;
    q->desc[i].address = address;
    q->desc[i].bytes = bytes;
    q->desc[i].flags = device_writes ? VIRTQ_WRITE : 0;
    q->desc[i].next = 0;
    q->avail->ring[q->next % q->size] = (uint16_t)i;
    q->next++;
    /* The device reads the index first: what it names must be there then. */
    __atomic_store_n(&q->avail->index, q->next, __ATOMIC_RELEASE);
    return true;
}

bool virtqueue_must_tell(const struct virtqueue *q)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (q->used->flags & VIRTQ_ASLEEP_NOT) == 0;
}

uint16_t virtqueue_mark(const struct virtqueue *q)
{
    return __atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE);
}

static enum virtqueue_taken broken(struct virtqueue *q)
{
    q->broken = true;
    return VIRTQUEUE_BROKEN;
}

enum virtqueue_taken virtqueue_take_to(struct virtqueue *q, uint16_t mark,
                                       struct virtqueue_buffer *b)
{
    uint16_t ahead = (uint16_t)(mark - q->seen);
    uint32_t id;
    uint32_t bytes;

    if (q->broken) {
        return VIRTQUEUE_BROKEN;
    }
    if (ahead == 0) {
        return VIRTQUEUE_NONE;
    }
    id = q->used->ring[q->seen % q->size].id;
    bytes = q->used->ring[q->seen % q->size].bytes;
    if (ahead > q->with || !virtqueue_has(q, id)) {
        return broken(q);
    }
    q->seen++;
    q->posted &= ~(1u << id);
    q->with--;
    b->i = id;
    b->over = bytes > q->bytes[id];
    b->bytes = b->over ? q->bytes[id] : bytes;
    return VIRTQUEUE_ONE;
}

enum virtqueue_taken virtqueue_take(struct virtqueue *q, struct virtqueue_buffer *b)
{
    return virtqueue_take_to(q, virtqueue_mark(q), b);
}

void virtqueue_forget(struct virtqueue *q, unsigned i)
{
    if (virtqueue_has(q, i)) {
        q->posted &= ~(1u << i);
        q->with--;
    }
}

void virtqueue_quiet(struct virtqueue *q, bool quiet)
{
    q->avail->flags = quiet ? VIRTQ_QUIET : 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool virtqueue_check(const struct virtqueue *q)
{
    unsigned with = 0;

    for (unsigned i = 0; i < VIRTQUEUE_MOST; i++) {
        if (virtqueue_has(q, i) && i >= q->size) {
            return false;
        }
        with += virtqueue_has(q, i);
    }
    return q->with == with;
}
