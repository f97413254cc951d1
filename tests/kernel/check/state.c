/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A hash of the stored state of all objects, as users can tell it: what restart injection compares.
 */
#include "invariant.h"

#include <kernel/endpoint.h>
#include <kernel/gpt.h>
#include <kernel/process.h>
#include <kernel/schedule.h>

#define PRIME 0x100000001b3ull

/* In the manner of FNV-1a, over words of 8 bytes; whole rows of 64 bytes with half the
 * multiplications, for pages are most of what there is. */
static uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
    const uint64_t *w = data;

    for (; n >= 64; n -= 64, w += 8) {
        h = (h ^ w[0]) * PRIME + w[1];
        h = (h ^ w[2]) * PRIME + w[3];
        h = (h ^ w[4]) * PRIME + w[5];
        h = (h ^ w[6]) * PRIME + w[7];
    }
    for (; n >= 8; n -= 8, w++) {
        h = (h ^ *w) * PRIME;
    }
    return h;
}

/* The capability as users can tell it: one that is not live is Null, whether or not somebody wrote
 * that down. */
static uint64_t hash_caps(uint64_t h, const struct cap *c, unsigned n)
{
    static const struct cap null_cap;

    for (unsigned i = 0; i < n; i++) {
        h = hash_bytes(h, cap_live(&c[i]) ? &c[i] : &null_cap, sizeof(*c));
    }
    return h;
}

static uint64_t hash_process(uint64_t h, const struct process *p)
{
    h = hash_bytes(h, &p->regs, sizeof(p->regs));
    h = hash_bytes(h, p->label, sizeof(p->label));
    h = hash_bytes(h, p->fpu, sizeof(p->fpu));
    h = hash_caps(h, p->slot, PROC_SLOTS);
    h = hash_caps(h, p->capreg, LK_CAP_REGS);
    h = (h ^ p->s.word) * PRIME;
    h = (h ^ p->notices ^ ((uint64_t)p->fault_code << 32)) * PRIME;
    h = hash_bytes(h, p->hold_since, sizeof(p->hold_since));
    h = (h ^ p->preempt.bound ^ p->preempt.deferred_since) * PRIME;
    h = (h ^ p->preempt.notices ^ (uint64_t)p->preempt.control << 32) * PRIME;
    h = (h ^ p->preempt.deliveries ^ (uint64_t)p->preempt.waits << 32) * PRIME;
    h = (h ^ p->preempt.over ^ p->preempt.after_notice * 2ull) * PRIME;
    return (h ^ p->fault_info ^ p->notice_timer.time) * PRIME;
}

static uint64_t hash_one(const struct objhdr *hdr, uint64_t h)
{
    h = (h ^ hdr->count ^ ((uint64_t)object_oid(hdr) << 32)) * PRIME;
    if (hdr->kind == FRAME_PROCESS) {
        return hash_process(h, (const struct process *)(const void *)hdr);
    }
    if (hdr->kind == FRAME_ENDPOINT) {
        const struct endpoint *ep = (const struct endpoint *)(const void *)hdr;

        h = hash_caps(h, &ep->state.recipient, 1);
        h = (h ^ ep->state.id) * PRIME;
        h = (h ^ ep->state.reply) * PRIME;
        return h + (uint64_t)ep->state.match;
    }
    if (hdr->kind == FRAME_GPT) {
        const struct gpt *g = (const struct gpt *)(const void *)hdr;

        h = (h ^ g->state.l2v ^ ((uint64_t)g->state.flags << 8)) * PRIME;
        return hash_caps(h, g->state.slot, GPT_SLOTS);
    }
    if (hdr->kind == FRAME_CAPPAGE) {
        return hash_caps(h, arch_kva(object_pfn(hdr) << PAGE_SHIFT), CAPPAGE_SLOTS);
    }
    if (hdr->kind == FRAME_PAGE) {
        return hash_bytes(h, arch_kva(object_pfn(hdr) << PAGE_SHIFT), PAGE_SIZE);
    }
    if (hdr->kind == FRAME_SCHEDULE) {
        const struct schedule *s = (const struct schedule *)(const void *)hdr;

        return (h ^ s->state.slice ^ s->state.cpus ^ s->state.priority ^
                ((uint64_t)s->state.ready << 8)) *
               PRIME;
    }
    return h;
}

uint64_t object_state_hash(void)
{
    return for_each_object(hash_one, 0);
}
