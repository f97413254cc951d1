/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: every object, and everything.
 */
#include "invariant.h"

#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/gpt.h>
#include <kernel/process.h>

uint64_t for_each_object(uint64_t (*fn)(const struct objhdr *hdr, uint64_t sum), uint64_t sum)
{
    for (pfn_t pfn = 0; pfn < frame_count; pfn++) {
        unsigned n;

        if (frame_table[pfn].live_mask == 0) {
            continue; /* most are: this is what the time goes into */
        }
        n = frame_objects((enum frame_kind)frame_table[pfn].kind);
        for (unsigned i = 0; i < n; i++) {
            const struct objhdr *hdr = object_at(pfn, i);

            if (hdr != NULL) {
                sum = fn(hdr, sum);
            }
        }
    }
    return sum;
}

/* Ranges among capabilities: what is lent begins at most so far behind its first frame, and has a
 * count that this frame gave out. */
static uint64_t check_caps(const struct objhdr *hdr, const struct cap *c, size_t n, uint64_t failed)
{
    for (size_t i = 0; i < n; i++) {
        INVARIANT(
            c[i].type != CAP_RANGE || c[i].count == 0 ||
                (c[i].payload >= c[i].aux && c[i].aux + (uint64_t)c[i].oid <= LK_LENT_MAX &&
                 c[i].count <= frame_table[c[i].payload - c[i].aux].next_count),
            "INV-CAP-2 broken: Range %u of object %x: frame %x, %x behind the first, count %x",
            (unsigned)i, object_oid(hdr), c[i].payload, c[i].aux, c[i].count);
    }
    return failed;
}

static uint64_t check_one(const struct objhdr *hdr, uint64_t failed)
{
    const struct frame *f = &frame_table[object_pfn(hdr)];

    INVARIANT(hdr->count != 0 && hdr->count <= f->next_count && hdr->kind == f->kind,
              "INV-OBJ-1 broken: object %x: count %x, kind %u", object_oid(hdr), hdr->count,
              hdr->kind);
    if (hdr->kind == FRAME_PROCESS) {
        const struct process *p = (const struct process *)(const void *)hdr;

        failed += process_check(p);
        failed = check_caps(hdr, p->capreg, LK_CAP_REGS, failed);
        failed = check_caps(hdr, p->slot, PROC_SLOTS, failed);
    } else if (hdr->kind == FRAME_ENDPOINT) {
        failed += endpoint_check((const struct endpoint *)(const void *)hdr);
    } else if (hdr->kind == FRAME_GPT) {
        const struct gpt *g = (const struct gpt *)(const void *)hdr;

        INVARIANT(g->state.l2v >= PAGE_SHIFT && g->state.l2v <= 46,
                  "INV-GPT-1 broken: GPT %x: l2v %u", object_oid(hdr), g->state.l2v);
        failed = check_caps(hdr, g->state.slot, GPT_SLOTS, failed);
    } else if (hdr->kind == FRAME_CAPPAGE) {
        failed = check_caps(hdr, arch_kva(object_pfn(hdr) << PAGE_SHIFT), CAPPAGE_SLOTS, failed);
    }
    return failed;
}

unsigned object_check_all(void)
{
    return (unsigned)for_each_object(check_one, 0);
}

unsigned check_all(void)
{
    return object_check_all() + space_check() + irq_check() + timer_check(&cpu_self()->timers);
}
