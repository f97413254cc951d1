/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Scheduling: fixed priorities, round robin within one, preemptive, tickless.
 */
#pragma once

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
/* EFFECT. Go from the current process, which has just stopped being ready or has a lower or equal
 * priority, directly to `p`, which is READY; the rest of the slice goes with it. NO_FAIL. */
void sched_switch_to(struct process *p);
/* EFFECT. The CPU is `p`'s from now on, which may run and is on no ready queue. NO_FAIL. */
void sched_hand_over(struct process *p);
/* EFFECT. The current process goes behind its equals. NO_FAIL. */
void sched_yield(void);
/* Has `p` a schedule that lets it run? */
static inline bool schedule_runs(const struct process *p)
{
    const struct cap *c = &p->slot[SLOT_SCHEDULE];

    return c->type == CAP_SCHEDULE && object_alive(c, FRAME_SCHEDULE) &&
           ((const struct schedule *)(const void *)oid_header(c->oid))->state.ready;
}

/* May `p` run: READY, no holds, valid schedule? */
static inline bool sched_runnable(const struct process *p)
{
    return (p->s.word & RUNNING_MASK) == 0 && schedule_runs(p); /* READY is 0 */
}

/* CPU time used by `p` up to now, in nanoseconds. */
uint64_t sched_cpu_time(const struct process *p);

/* Leave the kernel: bounded clean-up that is due, charge time, pick who runs, arm the timer if it
 * must be, go. */
NORETURN void sched_exit(void);
