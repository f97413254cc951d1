/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The states in which a target can be when it is notified, each with a way into it and a way out
 * (states.c). What the notifications are, and what is looked at, is the cases' (state.c).
 */
#pragma once

#include "trio.h"

#define REG_SERVER 13 /* of T: an Entry of the server */
#define T_REPLY_ID 61

/* One run. */
struct scene {
    struct trio x;
    obj server; /* whom T calls or sends to; also what else is needed */
    obj inner;  /* sender or receiver at the other end */
    uint64_t clock;
};

/* A state of T: how it gets there, and how what it is in the middle of comes to its end. */
struct state {
    const char *name;
    void (*begin)(struct scene *c);
    void (*end)(struct scene *c);
    unsigned marks; /* PASSES, TIMED */
};
#define PASSES 1u /* time ends it, or that T may run at a lower priority than the case */
#define TIMED 2u  /* word 1 of T's registers is a time */

extern const struct state states[];
extern const unsigned states_many;

/* A trio and the two others, none of them started; T has a reply endpoint. */
void scene_new(struct scene *c);
