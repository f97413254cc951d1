/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: what is noted for the fast path. A note that is not of this epoch may say anything.
 */
#include "invariant.h"

#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/process.h>
#include <kernel/sched.h>

/* A live process, by where it stands alone: a note has no count. */
static bool live_process(const struct process *p)
{
    return p != NULL && frame_table[arch_kpa(p) >> PAGE_SHIFT].kind == FRAME_PROCESS &&
           p->hdr.count != 0;
}

unsigned fast_check_endpoint(const struct endpoint *ep)
{
    const struct process *r = endpoint_recipient(ep);
    unsigned failed = 0;

    if (endpoint_noted(ep)) {
        INVARIANT(ep->state.match == (ep->epoch != cpu_self()->epoch) && r != NULL && ep->to == r &&
                      schedule_runs(r),
                  "INV-FAST-1 broken: endpoint %x: its note", object_oid(ep));
    }
    return failed;
}

/* INV-FAST-2 */
static unsigned check_reply(const struct process *p)
{
    const struct cap *slot = &p->slot[SLOT_REPLY_ENDPOINT];
    unsigned failed = 0;

    INVARIANT(slot->type == CAP_ENDPOINT && cap_live(slot) && p->fast.reply == endpoint_of(slot) &&
                  p->fast.reply->state.match && endpoint_recipient(p->fast.reply) == p,
              "INV-FAST-2 broken: process %x: its reply endpoint", object_oid(p));
    return failed;
}

/* INV-FAST-3 */
static unsigned check_called(const struct process *p)
{
    const struct cap *c = &p->last_called;
    unsigned failed = 0;

    INVARIANT(c->type == CAP_ENDPOINT && cap_live(c) && !endpoint_of(c)->state.match &&
                  live_process(p->fast.to) && p->fast.to == endpoint_recipient(endpoint_of(c)) &&
                  schedule_runs(p->fast.to) && p->fast.to->priority == p->priority &&
                  p->fast.to_id == endpoint_of(c)->state.id &&
                  p->fast.reply_epoch == cpu_self()->epoch,
              "INV-FAST-3 broken: process %x: whom it called last", object_oid(p));
    return failed;
}

/* INV-FAST-4 */
static unsigned check_caller(const struct process *p, bool other_priority)
{
    const struct process *caller = p->fast.caller;
    unsigned failed = 0;

    INVARIANT(live_process(caller) && schedule_runs(caller) &&
                  (caller->priority != p->priority) == other_priority &&
                  caller->fast.reply_epoch == cpu_self()->epoch,
              "INV-FAST-4 broken: process %x: who called it last", object_oid(p));
    return failed;
}

unsigned fast_check_process(const struct process *p)
{
    uint64_t epoch = cpu_self()->epoch;
    unsigned failed = 0;

    INVARIANT(p->ready_epoch != epoch || schedule_runs(p),
              "INV-FAST-5 broken: process %x: its schedule", object_oid(p));

    if (p->fast.reply_epoch == epoch) {
        failed += check_reply(p);
    }
    if (p->fast.to_epoch == epoch) {
        failed += check_called(p);
    }
    if ((p->fast.caller_epoch & ~FAST_OTHER) == epoch) {
        failed += check_caller(p, p->fast.caller_epoch != epoch);
    }
    return failed;
}
