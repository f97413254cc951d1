/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members for the cases of this scenario.
 */
#pragma once

#include "../lib/sys.h"
#include <lykos/lock.h>

#define MEMBERS 6 /* beside the case itself */

/* Registers of the case. Those of the team are the same in every member. */
enum {
    R_TEAM = R_A,
    R_TEAM_WORK = R_B,
    R_ROOM_WORK = R_C, /* and R_D */
    R_PLAN = R_E,      /* Schedule and handler of the next thread */
    R_PLAN_HANDLER = R_F,
    R_MEMBER = R_G, /* the last thread that was made, and its endpoint */
    R_MEMBER_ENDPOINT = R_H,
};

/* A new team, of the case alone. */
void team_new(void);

/* Make member `i`, and let it begin. Its faults are told to nobody. */
void member_new(unsigned i, unsigned priority, void (*fn)(void *), void *arg);

/* Destroy it, if that may be. */
enum status member_destroy(unsigned i);

/* Its Process, for sys.h; how it is seen by locks. */
obj member_process(unsigned i);
obj member_endpoint(unsigned i);
struct lk_member *member_of(unsigned i);

/* When a mistake is found the whole team is stopped, of which the case is the first member. From
 * now on it is let go on each time; how often that was. */
void team_may_stop(void);
uint64_t team_stops(void);

/* Fails if one has faulted. */
void members_fine(void);
