/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Notices: constant state, so they never wait and never fail. Bits add up, counts do not (P7, P13).
 */
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/notice.h>
#include <kernel/preempt.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

/* Does `p` wait for notices now? */
static bool notice_accepted(const struct process *p)
{
    return p->s.run_state == LK_STATE_RECEIVING &&
           (p->s.wait == LK_WAIT_OPEN || p->s.wait == LK_WAIT_NOTICE);
}

void notice_post(struct process *p, uint64_t bits)
{
    uint32_t plain = (uint32_t)bits;
    uint32_t preempting = (uint32_t)(bits >> 32);

    ASSERT_AFTER_COMMIT();
    trace_event(TRACE_NOTICE, bits, object_oid(p));
    if (bits == 0) {
        return;
    }
    p->preempt.posts++;
    p->preempt.merges += ((plain & ~p->notices) | (preempting & ~p->preempt.notices)) == 0;
    if (preempting != 0) {
        p->preempt.notices |= preempting;
        preempt_judge(p);
    }
    if (plain == 0) {
        return;
    }
    p->notices |= plain;
    p->attention |= ATTN_NOTICE;
    if (notice_accepted(p) && list_empty(&p->recheck_link)) {
        notice_deliver(p);
    }
}

bool app_notice_post(const struct cap *notice, uint64_t bits)
{
    struct process *p = app_notice_target(notice);

    if (p != NULL) {
        notice_post(p, app_notice_bits(notice, bits));
    }
    return p != NULL;
}

void notice_deliver(struct process *p)
{
    struct lk_regs *r = &p->regs;
    uint64_t control = r->rax;

    ASSERT_AFTER_COMMIT();
    ASSERT(notice_accepted(p) && p->notices != 0);
    if (control & LK_CAPS) {
        ipc_store_caps(p, control, NULL, 0, NULL);
    }
    r->rax = (uint64_t)LK_KIND_NOTICE << LK_DLV_KIND_SHIFT;
    r->rdi = p->notices;
    r->rsi = r->rdx = r->rbx = r->r12 = r->r13 = r->r14 = r->r15 = 0;
    r->r8 = LK_NOTICE_ID;
    r->r9 = 0;
    process_end_wait(p);
    p->notices = 0;
    p->attention &= ~ATTN_NOTICE;
    p->fast.caller_epoch = FAST_AFTER_NOTICE;
    sched_wake(p);
}

struct process *app_notice_target(const struct cap *notice)
{
    if (notice->type != CAP_APPNOTICE || !cap_live(notice)) {
        return NULL;
    }
    return endpoint_find_recipient(endpoint_of(notice));
}
