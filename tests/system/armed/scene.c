/* SPDX-License-Identifier: BSD-2-Clause
 *
 * T and W in one round: bringing T into its state, and getting it to its end.
 */
#include "scene.h"

#define LEAD_NS 60000     /* until bits from the clock, so that T is where it is to be */
#define LEAD_STEP_NS 8000 /* longer by this for each instruction stepped */
#define LONG_SLEEP (1000 * NSEC_PER_MSEC)
#define STRING_OFFSET 100 /* so that 17 pages have a part of it */

static uint8_t target_string[STRING_BYTES + PAGE] __attribute__((aligned(4096)));
static uint8_t partner_string[STRING_BYTES + PAGE] __attribute__((aligned(4096)));
static uint64_t numbers;

uint64_t new_number(void)
{
    return ++numbers;
}

void pass(uint64_t time)
{
    while (now() <= time) {
    }
}

void bound_set(uint64_t ns)
{
    unsigned slot = gpt_of(own_space(), CONTROL_VA, R_T2);

    OK(lk_gpt_get_slot(R_T2, slot, R_T1));
    OK(lk_process_set_control_word(D_T, 0, ns, R_T1));
}

/* ---- Strings: the number stands in a few places, the rest never changes ---- */

static void string_mark(uint8_t *s, uint64_t number)
{
    for (unsigned i = 0; i < STRING_BYTES; i += PAGE) {
        memcpy(s + STRING_OFFSET + i, &number, sizeof(number));
    }
}

static void string_check(const uint8_t *s, uint64_t number)
{
    for (unsigned i = 0; i < STRING_BYTES; i += PAGE) {
        uint64_t got;

        memcpy(&got, s + STRING_OFFSET + i, sizeof(got));
        EQ(got, number);
    }
}

static void send_string(struct lk_msg *m, uint8_t *s, uint64_t number)
{
    string_mark(s, number);
    m->control |= LK_SSTR;
    m->string = s + STRING_OFFSET;
    m->string_len = STRING_BYTES;
}

static void receive_string(struct lk_msg *m, uint8_t *s)
{
    string_mark(s, 0);
    m->control |= LK_RSTR;
    m->buffer = s + STRING_OFFSET;
    m->buffer_size = STRING_BYTES;
}

/* ---- W ---- */

static unsigned control_cap(uint64_t control)
{
    return (unsigned)(control >> LK_TARGET_SHIFT) % LK_CAP_REGS;
}

void partner_start(struct scene *c, enum step what, unsigned inject)
{
    bool alone = inject != 0 || c->place == P_USER || c->state == S_STRING;
    uint64_t answer = c->number ^ NUMBER_ANSWER;
    struct lk_msg *m = NULL;

    partner.count = 0;
    if (inject != 0) {
        row_next(&partner, LK_CTL_CALL(C_SYSCTL, 2), OP_SYSCTL_INJECT_RESTART, inject);
    }
    switch (what) {
    case W_NOTHING:
        break;
    case W_RECEIVE:
        m = row_next(&partner, LK_CTL_WAIT(C_GOT, 0, 0, 0), 0, 0);
        if (c->sends) {
            receive_string(m, partner_string);
        }
        break;
    case W_REPLY:
        if (!alone && chance(c, 3)) { /* with a wait behind it, and an end of its own */
            m = row_next(&partner, LK_CTL_REPLY_WAIT(C_GOT, 3), STATUS_OK, answer);
            break;
        }
        m = row_next(&partner, LK_CTL(LK_SEND, C_GOT, 3), STATUS_OK, answer);
        if (c->state == S_STRING && !c->sends) {
            send_string(m, partner_string, c->number);
        }
        break;
    case W_EARLY:
        m = row_next(&partner, LK_CTL(LK_SEND, C_EARLY, 3), STATUS_OK, answer);
        break;
    case W_SEND:
        row_next(&partner, LK_CTL(LK_SEND, C_TARGET, 3), STATUS_OK, answer);
        break;
    case W_RESUME:
        row_next(&partner, LK_CTL_CALL(C_T, 2), OP_PROCESS_RESUME, 1);
        break;
    }
    c->again = (what == W_REPLY || what == W_EARLY) && m != NULL && !(m->control & LK_RECV) &&
               chance(c, 8);
    if (c->again) { /* what answers once answers no more */
        row_next(&partner, LK_CTL(LK_SEND, control_cap(m->control), 3), STATUS_OK, 0);
    }
    actor_go(&partner, armed_list);
    c->doing = what;
    c->next = W_NOTHING;
}

static void judge_request(struct scene *c, const struct lk_msg *m)
{
    EQ(lk_kind(m->delivery), LK_KIND_MESSAGE);
    EQ(m->id, SERVER_ID);
    EQ(m->payload, SERVER_PAYLOAD);
    EQ(m->w[1], c->number); /* not one before, and not twice */
    EQ(lk_caps(m->delivery), 1);
    if (c->sends) {
        EQ(lk_string_length(m->delivery), STRING_BYTES);
        string_check(partner_string, c->number);
    }
}

void partner_judge(struct scene *c)
{
    const struct lk_msg *m = &partner.row[partner.count - 1 - c->again];
    enum step was = c->doing;

    actor_intact(&partner);
    c->doing = W_NOTHING;
    if (was == W_RECEIVE) {
        judge_request(c, m);
        c->next = W_REPLY;
    } else {
        STATUS(m->w[0], STATUS_OK); /* a non-blocking answer is never missed */
        STATUS(c->again ? m[1].w[0] : STATUS_INVALID_CAP, STATUS_INVALID_CAP);
    }
    c->again = false;
}

/* It gave its answer, and waits for the next request: a case of its own kind of end. */
static bool partner_waits(struct scene *c)
{
    struct pstate w;

    if (c->doing != W_REPLY || !(partner.row[partner.count - 1].control & LK_RECV)) {
        return false;
    }
    w = actor_look(&partner);
    return w.run_state == LK_STATE_RECEIVING;
}

/* An Entry by which W can end the call that T is in: with the payload as it stands. */
static void make_early(void)
{
    uint64_t payload = 0;

    OK(lk_endpoint_get_state(D_REPLY, NULL, &payload, NULL));
    OK(lk_endpoint_make_entry(D_REPLY, payload, R_T0));
    OK(lk_process_swap_cap_reg(D_W, C_EARLY, R_T0, 0));
}

/* ---- T ---- */

/* What T is at, as the last message of its row. */
void target_row(struct scene *c)
{
    struct lk_msg *m;

    switch (c->state) {
    case S_SLEEPING:
        row_next(&target, LK_CTL_CALL(C_SLEEP, 2), OP_SLEEP_SLEEP_UNTIL, c->wake);
        break;
    case S_FAULTED:
        row_next(&target, LK_CTL_CALL(C_SLEEP, 1), OP_GET_TYPE, 0);
        break;
    case S_OPEN:
        row_next(&target, LK_CTL_WAIT(C_GOT, 0, 0, 0), 0, 0);
        break;
    case S_CLOSED:
    case S_RUNNING:
    case S_READY:
    case S_BLOCKED:
    case S_STRING:
    case STATES:
        m = row_next(&target, LK_CTL_CALL(C_SERVER, 3), 1, c->number);
        if (c->sends) {
            send_string(m, target_string, c->number);
        } else if (c->state == S_STRING) {
            receive_string(m, target_string);
        }
        break;
    }
}

void target_start(struct scene *c, unsigned inject)
{
    target.count = 0;
    if (inject != 0) {
        row_next(&target, LK_CTL_CALL(C_SYSCTL, 2), OP_SYSCTL_INJECT_RESTART, inject);
    }
    target_row(c);
    if (c->state == S_FAULTED) {
        actor_go(&target, c->defers ? armed_defer_break : armed_break);
    } else {
        actor_go(&target, c->defers ? armed_defer : armed_list);
    }
}

struct lk_msg *target_does(uint64_t control, uint64_t id, uint64_t w0, uint64_t w1, uint64_t w2)
{
    struct lk_msg *m;

    target.count = 0;
    m = row_next(&target, control, w0, w1);
    m->w[2] = w2;
    m->id = id;
    actor_go(&target, armed_list);
    settle();
    actor_intact(&target);
    return m;
}

/* The bits that come from the clock. */
void arm_clock(struct scene *c)
{
    struct lk_msg *m;
    uint64_t bits = scene_bit(c);

    if (c->timed == 0) {
        c->timed = now() + LEAD_NS;
    }
    m = target_does(LK_CTL_CALL(C_SLEEP, 3), 0, OP_SLEEP_NOTICE_AT, c->timed, bits << 32);
    STATUS(m->w[0], STATUS_OK);
    c->bits |= (uint32_t)bits;
}

static void wait_state(uint64_t run_state, uint64_t kind)
{
    uint64_t wait = 0;

    EQ(actor_look(&target).run_state, run_state);
    OK(lk_process_get_wait(D_T, &wait, NULL, NULL, NULL, NULL, NULL));
    EQ(wait, kind);
}

void scene_enter(struct scene *c)
{
    bool request = c->state == S_CLOSED || (c->state == S_STRING && !c->sends);
    bool first = request || c->state == S_READY || c->state == S_RUNNING || (c->sends && c->in_gap);

    c->number = new_number();
    if (c->kind == K_TIMED && c->state != S_RUNNING) {
        if (c->place == P_USER || (c->state == S_READY && !c->in_gap)) {
            c->timed = now() + LEAD_NS + STEPS_MOST * LEAD_STEP_NS;
        } else if (c->in_gap) {
            c->timed = now() + LEAD_NS + 2 * gap_time();
        }
        arm_clock(c);
    }
    if (first) { /* W waits */
        partner_start(c, W_RECEIVE, 0);
        settle();
    }
    if (request) {
        target_start(c, 0);
        settle();
        partner_judge(c);
        wait_state(LK_STATE_RECEIVING, LK_WAIT_CLOSED);
        return;
    }
    if (first) {
        return; /* T begins later */
    }
    c->wake = now() + LONG_SLEEP;
    target_start(c, 0);
    settle();
    if (c->state == S_SLEEPING) {
        wait_state(LK_STATE_RECEIVING, LK_WAIT_SLEEPING);
        make_early();
        c->next = W_EARLY;
    } else if (c->state == S_OPEN) {
        wait_state(LK_STATE_RECEIVING, LK_WAIT_OPEN);
        c->next = W_SEND;
    } else if (c->state == S_FAULTED) {
        EQ(actor_look(&target).run_state, LK_STATE_FAULTED);
        c->next = W_RESUME;
    } else {
        wait_state(LK_STATE_BLOCKED, LK_WAIT_SENDING);
        c->next = W_RECEIVE;
    }
}

/* ---- To the end ---- */

/* It has lowered *defer*, and has yet to see that something is pending. */
static bool about_to_yield(const struct pstate *s)
{
    return s->run_state == LK_STATE_READY && control_word()[1] != 0 &&
           s->r.rip >= (uint64_t)armed_lowered && s->r.rip <= (uint64_t)armed_yield;
}

void scene_quiet(struct scene *c)
{
    struct pstate s = actor_look(&target);
    uint64_t r_holds = 0;
    bool pends = s.notices >> 32 != 0 || (poster.busy && hand.number != poster.number);
    bool open;

    OK(lk_process_get_state(D_R, NULL, &r_holds, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    EQ(s.holds & 1, hand.current);
    open = pends && !hand.busy && !hand.current && r_holds == 0;
    if (open && control_word()[0] == 0 && !about_to_yield(&s)) {
        FAIL("lost wake-up: something waits for T, which could be notified");
    }
    if (open && !c->bounded && control_word()[0] != 0) {
        EQ(control_word()[1], 1);
    }
    CHECK(control_word()[1] == 0 || pends);
}

void scene_release(struct scene *c)
{
    if (hand.current) {
        order_r(ORDER_FINISH);
    }
    if (c->held) {
        OK(lk_process_clear_not_schedulable(D_T, LK_HOLD_BY_HAND, NULL));
        c->held = false;
    }
    if (hand.busy) {
        order_r(ORDER_BACK);
    }
    hand.keep = false;
    CHECK(!hand.current);
    scene_quiet(c);
}

/* A plain notice has ended T's open wait: take it, and wait again, before W's message. */
void scene_reopen(struct scene *c)
{
    struct lk_msg *m = &target.row[0];

    OK(lk_process_set_not_schedulable(D_W, LK_HOLD_BY_HAND, NULL));
    settle();
    actor_intact(&target);
    EQ(lk_kind(m->delivery), LK_KIND_NOTICE);
    EQ(m->w[0], c->plain);
    EQ(m->id, LK_NOTICE_ID);
    c->plain = 0;
    c->reopen = false;
    c->defers = false;
    target_start(c, 0);
    settle();
    wait_state(LK_STATE_RECEIVING, LK_WAIT_OPEN);
    OK(lk_process_clear_not_schedulable(D_W, LK_HOLD_BY_HAND, NULL));
}

void scene_drive(struct scene *c)
{
    for (unsigned i = 0; i < 12; i++) {
        struct pstate s, w;

        settle();
        s = actor_look(&target);
        w = actor_look(&partner);
        if (c->doing != W_NOTHING && at_end(&w)) {
            partner_judge(c);
        } else if (partner_waits(c)) {
            c->doing = W_NOTHING;
            actor_go(&partner, armed_end); /* it is not to take the next request yet */
        } else if (c->doing == W_NOTHING && c->next != W_NOTHING) {
            partner_start(c, c->next, 0);
        } else if (at_end(&s) && c->doing == W_NOTHING) {
            return;
        }
    }
    {
        struct pstate s = actor_look(&target);

        FAIL("T hangs: run state %lu, holds %lx, rip %lx, defer %x, pending %x; W is at step %d",
             s.run_state, s.holds, s.r.rip, control_word()[0], control_word()[1], (int)c->doing);
    }
}

static void judge_target(struct scene *c)
{
    const struct lk_msg *m = &target.row[target.count - 1];

    actor_intact(&target);
    EQ(lk_kind(m->delivery), LK_KIND_MESSAGE);
    EQ(m->w[0], STATUS_OK);
    if (c->state == S_FAULTED) {
        EQ(m->w[1], LK_TYPE_SLEEP);
    } else {
        EQ(m->w[1], c->number ^ NUMBER_ANSWER);
    }
    EQ(m->id, c->state == S_OPEN ? T_OPEN_ID : T_REPLY_ID);
    if (c->state == S_STRING && !c->sends) {
        EQ(lk_string_length(m->delivery), STRING_BYTES);
        string_check(target_string, c->number);
    }
}

void scene_judge(struct scene *c)
{
    struct pstate s;

    judge_target(c);
    if (c->plain != 0) {
        struct lk_msg *m = target_does(LK_RECV | LK_CLOSED, LK_NOTICE_ID, 0, 0, 0);

        EQ(lk_kind(m->delivery), LK_KIND_NOTICE);
        EQ(m->w[0], c->plain);
    }
    EQ(hand.bits, c->bits);
    hand.bits = 0;
    CHECK(!poster.busy);
    EQ(hand.messages, c->messages);
    hand.messages = 0;
    STATUS(poster.result, STATUS_OK);
    if (poster.kind == K_CALL) {
        EQ(poster.answer, poster.number ^ NUMBER_ANSWER);
    }
    EQ(hand.forced, c->bounded);
    hand.forced = 0;
    s = actor_look(&target);
    EQ(s.holds, 0);
    EQ(s.notices, 0);
    EQ(control_word()[0], 0);
    EQ(control_word()[1], 0);
}
