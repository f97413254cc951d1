/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the measurements of the program bench share: how often, with which events beside, and where
 * a result is entered.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench.h"

#define WARM_UP 1000u
#define ROUNDS 10000u

/* Capability registers of its own. */
#define REG_NOTICE LK_REG_SCRATCH    /* AppNotice to itself */
#define REG_OLD (LK_REG_SCRATCH + 1) /* what a slot held */
#define REG_TOP (LK_REG_SCRATCH + 2) /* GPTs of the piece of address space */
#define REG_LEAF (LK_REG_SCRATCH + 3)
#define REG_PAGE (LK_REG_SCRATCH + 4)
#define REG_CAME (LK_REG_SCRATCH + 5)         /* the capability that came back */
#define REG_PROXY_ENTRY (LK_REG_SCRATCH + 6)  /* ProxyEntry to bench_target */
#define REG_PROXY_NOTICE (LK_REG_SCRATCH + 7) /* AppNotice to it, with the proxy bit */

struct events {
    uint64_t entries, cr3_writes, invalidations, interrupts;
};

/* The kernel's counters. */
struct events events_now(void);

/* Enter a result: the time of ROUNDS rounds, and what the counters said before and after them. The
 * call that reads the counters is itself one entry. */
void enter(const char *name, uint64_t ticks, const struct events *before,
           const struct events *after);

/* A step without which nothing can be measured. */
static inline void check(enum status s, const char *what)
{
    if (s != STATUS_OK) {
        lk_die("%s: %s", what, lk_status_text(s));
    }
}

/* MARK_BEGIN for rounds that count. Warming up does not. */
static inline void mark_begin(bool counts)
{
    if (counts) {
        MARK_BEGIN();
    }
}

/* Measure `rounds(n)`, which does n rounds. */
static inline __attribute__((always_inline)) void measure(const char *name,
                                                          void (*rounds)(unsigned n))
{
    struct events before;
    struct events after;
    uint64_t start;
    uint64_t end;

    rounds(WARM_UP);
    before = events_now();
    MARK_BEGIN();
    start = bench_ticks();
    rounds(ROUNDS);
    end = bench_ticks();
    MARK_END();
    after = events_now();
    enter(name, end - start, &before, &after);
}

/* The sum of the times noted by `who`, and no others than these `rounds`. */
uint64_t take_sum(uint32_t who, unsigned rounds);

/* bench_peer in and out of one of its loops. */
extern uint32_t peer;
void peer_begin(enum bench_loop loop, uint64_t yields);
void peer_end(void);

/* n calls to bench_peer, of word 0 alone. */
void call_0w(unsigned n);

/* notify.c: preemption notification, and what it costs those who do not use it. */
void measure_notify(void);

#endif
