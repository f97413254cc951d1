/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What happens to a T that runs: it makes its events itself, or the clock does, for on one CPU
 * nobody else can.
 */
#include "scene.h"

#define LEAD_FIRST 9000
#define LEAD_STEP 60
#define LEAD_MOST 60000
#define STRIKE_IN_CALL 250000 /* T has begun its call, and the kernel not yet thrown it away */

static uint8_t self_look[160];

/* The messages of T's row that are the event; the last of them gets the injection. */
static void self_row(struct scene *c, unsigned inject)
{
    uint32_t bit = scene_bit(c);
    struct lk_msg *m;

    if (c->kind == K_RHOLD) {
        row_next(&target, LK_CTL_CALL(C_R, 2), OP_PROCESS_SET_NOT_SCHEDULABLE, LK_HOLD_BY_HAND);
        c->bits |= bit;
        row_next(&target, LK_CTL_CALL(C_PREEMPT, 2), OP_APPNOTICE_POST, bit);
    }
    if (inject != 0) {
        row_next(&target, LK_CTL_CALL(C_SYSCTL, 2), OP_SYSCTL_INJECT_RESTART, inject);
    }
    switch (c->kind) {
    case K_PLAIN:
        c->plain |= bit;
        row_next(&target, LK_CTL_CALL(C_PLAIN, 2), OP_APPNOTICE_POST, bit);
        break;
    case K_PREEMPT:
        c->bits |= bit;
        row_next(&target, LK_CTL_CALL(C_PREEMPT, 2), OP_APPNOTICE_POST, bit);
        break;
    case K_CALL:
        row_next(&target, LK_CTL_CALL(C_PROXY, 3), K_CALL, new_number());
        break;
    case K_ONEWAY:
        row_next(&target, LK_CTL(LK_SEND | LK_BLOCK, C_PROXY, 3), K_ONEWAY, new_number());
        break;
    case K_NONBLOCK:
        row_next(&target, LK_CTL(LK_SEND, C_PROXY, 3), K_NONBLOCK, new_number());
        break;
    case K_SUSPEND:
        row_next(&target, LK_CTL_CALL(C_T, 2), OP_PROCESS_SET_NOT_SCHEDULABLE, LK_HOLD_SUSPEND);
        break;
    case K_LOOK:
        m = row_next(&target, LK_CTL_CALL(C_T, 1) | LK_RSTR, OP_PROCESS_GET_STATE, 0);
        m->buffer = self_look;
        m->buffer_size = sizeof(self_look);
        break;
    case K_RHOLD:
        row_next(&target, LK_CTL_CALL(C_R, 2), OP_PROCESS_CLEAR_NOT_SCHEDULABLE, LK_HOLD_BY_HAND);
        break;
    case K_HELD_END:
    case K_TIMED:
    case KINDS:
        break;
    }
}

static enum point self_point(enum kind k)
{
    static const enum point points[KINDS] = {
        [K_PLAIN] = PT_POST,          [K_PREEMPT] = PT_POST_PROXY,      [K_CALL] = PT_PROXY_CALL,
        [K_ONEWAY] = PT_PROXY_ONEWAY, [K_NONBLOCK] = PT_PROXY_NONBLOCK, [K_SUSPEND] = PT_SUSPEND,
        [K_LOOK] = PT_LOOK,           [K_RHOLD] = PT_RESUME_HOLD,
    };

    return points[k];
}

/* What became of the event's own message. */
static void judge_self(struct scene *c, unsigned event, bool delivered)
{
    const struct lk_msg *m = &target.row[event];
    bool message = c->kind == K_CALL || c->kind == K_ONEWAY || c->kind == K_NONBLOCK;
    bool refused = c->kind == K_NONBLOCK && !delivered;

    STATUS(m->w[0], refused ? STATUS_WOULD_BLOCK : STATUS_OK);
    c->messages += message && !refused;
    if (c->kind == K_CALL) {
        EQ(m->w[1], hand.number ^ NUMBER_ANSWER);
    }
}

void self_event(struct scene *c)
{
    bool delivers = c->kind == K_PREEMPT || c->kind == K_CALL || c->kind == K_ONEWAY ||
                    c->kind == K_NONBLOCK || c->kind == K_RHOLD;
    bool at_once = delivers && !hand.busy && !c->defers;
    uint64_t before = hand.count;
    unsigned event;

    target.count = 0;
    if (c->place == P_ACQUIRE) {
        c->point = self_point(c->kind);
        c->n = point_next(c->point);
    }
    self_row(c, c->place == P_ACQUIRE ? c->n : 0);
    event = target.count - 1;
    target_row(c);
    if (at_once && c->kind != K_RHOLD && rng_below(c->r, 2) != 0) {
        hand.keep = true;
    }
    actor_go(&target, c->defers ? armed_defer : armed_list);
    settle();
    c->seen = S_RUNNING;
    c->where = c->defers ? P_DEFER : P_USER;
    c->counted = true;
    if (c->n != 0) {
        c->counted = injected(c->point, c->n);
        c->where = P_ACQUIRE;
    }
    if (c->kind == K_SUSPEND) {
        struct pstate s = actor_look(&target);

        EQ(s.holds, 1u << LK_HOLD_SUSPEND);
        EQ(s.run_state, LK_STATE_READY);
        OK(lk_process_clear_not_schedulable(D_T, LK_HOLD_SUSPEND, NULL));
    }
    if (c->bounded) { /* it waits for itself, until the bound is over */
        OK(lk_sleep_sleep_until(R_SLEEP, now() + 2 * SHORT_BOUND, NULL));
    } else {
        EQ(hand.count - before, at_once);
    }
    scene_quiet(c);
    scene_release(c);
    settle();
    judge_self(c, event, at_once);
}

/* The time from setting the clock until T is in the middle of its work: found by trying. */
static uint64_t lead = LEAD_FIRST;

static void lead_by(bool longer)
{
    lead += longer ? LEAD_STEP : 0;
    lead -= longer ? 0 : LEAD_STEP;
    if (lead < LEAD_STEP || lead > LEAD_MOST) {
        lead = LEAD_FIRST;
    }
}

/* T's row while the clock is about to strike: calls of the kernel, so that it runs for a while. */
static void timed_row(struct scene *c)
{
    target.count = 0;
    if (c->place == P_ACQUIRE) {
        c->point = PT_CALL;
        c->n = point_next(PT_CALL);
        row_next(&target, LK_CTL_CALL(C_SYSCTL, 2), OP_SYSCTL_INJECT_RESTART, c->n);
    } else {
        row_next(&target, LK_CTL_CALL(C_SLEEP, 1), OP_SLEEP_NOW, 0);
        row_next(&target, LK_CTL_CALL(C_SLEEP, 1), OP_GET_TYPE, 0);
        row_next(&target, LK_CTL_CALL(C_SLEEP, 1), OP_SLEEP_NOW, 0);
    }
    target_row(c);
}

/* Was it inside of its critical section, and had the CPU, when the bits were posted? */
static bool struck_in_section(uint64_t before)
{
    uint64_t begun = target.row[0].w[1];
    uint64_t over = target.row[2].w[1];
    struct lk_preemption p = { 0 };

    OK(lk_process_get_preemption(D_T, &p, sizeof(p), NULL));
    if (hand.count != before || (p.deferred_since != 0 && p.deferred_since < begun)) {
        lead_by(true); /* it had not begun */
        return false;
    }
    lead_by(false);
    return p.deferred_since != 0 && p.deferred_since <= over;
}

/* Was it at an instruction of its program? */
static bool struck_at_instruction(uint64_t before)
{
    bool early = hand.look.run_state == LK_STATE_FAULTED ||
                 hand.look.r.rip == (uint64_t)armed_list; /* it had not begun */

    if (hand.count == before || hand.look.run_state == LK_STATE_RECEIVING) {
        lead_by(false);
        return false;
    }
    lead_by(early);
    return !early;
}

/* The clock strikes while T runs. */
void self_timed(struct scene *c)
{
    uint64_t before = hand.count;

    c->timed = now() + (c->place == P_ACQUIRE ? STRIKE_IN_CALL : lead + rng_below(c->r, LEAD_STEP));
    arm_clock(c);
    timed_row(c);
    actor_go(&target, c->defers ? armed_defer : armed_list);
    settle();
    c->seen = S_RUNNING;
    c->where = c->place;
    if (c->defers) {
        c->counted = struck_in_section(before);
    } else if (c->place == P_ACQUIRE) {
        c->counted = injected(c->point, c->n) && hand.count != before &&
                     hand.look.run_state == LK_STATE_READY;
        c->n = 0;
    } else {
        c->counted = struck_at_instruction(before);
    }
    pass(c->timed + 1000); /* if it has not struck yet, it does so for a T that waits */
    scene_quiet(c);
    scene_release(c);
}
