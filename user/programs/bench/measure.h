/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the measurements of the program bench share: how often, with which events beside, and where
 * a result is entered.
 */
#pragma once

#include "bench.h"

#define WARM_UP 1000u
#define ROUNDS 10000u
#define SINGLE_ROUNDS 15u /* each looked at by itself, for the cache lines of a round */

/* Capability registers of its own. */
#define REG_NOTICE LK_REG_SCRATCH    /* AppNotice to itself */
#define REG_OLD (LK_REG_SCRATCH + 1) /* what a slot held */
#define REG_TOP (LK_REG_SCRATCH + 2) /* GPTs of the piece of address space */
#define REG_LEAF (LK_REG_SCRATCH + 3)
#define REG_PAGE (LK_REG_SCRATCH + 4)
#define REG_CAME (LK_REG_SCRATCH + 5)         /* the capability that came back */
#define REG_OTHER (LK_REG_SCRATCH + 5)        /* another page */
#define REG_PROXY_ENTRY (LK_REG_SCRATCH + 6)  /* ProxyEntry to bench_target */
#define REG_PROXY_NOTICE (LK_REG_SCRATCH + 7) /* AppNotice to it, with the proxy bit */

/* ---- results.c ---- */

/* Enter a result: the time of so many rounds, and what the counters said before and after them. The
 * call that reads the counters is itself one entry. The name is copied. */
void enter(const char *name, uint64_t ticks, uint64_t rounds, const struct events *before,
           const struct events *after);

/* The same with the events counted already, no call of one's own among them. */
void enter_events(const char *name, uint64_t ticks, uint64_t rounds, const struct events *events);

/* The result entered last is of so many rounds. */
void enter_rounds(uint64_t rounds);

/* Enter a figure: sum / by. Name and unit are kept by address. */
void enter_figure(const char *name, uint64_t sum, uint64_t by, const char *unit);

/* Everything that was entered, to the console. */
void print_results(void);

/* ---- measuring ---- */

extern uint32_t sysctl;                               /* the kernel's counters */
extern const volatile char lk_text_start[], lk_end[]; /* the image (user.ld) */

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

/* Measure `rounds(n)`, which does n rounds: `warm_up` first, then `n` that count, then some by
 * themselves, of which the plugin counts the cache lines. */
static inline __attribute__((always_inline)) void
measure_some(const char *name, void (*rounds)(unsigned n), unsigned warm_up, unsigned n)
{
    struct events before;
    struct events after;
    uint64_t start;
    uint64_t end;

    rounds(warm_up);
    before = events_now(sysctl);
    MARK_BEGIN();
    start = bench_ticks();
    rounds(n);
    end = bench_ticks();
    MARK_END();
    after = events_now(sysctl);
    for (unsigned i = 0; i < SINGLE_ROUNDS; i++) {
        MARK_ROUND_BEGIN();
        rounds(1);
        MARK_ROUND_END();
    }
    enter(name, end - start, n, &before, &after);
}

static inline __attribute__((always_inline)) void measure(const char *name,
                                                          void (*rounds)(unsigned n))
{
    measure_some(name, rounds, WARM_UP, ROUNDS);
}

/* The sum of the times noted by `who`, and no others than these `rounds`. */
uint64_t take_sum(uint32_t who, unsigned rounds);

/* ---- calls.c: messages to bench_peer and others. ---- */
void calls_init(void);
void measure_calls(void);

/* Notices posted to this program itself, and what leaves it in another state than that in which the
 * other measurements find it: to be called when they are done. */
void measure_calls_last(void);

/* bench_peer in and out of one of its loops. `word` is what the loop asks for: bench.h. */
void peer_begin(enum bench_loop loop, uint64_t word);
void peer_end(void);

/* n calls to bench_peer, of word 0 alone. */
void call_0w(unsigned n);

/* ---- map.c: pages put into this program's space and taken away ---- */
void map_begin(void);
void map_end(void);

/* Enter what one such step costs, over n rounds. map_begin() was called. */
void measure_map(const char *name, unsigned warm_up, unsigned n);
void measure_unmap(const char *name, unsigned warm_up, unsigned n);

/* ---- notify.c: preemption notification, and what it costs those who do not use it. ---- */
void measure_notify(void);

/* ---- rings.c: ring queues, a record from one side to the other ---- */
void measure_rings(void);

/* ---- growth.c: what does not depend on how many programs live, with 1, 10, .. of them, up to
 * `most`, which live for as long as this one does. ---- */
void measure_growth(uint64_t most);

/* ---- figures.c: how much memory things take. ---- */

/* What counts the memory in use: frames that are not free, hardware page tables. */
struct memory {
    uint64_t frames, tables;
};
struct memory memory_now(void);

/* Objects of the kernel that a bank gives. */
void figures_objects(void);

/* A program that waits: between `before` and `after` so many citizens were started. */
void figures_process(const struct memory *before, const struct memory *after, uint64_t started);

/* Pages of a program's heap, touched between `before` and `after`. */
void figures_pages(const struct memory *before, const struct memory *after, uint64_t pages);
