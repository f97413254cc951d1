/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: preemption notification disturbs nothing. A target T is in the middle of
 * something (most of all: in the closed wait of a call whose answer comes without blocking), and
 * others post notices, send through its ProxyEntry, suspend it and look at it. T must come to the
 * very end it would have come to, with every register and its FPU as they were; its handler R and
 * it must never run at once; and it must get on.
 *
 *   rounds.c     directed rounds, aimed at every state of T x kind of event x place; made of
 *   scene.c      bringing T into a state and to its end,
 *   place.c      and to a place, at a user instruction by
 *   steps.c      stepping;
 *   events.c     what happens to it, or what
 *   self.c       a T that runs does itself; on
 *   stage.c      the stage, with
 *   players.c    its players
 *   cells.c      the table of what was hit
 *   points.c     which acquire points were
 *   fpu.c        images of the FPU
 *   target.S     the programs of T
 *   storm.c      rounds at random: a client, its server, R, and others, all at once
 *   sections.c   critical sections, and a flood of notifications
 *
 * README.md has the table of what makes no sense, and how many rounds are made when.
 */
#include "armed.h"

#include <lykos/msg_layout.h>

const char sys_scenario[] = "armed";

_Static_assert(sizeof(struct lk_msg) == 120, "MSG_SIZE in target.S");
_Static_assert(__builtin_offsetof(struct keep, fpu) == 96, "canary_call in target.S");
_Static_assert(__builtin_offsetof(struct keep, fpu_after) == 608, "canary_call in target.S");

/* `make test` makes three runs, which make a tenth of a million rounds together; `make soak` makes
 * 22, which make a million. A number of rounds asked for is that of one run. */
#define TEST_RUN 33400
#define SOAK_RUN 52000
#define TEST_CELL 34 /* 100 in three, and 36 at acquire points but for those of a string */
#define SOAK_CELL 46 /* 1,000 in 22 */

static uint64_t rounds_of_run(void)
{
    return sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? SOAK_RUN : TEST_RUN;
}

uint64_t share_of_rounds(uint64_t percent)
{
    return rounds_of_run() * percent / 100;
}

uint64_t share_of_cell(void)
{
    uint64_t all = sys_options.soak ? SOAK_RUN : TEST_RUN;

    /* A short run, asked for by somebody who looks for something, need not have everything. */
    return rounds_of_run() < all ? 0 : sys_options.soak ? SOAK_CELL : TEST_CELL;
}
