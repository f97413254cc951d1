/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes: beginning, end, and leaving a wait. What moves messages is in ipc.c, what runs them in
 * sched.c.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/fault.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/schedule.h>
#include <kernel/space.h>
#include <kernel/string.h>
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
    p->s.run_state = PROC_FAULTED;
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
        endpoint_update(endpoint_of(&p->sending_to));
    }
}

void process_end_wait(struct process *p)
{
    ASSERT_AFTER_COMMIT();
    process_leave_queue(p);
    timer_remove(&cpu_self()->timers, &p->sleep_timer);
    list_remove(&p->recheck_link);
    p->attention &= ~(ATTN_RECV_FAULT | ATTN_SCAN | ATTN_FAULT_TOLD | ATTN_SLEEPING);
    p->fault_code = FAULT_NONE;
    p->fault_info = 0;
    p->s.run_state = PROC_READY;
    p->s.wait = WAIT_NONE;
}

void process_schedule_changed(struct process *p)
{
    const struct cap *c = &p->slot[SLOT_SCHEDULE];

    ASSERT_AFTER_COMMIT();
    sched_stop(p);
    p->slice_left = 0;
    if (c->type == CAP_SCHEDULE && cap_live(c)) {
        const struct schedule *s = (const struct schedule *)(const void *)oid_header(c->oid);

        p->priority = s->state.priority;
        p->slice = s->state.slice;
    }
    if (plist_node_queued(&p->sender_node) && p->sender_node.priority != p->priority) {
        ipc_requeue_sender(p);
    }
    sched_wake(p);
}

/* Answer the callers whose reply capabilities die with `p`, so that none waits in silence (DESIGN
 * 4). Bounded by the number of registers; reply capabilities in capability pages are not looked
 * for. */
static void answer_callers(struct process *p)
{
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        struct cap *c = &p->capreg[i];

        if (c->type == CAP_ENTRY && cap_valid(c) && endpoint_of(c)->state.match) {
            struct endpoint *ep = endpoint_of(c);
            struct process *caller = endpoint_recipient(ep);

            if (caller != p && ipc_accepts(caller, ep)) {
                struct message m = {
                    .to = caller,
                    .ep = ep,
                    .payload = entry_payload(c),
                    .words = 1,
                    .is_entry = true,
                };

                m.word[0] = STATUS_INVOKEE_GONE;
                ipc_transfer(&m);
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
    timer_remove(&cpu->timers, &p->notice_timer);
    p->s.run_state = PROC_FAULTED; /* whatever comes, it does not run */
    sched_stop(p);
    plist_splice_end(&cpu->dead_endpoints, &p->senders);
    cpu->work = true;
    arch_fpu_drop(p);
    space_drop(p);
    if (cpu->charged == p) {
        cpu->charged = NULL;
    }
    if (cpu->current == p) {
        cpu->current = NULL;
        cpu->resched = true;
    }
}

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
    if (queued && (p->s.run_state != PROC_READY || p->s.holds != 0)) {
        failed += broken(p, "INV-PROC-1 (queued, not ready)");
    }
    if (p->s.run_state == PROC_RECEIVING && !due && !(p->attention & ATTN_RECV_FAULT) &&
        has_takeable_sender(p)) {
        failed += broken(p, "INV-PROC-2");
    }
    if (sending && p->s.wait != WAIT_SENDING && p->fault_code == FAULT_NONE) {
        failed += broken(p, "INV-PROC-3");
    }
    if (p->capreg[0].type != CAP_NULL) {
        failed += broken(p, "INV-PROC-5");
    }
    if ((p->notices != 0) != ((p->attention & ATTN_NOTICE) != 0)) {
        failed += broken(p, "INV-PROC-6");
    }
    return failed;
}
