/* SPDX-License-Identifier: BSD-2-Clause
 *
 * T, the target, and R, its handler by hand. Both are workers: R executes the library's own code,
 * and can be stopped before each of its system calls, so that anything may happen in between.
 */
#pragma once

#include "../lib/sys.h"

#include <lykos/by_hand.h>

#define POSTED 1u /* notice bit that means: look at T */
#define HOLD_0 (1u << LK_HOLD_PROXY)
#define HOLD_3 (1u << LK_HOLD_BY_HAND)
#define Q_ID 70 /* endpoint IDs: of R where it is told of T by proxy, */
#define S_ID 71 /* of reply endpoints of senders */
#define LONG (LK_DEFER_MAX)

/* What T and R have in common, and tell the case. */
struct play {
    struct lk_control control; /* of T */
    uint64_t bound;
    unsigned hold; /* of R */

    /* T: counts, outside of its critical section or inside, as it is told. */
    volatile bool want_section, in_section;
    volatile uint64_t ticks;

    /* R: each notification that it has handled, T being stopped. */
    volatile uint64_t handled, messages, forced;
    volatile uint64_t in_section_seen; /* of these, those with T inside its section, not forced */
    volatile bool handling;
    void (*work)(struct play *play); /* what R does then; null: nothing */

    struct worker t, r;
    obj notice; /* AppNotice of R: POSTED */
    obj entry;  /* Entry of R */
};

/* T and R, which both begin; R waits. The case runs at PRIO_CASE. */
void play_begin(struct play *play, uint64_t bound, unsigned priority_t, unsigned priority_r);
/* The same with a T that does something else: a worker's function, not started yet, or a process
 * that is there already. */
void play_begin_with(struct play *play, uint64_t bound, unsigned priority_t, unsigned priority_r,
                     void (*fn)(void *));
void play_begin_at(struct play *play, uint64_t bound, obj t, unsigned priority_r);
/* Another handler of the same target, with this hold. */
void play_second(struct play *second, const struct play *play, unsigned priority_r, unsigned hold);

/* The sender is the case: a message to R that wants no answer, without blocking. A notice to R. */
enum status tell(const struct play *play);
void post(const struct play *play);

/* Does T run? It is given the CPU for a while. */
bool runs(struct play *play);
/* T is in its critical section, or out of it, and gets the CPU as long as that takes. */
void enter_section(struct play *play);
void leave_section(struct play *play);

uint64_t holds_of(obj p);
bool alive(obj p);

/* From now on R stops before each of its system calls, or behind each of its instructions. R is of
 * higher priority than the case. */
void step_begin(const struct play *play);
void step_instructions_begin(const struct play *play);
/* R goes on to where it stops next. False: it waits. */
bool step(const struct play *play);
/* R goes on until its next system call is this method of a capability in this register. */
void step_to(const struct play *play, unsigned reg, uint64_t method);
/* And until it waits. */
void step_to_wait(const struct play *play);
void step_end(const struct play *play);

#define R_TARGET R_A /* in R: Process of T */
#define T_ENDED R_A  /* in T: AppNotice of R, LK_HAND_ENDED */

/* The same by proxy: R, a raw process, is to wait at an endpoint that T's slot names; T's control
 * word is registered, with the bound of `play`. */
struct twin {
    obj r, q;
    obj proxy;  /* ProxyEntry of T */
    obj notice; /* proxy notice of T: POSTED */
};
struct twin twin_begin(struct play *play, unsigned priority_r);
void twin_waits(obj r);                         /* R waits; at once if it can run */
enum status twin_tell(const struct twin *twin); /* non-blocking */
void twin_post(const struct twin *twin);
