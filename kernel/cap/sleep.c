/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of the Sleep capability: the clock. One pending wait and one timed notice live in the
 * process; more, and relative times, are a library's work.
 */
#include <kernel/cpu.h>
#include <kernel/ipc.h>
#include <kernel/operations.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/trace.h>

void sleep_op_now(struct invocation *inv)
{
    inv->out[1] = arch_now();
}

enum status sleep_op_sleep_until(struct invocation *inv)
{
    struct process *p = inv->invoker;
    nsec_t now = arch_now();

    if (inv->answer != ANSWER_CALL) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    if (now < inv->word[1]) {
        timer_insert(&cpu_self()->timers, &p->sleep_timer, inv->word[1]);
        cpu_self()->resched = true; /* the timer is to be set anew */
        p->attention |= ATTN_SLEEPING;
        inv->answer = ANSWER_LATER;
    }
    inv->out[1] = now;
    return STATUS_OK;
}

/* The process waits as a caller does, and is answered as a server would: whoever else answers
 * first, by the reply endpoint, has ended the sleep. */
void sleep_over(struct process *p)
{
    const struct cap *slot = &p->slot[SLOT_REPLY_ENDPOINT];
    struct endpoint *ep = endpoint_of(slot);

    trace_event(TRACE_WAKE, object_oid(p), 0);
    if (slot->type == CAP_ENDPOINT && cap_live(slot) && endpoint_expects(ep) &&
        ipc_accepts(p, ep) && endpoint_recipient(ep) == p) {
        const uint64_t word[LK_MAX_WORDS] = { STATUS_OK, arch_now() };

        ipc_transfer(&(struct message){ .to = p,
                                        .ep = ep,
                                        .payload = endpoint_payload(ep),
                                        .word = word,
                                        .delivery = DELIVERS(2) });
    } else { /* the endpoint of its call is not its own any more */
        process_end_wait(p);
        process_result(p, STATUS_NO_REPLY_ENDPOINT);
    }
    sched_wake(p);
}

void sleep_op_notice_at(struct invocation *inv)
{
    struct process *p = inv->invoker;
    struct timer_heap *timers = &cpu_self()->timers;

    timer_remove(timers, &p->notice_timer);
    p->notice_bits = inv->word[2];
    p->notice_timer.time = inv->word[1];
    if (inv->word[1] != UINT64_MAX) {
        timer_insert(timers, &p->notice_timer, inv->word[1]);
    }
    cpu_self()->resched = true; /* the timer is to be set anew */
}
