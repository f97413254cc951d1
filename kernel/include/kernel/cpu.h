/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Per-CPU data. `cpu_self()` is the one way to it; there is no global "current". Assembly knows the
 * first fields through arch/x86_64/offsets.c.
 */
#pragma once

#include <kernel/list.h>
#include <kernel/process.h>
#include <kernel/timer.h>
#include <kernel/txn_state.h>

#define PRIORITIES 256
#define MAX_CPUS 64
#define STRING_PAGES 17
#define CPUS_RUNNING 1ull /* mask of the CPUs that run processes; the others are parked */

/* Counters since boot, for SysCtl.getStats. */
struct cpu_stats {
    uint64_t entries; /* kernel entries: a ring crossing each way */
    uint64_t cr3_writes;
    uint64_t invalidations; /* of the TLB: invlpg, or all */
    uint64_t restarts;
    uint64_t interrupts;
    uint64_t idle_time; /* nanoseconds */
    uint64_t faults;
};

/* What belongs to one CPU. Nobody but that CPU touches it. */
struct cpu {
    struct cpu *self;        /* at 0: read through GS */
    struct process *current; /* whose registers this CPU holds; NULL: idle */
    uint64_t kernel_stack;   /* top of this CPU's stack */
    uint64_t scratch[2];     /* for the first instructions of an entry */
    /* whose state the FPU registers hold; NULL: nobody's, and they are cleared */
    struct process *fpu_owner;
    uint64_t loaded_root; /* what CR3 holds */
    /* who came in last: its FS base, FPU state and segments are loaded (port); NULL: look again */
    struct process *resumed;
    uint64_t context; /* `context` of the process that was loaded last (port) */
    uint64_t gate;    /* for the fast path: `epoch`, or UINT64_MAX while it is not to be taken */
    unsigned id;

    struct txn txn;
    struct cpu_stats stats;

    /* Scheduling. Own CPU only. */
    struct list ready[PRIORITIES];
    uint64_t ready_mask[PRIORITIES / 64];
    uint64_t turns; /* how often a process went behind its equals */
    struct timer_heap timers;
    int ready_top;      /* no priority above it is on the ready queues; -1: they are empty */
    uint64_t epoch;     /* advances whenever what the fast path relies on may have become untrue */
    uint64_t idle_from; /* arch_cycles() since when there is no current process */
    nsec_t slice_end;   /* when the slice ends, if an equal waits by then */
    nsec_t timer_armed; /* what the hardware timer is set to; UINT64_MAX: off */
    uint64_t preempt_seed;  /* random preemption; 0: none */
    struct process *traced; /* who ran last, by the trace; perhaps gone */

    /* Work put off, done in bounded pieces before going back to user level (ipc.h). Own CPU only.
     */
    struct plist displaced;      /* senders whose target is gone, or to be looked at anew */
    struct list judged;          /* processes to be judged again (preempt.h) */
    struct plist dead_endpoints; /* by recv_node: their recipient is gone */
    struct list rechecks;        /* processes whose wait is to be matched */
    union {
        struct {
            bool work;    /* something may be on these lists */
            bool resched; /* look at the ready queues before going back */
            bool tracing; /* every entry is recorded, which the fast path does not do */
            bool no_fast; /* the fast path is switched off */
        };
        uint32_t busy; /* all of them: a fast path asks once */
    };
#define CPU_SETTLES 0xffffffu /* of `busy`: all but no_fast */

    /* The pages of a string in transfer, found before the commit point (ipc.c). */
    void *from_page[STRING_PAGES];
    void *to_page[STRING_PAGES];
};

extern struct cpu cpu_table[MAX_CPUS];
extern unsigned cpu_count; /* CPUs present; CPU 0 runs */

/* The CPU that executes this. */
static inline struct cpu *cpu_self(void)
{
    return arch_cpu();
}

/* EFFECT. A Process, Endpoint or Schedule is gone; or the recipient, ID or match of an endpoint, or
 * the schedule or reply endpoint of a process, is another now: what was noted is to be found out
 * anew. Behind the change, since what is done before it may note what was. NO_FAIL. */
static inline void fast_forget(void)
{
    cpu_self()->epoch++;
    cpu_self()->gate = UINT64_MAX; /* until sched_exit() */
}
