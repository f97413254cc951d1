/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who plays in handling.c.
 */
#pragma once

#include "handling.h"

#define SCENE_SENDERS 3
#define SCENE_OTHERS 2
#define SCENE_HEARD 4096
#define H_READY 20 /* capability registers of the conductor */

struct scene {
    obj faulter, handler, bystander;
    obj endpoint, own, reply; /* the handler's: it is told through the first */
    obj of_faulter;           /* endpoint of who faults */
    obj to_handler[SCENE_SENDERS], to_faulter[SCENE_SENDERS], other[SCENE_OTHERS];
    obj ready[READY], conductor;
    bool first_round; /* in which the long way only takes its notes: nothing is noted of it here */
    uint8_t *heard;   /* SCENE_HEARD bytes: where the handler receives strings */
    struct lk_regs *seen; /* registers of who faulted, as the handler read them */
};

/* All that is made, and what they hold. */
void scene_made(struct scene *s, const struct handling *h);

void scene_noted(const struct scene *s, const struct handling *h);

/* Give a process FPU registers with something in them. */
void fpu_of(obj p, uint8_t value);
