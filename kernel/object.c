/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects: making them in frames, and destroying them.
 *
 * A frame gives out its allocation counts in rising order, to whatever is made in it, and never the
 * same twice; so a capability that was made for one object can never be taken for one to the next.
 * Read object.h first.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/gpt.h>
#include <kernel/log.h>
#include <kernel/object.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <kernel/string.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

struct frame_totals frame_totals;

/* Does an object of this kind take up a frame, its header in the descriptor? */
static bool is_page(enum frame_kind kind)
{
    return kind == FRAME_PAGE || kind == FRAME_CAPPAGE || kind == FRAME_DEVICE;
}

/* The descriptor of the frame that an object takes up. */
static struct frame *object_frame(const struct objhdr *hdr)
{
    if (is_page(hdr->kind)) {
        return container_of((struct objhdr *)(uintptr_t)hdr, struct frame, hdr);
    }
    return oid_frame(object_oid(hdr));
}

pfn_t object_pfn(const struct objhdr *hdr)
{
    return frame_pfn(object_frame(hdr));
}

static struct objhdr *frame_object(struct frame *f, enum frame_kind kind, unsigned index)
{
    if (is_page(kind)) {
        return &f->hdr;
    }
    return (struct objhdr *)(void *)((char *)frame_data(f) + index * frame_object_size(kind));
}

struct objhdr *object_at(pfn_t pfn, unsigned index)
{
    struct frame *f = &frame_table[pfn];

    if (index >= frame_objects((enum frame_kind)f->kind) || !(f->live_mask & (1ull << index))) {
        return NULL;
    }
    return frame_object(f, (enum frame_kind)f->kind, index);
}

enum status object_can_fabricate(enum frame_kind kind, pfn_t pfn, uint64_t index)
{
    const struct frame *f;

    ASSERT_BEFORE_COMMIT();
    txn_acquire_point();
    if (frame_objects(kind) == 0 || kind == FRAME_DEVICE) {
        return STATUS_REQUEST_ERROR;
    }
    if (pfn >= frame_count || index >= frame_objects(kind)) {
        return STATUS_OUT_OF_RANGE;
    }
    f = &frame_table[pfn];
    if (f->kind == FRAME_RETIRED || (f->kind == kind && f->next_count == UINT32_MAX)) {
        return STATUS_EXHAUSTED;
    }
    return f->kind == FRAME_FREE || (f->kind == kind && !(f->live_mask & (1ull << index)))
               ? STATUS_OK
               : STATUS_IN_USE;
}

/* The last object of the frame is gone. */
static void frame_release(struct frame *f)
{
    if (f->next_count == UINT32_MAX) {
        f->kind = FRAME_RETIRED;
        log_line(LOG_WARN, "frame %lx is retired: its allocation counts are used up", frame_pfn(f));
    } else {
        f->kind = FRAME_FREE;
        frame_totals.free += !frame_is_device(f);
    }
}

uint32_t frame_lend(pfn_t pfn, bool anew)
{
    struct frame *f = &frame_table[pfn];

    ASSERT_AFTER_COMMIT();
    f->lent = anew ? ++f->next_count : 0;
    if (f->kind == FRAME_FREE && f->next_count == UINT32_MAX) { /* that was its last count */
        frame_totals.free -= !frame_is_device(f);
        frame_release(f);
    }
    return f->lent;
}

struct objhdr *object_fabricate(enum frame_kind kind, pfn_t pfn, unsigned index)
{
    struct frame *f = &frame_table[pfn];
    struct objhdr *hdr;

    ASSERT_AFTER_COMMIT();
    if (f->kind == FRAME_FREE) { /* so none of its objects is live */
        memset(frame_data(f), 0, PAGE_SIZE);
        f->kind = (uint8_t)kind;
        frame_totals.free--;
    }
    ASSERT(f->kind == kind && f->next_count < UINT32_MAX);
    hdr = frame_object(f, kind, index);
    memset(hdr, 0, is_page(kind) ? sizeof(*hdr) : frame_object_size(kind));
    f->next_count++;
    f->live_mask |= 1ull << index;
    hdr->count = f->next_count;
    hdr->kind = (uint8_t)kind;
    hdr->index = (uint16_t)index;
    frame_totals.objects++;
    if (kind == FRAME_PROCESS) {
        process_init((struct process *)(void *)hdr);
    } else if (kind == FRAME_ENDPOINT) {
        endpoint_init((struct endpoint *)(void *)hdr);
    } else if (kind == FRAME_GPT) {
        ((struct gpt *)(void *)hdr)->state.l2v = PAGE_SHIFT;
    }
    return hdr;
}

void object_rescind(struct objhdr *hdr)
{
    struct frame *f = object_frame(hdr);
    unsigned index = hdr->index;
    uint8_t kind = hdr->kind;

    txn_acquire_point();
    if (!space_flush_object(hdr)) { /* a piece; the last one is this transaction */
        txn_restart();
    }

    txn_commit();

    trace_event(TRACE_RESCIND, object_oid(hdr), kind);
    if (kind == FRAME_PROCESS) {
        process_destroy((struct process *)(void *)hdr);
    } else if (kind == FRAME_ENDPOINT) {
        endpoint_destroy((struct endpoint *)(void *)hdr);
    } else if (kind == FRAME_SCHEDULE) {
        cpu_self()->resched = true; /* it may be the one that runs */
    }
    hdr->count = 0;
    if (kind == FRAME_PROCESS || kind == FRAME_ENDPOINT || kind == FRAME_SCHEDULE) {
        fast_forget();
    }
    f->live_mask &= ~(1ull << index);
    frame_totals.objects--;
    if (f->live_mask == 0) {
        frame_release(f);
    }
}

struct cap object_cap(const struct objhdr *hdr)
{
    struct cap c = { .type = hdr->kind, .oid = object_oid(hdr), .count = hdr->count };

    if (hdr->kind == FRAME_GPT) {
        unsigned l2g = ((const struct gpt *)(const void *)hdr)->state.l2v + 4u;

        c.aux = (uint16_t)(l2g > 47 ? 47 : l2g);
    } else if (is_page(hdr->kind)) {
        c.aux = PAGE_SHIFT;
    }
    return c;
}
