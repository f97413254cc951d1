/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: processes.
 */
#include "invariant.h"

#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/preempt.h>
#include <kernel/process.h>
#include <kernel/sched.h>

/* One broken invariant: a line in the log, and 1. */
static unsigned broken(const struct process *p, const char *what)
{
    char label[LABEL_TEXT];

    process_label(p, label);
    log_line(LOG_ERROR, "%s broken: process %s (%x): state %u wait %u holds %x", what, label,
             object_oid(p), p->s.run_state, p->s.wait, p->s.holds);
    return 1;
}

/* Would the wait of `p` accept a sender that waits at one of its first endpoints? (Bounded: enough
 * for a check.) */
static bool has_takeable_sender(const struct process *p)
{
    const struct plist_node *n = plist_first(&p->senders);

    for (unsigned i = 0; n != NULL && i < 64; i++, n = plist_next(&p->senders, n)) {
        if (ipc_accepts(
                p, container_of((struct plist_node *)(uintptr_t)n, struct endpoint, recv_node))) {
            return true;
        }
    }
    return false;
}

/* Will whatever waits for `p` to be notified be looked at when that becomes possible? */
static bool found_when_possible(const struct process *p)
{
    const struct preempt *pr = &p->preempt;
    const struct cap *q = &p->slot[SLOT_PROXY_RECEIVER];
    bool queued = plist_node_queued(&pr->node);
    bool watches = !list_empty(&pr->watch);

    if (!preempt_waits(p)) {
        return !(p->attention & ATTN_PREEMPT) && !queued && !watches;
    }
    if (!(p->attention & ATTN_PREEMPT) || (queued && watches)) {
        return false;
    }
    if (q->type != CAP_ENTRY || !cap_live(q)) {
        return plist_empty(&pr->senders); /* the bits wait for another receiver */
    }
    return queued || watches;
}

unsigned process_check(const struct process *p)
{
    const struct cpu *cpu = cpu_self();
    bool queued = !list_empty(&p->ready_link);
    bool sending = plist_node_queued(&p->sender_node);
    bool due = !list_empty(&p->recheck_link);
    unsigned failed = 0;

    if (sched_runnable(p) && cpu->current != p && !queued) {
        failed += broken(p, "INV-PROC-1 (runnable, on no queue)");
    }
    if (queued && (p->s.run_state != LK_STATE_READY || p->s.holds != 0)) {
        failed += broken(p, "INV-PROC-1 (queued, not ready)");
    }
    if (p->s.run_state == LK_STATE_RECEIVING && !due && !(p->attention & ATTN_RECV_FAULT) &&
        has_takeable_sender(p)) {
        failed += broken(p, "INV-PROC-2");
    }
    if (sending && p->s.wait != LK_WAIT_SENDING && p->fault_code == FAULT_NONE) {
        failed += broken(p, "INV-PROC-3");
    }
    if (p->capreg[0].type != CAP_NULL) {
        failed += broken(p, "INV-PROC-5");
    }
    if ((p->notices != 0) != ((p->attention & ATTN_NOTICE) != 0)) {
        failed += broken(p, "INV-PROC-6");
    }
    if (p->slot[SLOT_PROXY_REPLY].type != CAP_NULL && !(p->s.holds & 1u << LK_HOLD_PROXY)) {
        failed += broken(p, "INV-PROC-7");
    }
    if (!found_when_possible(p)) {
        failed += broken(p, "INV-PROC-8");
    }
    if (plist_empty(&p->senders) == ((p->attention & ATTN_SENDERS) != 0)) {
        failed += broken(p, "INV-PROC-9");
    }
    if ((p->slice_left != 0) != ((p->attention & ATTN_SLICE) != 0)) {
        failed += broken(p, "INV-PROC-10");
    }
    return failed + fast_check_process(p);
}
