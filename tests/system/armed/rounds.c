/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The directed rounds: as many as are asked for, aimed at whichever cell of the table was hit
 * least.
 */
#include "scene.h"

#define BATCH 500
#define MORE_STEPS 8 /* between two events */
#define SEEDS 3      /* so that the runs of one seed, preempted and not, are not the same */

static bool waits(enum state s)
{
    return s != S_RUNNING && s != S_READY;
}

/* A delivery that is forced: some of those that find T waiting inside its section, and those that
 * it waits for itself. */
static bool is_bounded(const struct scene *c)
{
    bool delivers = c->kind == K_PREEMPT || c->kind == K_CALL || c->kind == K_ONEWAY ||
                    c->kind == K_TIMED || c->kind == K_RHOLD;

    if (!c->defers || !delivers) {
        return false;
    }
    if (c->state == S_RUNNING) {
        return c->kind == K_CALL || c->kind == K_ONEWAY;
    }
    return waits(c->state) && rng_below(c->r, 8) == 0;
}

/* Is there a system call of T or W that can be thrown away while T is in that state? */
static bool choose_gap(struct scene *c)
{
    if (c->place != P_ACQUIRE || c->state == S_BLOCKED || c->state == S_RUNNING) {
        return false;
    }
    if (c->kind == K_TIMED) { /* the clock must not strike before: that takes long */
        return rng_below(c->r, 4) == 0;
    }
    return c->state == S_READY || rng_below(c->r, c->state == S_STRING ? 8 : 2) != 0;
}

static void prepare(struct scene *c)
{
    c->defers = c->place == P_DEFER;
    c->in_gap = choose_gap(c);
    c->sends =
        c->state == S_STRING && rng_below(c->r, 2) != 0 && !(c->kind == K_HELD_END && c->in_gap);
    c->bounded = is_bounded(c);
    hand.answer_late = rng_below(c->r, 2) != 0;
}

static void count(const struct scene *c)
{
    if (c->counted) {
        cell_hit(c->seen, c->kind, c->where);
        if (c->state != S_RUNNING) {
            note_instruction(c);
        }
    }
}

/* The event that the round is for; then others, since T is at that place: many, if it was costly to
 * get it there. */
static void all_events(struct scene *c)
{
    unsigned more = (unsigned)rng_below(c->r, c->in_gap ? 2 * KINDS : 4);

    scene_event(c);
    count(c);
    while (more-- > 0 && scene_more(c)) {
        if (c->state == S_READY && c->stepped && c->place != P_HELD) {
            step(c, &target, (unsigned)rng_below(c->r, MORE_STEPS));
        }
        c->kind = (enum kind)rng_below(c->r, K_HELD_END + 1);
        c->kind = c->kind == K_HELD_END ? K_RHOLD : c->kind;
        if (poster.busy && (c->kind == K_CALL || c->kind == K_ONEWAY)) {
            continue;
        }
        scene_event(c);
        count(c);
    }
}

/* The round, of which everything has been chosen. */
static void play(struct scene *c)
{
    sys_at("round %lu, seed %lu: %s x %s %s", new_number(), sys_options.seed, state_name(c->state),
           kind_name(c->kind), place_name(c->place));
    if (c->bounded) {
        bound_set(SHORT_BOUND);
    }
    scene_enter(c);
    scene_approach(c);
    if (!c->bounded && c->state != S_RUNNING && c->place != P_ACQUIRE && !hand.current &&
        rng_below(c->r, 8) == 0) {
        order_r(ORDER_BUSY); /* R waits for something else */
    }
    all_events(c);
    if (c->reopen) {
        scene_release(c);
        scene_reopen(c);
    }
    if (rng_below(c->r, 2) != 0) {
        scene_release(c);
        scene_drive(c);
    } else { /* the other way round, if it comes to an end that way */
        settle();
        scene_release(c);
        scene_drive(c);
    }
    if (c->bounded) {
        bound_set(LK_DEFER_MAX);
    }
    scene_judge(c);
}

static void one_round(struct scene *c)
{
    prepare(c);
    play(c);
}

/* A string of 64 KiB thrown away at each of its acquire points, between any two pages: T's own, or
 * one that it waits for. */
static void sweep_string(struct rng *r, bool sends)
{
    enum point p = sends ? PT_CALL_STRING : PT_REPLY_STRING;
    unsigned before;

    do {
        struct scene c = { .r = r,
                           .state = S_STRING,
                           .kind = (enum kind)rng_below(r, K_HELD_END),
                           .place = P_ACQUIRE,
                           .in_gap = true,
                           .sends = sends };

        before = points_max(p);
        play(&c);
    } while (points_max(p) > before);
}

CASE(directed,
     .text =
         "whatever T is in comes to its end when it is notified, suspended or looked at, at every "
         "user instruction and acquire point",
     .ms = 4000000)
{
    struct rng r = rng_new(sys_options.seed * SEEDS + (sys_options.preempt != 0));
    uint64_t rounds = share_of_rounds(DIRECTED_PERCENT);
    uint64_t least = share_of_cell();
    uint64_t done;

    cells_reset();
    points_reset();
    stage_new();
    learn_instructions();
    sweep_string(&r, false);
    sweep_string(&r, true);
    for (done = 0; done < rounds; done++) {
        struct scene c = { .r = &r };

        if (rng_below(&r, 8) != 0) {
            cell_least(&r, &c.state, &c.kind, &c.place);
        } else { /* so that one that is hard to hit does not take all */
            cell_any(&r, &c.state, &c.kind, &c.place);
        }
        one_round(&c);
        if (done % BATCH == BATCH - 1) {
            EQ(kernel_check(), 0);
        }
        if (done == rounds / 2) {
            actor_use_fpu(&target, r.s); /* from now on without the fast path */
            actor_use_fpu(&partner, ~r.s);
        }
    }
    sys_say("# %lu directed rounds, seed %lu", done, sys_options.seed);
    cells_print();
    points_print();
    instructions_print();
    {
        struct scene c = { .r = &r };

        CHECK(cell_least(&r, &c.state, &c.kind, &c.place) >= least);
    }
    CHECK(least == 0 || (instructions_least() > 0 && points_complete()));
    EQ(kernel_check(), 0);
}
