/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P8: no lost wake-up. One case for each place where the last thing that stood in the way goes
 * away; in each, for bits alone, for a sender alone, and for both.
 */
#include "trio.h"

enum what { BITS = 1, SENDER = 2, BOTH = 3 };
#define EACH_WHAT(w) for (unsigned w = BITS; w <= BOTH; w++)

/* Something comes, and waits. */
static obj comes(const struct trio *x, unsigned what)
{
    obj s = NO_OBJ;

    sys_at("%s", what == BITS ? "bits" : what == SENDER ? "a sender" : "both");
    if (what & BITS) {
        post(x, 0x21);
    }
    if (what & SENDER) {
        s = sender(x, 9);
    }
    return s;
}

static void still_waits(const struct trio *x, unsigned what, obj s)
{
    CHECK(!held(x->t));
    EQ(preempting(x->t), what & BITS ? 0x21 : 0);
    if (s != NO_OBJ) {
        s_waits(s);
    }
    EQ(kernel_check(), 0);
}

/* It was delivered to `r`, at once; what is left comes next. */
static void came(const struct trio *x, obj r, unsigned what, obj s)
{
    if (what & BITS) {
        has_bits(r, x->t, 0x21, 0);
        EQ(preempting(x->t), 0);
    } else {
        has_message(r, x->t, 9, 0);
    }
    let_go(x->t);
    if (what == BOTH) {
        s_waits(s);
        waits_open(r);
        has_message(r, x->t, 9, 0);
        let_go(x->t);
    }
    if (s != NO_OBJ) {
        s_result(s, STATUS_OK);
    }
    waits_open(r);
    EQ(proc_state(r).run_state, LK_STATE_RECEIVING);
    EQ(kernel_check(), 0);
}

CASE(at_post, .text = "P8: a post while R waits, open or closed")
{
    struct trio x = trio_new();

    r_waits(&x);
    post(&x, 1);
    r_has_bits(&x, 1);
    let_go(x.t);
    r_waits_closed(&x, Q_ID);
    post(&x, 2);
    r_has_bits(&x, 2);
}

CASE(at_send, .text = "P8: a send while R waits: blocking, non-blocking, call, send and receive")
{
    static const uint64_t shapes[] = { LK_SEND | LK_BLOCK, LK_SEND, LK_SHAPE_CALL,
                                       LK_SEND | LK_RECV,
                                       LK_SEND | LK_BLOCK | LK_RECV | LK_CLOSED };
    struct trio x = trio_new();

    for (unsigned i = 0; i < 10; i++) {
        obj s = s_new(x.proxy, PRIO_HIGH - 20 + i * 4); /* of lower and higher priority than R */

        sys_at("shape %u", i % 5);
        if (i < 5) {
            r_waits(&x);
        } else {
            r_waits_closed(&x, Q_ID);
        }
        raw_do_word(s, LK_CTL(shapes[i % 5], REG_PROXY, 1), 30 + i);
        r_has(&x, 30 + i);
        let_go(x.t);
    }
}

CASE(at_end_of_hold, .text = "P8: the end of hold 0")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj s;

        r_waits(&x);
        post(&x, 0x1000);
        r_has_bits(&x, 0x1000);
        r_waits(&x);
        s = comes(&x, what);
        CHECK(held(x.t));
        r_still_waits(&x);
        let_go(x.t);
        if (what == BOTH) { /* after a notice the sender goes first */
            has_message(x.r, x.t, 9, 0);
            let_go(x.t);
            r_waits(&x);
            has_bits(x.r, x.t, 0x21, 0);
            s_result(s, STATUS_OK);
        } else {
            came(&x, x.r, what, s);
        }
    }
}

CASE(at_yield, .text = "P8: T's yield")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 2, LONG_BOUND);
        obj s;

        DEFER(c) = 1;
        r_waits(&x);
        s = comes(&x, what);
        still_waits(&x, what, s);
        DEFER(c) = 0;
        t_yields(x.t);
        came(&x, x.r, what, s);
    }
}

CASE(at_end_of_bound, .text = "P8: the end of the bound, with nobody running at all")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 2, 2 * NSEC_PER_MSEC);
        obj s;

        DEFER(c) = 1;
        r_waits(&x);
        s = comes(&x, what);
        CHECK(!held(x.t));
        DEFER(c) = 0;
        sleep_ns(4 * NSEC_PER_MSEC);
        came(&x, x.r, what, s);
    }
}

CASE(at_open_wait, .text = "P8: R's open wait")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj s = comes(&x, what);

        still_waits(&x, what, s);
        r_waits(&x);
        came(&x, x.r, what, s);
    }
}

CASE(at_closed_wait,
     .text = "P8: R's closed wait for Q, behind one for another ID; among a hundred "
             "other endpoints with senders")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj s = comes(&x, what);

        for (unsigned i = 0; what == BITS && i < 100; i++) {
            s_sends(s_new(entry_new(endpoint_new(x.r, 1000 + i, false), 0), 150), i);
        }
        r_waits_closed(&x, Q_ID + 1);
        still_waits(&x, what, s);
        r_waits_closed(&x, LK_NOTICE_ID);
        still_waits(&x, what, s);
        r_waits_closed(&x, Q_ID);
        if (what == BITS) {
            r_has_bits(&x, 0x21);
        } else {
            came(&x, x.r, what, s);
        }
    }
}

CASE(at_reply_wait, .text = "P8: the wait of R behind a send, as servers wait")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj s = comes(&x, what);
        obj other = proc_new(PRIO_HIGH);

        proc_cap(x.r, REG_PROXY, entry_new(endpoint_new(other, 1, false), 0));
        raw_do(other, LK_RECV);
        raw_do(x.r, LK_CTL(LK_SEND | LK_RECV, REG_PROXY, 1) | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
        came(&x, x.r, what, s);

        comes(&x, what); /* R waits by then: taken; the same with a kernel capability */
        let_go(x.t);
        if (what == BOTH) {
            waits_open(x.r);
            let_go(x.t);
        }
        raw_do(x.r, LK_YIELD);
        s = comes(&x, what);
        still_waits(&x, what, s);
        proc_cap(x.r, REG_PROXY, x.q);
        raw_do(x.r, LK_CTL(LK_SEND | LK_RECV, REG_PROXY, 1) | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
        came(&x, x.r, what, s);
    }
}

CASE(at_blocked_reply_wait,
     .text = "P8: the wait of R that begins because somebody took what R was "
             "blocked sending")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj other = proc_new(PRIO_HIGH);
        obj s;

        proc_cap(x.r, REG_PROXY, entry_new(endpoint_new(other, 1, false), 0));
        raw_do(x.r,
               LK_CTL(LK_SEND | LK_BLOCK | LK_RECV, REG_PROXY, 1) | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
        s_waits(x.r);
        s = comes(&x, what);
        still_waits(&x, what, s);
        raw_do(other, LK_RECV);
        came(&x, x.r, what, s);
    }
}

CASE(at_last_hold, .text = "P8: R's last hold cleared, each kind of hold")
{
    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        EACH_WHAT(what)
        {
            struct trio x = trio_new();
            obj s;

            r_waits(&x);
            proc_hold(x.r, hold);
            s = comes(&x, what);
            still_waits(&x, what, s);
            proc_release(x.r, hold);
            came(&x, x.r, what, s);
        }
    }
}

CASE(at_many_watchers,
     .text = "P8: R's last hold cleared with 150 targets waiting for it: one comes "
             "now, the others as R takes them, none is left")
{
    enum { TARGETS = 150 };
    struct trio x = trio_new();
    static obj t[TARGETS];

    r_waits(&x);
    proc_hold(x.r, 1);
    for (unsigned i = 0; i < TARGETS; i++) {
        t[i] = proc_new(PRIO_HIGH);
        set_receiver(t[i], x.entry);
        obj_get(endpoint_new(t[i], i, false), R_A);
        OK(lk_endpoint_make_proxy_notice(R_A, 1, R_A));
        OK(lk_appnotice_post(R_A, 1));
    }
    EQ(kernel_check(), 0);
    proc_release(x.r, 1);
    for (unsigned i = 0; i < TARGETS; i++) {
        EVENTUALLY(raw_done(x.r));
        EQ(lk_kind(raw_result(x.r).rax), LK_KIND_PROXIED_NOTICE);
        r_waits(&x);
    }
    r_still_waits(&x);
    for (unsigned i = 0; i < TARGETS; i++) {
        CHECK(held(t[i]));
        EQ(preempting(t[i]), 0);
    }
}

CASE(at_receiver_set,
     .text = "P8: T's proxyReceiver set to one that waits: from none, from another, "
             "from one that does not wait there")
{
    for (unsigned from = 0; from < 3; from++) {
        EACH_WHAT(what)
        {
            struct trio x = trio_new();
            obj r2 = proc_new(PRIO_HIGH);
            obj q2 = endpoint_new(r2, 70, false);
            obj s;

            if (from == 0 && what != BITS) {
                continue; /* without a receiver nobody can wait */
            }
            if (from == 0) {
                set_receiver(x.t, NO_OBJ);
            } else if (from == 2) {
                r_waits_closed(&x, 1);
            }
            s = comes(&x, what);
            still_waits(&x, what, s);
            waits_open(r2);
            set_receiver(x.t, entry_new(q2, 0));
            EQ(raw_result(r2).r8, 70);
            came(&x, r2, what, s);
        }
    }
}

CASE(at_receiver_set_wait, .text = "P8: proxyReceiver set to one that does not wait yet, then does")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj r2 = proc_new(PRIO_HIGH);
        obj s = comes(&x, what);

        set_receiver(x.t, entry_new(endpoint_new(r2, 70, false), 0));
        still_waits(&x, what, s);
        r_waits(&x);
        r_still_waits(&x); /* the old one gets nothing */
        still_waits(&x, what, s);
        waits_open(r2);
        came(&x, r2, what, s);
    }
}

CASE(at_recipient_set, .text = "P8: Q's recipient set to one that waits, also back and forth")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj r2 = proc_new(PRIO_HIGH);
        obj s = comes(&x, what);

        waits_open(r2);
        still_waits(&x, what, s);
        obj_get(x.q, R_A);
        obj_get(r2, R_B);
        OK(lk_endpoint_set_recipient(R_A, R_B));
        came(&x, r2, what, s);
        raw_do(r2, LK_YIELD);
        s = comes(&x, what);
        r_waits(&x);
        r_still_waits(&x);
        obj_get(x.q, R_A);
        obj_get(x.r, R_B);
        OK(lk_endpoint_set_recipient(R_A, R_B));
        came(&x, x.r, what, s);
    }
}

CASE(at_recipient_back,
     .text = "P8: Q without a recipient gets one that waits: bits that stayed come")
{
    struct trio x = trio_new();

    obj_get(x.q, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
    post(&x, 0x21);
    still_waits(&x, BITS, NO_OBJ);
    r_waits(&x);
    still_waits(&x, BITS, NO_OBJ);
    obj_get(x.q, R_A);
    obj_get(x.r, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    came(&x, x.r, BITS, NO_OBJ);
}

CASE(at_id_set, .text = "P8: Q's ID changed to the one that R's closed wait names")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj s = comes(&x, what);

        r_waits_closed(&x, 777);
        still_waits(&x, what, s);
        obj_get(x.q, R_A);
        OK(lk_endpoint_set_endpoint_id(R_A, 777));
        EQ(raw_result(x.r).r8, 777);
        came(&x, x.r, what, s);
    }
}

CASE(at_match_off, .text = "P8: Q's payload match switched off")
{
    struct trio x = trio_new();

    obj_get(x.q, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 1));
    r_waits(&x);
    post(&x, 0x21);
    still_waits(&x, BITS, NO_OBJ);
    obj_get(x.q, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 0));
    came(&x, x.r, BITS, NO_OBJ);
}

CASE(at_receiver_not_itself, .text = "P8: Q, whose recipient was T itself, becomes another's")
{
    struct trio x = trio_new();

    obj_get(x.q, R_A);
    obj_get(x.t, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    r_waits(&x);
    raw_do(x.t, LK_RECV);
    post(&x, 0x21);
    still_waits(&x, BITS, NO_OBJ);
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    obj_get(x.q, R_A);
    obj_get(x.r, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    came(&x, x.r, BITS, NO_OBJ);
}

CASE(at_recipient_of_e,
     .text = "P8: E's recipient changed: who waited for the old one is judged by "
             "the new one, whose R waits")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    obj s = sender(&x, 9);
    obj s2 = sender(&x, 10);

    waits_open(y.r);
    obj_get(x.e, R_A);
    obj_get(y.t, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    EVENTUALLY(held(y.t));
    has_message(y.r, y.t, 9, 0);
    s_result(s, STATUS_OK);
    s_waits(s2);
    CHECK(!held(x.t));
    r_waits(&x);
    r_still_waits(&x);
    EQ(preemption(x.t).flags & LK_PREEMPT_SENDERS, 0);
    let_go(y.t);
    waits_open(y.r);
    has_message(y.r, y.t, 10, 0);
}

CASE(at_fault_resumed,
     .text = "P8: R's receive string faulted, and its handler has put the page in")
{
    EACH_WHAT(what)
    {
        static char text[16];
        struct trio x = trio_new();
        struct lk_regs wait = raw_regs(LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
        struct lk_regs send = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_PROXY, 1));
        obj first = s_new(x.entry, PRIO_HIGH);
        obj s;

        unmap(own_space(), WINDOW_VA);
        wait.rbp = WINDOW_VA;
        wait.r9 = 4096ull << 32;
        send.r10 = (uint64_t)text;
        send.r9 = sizeof(text);
        raw_go(x.r, &wait);
        raw_go(first, &send);
        EQ(proc_state(x.r).fault, FAULT_INVALID_ADDR);
        s = comes(&x, what); /* as others, they come in all the same if they need no string */
        map_page(own_space(), WINDOW_VA, page_new(), 0);
        obj_get(x.r, R_A);
        lk_process_resume(R_A, 1);
        for (unsigned i = 0; i < 3; i++) {
            if (held(x.t)) {
                let_go(x.t);
            }
            waits_open(x.r);
        }
        if (s != NO_OBJ) {
            s_result(s, STATUS_OK);
        }
        s_result(first, STATUS_OK);
        EQ(preempting(x.t), 0);
        EQ(kernel_check(), 0);
    }
}

CASE(at_schedule_of_t, .text = "P8: T without a schedule is notified like any other, and one that "
                               "gets one")
{
    EACH_WHAT(what)
    {
        struct trio x = trio_new();
        obj s = comes(&x, what);

        proc_slot(x.t, SLOT_SCHEDULE, NO_OBJ);
        r_waits(&x);
        came(&x, x.r, what, s);
        raw_do(x.r, LK_YIELD);
        s = comes(&x, what);
        proc_slot(x.t, SLOT_SCHEDULE, schedule_of(PRIO_LOW));
        r_waits(&x);
        came(&x, x.r, what, s);
    }
}

CASE(receiver_without_schedule,
     .text = "P3: an R without a schedule is not NS: it is delivered to, "
             "and runs when it has one")
{
    struct trio x = trio_new();

    r_waits(&x);
    proc_slot(x.r, SLOT_SCHEDULE, NO_OBJ);
    post(&x, 3);
    CHECK(held(x.t));
    EQ(proc_state(x.r).run_state, LK_STATE_READY);
    proc_slot(x.r, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    r_has_bits(&x, 3);
}
