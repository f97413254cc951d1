/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P6: the bound of a deferral, real time from *pending* on, at whose end the delivery is forced.
 */
#include "trio.h"

#define BOUND (10 * NSEC_PER_MSEC)

/* T defers, in some state; a sender and bits come; at the end of the bound the delivery is made,
 * marked. */
static void bound_ends(const struct trio *x, const struct control *c, const char *what)
{
    uint64_t began, over;
    obj s;

    sys_at("%s", what);
    DEFER(*c) = 3;
    r_waits(x);
    began = now();
    s = sender(x, 8);
    over = now();
    s_waits(s);
    EQ(PENDING(*c), 1);
    CHECK(preemption(x->t).deferred_since >= began && preemption(x->t).deferred_since <= over);
    while (now() < began + BOUND - NSEC_PER_MSEC) {
        if (held(x->t)) {
            CHECK(now() >= began + BOUND);
        }
        sleep_ns(NSEC_PER_MSEC / 4);
    }
    EVENTUALLY(held(x->t));
    CHECK(preemption(x->t).hold_since[LK_HOLD_PROXY] >= began + BOUND);
    r_has_forced(x, 8);
    s_result(s, STATUS_OK);
    EQ(PENDING(*c), 0);
    EQ(DEFER(*c), 3);
    EQ(preemption(x->t).deferred_since, 0);
    let_go(x->t);
}

CASE(bound,
     .text = "P6: the bound is real time from pending on, also while T waits, sleeps, sends, "
             "is held or stands in a fault; then the delivery is made, marked forced")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);
    obj other = proc_new(PRIO_HIGH);

    bound_ends(&x, &c, "never started");
    raw_do(x.t, LK_YIELD);
    bound_ends(&x, &c, "in a fault");
    raw_do(x.t, LK_RECV);
    bound_ends(&x, &c, "in an open wait");
    EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    r.r8 = 777;
    raw_go(x.t, &r);
    bound_ends(&x, &c, "in a closed wait");
    r.r8 = LK_NOTICE_ID;
    raw_go(x.t, &r);
    bound_ends(&x, &c, "in a wait for notices");
    proc_cap(x.t, REG_PROXY, entry_new(endpoint_new(other, 1, false), 0));
    raw_do(x.t, LK_CTL(LK_SEND | LK_BLOCK, REG_PROXY, 1));
    bound_ends(&x, &c, "sending");
    s_waits(x.t);
    proc_reply_endpoint(x.t, 9);
    obj_get(x.t, R_A);
    OK(lk_process_swap_cap_reg(R_A, R_SLEEP, R_SLEEP, 0));
    r = raw_regs(LK_CTL_CALL(R_SLEEP, 2));
    r.rdi = OP_SLEEP_SLEEP_UNTIL;
    r.rsi = now() + 1000000 * NSEC_PER_MSEC;
    raw_go(x.t, &r);
    bound_ends(&x, &c, "sleeping");
    EQ(proc_wait_kind(x.t), LK_WAIT_SLEEPING);
    proc_hold(x.t, LK_HOLD_DEBUG);
    bound_ends(&x, &c, "held");
    EQ(preemption(x.t).forced, 8);
}

CASE(bound_bits, .text = "P6: forced deliveries of bits are marked as well; every deferral has a "
                         "bound of its own")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);

    DEFER(c) = 1;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t began = now();

        r_waits(&x);
        post(&x, 1u << i);
        EQ(PENDING(c), 1);
        r_still_waits(&x);
        EVENTUALLY(held(x.t));
        CHECK(now() >= began + BOUND);
        has_bits(x.r, x.t, 1u << i, LK_DLV_FORCED);
        let_go(x.t);
    }
    EQ(preemption(x.t).forced, 3);
}

CASE(bound_longer, .text = "P6: a later sender does not begin the bound anew")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);
    uint64_t began = now();

    DEFER(c) = 1;
    r_waits(&x);
    post(&x, 1);
    while (!held(x.t)) {
        sys_at("%lu ns after", now() - began);
        CHECK(now() < began + 3 * BOUND);
        sleep_ns(BOUND / 4);
        post(&x, 2);
        sender(&x, 1);
    }
    has_bits(x.r, x.t, raw_result(x.r).rdi, LK_DLV_FORCED);
}

CASE(bound_of_next,
     .text = "P6: a section that ends unsaid while R is held has no part in the next "
             "one's bound")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);
    uint64_t next;

    r_waits(&x);
    DEFER(c) = 1;
    post(&x, 1);
    EQ(PENDING(c), 1);
    proc_hold(x.r, LK_HOLD_SUSPEND);
    DEFER(c) = 0;
    post(&x, 2); /* looked at, and not delivered */
    EQ(PENDING(c), 0);
    EQ(preemption(x.t).deferred_since, 0);
    DEFER(c) = 1;
    sleep_ns(2 * BOUND);
    next = now();
    proc_release(x.r, LK_HOLD_SUSPEND);
    r_still_waits(&x);
    EQ(PENDING(c), 1);
    CHECK(preemption(x.t).deferred_since >= next);
    EVENTUALLY(held(x.t));
    CHECK(now() >= next + BOUND);
    has_bits(x.r, x.t, 3, LK_DLV_FORCED);
}

CASE(bound_not_forced,
     .text = "P6: not forced if T is out of its section by then: it lowered defer "
             "and did not look at pending")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);

    DEFER(c) = 1;
    r_waits(&x);
    sender(&x, 5);
    DEFER(c) = 0;
    CHECK(!held(x.t));
    EVENTUALLY(held(x.t));
    r_has(&x, 5); /* which has no other bits */
    EQ(preemption(x.t).forced, 0);
    EQ(PENDING(c), 0);
}

CASE(bound_again,
     .text = "P6: a section that ended unnoticed and one begun anew: the bound runs on "
             "from pending")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);
    uint64_t began = now();

    DEFER(c) = 1;
    r_waits(&x);
    sender(&x, 5);
    DEFER(c) = 0;
    DEFER(c) = 1;
    EVENTUALLY(held(x.t));
    CHECK(now() >= began + BOUND);
    r_has_forced(&x, 5);
}

CASE(bound_over_receiver_away, .text = "P6: a bound that ends while R does not wait: the delivery "
                                       "comes, forced, as soon as R does")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, 2 * NSEC_PER_MSEC);
    obj s;

    DEFER(c) = 1;
    r_waits(&x);
    s = sender(&x, 5);
    EQ(PENDING(c), 1);
    raw_do(x.r, LK_YIELD); /* R ends its wait */
    sleep_ns(6 * NSEC_PER_MSEC);
    s_waits(s);
    CHECK(!held(x.t));
    r_waits(&x);
    EVENTUALLY(held(x.t));
    r_has_forced(&x, 5);
    EQ(kernel_check(), 0);
}

CASE(bound_over_then_lowered,
     .text =
         "P6: a bound that ends while R does not wait, and a section that ends before R does: the "
         "delivery is not forced")
{
    for (unsigned bits = 0; bits < 2; bits++) {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 0, 2 * NSEC_PER_MSEC);

        DEFER(c) = 1;
        r_waits(&x);
        if (bits) {
            post(&x, 5);
        } else {
            sender(&x, 5);
        }
        EQ(PENDING(c), 1);
        raw_do(x.r, LK_YIELD);
        sleep_ns(6 * NSEC_PER_MSEC);
        CHECK((preemption(x.t).flags & LK_PREEMPT_OVER) != 0);
        DEFER(c) = 0;
        r_waits(&x);
        if (bits) {
            r_has_bits(&x, 5);
        } else {
            r_has(&x, 5);
        }
        EQ(preemption(x.t).forced, 0);
        EQ(PENDING(c), 0);
    }
}

CASE(section_ends_receiver_away,
     .text = "P6: a section that ends, with a yield, while R does not wait is over: pending is "
             "cleared, and the next section has a bound of its own")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, BOUND);
    uint64_t began;
    obj s;

    DEFER(c) = 1;
    r_waits(&x);
    s = sender(&x, 5);
    EQ(PENDING(c), 1);
    raw_do(x.r, LK_YIELD);
    DEFER(c) = 0;
    t_yields(x.t);
    raw_result(x.t);
    s_waits(s);
    EQ(PENDING(c), 0);
    EQ(preemption(x.t).deferred_since, 0);
    sleep_ns(BOUND / 2);
    DEFER(c) = 1;
    began = now();
    r_waits(&x);
    EQ(PENDING(c), 1);
    EVENTUALLY(held(x.t));
    CHECK(preemption(x.t).hold_since[LK_HOLD_PROXY] >= began + BOUND);
    r_has_forced(&x, 5);
}

CASE(bound_zero, .text = "P6: a bound of 0: T may not defer")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, 0);

    DEFER(c) = 1;
    r_waits(&x);
    sender(&x, 5);
    r_has(&x, 5); /* not forced: this is no deferral */
    EQ(PENDING(c), 0);
    EQ(preemption(x.t).bound, 0);
}

CASE(bound_changed, .text = "P6: a bound set to 0 in the middle of a deferral ends it; another one "
                            "holds from then on")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);
    obj s;

    DEFER(c) = 1;
    r_waits(&x);
    s = sender(&x, 5);
    s_waits(s);
    control_set(x.t, c.page, 0, 0);
    EVENTUALLY(held(x.t));
    s_result(s, STATUS_OK);
    EQ(has_message(x.r, x.t, 5, 0).rdi, 5);
    let_go(x.t);

    control_set(x.t, c.page, 0, LONG_BOUND);
    PENDING(c) = 0;
    r_waits(&x);
    s_sends(s, 6);
    EQ(PENDING(c), 1);
    control_set(x.t, c.page, 0, 2 * NSEC_PER_MSEC);
    EVENTUALLY(held(x.t));
    r_has_forced(&x, 6);
    EQ(kernel_check(), 0);
}
