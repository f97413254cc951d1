/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What happens to T, in whatever state it is but running: each kind of event is one function.
 */
#include "scene.h"

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

/* T has lowered *defer* and is about to yield for what waits: the next delivery takes that along.
 */
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

/* Sends and bits while R is held: nothing is delivered until it is let go, and then everything. */
static void hold_receiver(struct scene *c)
{
    uint64_t before = hand.count;
    uint64_t waiting = 0;
    bool more = overdue();
    bool possible;

    inject_mine(c, PT_SUSPEND);
    OK(lk_process_set_not_schedulable(D_R, LK_HOLD_BY_HAND, NULL));
    if (rng_below(c->r, 2) != 0) {
        send_without_blocking(c);
    }
    if (!c->bounded && !poster.busy && rng_below(c->r, 2) != 0) {
        order_a(c);
        CHECK(poster.busy);
        waiting++;
    }
    if (waiting == 0 || rng_below(c->r, 2) != 0) {
        post_preempting(c);
        waiting++;
    }
    scene_quiet(c);
    EQ(hand.count, before);
    possible = !hand.busy && !hand.current && control_word()[0] == 0;
    inject_mine(c, PT_RESUME_HOLD);
    OK(lk_process_clear_not_schedulable(D_R, LK_HOLD_BY_HAND, NULL));
    came(before, possible ? waiting : 0, more);
}

/* The time has come, and T is still as it was. */
static bool clock_strikes(struct scene *c)
{
    bool now_delivered = deliverable();
    bool more = overdue();
    uint64_t before = hand.count;

    if (now() >= c->timed) { /* the last that is looked at */
        return false;
    }
    pass(c->timed + 1000);
    came(before, now_delivered, more);
    return true;
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
