/* SPDX-License-Identifier: BSD-2-Clause
 *
 * User instructions: stepping T or W to one of them, and which there are and how often each was a
 * place.
 */
#include "scene.h"

#define CODE_BYTES 512 /* of target.S, and of lk_invoke */
#define YIELD_STEPS 10 /* of the end of a section */

struct code {
    const char *start;
    bool is[CODE_BYTES]; /* an instruction begins here */
    uint32_t hits[CODE_BYTES];
};
static struct code code[2];
static unsigned program_steps[2]; /* of armed_list and armed_defer, from start to end */
static unsigned yield_turn;
static unsigned lowering_steps; /* of armed_defer, until it lowers *defer* */

static uint32_t *instruction(uint64_t rip, bool **is)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t at = rip - (uint64_t)code[i].start;

        if (at < CODE_BYTES) {
            *is = &code[i].is[at];
            return &code[i].hits[at];
        }
    }
    return NULL;
}

void note_instruction(const struct scene *c)
{
    bool *is;
    uint32_t *hits = instruction(c->rip, &is);

    if (hits != NULL) {
        ++*hits;
    }
}

/* How many steps into a program the next round goes: all in turn. */
static unsigned choose_steps(const struct scene *c, unsigned most)
{
    static uint32_t used[2][STEPS_MOST];
    uint32_t *u = used[c->defers];
    unsigned n = (unsigned)rng_below(c->r, most);

    for (unsigned i = 0; i < most; i++) {
        n = u[i] < u[n] ? i : n;
    }
    u[n]++;
    return n;
}

unsigned step(struct scene *c, struct actor *a, unsigned n)
{
    unsigned i;

    if (n == 0) {
        return 0;
    }
    OK(lk_process_set_flags(a->reg, 1));
    for (i = 0; i < n; i++) {
        struct pstate s;

        settle();
        s = actor_look(a);
        if (s.run_state == LK_STATE_FAULTED && s.fault == FAULT_SINGLE_STEP) {
            bool *is;

            if (instruction(s.r.rip, &is) != NULL) {
                *is = true;
            }
            OK(lk_process_resume(a->reg, 1));
            continue;
        }
        if (a == &target && s.run_state == LK_STATE_RECEIVING && c->doing == W_RECEIVE) {
            partner_judge(c); /* it has T's request: give T its answer */
            partner_start(c, W_REPLY, 0);
            continue;
        }
        break;
    }
    OK(lk_process_set_flags(a->reg, 0));
    return i;
}

void step_target(struct scene *c)
{
    uint32_t bit = scene_bit(c);

    if (!c->defers || !chance(c, 3)) {
        step(c, &target, choose_steps(c, program_steps[c->defers]));
        return;
    }
    step(c, &target, lowering_steps); /* at the end of its section, with something to yield for */
    c->bits |= bit;
    OK(lk_appnotice_post(D_PREEMPT, bit));
    step(c, &target, yield_turn++ % YIELD_STEPS);
}

void learn_instructions(void)
{
    static const struct {
        enum state state;
        bool defers;
    } all[] = { { S_READY, false }, { S_READY, true } };
    struct rng r = rng_new(1);

    memset(code, 0, sizeof(code));
    lowering_steps = 0;
    code[0].start = armed_break;
    code[1].start = (const char *)(uintptr_t)lk_invoke;
    for (unsigned i = 0; i < 2; i++) {
        struct scene c = {
            .state = all[i].state, .place = P_USER, .kind = K_LOOK, .defers = all[i].defers, .r = &r
        };

        scene_enter(&c);
        target_start(&c, 0);
        if (c.defers) {
            do {
                lowering_steps += step(&c, &target, 1);
            } while (control_word()[0] != 0);
            lowering_steps--;
        }
        program_steps[i] = lowering_steps + step(&c, &target, STEPS_MOST);
        scene_drive(&c);
        scene_judge(&c);
    }
}

static unsigned instructions(uint64_t *least)
{
    unsigned n = 0;

    *least = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < CODE_BYTES; j++) {
            if (code[i].is[j]) {
                n++;
                *least = code[i].hits[j] < *least ? code[i].hits[j] : *least;
            }
        }
    }
    return n;
}

uint64_t instructions_least(void)
{
    uint64_t least;

    instructions(&least);
    return least;
}

void instructions_print(void)
{
    uint64_t least;
    unsigned n = instructions(&least);

    sys_say("# a call that is thrown away takes %lu ns", gap_time());
    sys_say("# user instructions of the stubs: %u, an event at each of them %lu times or more", n,
            least);
}
