/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Scheduling: fixed priorities, round robin within one, preemptive, tickless.
 */
#pragma once

#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/schedule.h>

/* Boot only: this CPU has nothing to run. */
void sched_init(void);

/* EFFECT. `p` may have become able to run (state, holds, schedule changed): queue it if so. If it
 * is of higher priority than the current process, the CPU is given to it at exit. NO_FAIL. */
void sched_wake(struct process *p);
/* EFFECT. `p` must not run any more as it is: take it off the ready queue, or off the CPU at exit.
 * NO_FAIL. */
void sched_stop(struct process *p);
/* EFFECT. The current process `p` has sent to `to`, which waited, and perhaps waits itself now: the
 * CPU goes to whom it should, to one of higher or equal priority at once. NO_FAIL. */
void sched_sent(struct process *p, struct process *to);
/* Has `p` a schedule that lets it run? */
static inline bool schedule_runs(const struct process *p)
{
    const struct cap *c = &p->slot[SLOT_SCHEDULE];

    return c->type == CAP_SCHEDULE && object_alive(c, FRAME_SCHEDULE) &&
           schedule_of(c)->state.ready;
}

/* May `p` run: READY, no holds, valid schedule? */
static inline bool sched_runnable(const struct process *p)
{
    return (p->s.word & RUNNING_MASK) == 0 && schedule_runs(p); /* READY is 0 */
}

/* EFFECT. As sched_sent(); `p` waits, and `to` has a valid schedule. An equal about which there is
 * nothing else has the CPU with the rest of the slice. */
static ALWAYS_INLINE void sched_go_on(struct process *p, struct process *to)
{
    const uint64_t has_slice = (uint64_t)ATTN_SLICE << 32;

    if (likely((to->state & ~has_slice) == 0 && to->priority == p->priority &&
               !(p->s.flags & PROC_SLICE_NOTICE))) {
        uint64_t now = arch_cycles();

        if (unlikely(to->state != 0)) { /* its own is over */
            to->state = 0;
            to->slice_left = 0;
        }
        p->cpu_cycles += now;
        to->cpu_cycles -= now;
        cpu_self()->current = to;
        return;
    }
    sched_sent(p, to);
}

/* CPU time used by `p` up to now, in nanoseconds. */
uint64_t sched_cpu_time(const struct process *p);

/* Leave the kernel: bounded clean-up that is due, charge time, pick who runs, arm the timer if it
 * must be, go. */
NORETURN void sched_exit(void);
