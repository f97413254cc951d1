/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What happens to T. Each kind of event is one function for T in whatever state it is but running;
 * a T that runs makes its events itself, for on one CPU nobody else can.
 */
#include "scene.h"

#define SHORT_BOUND 30000
#define LEAD_FIRST 9000
#define LEAD_STEP 60
#define LEAD_MOST 60000
#define STRIKE_IN_CALL                                                                             \
    250000 /* after T began its call, before the kernel has looked at everything */

uint32_t scene_bit(struct scene *c)
{
    return 1u << rng_below(c->r, 16);
}

/* ---- Restart injection into the event itself ---- */

static void inject_mine(const struct scene *c, enum point p)
{
    if (c->n != 0 && c->point == p) {
        OK(lk_sysctl_inject_restart(R_SYSCTL, c->n, NULL, NULL));
    }
}

static const struct {
    unsigned points;
    enum point point[4];
} injections[KINDS] = {
    [K_PLAIN] = { 1, { PT_POST } },
    [K_PREEMPT] = { 3, { PT_POST_PROXY, PT_FETCH, PT_CLEAR } },
    [K_CALL] = { 4, { PT_PROXY_CALL, PT_FETCH, PT_ANSWER, PT_CLEAR } },
    [K_ONEWAY] = { 3, { PT_PROXY_ONEWAY, PT_FETCH, PT_CLEAR } },
    [K_NONBLOCK] = { 3, { PT_PROXY_NONBLOCK, PT_FETCH, PT_CLEAR } },
    [K_SUSPEND] = { 2, { PT_SUSPEND, PT_RESUME_HOLD } },
    [K_LOOK] = { 1, { PT_LOOK } },
    [K_HELD_END] = { 1, { PT_SUSPEND } },
    [K_TIMED] = { 2, { PT_FETCH, PT_CLEAR } },
    [K_RHOLD] = { 3, { PT_SUSPEND, PT_RESUME_HOLD, PT_CLEAR } },
};

/* Which system call of the event is restarted, and where. Those of R see to it themselves. */
static void choose_injection(struct scene *c)
{
    c->point = injections[c->kind].point[rng_below(c->r, injections[c->kind].points)];
    c->n = point_next(c->point);
    if (c->point == PT_FETCH) {
        hand.inject[0] = c->n;
    } else if (c->point == PT_ANSWER) {
        hand.inject[1] = c->n;
    } else if (c->point == PT_CLEAR) {
        hand.inject[2] = c->n;
    }
}

/* Was it made? */
static bool injection_made(struct scene *c)
{
    bool waits = hand.inject[0] + hand.inject[1] + hand.inject[2] != 0;

    for (unsigned i = 0; i < 3; i++) {
        hand.inject[i] = 0;
    }
    poster.inject = 0;
    return !waits && injected(c->point, c->n);
}

/* ---- The kinds ---- */

static bool deliverable(void)
{
    uint64_t holds = 0;

    OK(lk_process_get_state(D_R, NULL, &holds, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    return !hand.busy && !hand.current && holds == 0 && control_word()[0] == 0;
}

/* T has lowered *defer* and is about to yield for what waits: the next delivery takes that along. */
static bool overdue(void)
{
    return control_word()[0] == 0 && control_word()[1] != 0;
}

/* So many deliveries were to come since. */
static void came(uint64_t before, uint64_t want, bool and_more)
{
    if (and_more && want != 0) {
        CHECK(hand.count - before >= want);
    } else {
        EQ(hand.count - before, want);
    }
}

static void post_plain(struct scene *c)
{
    uint32_t bit = scene_bit(c);

    inject_mine(c, PT_POST);
    OK(lk_appnotice_post(D_PLAIN, bit));
    c->plain |= bit;
    c->reopen |= c->counted && c->seen == S_OPEN;
}

static void post_preempting(struct scene *c)
{
    uint32_t bit = scene_bit(c);
    bool now_delivered = deliverable();
    bool more = overdue();
    uint64_t before = hand.count;

    c->bits |= bit;
    inject_mine(c, PT_POST_PROXY);
    OK(lk_appnotice_post(D_PREEMPT, bit));
    came(before, now_delivered, more);
}

/* A sends through the ProxyEntry. */
static void order_a(struct scene *c)
{
    bool now_delivered = deliverable();
    bool more = overdue();
    uint64_t before = hand.count;

    poster.number = new_number();
    poster.kind = c->kind == K_ONEWAY ? K_ONEWAY : K_CALL;
    poster.busy = true;
    c->messages++;
    if (c->n != 0 && (c->point == PT_PROXY_CALL || c->point == PT_PROXY_ONEWAY)) {
        poster.inject = c->n;
    }
    OK(lk_send2(D_ORDER_A, 0, 0, 0));
    came(before, now_delivered, more);
    EQ(poster.busy, !now_delivered || (hand.current && poster.kind == K_CALL));
    if (!poster.busy) {
        STATUS(poster.result, STATUS_OK);
    }
    if (!poster.busy && poster.kind == K_CALL) {
        EQ(poster.answer, poster.number ^ NUMBER_ANSWER);
    }
}

static void send_without_blocking(struct scene *c)
{
    bool now_delivered = deliverable() && !overdue(); /* else there is one before it */
    uint64_t before = hand.count;
    uint64_t number = new_number();
    struct pstate s = actor_look(&target);
    struct pstate after;

    inject_mine(c, PT_PROXY_NONBLOCK);
    STATUS(lk_post2(D_PROXY, K_NONBLOCK, number, 0),
           now_delivered ? STATUS_OK : STATUS_WOULD_BLOCK);
    EQ(hand.count - before, now_delivered);
    if (now_delivered) {
        EQ(hand.number, number);
        c->messages++;
        return;
    }
    after = actor_look(&target); /* it left no trace */
    EQ(after.holds, s.holds);
    EQ(after.notices, s.notices);
    EQ(after.run_state, s.run_state);
    CHECK(memcmp(&after.r, &s.r, sizeof(s.r)) == 0);
}

static void suspend_and_resume(struct scene *c)
{
    struct pstate before = actor_look(&target);
    struct pstate s;
    uint64_t old = 0;

    inject_mine(c, PT_SUSPEND);
    OK(lk_process_set_not_schedulable(D_T, LK_HOLD_SUSPEND, &old));
    EQ(old, before.holds);
    if (actor_look(&partner).run_state != LK_STATE_READY) {
        settle(); /* it could run, and must not; W is not in the middle of ending what it is in */
    }
    s = actor_look(&target);
    EQ(s.holds, before.holds | 1u << LK_HOLD_SUSPEND);
    EQ(s.run_state, before.run_state);
    CHECK(memcmp(&s.r, &before.r, sizeof(s.r)) == 0);
    inject_mine(c, PT_RESUME_HOLD);
    OK(lk_process_clear_not_schedulable(D_T, LK_HOLD_SUSPEND, NULL));
    EQ(actor_look(&target).holds, before.holds);
}

/* Reading changes nothing. */
static void look(struct scene *c)
{
    struct pstate first = actor_look(&target);
    struct lk_preemption p;
    uint8_t image[FPU_IMAGE];
    struct pstate s;
    uint64_t wait[2] = { 0 };

    OK(lk_process_get_wait(D_T, &wait[0], NULL, NULL, NULL, NULL, NULL));
    inject_mine(c, PT_LOOK);
    s = actor_look(&target);
    OK(lk_process_get_preemption(D_T, &p, sizeof(p), NULL));
    EQ(p.hold_since[0] != 0, hand.current);
    OK(lk_process_get_slot(D_T, SLOT_PROXY_REPLY, R_T0));
    if (target.fpu) {
        OK(lk_process_get_fpu(D_T, image, sizeof(image), NULL));
        CHECK(fpu_same(image, target.fpu_given));
    }
    OK(lk_process_get_wait(D_T, &wait[1], NULL, NULL, NULL, NULL, NULL));
    EQ(wait[0], wait[1]);
    first.cpu = s.cpu;
    CHECK(memcmp(&first, &s, sizeof(s)) == 0);
}

/* What T waits for comes while it is held: it is delivered, and T stays where it is. */
static void end_while_held(struct scene *c)
{
    struct pstate s;

    if (!c->held && !hand.current) {
        if (control_word()[0] == 0 && !hand.busy && rng_below(c->r, 2) != 0 && c->n == 0) {
            hand.keep = true;
            post_preempting(c);
        } else {
            inject_mine(c, PT_SUSPEND);
            OK(lk_process_set_not_schedulable(D_T, LK_HOLD_BY_HAND, NULL));
            c->held = true;
        }
    }
    s = actor_look(&target);
    for (unsigned i = 0; i < 8 && (c->next != W_NOTHING || c->doing != W_NOTHING); i++) {
        struct pstate w;

        if (c->doing == W_NOTHING) {
            partner_start(c, c->next, 0);
        }
        settle();
        w = actor_look(&partner);
        if (at_end(&w)) {
            partner_judge(c);
        } else if (w.run_state == LK_STATE_RECEIVING) {
            c->doing = W_NOTHING;
            actor_go(&partner, armed_end);
        }
    }
    {
        struct pstate after = actor_look(&target);

        EQ(after.run_state, LK_STATE_READY);
        EQ(after.holds, s.holds);
        EQ(after.r.rsp, s.r.rsp);
        /* Behind its system call; a sender that was thrown away has yet to make it. */
        CHECK(c->state == S_FAULTED || after.r.rip == s.r.rip || s.run_state == LK_STATE_READY);
        if (c->state != S_FAULTED && s.run_state == LK_STATE_RECEIVING) {
            EQ(after.r.rsi, c->number ^ NUMBER_ANSWER);
        }
    }
}

/* Bits and perhaps a call while R is held: nothing is delivered until it is let go. */
static void hold_receiver(struct scene *c)
{
    uint64_t before = hand.count;
    uint32_t bit = scene_bit(c);
    bool more = overdue();
    uint64_t called = 0;
    bool possible;

    inject_mine(c, PT_SUSPEND);
    OK(lk_process_set_not_schedulable(D_R, LK_HOLD_BY_HAND, NULL));
    c->bits |= bit;
    OK(lk_appnotice_post(D_PREEMPT, bit));
    if (!c->bounded && !poster.busy && rng_below(c->r, 2) != 0) {
        order_a(c);
        CHECK(poster.busy);
        called = 1;
    }
    scene_quiet(c);
    EQ(hand.count, before);
    possible = !hand.busy && !hand.current && control_word()[0] == 0;
    inject_mine(c, PT_RESUME_HOLD);
    OK(lk_process_clear_not_schedulable(D_R, LK_HOLD_BY_HAND, NULL));
    came(before, !possible ? 0 : hand.current ? 1 : 1 + called, more);
}

/* The time has come, and T is still as it was. */
static bool clock_strikes(struct scene *c)
{
    bool in_time = now() < c->timed;
    bool now_delivered = deliverable();
    bool more = overdue();
    uint64_t before = hand.count;

    if (!in_time) {
        return false;
    }
    pass(c->timed + 1000);
    came(before, now_delivered, more);
    return true;
}

/* ---- T runs, and does it itself ---- */

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

static void self_event(struct scene *c)
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
static void self_timed(struct scene *c)
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

/* ---- All of it ---- */

/* The event, T in whatever state but running. */
static void happen(struct scene *c)
{
    switch (c->kind) {
    case K_PLAIN:
        post_plain(c);
        break;
    case K_PREEMPT:
        post_preempting(c);
        break;
    case K_CALL:
    case K_ONEWAY:
        order_a(c);
        break;
    case K_NONBLOCK:
        send_without_blocking(c);
        break;
    case K_SUSPEND:
        suspend_and_resume(c);
        break;
    case K_LOOK:
        look(c);
        break;
    case K_HELD_END:
        end_while_held(c);
        break;
    case K_TIMED:
        c->counted &= clock_strikes(c);
        break;
    case K_RHOLD:
        hold_receiver(c);
        break;
    case KINDS:
        break;
    }
}

void scene_event(struct scene *c)
{
    if (c->state == S_RUNNING) {
        if (c->kind == K_TIMED) {
            self_timed(c);
        } else {
            self_event(c);
        }
        return;
    }
    c->counted = scene_classify(c);
    if (!c->counted && c->kind == K_HELD_END) {
        return; /* it is over already */
    }
    if (c->place == P_ACQUIRE && !c->in_gap) {
        choose_injection(c);
    }
    happen(c);
    if (c->n != 0 && injection_made(c)) {
        c->where = P_ACQUIRE;
    }
    c->n = 0;
    if (c->bounded) {
        pass(now() + 2 * SHORT_BOUND);
    }
    scene_quiet(c);
}

bool scene_more(const struct scene *c)
{
    return c->state != S_RUNNING && c->kind != K_HELD_END && !c->bounded && !c->reopen &&
           (c->place != P_ACQUIRE || c->in_gap);
}
