/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: processes that invoke whatever they hold with whatever comes to mind, while
 * the kernel takes the CPU away at random. The kernel must not stop, its invariants must hold, and
 * nobody must come by what was not given; in the end everything can be destroyed and nothing is
 * left.
 *
 *   fuzzer.c     what a fuzzer does
 *   team.c       a team of them, and who looks after it; parts of it:
 *   storage.c    objects
 *   spaces.c     address spaces
 *   members.c    processes
 *   pool.c       what they hold
 *   authority.c  what they must not come by
 *
 * A round is a team, made from a seed; the first from `seed=`. What is said before each round is
 * how to repeat it alone.
 */
#include "fuzz.h"

const char sys_scenario[] = "fuzz";

#define TICKS 300
#define STEPS 120
#define SEED_STEP 1000003 /* so that rounds of neighbouring seeds are not the same */

/* How many rounds: asked for, or many, or as many as there is time for. */
static uint64_t rounds(uint64_t few, uint64_t many)
{
    return sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? many : few;
}

static void say_counts(void)
{
    const struct counts *c = &counts;

    sys_say("# %lu invocations, %lu faults, %lu processes and %lu spaces built again, %lu checks",
            c->calls, c->faults, c->rebuilt, c->spaces, c->checks);
    sys_say("# results: 0..4: %lu %lu %lu %lu %lu; 5..9: %lu %lu %lu %lu %lu; 10: %lu 11: %lu; "
            "other: %lu; %lu messages, %lu notices, %lu proxied",
            c->status[0], c->status[1], c->status[2], c->status[3], c->status[4], c->status[5],
            c->status[6], c->status[7], c->status[8], c->status[9], c->status[10], c->status[11],
            c->status[12] + c->status[13] + c->status[14] + c->status[15], c->messages, c->notices,
            c->proxied);
}

static void all_rounds(const char *name, void (*run)(unsigned), unsigned n, uint64_t count)
{
    memset(&counts, 0, sizeof(counts));
    team_init();
    for (uint64_t i = 0; i < count; i++) {
        uint64_t seed = sys_options.seed + i * SEED_STEP;

        sys_at("seed %lu", seed);
        sys_say("# alone: make test T='fuzz/%s --seed=%lu --rounds=1'", name, seed);
        team_make(seed);
        run(n);
        team_end();
    }
    say_counts();
}

CASE(each_call,
     .text = "single random invocations, with the kernel's invariants checked after each",
     .ms = 4000000)
{
    all_rounds("each_call", team_step, STEPS, rounds(3, 6));
}

CASE(teams, .text = "random invocations by several processes at once, taken off the CPU at random",
     .ms = 4000000)
{
    all_rounds("teams", team_run, TICKS, rounds(8, 16));
}
