/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads for the cases of this scenario.
 */
#pragma once

#include "../lib/sys.h"

#define KIT_THREADS 3

/* Registers of the case. */
enum {
    R_WORK = R_A, /* and R_B */
    R_HANDLER = R_C,
    R_PLAN_SCHEDULE = R_D,
    R_THREAD = R_E,          /* and R_F: Process of thread i */
    R_THREAD_ENDPOINT = R_G, /* and R_H */
};

/* A room of so many new frames. */
struct lk_room kit_room(unsigned frames);

/* How thread `i` is made: at a priority, its Process in R_THREAD + i, its Endpoint in
 * R_THREAD_ENDPOINT + i, its faults told to nobody who listens. */
struct lk_thread_plan kit_plan(unsigned i, unsigned priority, void (*fn)(void *), void *arg);

/* Make it so; it does not run yet. */
void kit_thread(struct lk_thread *t, struct lk_room *room, unsigned i, unsigned priority,
                void (*fn)(void *), void *arg);

/* A thread that handles, above the case: what it does and what it saw. */
struct kit_handler {
    enum lk_after (*take)(struct kit_handler *h, struct lk_event *event); /* null: `after` */
    enum lk_after after;
    volatile unsigned events;
    struct lk_event last;
    struct lk_look look;
    struct lk_thread thread;
};

/* Thread 0, the target, below the case and not started; thread 1, its handler, waiting. */
void kit_pair(struct kit_handler *h, struct lk_thread *target, struct lk_room *room,
              void (*fn)(void *), void *arg);
