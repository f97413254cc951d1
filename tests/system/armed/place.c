/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bringing T, in its state, to the place of the event; and where it stands then.
 */
#include "scene.h"

#define GAP_NS 150000    /* shorter than the kernel looks at all its objects */
#define PARTNER_STEPS 24 /* until lk_invoke is behind its system call */

static uint64_t gap_ns = GAP_NS; /* from the start of a call until it is thrown away */

uint64_t gap_time(void)
{
    return gap_ns;
}

/* Where lk_invoke has its system call. */
static uint64_t syscall_at(void)
{
    static uint64_t at;
    const uint8_t *code = (const uint8_t *)(uintptr_t)lk_invoke;

    while (at == 0) {
        if (code[0] == 0x0f && code[1] == 0x05) {
            at = (uint64_t)code;
        }
        code++;
    }
    return at;
}

/* T or W makes a system call that is thrown away at an acquire point. The kernel compares all its
 * objects first, which takes longer than the clock takes to wake us; so we are here before the call
 * is begun again. */
static void throw_away(struct scene *c)
{
    struct actor *a = &partner;
    uint64_t begun;
    struct pstate s;

    if (c->state == S_READY || c->state == S_RUNNING) {
        c->point = PT_CALL;
        a = &target;
    } else if (c->sends) {
        c->point = PT_CALL_STRING;
        a = &target;
    } else {
        c->point = c->state == S_STRING     ? PT_REPLY_STRING
                   : c->state == S_CLOSED   ? PT_REPLY
                   : c->state == S_SLEEPING ? PT_ANSWER_SLEEPER
                   : c->state == S_OPEN     ? PT_SEND_OPEN
                                            : PT_RESUME;
    }
    c->n = point_next(c->point);
    begun = now();
    if (a == &target) {
        target_start(c, c->n);
    } else {
        partner_start(c, c->next, c->n);
    }
    OK(lk_sleep_sleep_until(R_SLEEP, begun + GAP_NS, NULL));
    s = actor_look(a);
    c->thrown_away =
        injected(c->point, c->n) && s.run_state == LK_STATE_READY && s.r.rip == syscall_at();
    if (c->thrown_away && gap_ns < now() - begun) {
        gap_ns = now() - begun;
    }
    c->n = 0;
}

static void hold_target(struct scene *c)
{
    if (chance(c, 2) && !c->defers && hand.count < UINT64_MAX) {
        uint32_t bit = scene_bit(c);

        hand.keep = true;
        c->bits |= bit;
        OK(lk_appnotice_post(D_PREEMPT, bit));
        CHECK(hand.current);
        return;
    }
    OK(lk_process_set_not_schedulable(D_T, LK_HOLD_BY_HAND, NULL));
    c->held = true;
}

void scene_approach(struct scene *c)
{
    if (c->state == S_READY && !c->in_gap) {
        target_start(c, 0);
    }
    if (c->in_gap) {
        throw_away(c);
    } else if (c->state == S_READY && (c->place != P_HELD || chance(c, 2))) {
        step_target(c);
        c->stepped = true;
    } else if (c->place == P_USER && c->state != S_RUNNING) {
        partner_start(c, c->next, 0);
        step(c, &partner, (unsigned)rng_below(c->r, PARTNER_STEPS));
        c->stepped = true;
    }
    if (c->place == P_HELD) {
        hold_target(c);
    }
}

static enum state waiting_state(const struct scene *c)
{
    uint64_t wait = 0;

    OK(lk_process_get_wait(D_T, &wait, NULL, NULL, NULL, NULL, NULL));
    if (wait == LK_WAIT_CLOSED) {
        return c->state == S_STRING && !c->sends ? S_STRING : S_CLOSED;
    }
    return wait == LK_WAIT_SLEEPING ? S_SLEEPING : S_OPEN;
}

bool scene_classify(struct scene *c)
{
    struct pstate s = actor_look(&target);

    if (at_end(&s)) {
        return false;
    }
    switch (s.run_state) {
    case LK_STATE_RECEIVING:
        c->seen = waiting_state(c);
        break;
    case LK_STATE_BLOCKED:
        c->seen = c->sends ? S_STRING : S_BLOCKED;
        break;
    case LK_STATE_FAULTED:
        c->seen = S_FAULTED;
        break;
    default:
        c->seen = c->sends && c->thrown_away ? S_STRING : S_READY;
        break;
    }
    c->rip = c->seen == S_READY ? s.r.rip : c->stepped ? actor_look(&partner).r.rip : 0;
    if (s.holds != 0) {
        c->where = P_HELD;
    } else if (control_word()[0] != 0) {
        c->where = P_DEFER;
    } else if (c->thrown_away) {
        c->where = P_ACQUIRE;
    } else if (c->stepped || c->seen == S_READY) {
        c->where = P_USER;
    } else {
        c->where = P_WAIT;
    }
    return true;
}
