/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes: beginning, end, and leaving a wait. What moves messages is in ipc.c, what runs them in
 * sched.c.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/preempt.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/schedule.h>
#include <kernel/space.h>
#include <kernel/string.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

void process_label(const struct process *p, char out[LABEL_TEXT])
{
    memcpy(out, p->label, sizeof(p->label));
    out[LABEL_TEXT - 1] = '\0';
    for (unsigned i = 0; out[i] != '\0'; i++) {
        if (out[i] < ' ' || out[i] > '~') {
            out[i] = '?';
        }
    }
    if (out[0] == '\0') {
        format_to(out, LABEL_TEXT, "process-%x", object_oid(p));
    }
}

void process_init(struct process *p)
{
    ASSERT_AFTER_COMMIT();
    arch_process_init(p);
    p->s.run_state = LK_STATE_FAULTED;
    p->last_called.type = CAP_ENDPOINT; /* none yet */
    p->fault_code = FAULT_STARTUP;
    p->attention = ATTN_FAULT_TOLD;
    arch_fpu_initial(p->fpu);
    list_init(&p->ready_link);
    plist_node_init(&p->sender_node);
    plist_init(&p->senders);
    list_init(&p->recheck_link);
    list_init(&p->space_link);
    p->sleep_timer.purpose = TIMER_SLEEP;
    p->notice_timer.purpose = TIMER_NOTICE;
    p->notice_timer.time = UINT64_MAX;
    preempt_init(p);
    space_set(p);
}

/* Off the queue of whomever it sends to, be it alive, dead, or about to be told. */
void process_leave_queue(struct process *p)
{
    ASSERT_AFTER_COMMIT();
    if (!plist_node_queued(&p->sender_node)) {
        return;
    }
    plist_remove(&p->sender_node);
    if (cap_live(&p->sending_to)) {
        struct process *t = endpoint_recipient(endpoint_of(&p->sending_to));

        endpoint_update(endpoint_of(&p->sending_to));
        if (t != NULL && (t->attention & ATTN_PREEMPT) && !preempt_waits(t)) {
            preempt_judge(t); /* nothing waits for it any more */
        }
    }
}

void process_end_wait(struct process *p)
{
    ASSERT_AFTER_COMMIT();
    if (unlikely(plist_node_queued(&p->sender_node))) {
        process_leave_queue(p);
    }
    if (unlikely(p->sleep_timer.queued)) {
        timer_remove(&cpu_self()->timers, &p->sleep_timer);
    }
    list_remove(&p->recheck_link);
    p->attention &= ~(ATTN_RECV_FAULT | ATTN_RECV_MANY | ATTN_SCAN | ATTN_FAULT_TOLD |
                      ATTN_SLEEPING | ATTN_FAULT_PASSED);
    p->fault_code = FAULT_NONE;
    p->fault_info = 0;
    p->s.run_state = LK_STATE_READY;
    p->s.wait = LK_WAIT_NONE;
}

void process_hold(struct process *p, unsigned hold)
{
    ASSERT_AFTER_COMMIT();
    if (!(p->s.holds & 1u << hold)) {
        p->s.holds |= (uint8_t)(1u << hold);
        p->hold_since[hold] = arch_cycles();
        trace_event(TRACE_HOLD, object_oid(p), p->s.holds);
        if (p->s.run_state == LK_STATE_READY) {
            sched_stop(p);
        }
    }
}

void process_release(struct process *p, unsigned hold)
{
    struct cap *reply = &p->slot[SLOT_PROXY_REPLY];

    ASSERT_AFTER_COMMIT();
    if (!(p->s.holds & 1u << hold)) {
        return;
    }
    p->s.holds &= (uint8_t) ~(1u << hold);
    p->hold_since[hold] = 0;
    trace_event(TRACE_HOLD, object_oid(p), p->s.holds);
    if (hold == LK_HOLD_PROXY) {
        if (reply->type == CAP_ENTRY && cap_valid(reply) && endpoint_of(reply)->state.match) {
            /* Its caller hears nothing more, unless a copy was made. */
            log_about(p, LOG_INFO, "the proxy hold ends with an answer owed through proxyReply");
        }
        cap_set_null(reply);
        if (p->attention & ATTN_PREEMPT) {
            preempt_judge(p);
        }
    }
    if (p->s.holds == 0) {
        preempt_judge_watchers(&p->preempt.watchers);
    }
    sched_wake(p);
}

void process_schedule_changed(struct process *p)
{
    const struct cap *c = &p->slot[SLOT_SCHEDULE];

    ASSERT_AFTER_COMMIT();
    sched_stop(p);
    p->slice_left = 0;
    p->attention &= ~ATTN_SLICE;
    if (cpu_self()->current == p) {
        cpu_self()->slice_end = UINT64_MAX; /* a slice of the new schedule begins, */
        p->behind = 1;                      /* and not before those of its equals */
    }
    if (c->type == CAP_SCHEDULE && cap_live(c)) {
        const struct schedule *s = schedule_of(c);

        p->priority = s->state.priority;
        p->slice = s->state.slice;
        p->s.flags &= (uint8_t)~PROC_SLICE_NOTICE;
        if (s->state.notice.type != CAP_NULL) {
            p->s.flags |= PROC_SLICE_NOTICE;
        }
    }
    if (p->attention & ATTN_PREEMPT) {
        preempt_judge(p); /* it stands behind its new equals */
    }
    if (plist_node_queued(&p->sender_node) && p->sender_node.priority != p->priority) {
        ipc_requeue_sender(p);
    }
    sched_wake(p);
}

/* Answer the callers whose reply capabilities, in its registers or its slot proxyReply, die with
 * `p`, so that none waits in silence (DESIGN 4). Bounded by the number of registers; reply
 * capabilities in capability pages are not looked for. */
static void answer_callers(struct process *p)
{
    for (unsigned i = 1; i <= LK_CAP_REGS; i++) {
        struct cap *c = i < LK_CAP_REGS ? &p->capreg[i] : &p->slot[SLOT_PROXY_REPLY];

        if (c->type == CAP_ENTRY && cap_valid(c) && endpoint_of(c)->state.match) {
            struct endpoint *ep = endpoint_of(c);
            struct process *caller = endpoint_recipient(ep);

            if (caller != p && ipc_accepts(caller, ep)) {
                static const uint64_t word[LK_MAX_WORDS] = { STATUS_INVOKEE_GONE };

                ipc_transfer(&(struct message){ .to = caller,
                                                .ep = ep,
                                                .payload = entry_payload(c),
                                                .word = word,
                                                .delivery = DELIVERS(1) });
                sched_wake(caller);
            }
        }
    }
}

void process_destroy(struct process *p)
{
    struct cpu *cpu = cpu_self();

    ASSERT_AFTER_COMMIT();
    answer_callers(p);
    process_end_wait(p);
    preempt_destroy(p);
    timer_remove(&cpu->timers, &p->notice_timer);
    p->s.run_state = LK_STATE_FAULTED; /* whatever comes, it does not run */
    sched_stop(p);
    plist_splice_end(&cpu->dead_endpoints, &p->senders);
    cpu->work = true;
    arch_fpu_drop(p);
    space_drop(p);
    if (cpu->current == p) {
        cpu->current = NULL;
        cpu->idle_from = arch_cycles();
        cpu->resched = true;
    }
}
