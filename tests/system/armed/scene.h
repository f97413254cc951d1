/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One directed round: T is brought into a state and to a place, something happens, and T comes to
 * the end it would have come to anyway.
 */
#pragma once

#include "stage.h"

/* What W does for T. */
enum step { W_NOTHING, W_RECEIVE, W_REPLY, W_EARLY, W_SEND, W_RESUME };

struct scene {
    /* What it is to be. */
    enum state state;
    enum kind kind;
    enum place place;
    struct rng *r;
    bool sends;   /* S_STRING: T sends the string, and does not receive it */
    bool defers;  /* T's program has a critical section */
    bool in_gap;  /* P_ACQUIRE: a system call of T or W is thrown away; else one of the event's */
    bool bounded; /* the deferral has a short bound: the delivery is forced */

    /* How it stands. */
    uint64_t number;  /* of T's message */
    enum step doing;  /* what W is at */
    bool again;       /* it gives its answer a second time, in vain */
    enum step next;   /* what W is to do next for T to get on */
    bool stepped;     /* T or W stands at a user instruction */
    bool thrown_away; /* T or W stands at a system call that was thrown away */
    bool held;        /* hold 3 of T is set */
    uint64_t wake;    /* S_SLEEPING: when it would end by itself */
    uint64_t timed;   /* K_TIMED: when the bits are posted */
    uint32_t bits;    /* preempting bits posted, and plain ones */
    uint32_t plain;
    uint64_t messages; /* sent through the ProxyEntry, and not refused */
    bool reopen;       /* a plain notice ended T's open wait */

    /* The injected operation of the event; n 0: none. */
    enum point point;
    unsigned n;

    /* What it was counted as. */
    bool counted;
    uint64_t rip; /* of the user instruction, if it is at one */
    enum state seen;
    enum place where;
};

/* One in so many times. */
static inline bool chance(struct scene *c, unsigned one_in)
{
    return rng_below(c->r, one_in) == 0;
}

/* scene.c, place.c: what T and W do */
void scene_enter(struct scene *c);
void scene_approach(struct scene *c);
/* As T stands now. False: nowhere that is counted. */
bool scene_classify(struct scene *c);
/* W's system call goes on to its end; what came of it is as it should be. */
void partner_start(struct scene *c, enum step what, unsigned inject);
void partner_judge(struct scene *c);
/* T's row and program, from its start. */
void target_start(struct scene *c, unsigned inject);
void target_row(struct scene *c);
/* T and W to their ends. */
void scene_drive(struct scene *c);
/* All is as it should be in the end. */
void scene_judge(struct scene *c);
/* T's holds are what they should be and no delivery is missing. */
void scene_quiet(struct scene *c);
/* What holds T and R is taken away. */
void scene_release(struct scene *c);
/* Take the plain notice that ended T's open wait, and wait again. */
void scene_reopen(struct scene *c);
uint64_t new_number(void);
/* Let T do one thing alone, not as part of a round. */
struct lk_msg *target_does(uint64_t control, uint64_t id, uint64_t w0, uint64_t w1, uint64_t w2);
/* The clock is to post bits for T at c->timed. */
void arm_clock(struct scene *c);
/* Let the clock pass this time; R's answer to it included. */
void pass(uint64_t time);
void bound_set(uint64_t ns);
/* How long it takes from the start of a call until it is thrown away. */
uint64_t gap_time(void);

/* steps.c: which user instructions of the programs there are, and how often each was a place. */
void learn_instructions(void);
void instructions_print(void);
uint64_t instructions_least(void);
/* One more event at the instruction where T, or W, is. */
void note_instruction(const struct scene *c);
/* Let it execute `n` instructions. It is READY then, at the next; or it is at its end or waits.
 * Returns how many it executed. */
unsigned step(struct scene *c, struct actor *a, unsigned n);
/* T, which was started, to the instruction whose turn it is. */
void step_target(struct scene *c);
#define STEPS_MOST 80 /* instructions of a program, and some */

/* self.c: the event of a T that runs; the clock's */
void self_event(struct scene *c);
void self_timed(struct scene *c);
#define SHORT_BOUND 30000 /* nanoseconds */

/* events.c */
void scene_event(struct scene *c);
/* May another follow at the same place? */
bool scene_more(const struct scene *c);
/* The bit that this event posts. */
uint32_t scene_bit(struct scene *c);
