/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Scheduling: 256 ready queues, round robin within one, a one-shot timer that is set only while
 * somebody waits for it.
 *
 * The slice belongs to the CPU: a direct switch hands it on with the timer untouched. A process
 * that loses the CPU to a higher priority keeps what is left of its slice. CPU time is charged at
 * every change of process, in units of the cycle counter, so that it is exact.
 */
#include <kernel/cpu.h>
#include <kernel/invoke.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/notice.h>
#include <kernel/preempt.h>
#include <kernel/sched.h>
#include <kernel/schedule.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

#define NEVER UINT64_MAX
#define DROP_STEPS 64  /* processes without a schedule dropped in one search for who runs next */
#define TIMER_STEPS 64 /* timers put into effect by one interrupt */
/* Work done before going back, weighed as ipc_work() says; what is left waits for a timer interrupt
 * that is due at once. */
#define WORK_WEIGHT 64

struct cpu cpu_table[MAX_CPUS] ALIGNED(64); /* what the fast path needs, in two cache lines */
unsigned cpu_count = 1;

void sched_init(void)
{
    struct cpu *cpu = cpu_self();

    for (unsigned i = 0; i < PRIORITIES; i++) {
        list_init(&cpu->ready[i]);
    }
    plist_init(&cpu->displaced);
    plist_init(&cpu->dead_endpoints);
    list_init(&cpu->judged);
    list_init(&cpu->rechecks);
    cpu->slice_end = cpu->timer_armed = NEVER;
    cpu->idle_from = arch_cycles();
    cpu->ready_top = -1;
    cpu->epoch = 1;
    cpu->resched = true;
}

static ALWAYS_INLINE void ready_insert(struct cpu *cpu, struct process *p, bool in_front)
{
    struct list *q = &cpu->ready[p->priority];

    if (list_empty(&p->ready_link)) {
        if (unlikely(p->keeps_turn)) { /* or one that is held often would never have its turn */
            p->keeps_turn = false;
            in_front |=
                !list_empty(q) && p->turn < container_of(q->next, struct process, ready_link)->turn;
        } else if (!in_front) {
            p->turn = ++cpu->turns;
        }
        p->ready_epoch = cpu->epoch;
        list_insert_before(in_front ? q->next : q, &p->ready_link);
        cpu->ready_mask[p->priority / 64] |= 1ull << (p->priority % 64);
        if (p->priority > cpu->ready_top) {
            cpu->ready_top = p->priority;
        }
    }
}

/* The highest priority on the ready queues; -1: they are empty. */
static int highest(const struct cpu *cpu)
{
    for (unsigned i = PRIORITIES / 64; i-- > 0;) {
        if (cpu->ready_mask[i] != 0) {
            return (int)(i * 64 + 63 - (unsigned)__builtin_clzll(cpu->ready_mask[i]));
        }
    }
    return -1;
}

static void ready_remove(struct cpu *cpu, struct process *p)
{
    list_remove(&p->ready_link);
    if (list_empty(&cpu->ready[p->priority])) {
        cpu->ready_mask[p->priority / 64] &= ~(1ull << (p->priority % 64));
        cpu->ready_top = highest(cpu);
    }
}

/* The first process of the highest priority, or NULL. The fast path takes processes out of their
 * queues and leaves `ready_top` as it is. */
static struct process *ready_first(struct cpu *cpu)
{
    if (cpu->ready_top >= 0 && list_empty(&cpu->ready[cpu->ready_top])) {
        cpu->ready_top = highest(cpu);
    }
    return cpu->ready_top < 0
               ? NULL
               : container_of(cpu->ready[cpu->ready_top].next, struct process, ready_link);
}

/* The CPU goes from its current process to `next`; NULL: idle. What the account of the one that
 * runs lacks is the time when it is read: one sum at each side, and nothing to be kept. */
static inline void switch_to(struct cpu *cpu, struct process *next)
{
    uint64_t now = arch_cycles();

    if (likely(cpu->current != NULL)) {
        cpu->current->cpu_cycles += now;
    } else {
        cpu->stats.idle_time += arch_cycles_to_ns(now - cpu->idle_from);
    }
    if (likely(next != NULL)) {
        next->cpu_cycles -= now;
    }
    cpu->idle_from = now;
    cpu->current = next;
}

/* What is left of the slice of `p`, which does not run. */
static inline void keep_slice(struct process *p, nsec_t left)
{
    p->slice_left = left;
    p->attention = (p->attention & ~ATTN_SLICE) | (left != 0 ? ATTN_SLICE : 0);
}

uint64_t sched_cpu_time(const struct process *p)
{
    const struct cpu *cpu = cpu_self();

    return arch_cycles_to_ns(p->cpu_cycles + (cpu->current == p ? arch_cycles() : 0));
}

void sched_wake(struct process *p)
{
    struct cpu *cpu = cpu_self();

    ASSERT_AFTER_COMMIT();
    if (p == cpu->current || !sched_runnable(p)) {
        return;
    }
    ready_insert(cpu, p, p->slice_left != 0);
    if (cpu->current == NULL || p->priority >= cpu->current->priority) {
        cpu->resched = true; /* of equal priority: the slice has an end again */
    }
}

void sched_stop(struct process *p)
{
    struct cpu *cpu = cpu_self();

    ASSERT_AFTER_COMMIT();
    if (!list_empty(&p->ready_link)) {
        ready_remove(cpu, p);
        p->keeps_turn = p->s.holds != 0;
    }
    if (p == cpu->current) {
        cpu->resched = true;
    }
}

void sched_sent(struct process *p, struct process *to)
{
    struct cpu *cpu = cpu_self();
    bool goes = to->priority >= p->priority;
    bool has_end = cpu->slice_end != NEVER;

    ASSERT_AFTER_COMMIT();
    if (!goes || !sched_runnable(to) || ((p->s.flags | to->s.flags) & PROC_SLICE_NOTICE)) {
        if (sched_runnable(to)) {
            /* Next of its equals, if somebody hears of its slice or of that of `p`, or there is
             * none. */
            ready_insert(cpu, to, goes || to->slice_left != 0);
        }
        cpu->resched |= goes || p->s.run_state != LK_STATE_READY;
        return;
    }
    /* The slice goes along to an equal that is to answer. A higher priority has one of its own, and
     * whoever goes on running later keeps what is left. */
    if (to->priority != p->priority || (p->s.word & RUNNING_MASK) == 0) {
        nsec_t now = has_end ? arch_now() : NEVER;

        keep_slice(p, cpu->slice_end > now ? cpu->slice_end - now : 0);
        if (to->priority != p->priority) {
            cpu->slice_end = NEVER;
        } else if (to->slice_left != 0 && to->slice_left < p->slice_left) {
            cpu->slice_end = now + to->slice_left; /* or it would have a rest with each message */
        }
    }
    switch_to(cpu, to);
    keep_slice(to, 0);
    if (sched_runnable(p)) {
        ready_insert(cpu, p, p->slice_left != 0 || !has_end); /* else its slice is over */
        cpu->resched |= p->priority >= to->priority; /* an equal waits: the slice has an end */
    }
}

/* The current process, if there is one, goes back to the queue it runs from. */
static void put_back(struct cpu *cpu, nsec_t now)
{
    struct process *p = cpu->current;

    if (p == NULL) {
        return;
    }
    if (p->behind || cpu->slice_end <= now) {
        keep_slice(p, 0);
    } else if (cpu->slice_end != NEVER) {
        keep_slice(p, cpu->slice_end - now);
    }
    /* A slice that somebody hears of ends in kernel_timer() only, whatever its process does. */
    if ((p->s.flags & PROC_SLICE_NOTICE) && cpu->slice_end != NEVER) {
        keep_slice(p, cpu->slice_end > now ? cpu->slice_end - now : 1);
    }
    if (sched_runnable(p)) {
        ready_insert(cpu, p, !p->behind && (p->slice_left != 0 || cpu->slice_end == NEVER));
    }
    p->behind = 0;
}

/* Who runs next: the first of the highest priority that may. Those whose schedule is gone are
 * dropped on the way, a bounded number at a time. False: there may be more, look again soon. */
static bool pick(struct cpu *cpu, nsec_t now)
{
    struct process *old = cpu->current;
    struct process *p;
    unsigned dropped = 0;

    put_back(cpu, now);
    while ((p = ready_first(cpu)) != NULL) {
        ready_remove(cpu, p);
        if (sched_runnable(p)) {
            break;
        }
        p = NULL;
        if (++dropped == DROP_STEPS) {
            break;
        }
    }
    if (p != old) {
        switch_to(cpu, p);
    }
    cpu->slice_end = NEVER;
    if (p == NULL) {
        return dropped != DROP_STEPS;
    }
    if (unlikely(cpu->preempt_seed != 0)) {
        cpu->preempt_seed *= 6364136223846793005; /* an odd factor: never 0 */
        cpu->slice_end = now + 300 + (cpu->preempt_seed >> 32) % 20000;
    } else if (p->slice_left != 0 || (p->s.flags & PROC_SLICE_NOTICE) ||
               !list_empty(&cpu->ready[p->priority])) {
        cpu->slice_end = now + (p->slice_left != 0 ? p->slice_left : p->slice);
    }
    keep_slice(p, 0); /* it is the CPU's now: p may hand it on */
    return true;
}

/* Set the timer for what comes first: the end of the slice, if an equal waits for it, or a timed
 * wait. */
static void arm_timer(struct cpu *cpu, bool work_left)
{
    const struct timer *first = cpu->timers.root;
    nsec_t at = first == NULL ? NEVER : first->time;
    const struct process *p = cpu->current;

    if (p != NULL && cpu->slice_end < at &&
        (cpu->preempt_seed != 0 || (p->s.flags & PROC_SLICE_NOTICE) ||
         !list_empty(&cpu->ready[p->priority]))) {
        at = cpu->slice_end;
    }
    if (unlikely(work_left)) {
        at = 0;
    }
    /* If it is to come earlier than a slice ends, that interrupt finds nothing and sets it again:
     * once for a slice, where processes that yield would set it at each switch. */
    if (at == cpu->timer_armed || (cpu->timer_armed < at && at != NEVER && at == cpu->slice_end)) {
        return;
    }
    cpu->timer_armed = at;
    arch_timer_arm(at);
}

/* What is due before this CPU goes back. */
static NOINLINE void settle(struct cpu *cpu)
{
    for (unsigned done = 0; done < WORK_WEIGHT && cpu->work;) {
        unsigned weight = ipc_work();

        cpu->work = weight != 0;
        done += weight;
    }
    log_announce();
    bool work_left = cpu->work;

    if (cpu->resched || work_left) {
        cpu->resched = false;
        work_left |= !pick(cpu, arch_now());
        arm_timer(cpu, work_left);
    }
    if (unlikely(cpu->tracing)) {
        trace_leave();
    }
}

void sched_exit(void)
{
    struct cpu *cpu = cpu_self();

    if (unlikely((cpu->busy & CPU_SETTLES) != 0 || log_grew)) {
        settle(cpu);
    }
    if (unlikely(cpu->current == NULL)) {
        arch_idle();
    }
    ASSERT((cpu->current->s.word & RUNNING_MASK) == 0); /* INV-PROC-4: READY is 0 */
    cpu->gate = cpu->busy == 0 ? cpu->epoch : UINT64_MAX;
    arch_resume(cpu->current);
}

/* Put into effect one timer that is due. */
static void timer_due(struct cpu *cpu, struct timer *t)
{
    struct process *p;

    timer_remove(&cpu->timers, t);
    if (t->purpose == TIMER_SLEEP) {
        sleep_over(container_of(t, struct process, sleep_timer));
    } else if (t->purpose == TIMER_BOUND) {
        p = container_of(t, struct process, preempt.bound_timer);
        p->preempt.over = true;
        preempt_judge(p);
    } else {
        p = container_of(t, struct process, notice_timer);
        t->time = NEVER;
        notice_post(p, p->notice_bits);
    }
}

/* The slice of the current process is over. */
static void slice_expired(struct cpu *cpu, struct process *p)
{
    const struct cap *c = &p->slot[SLOT_SCHEDULE];

    p->behind = 1;
    if (p->s.flags & PROC_SLICE_NOTICE) {
        cpu->slice_end = NEVER;
        if (schedule_runs(p)) {
            app_notice_post(&schedule_of(c)->state.notice, schedule_of(c)->state.notice_bits);
        }
    }
}

void kernel_timer(void)
{
    struct cpu *cpu = cpu_self();
    nsec_t now = arch_now();

    txn_begin();
    txn_commit();
    cpu->stats.interrupts++;
    trace_event(TRACE_TIMER, 0, 0);
    cpu->timer_armed = NEVER;
    for (unsigned i = 0; i < TIMER_STEPS; i++) {
        struct timer *t = cpu->timers.root;

        if (t == NULL || t->time > now) {
            break;
        }
        timer_due(cpu, t);
    }
    if (cpu->current != NULL && cpu->slice_end <= now) {
        slice_expired(cpu, cpu->current);
    }
    cpu->resched = true; /* sets the timer again for what is left */
    sched_exit();
}
