/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P11, P12: a target that is notified goes on as if nothing had been. Each state in which it can be
 * (states.c) is tried with each kind of notification, and what it is in the middle of comes to its
 * end before, during, or after the notification, or at its very end. All that can be seen of T must
 * be what it is in a run without.
 */
#include "states.h"

/* ---- Notifications ---- */

enum how { NONE, BY_CALL, BY_SEND, BY_BITS, HOWS };
static const char *const how_name[] = { "nothing", "a call", "a send", "bits" };

static obj notify(struct scene *c, unsigned how)
{
    obj s = NO_OBJ;

    waits_open(c->x.r);
    switch (how) {
    case BY_CALL:
        s = caller(&c->x, 0x55);
        break;
    case BY_SEND:
        s = sender(&c->x, 0x55);
        break;
    default:
        post(&c->x, 0x55);
        break;
    }
    EQ(raw_result(c->x.r).rdi, 0x55);
    has_process(c->x.r, c->x.t);
    CHECK(held(c->x.t));
    return s;
}

static void notified(struct scene *c, unsigned how, obj s)
{
    if (how == BY_CALL) {
        answer_and_let_go(c->x.t, 0x66);
        s_answered(s, 0x66);
    } else {
        let_go(c->x.t);
        if (s != NO_OBJ) {
            s_result(s, STATUS_OK);
        }
    }
}

/* When T's own affair comes to its end: while it is stopped, or afterwards; or there is a second
 * notification at each point. */
enum when { DURING, AFTER, TWICE, WHENS };

static void act(struct scene *c, const struct state *st, unsigned how, unsigned when,
                struct shape *middle, struct shape *end)
{
    obj s = NO_OBJ;

    scene_new(c);
    st->begin(c);
    shape_of(c->x.t, middle);
    if (how != NONE) {
        struct shape now_;

        s = notify(c, how);
        shape_of(c->x.t, &now_);
        shape_same(middle, &now_, "T, just stopped");
        if (when != DURING) {
            notified(c, how, s);
            shape_of(c->x.t, &now_);
            shape_same(middle, &now_, "T, let go");
        }
    }
    st->end(c);
    if (how != NONE) {
        if (when == DURING) {
            EQ(kernel_check(), 0);
            notified(c, how, s);
        } else if (when == TWICE) {
            s = notify(c, how);
            notified(c, how, s);
        }
        EQ(preemption(c->x.t).deliveries, when == TWICE ? 2 : 1);
    }
    CHECK(!held(c->x.t));
    shape_of(c->x.t, end);
    proc_hold(c->x.t, LK_HOLD_DEBUG); /* out of the way of the next one */
    EQ(kernel_check(), 0);
}

/* Words in which two runs may differ: the time. */
static void forget_time(const struct state *st, struct shape *s)
{
    if ((st->marks & TIMED) != 0) {
        s->look.s.r.rsi = 0;
    }
}

static void all_of(const struct state *st)
{
    static struct scene c;
    static struct shape middle, end, middle2, end2;

    act(&c, st, NONE, 0, &middle, &end);
    forget_time(st, &middle);
    forget_time(st, &end);
    for (unsigned how = BY_CALL; how < HOWS; how++) {
        for (unsigned when = 0; when < WHENS; when++) {
            unsigned mark = shelf_mark();

            sys_at("%s; notified by %s, %u", st->name, how_name[how], when);
            act(&c, st, how, when, &middle2, &end2);
            forget_time(st, &middle2);
            forget_time(st, &end2);
            shape_same(&middle, &middle2, "T in the middle");
            shape_same(&end, &end2, "T in the end");
            shelf_back(mark);
        }
    }
}

CASE(every_state,
     .text = "P11, P12: T in each state in which it can be is stopped, let go, and goes "
             "on as if nothing had been: all registers, FPU, capabilities",
     .steady = true, .ms = 120000)
{
    parking_entry();
    own_space();
    schedule_of(PRIO_LOW);
    schedule_of(PRIO_HIGH);
    for (unsigned i = 0; i < states_many; i++) {
        unsigned mark = shelf_mark();

        all_of(&states[i]);
        shelf_back(mark);
    }
}

CASE(every_state_deferred,
     .text = "P6, P11: the same when T defers: it is not touched before the "
             "bound, and then goes on all the same",
     .steady = true, .ms = 120000)
{
    static struct scene c;
    static struct shape middle, now_;

    parking_entry();
    own_space();
    for (unsigned i = 0; i < states_many; i++) {
        struct control w;
        obj s;

        sys_at("%s", states[i].name);
        if ((states[i].marks & PASSES) != 0) { /* it would not stay until then */
            continue;
        }
        scene_new(&c);
        w = control_new(c.x.t, 4, 2 * NSEC_PER_MSEC);
        DEFER(w) = 1;
        states[i].begin(&c);
        shape_of(c.x.t, &middle);
        waits_open(c.x.r);
        s = caller(&c.x, 0x55);
        s_waits(s);
        EQ(PENDING(w), 1);
        EVENTUALLY(held(c.x.t));
        shape_of(c.x.t, &now_);
        shape_same(&middle, &now_, "T, stopped");
        answer_and_let_go(c.x.t, 0x66);
        s_answered(s, 0x66);
        states[i].end(&c);
        EQ(kernel_check(), 0);
    }
}

CASE(sent_once,
     .text = "P12: what T was sending is sent once, however often it is stopped before, and after, "
             "and T sees no result but that of its own call")
{
    for (unsigned call = 0; call < 2; call++) {
        struct trio x = trio_new();
        obj to = proc_new(PRIO_HIGH);
        struct lk_regs r = canary_regs(
            LK_CTL(call ? LK_SHAPE_CALL : LK_SEND | LK_BLOCK | LK_RECV, REG_SERVER, 1), 3);

        proc_reply_endpoint(x.t, T_REPLY_ID);
        proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(to, 1, false), 0));
        raw_go(x.t, &r);
        for (unsigned i = 0; i < 6; i++) {
            if (i == 3) {
                raw_do(to, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
                EQ(raw_result(to).rdi, r.rdi);
                raw_do_word(to, LK_YIELD, 0);
            }
            r_waits(&x);
            post(&x, 1u << i);
            r_has_bits(&x, 1u << i);
            let_go(x.t);
            EQ(proc_state(x.t).run_state, i < 3 ? LK_STATE_BLOCKED : LK_STATE_RECEIVING);
        }
        raw_do(to, LK_RECV | LK_CTL_RECVS(21, 0, 0, 0)); /* there is no other */
        EQ(proc_state(to).run_state, LK_STATE_RECEIVING);
        raw_do(to, LK_YIELD);
        if (call) {
            raw_do_word(to, LK_CTL(LK_SEND, 20, 1), 4711);
        } else {
            obj_get(entry_new(x.e, 0), R_A);
            EQ(lk_post2(R_A, 4711, 0, 0), STATUS_OK);
        }
        EQ(raw_result(x.t).rdi, 4711);
    }
}

CASE(reply_from_receiver,
     .text = "P11: a call of T's is answered, non-blocking, by its own R in the "
             "middle of a notification about T")
{
    struct trio x = trio_new();
    obj s;

    proc_reply_endpoint(x.t, T_REPLY_ID);
    proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(x.r, 80, false), 0));
    raw_do(x.r, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0)); /* R as server: keeps the reply capability */
    raw_do_word(x.t, LK_CTL_CALL(REG_SERVER, 1), 1);
    EQ(raw_result(x.r).rdi, 1);
    r_waits(&x);
    s = caller(&x, 2);
    r_has(&x, 2);
    s_in_call(x.t);
    raw_do_word(x.r, LK_CTL(LK_SEND, 20, 1), 111);
    s_result(x.r, STATUS_OK);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).r.rdi, 111);
    answer_and_let_go(x.t, 222);
    s_answered(s, 222);
    EQ(raw_result(x.t).rdi, 111);
}

CASE(reply_and_wait_from_receiver, .text = "P11: the same by R's reply-and-wait, which takes the "
                                           "next notification in the same step")
{
    struct trio x = trio_new();
    obj s;

    proc_reply_endpoint(x.t, T_REPLY_ID);
    proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(x.r, 80, false), 0));
    raw_do(x.r, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    raw_do_word(x.t, LK_CTL_CALL(REG_SERVER, 1), 1);
    s = caller(&x, 2);
    s_waits(s);
    raw_do_word(x.r, LK_CTL(LK_SHAPE_REPLY_WAIT, 20, 1) | LK_CTL_RECVS(REG_GOT, 0, 0, 0), 111);
    r_has(&x, 2);
    CHECK(held(x.t));
    EQ(proc_state(x.t).r.rdi, 111); /* it was answered first */
    answer_and_let_go(x.t, 3);
    EQ(raw_result(x.t).rdi, 111);
}

CASE(everything_arrives, .text = "P11: what arrives at a held T: a blocked send is taken, a sender "
                                 "is received, a deadline passes; the hold alone stays")
{
    struct trio x = trio_new();
    obj other = proc_new(PRIO_HIGH);

    proc_cap(x.t, REG_SERVER, entry_new(endpoint_new(other, 1, false), 0));
    raw_do_word(x.t, LK_CTL(LK_SEND | LK_BLOCK | LK_RECV, REG_SERVER, 1), 5);
    r_waits(&x);
    post(&x, 1);
    CHECK(held(x.t));
    raw_do(other, LK_RECV);
    EQ(raw_result(other).rdi, 5);
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN); /* its wait began */
    obj_get(entry_new(x.e, 1), R_A);
    EQ(lk_post2(R_A, 66, 0, 0), STATUS_OK);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).holds, HOLD_0);
    sleep_ns(NSEC_PER_MSEC);
    EQ(proc_state(x.t).r.rip, (uint64_t)raw_after);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, 66);
}
