/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Workers that note when they get the CPU, and how it was shared.
 */
#pragma once

#include "../lib/sys.h"

#define SLICE 200000ull /* of most cases */
#define TURNS_MOST 500
#define RUNNERS 16

/* One stretch of time in which the CPU was with one of the runners. */
struct turn {
    unsigned who;
    uint64_t at;
};
extern volatile struct turn turns[TURNS_MOST];
extern volatile unsigned turn_count;
/* What each runner did. */
extern volatile uint64_t done[RUNNERS];

/* First of all in a case: nothing is noted yet, and slices end when they should, also under the
 * boot word `seed`. */
void share_begin(void);
/* A worker with this schedule, not started; it is told its number, `who`. */
struct worker runner_new(obj schedule, void (*fn)(void *), unsigned who);
/* The same, started, that computes for ever. */
struct worker spinner_new(obj schedule, unsigned who);
void spin(void *who);
/* Called by runner `who` again and again: its turn has begun, if the last one was another's. */
void turn_note(unsigned who);
/* How long turn `i`, not the last, took. */
uint64_t turn_length(unsigned i);
/* Keep busy for a time by the clock. */
void work_ns(uint64_t ns);

uint64_t cpu_of(obj p);
/* `part` is at least `low` and at most `high` per cent of the whole. */
void share_is(uint64_t part, uint64_t whole, unsigned low, unsigned high);
/* The time is the one wanted, but for a twentieth and what a few kernel entries take. */
void about(uint64_t time, uint64_t wanted);
/* Timer and device interrupts since boot. */
uint64_t interrupts(void);
