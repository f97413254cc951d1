/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fairshare: threads scheduled by a thread. README.md says how.
 */
#pragma once

#include <lykos/lykos.h>
#include <lykos/thread.h>

#define SHARES 5u
#define NOBODY SHARES

/* Who holds a thread back. */
enum held {
    HELD_NOT,
    HELD_PROXY, /* the kernel: its slice is over, and the scheduler was told */
    HELD_OURS   /* the scheduler itself */
};

/* One of the threads that share the CPU. */
struct share {
    const char *name;
    uint64_t weight;

    /* The scheduler's. */
    uint64_t used; /* CPU time when it was last looked at, nanoseconds */
    uint64_t had;  /* CPU time divided by weight, and what counts as if it had had it */
    bool ready;    /* it has something to do: it does not wait */
    enum held held;

    /* Its own. */
    volatile bool rests; /* it is to wait most of the time, told by main() */
    volatile uint64_t rested;
};
extern struct share shares[SHARES];

/* What the scheduler counts, for main() to print. The longest since all were even. */
struct scheduler_notes {
    volatile bool level; /* told by main(): all are to be even from now on; it says when they are */
    volatile uint64_t decisions;
    volatile uint64_t longest;            /* longest time that a thread ran between two of them */
    volatile uint64_t longest_per_weight; /* and divided by its weight, the longest of all */
};
extern struct scheduler_notes scheduler;

/* The policy (policy.c): which thread is to run next, of those that are ready; NOBODY: none is. */
unsigned choose(const struct share share[SHARES]);

/* The scheduler's thread (scheduler.c), and its capability registers. */
#define SCHEDULER_IDLE LK_REG_NAMED /* Process of the idle thread */
#define SCHEDULER_THREAD                                                                           \
    (LK_REG_NAMED + 1u) /* and so on: Process of each thread, once told of it */
#define SCHEDULER_TOLD LK_REG_SCRATCH
#define SCHEDULER_FIRST_ID 100u /* endpoint IDs of its endpoints, one for each thread */
void schedule(void *unused);

/* The idle thread: runs when none of the others can, and says so by this notice. */
#define IDLE_NOTICE LK_REG_NAMED
#define IDLE_BIT 1u
void idle(void *unused);

#define HOLD_OURS 4u /* any number that nobody else uses */
