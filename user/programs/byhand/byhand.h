/* SPDX-License-Identifier: BSD-2-Clause
 *
 * byhand: what its threads share. README.md says who they are.
 */
#pragma once

#include <lykos/by_hand.h>
#include <lykos/lykos.h>

/* Requests to the handler, about the target. The answer comes when the target goes on again. */
#define HANDLER_LOOK                                                                               \
    1u /* answer: word 1, its run state; word 2, kind of its wait; word 3, forced */
#define HANDLER_HOLD 2u /* and keep it stopped until the time in word 1 */
#define HANDLER_ADD 3u  /* add one to `shared`, which the target changes too; not if forced */

/* Request to the server: answer at the absolute time in word 1, with the number in word 2. */
#define SERVER_WORK 1u

/* What the target is to do; it begins when told, and says when it is done. */
enum order {
    ORDER_CALL,    /* call the server: `number` and `until` */
    ORDER_ADD,     /* add to `shared`, `number` times, each in a critical section */
    ORDER_SECTION, /* be in one critical section until the time `until` */
};
struct orders {
    enum order what;
    uint64_t number, until;
    volatile uint64_t given, done; /* how many orders; the target has caught up if they are equal */
    volatile uint64_t answer;      /* of the server */
    volatile bool in_section;      /* the target's own word for it */
};
extern struct orders orders;

extern volatile uint64_t shared;
extern struct lk_control control; /* of the target */

/* The threads, and their capability registers. */
#define TARGET_SERVER LK_REG_NAMED      /* Entry of the server */
#define TARGET_ENDED (LK_REG_NAMED + 1) /* AppNotice of the handler */
void target(void *unused);

#define HANDLER_TARGET LK_REG_NAMED /* Process of the target: all the authority it needs */
void handle(void *unused);

void serve(void *unused);
