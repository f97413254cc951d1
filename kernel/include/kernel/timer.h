/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Timers: a leftist heap of absolute times, linked inside the objects that wait. Insert, remove and
 * take-first are O(log n) in the worst case: the right spine of a leftist heap of n nodes has at
 * most log2(n + 1) nodes.
 */
#pragma once

#include <kernel/types.h>

/* A time to wait for, inside what waits. All zero: not queued. Only timer.c writes it, but for
 * `purpose`. */
struct timer {
    nsec_t time;
    struct timer *left, *right, *parent;
    uint32_t rank; /* length of the right spine */
    bool queued;
    uint8_t purpose; /* enum timer_purpose */
};

/* What is to happen: which member of a process the timer is. */
enum timer_purpose { TIMER_SLEEP, TIMER_NOTICE, TIMER_BOUND };

/* The timers of a CPU. All zero: none. */
struct timer_heap {
    struct timer *root; /* the earliest, or NULL */
};

/* EFFECT. Queue `t`, which is not queued, for a time; take it out. */
void timer_insert(struct timer_heap *h, struct timer *t, nsec_t time) NO_FAIL;
void timer_remove(struct timer_heap *h, struct timer *t) NO_FAIL; /* not queued: nothing */
