/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P3: the step happens whole or not at all. Who waits stands with T, in the order of any queue; who
 * may not wait leaves no trace.
 */
#include "trio.h"

/* What a notification that does not happen leaves as it is. */
struct trace {
    struct shape t, r;
    struct lk_preemption seen;
};

static void trace_of(const struct trio *x, struct trace *t)
{
    shape_of(x->t, &t->t);
    shape_of(x->r, &t->r);
    t->seen = preemption(x->t);
}

static void no_trace(const struct trio *x, const struct trace *before)
{
    struct trace after;

    trace_of(x, &after);
    shape_same(&before->t, &after.t, "T");
    shape_same(&before->r, &after.r, "R");
    EQ(memcmp(&before->seen, &after.seen, sizeof(after.seen)), 0);
    EQ(kernel_check(), 0);
}

/* A non-blocking sender is refused and leaves no trace; a blocking one, waiting, is counted and
 * stands there. Then it is taken away again. */
static void would_block(const struct trio *x, const struct control *c)
{
    struct trace before;
    obj s = s_new(x->proxy, PRIO_HIGH);

    trace_of(x, &before);
    s_posts(s, 5);
    s_result(s, STATUS_WOULD_BLOCK);
    no_trace(x, &before);
    if (c != NULL) {
        EQ(PENDING(*c), 0);
    }
    s_sends(s, 6);
    s_waits(s);
    CHECK((preemption(x->t).flags & LK_PREEMPT_SENDERS) != 0);
    EQ(preemption(x->t).waits, before.seen.waits + 1);
    raw_do(s, LK_YIELD);
    raw_result(s);
    EQ(preemption(x->t).flags & LK_PREEMPT_SENDERS, 0);
    EQ(kernel_check(), 0);
}

CASE(would_block_no_wait, .text = "P3: R does not receive: a blocking S waits, a non-blocking one "
                                  "gets WOULD_BLOCK and leaves no trace")
{
    struct trio x = trio_new();

    would_block(&x, NULL);
    r_waits_closed(&x, Q_ID + 1);
    would_block(&x, NULL);
    r_waits_closed(&x, LK_NOTICE_ID);
    would_block(&x, NULL);
}

CASE(would_block_held, .text = "P3: so it is while T has the proxy hold")
{
    struct trio x = trio_new();

    r_waits(&x);
    post(&x, 1);
    r_waits(&x);
    CHECK(held(x.t));
    would_block(&x, NULL);
    let_go(x.t);
    r_still_waits(&x);
}

CASE(would_block_ns,
     .text = "P3: so it is while R is not schedulable, by any hold; it still waits, "
             "and other senders' messages come in")
{
    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        struct trio x = trio_new();
        obj s = s_new(x.entry, PRIO_HIGH);

        r_waits(&x);
        proc_hold(x.r, hold);
        would_block(&x, NULL);
        s_sends(s, 7);
        s_result(s, STATUS_OK);
        EQ(proc_state(x.r).r.rdi, 7);
    }
}

CASE(would_block_deferred, .text = "P3, P6: so it is while T defers, without the pending byte set "
                                   "for one who does not wait")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    r_waits(&x);
    DEFER(c) = 1;
    would_block(&x, &c);
    EQ(PENDING(c), 0);
    DEFER(c) = 0;
    r_still_waits(&x);
}

CASE(would_block_call, .text = "P3: a call that is not taken makes no reply capability")
{
    struct trio x = trio_new();
    uint64_t payload = 0;
    uint64_t flags = 0;
    obj s = proc_new(PRIO_HIGH);
    obj reply = proc_reply_endpoint(s, S_ID);

    proc_cap(s, REG_PROXY, x.proxy);
    s_calls(s, 1);
    s_waits(s);
    obj_get(reply, R_A);
    OK(lk_endpoint_get_state(R_A, NULL, &payload, &flags));
    EQ(payload, 0);
    EQ(flags & 2, 0);
    r_waits(&x);
    obj_get(reply, R_A);
    OK(lk_endpoint_get_state(R_A, NULL, &payload, &flags));
    EQ(payload, 1);
    EQ(flags & 2, 2);
}

CASE(order, .text = "P3: senders are taken by priority, first in first out within one")
{
    static const unsigned priority[] = { 120, 130, 110, 130, 199, 120, 110, 198, 130 };
    static const unsigned order[] = { 4, 7, 1, 3, 8, 0, 5, 2, 6 };
    struct trio x = trio_new();
    obj s[9];

    for (unsigned i = 0; i < 9; i++) {
        s[i] = s_new(x.proxy, priority[i]);
        s_sends(s[i], i);
        s_waits(s[i]);
    }
    for (unsigned i = 0; i < 9; i++) {
        sys_at("message %u", i);
        r_waits(&x);
        r_has(&x, order[i]);
        s_result(s[order[i]], STATUS_OK);
        r_waits(&x);
        r_still_waits(&x); /* the next one waits for the end of the hold */
        let_go(x.t);
        if (i < 8) { /* which lets it in at once */
            r_has(&x, order[++i]);
            let_go(x.t);
        }
    }
    r_waits(&x);
    r_still_waits(&x);
    EQ(preemption(x.t).waits, 9);
    EQ(preemption(x.t).deliveries, 9);
}

CASE(priority_changes, .text = "P3: a sender whose priority changes goes behind its new equals")
{
    struct trio x = trio_new();
    obj s[4];

    for (unsigned i = 0; i < 4; i++) {
        s[i] = s_new(x.proxy, 120);
        s_sends(s[i], i);
    }
    proc_slot(s[2], SLOT_SCHEDULE, schedule_of(130));
    proc_slot(s[0], SLOT_SCHEDULE, schedule_of(110));
    proc_slot(s[1], SLOT_SCHEDULE, schedule_of(130));
    EQ(kernel_check(), 0);
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned order[] = { 2, 1, 3, 0 };

        r_waits(&x);
        r_has(&x, order[i]);
        let_go(x.t);
    }
}

CASE(among_others, .text = "P3: T stands among R's ordinary senders, by T's priority and in turn")
{
    struct trio x = trio_new_at(130, PRIO_HIGH);
    obj low = s_new(entry_new(endpoint_new(x.r, 60, false), 0), 120);
    obj high = s_new(x.entry, 139);
    obj s = s_new(x.proxy, 110);

    s_sends(low, 1);
    s_sends(s, 2);
    s_sends(high, 3);
    r_waits(&x);
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_MESSAGE);
    EQ(raw_result(x.r).rdi, 3);
    r_waits(&x);
    r_has(&x, 2);
    let_go(x.t);
    r_waits(&x);
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_MESSAGE);
    EQ(raw_result(x.r).rdi, 1);
}

CASE(in_turn, .text = "P3: senders of R who come again and again do not keep T out, nor T them")
{
    enum { ROUNDS = 20 };
    struct trio x = trio_new_at(120, PRIO_HIGH);
    obj other = s_new(entry_new(endpoint_new(x.r, 60, false), 0), 120);
    obj s = s_new(x.proxy, 120);
    unsigned proxied = 0;

    s_sends(other, 1);
    s_sends(s, 2);
    for (unsigned i = 0; i < ROUNDS; i++) {
        r_waits(&x);
        if (lk_kind(raw_result(x.r).rax) == LK_KIND_PROXIED) {
            let_go(x.t);
            s_sends(s, 2);
            proxied++;
        } else {
            s_sends(other, 1);
        }
    }
    CHECK(proxied >= ROUNDS / 2 - 1 && proxied <= ROUNDS / 2 + 1);
}

CASE(recipient_in_turn,
     .text = "P3: who gets all that waited for another at Q takes it in turn: a message that came "
             "before the bits of T goes before them")
{
    struct trio x = trio_new_at(120, PRIO_HIGH);
    obj heir = proc_new(PRIO_HIGH);
    obj other = s_new(x.entry, 120);

    proc_hold(x.r, LK_HOLD_SUSPEND);
    s_sends(other, 1);
    post(&x, 4);
    waits_open(heir);
    obj_get(x.q, R_A);
    obj_get(heir, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    EQ(lk_kind(raw_result(heir).rax), LK_KIND_MESSAGE);
    EQ(raw_result(heir).rdi, 1);
    CHECK(!held(x.t));
    waits_open(heir);
    has_bits(heir, x.t, 4, 0);
}

CASE(priority_of_t, .text = "P3: a T whose own priority changes goes to its new place in R's queue")
{
    struct trio x = trio_new_at(110, PRIO_HIGH);
    obj other = s_new(entry_new(endpoint_new(x.r, 60, false), 0), 120);

    s_sends(other, 1);
    post(&x, 4);
    proc_slot(x.t, SLOT_SCHEDULE, schedule_of(130));
    EQ(kernel_check(), 0);
    r_waits(&x);
    r_has_bits(&x, 4);
    let_go(x.t);
    post(&x, 8);
    proc_slot(x.t, SLOT_SCHEDULE, schedule_of(105));
    EQ(kernel_check(), 0);
    r_waits(&x);
    EQ(raw_result(x.r).rdi, 1);
    r_waits(&x);
    r_has_bits(&x, 8);
}

CASE(no_overwrite, .text = "P3: no nesting: a second call waits until the first is over, and both "
                           "callers get their own answers")
{
    struct trio x = trio_new();
    obj a, b;

    r_waits(&x);
    a = caller(&x, 1);
    b = caller(&x, 2);
    r_has(&x, 1);
    s_in_call(a);
    s_waits(b);
    r_waits(&x); /* even if R waits again before the first is over */
    r_still_waits(&x);
    post(&x, 0x10);
    r_still_waits(&x);
    EQ(preempting(x.t), 0x10);
    answer_and_let_go(x.t, 101);
    s_answered(a, 101);
    r_has_bits(&x, 0x10); /* bits first */
    s_waits(b);
    r_waits(&x);
    let_go(x.t);
    r_has(&x, 2);
    answer_and_let_go(x.t, 102);
    s_answered(b, 102);
}

CASE(no_overwrite_random, .text = "P3: fifty calls in random order of events: each is answered by "
                                  "its own answer, once")
{
    enum { CALLERS = 8, STEPS = 400 };
    struct trio x = trio_new();
    struct rng rng = rng_new(sys_options.seed);
    obj s[CALLERS];
    uint64_t made[CALLERS] = { 0 };
    bool calls[CALLERS] = { false };
    uint64_t word = 1;
    bool handling = false;

    for (unsigned i = 0; i < CALLERS; i++) {
        s[i] = s_new(x.proxy, PRIO_HIGH);
    }
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)rng_below(&rng, CALLERS);

        sys_at("step %u, seed %lu", step, sys_options.seed);
        switch (rng_below(&rng, 3)) {
        case 0:
            if (!calls[i]) {
                made[i] = word++;
                s_calls(s[i], made[i]);
                calls[i] = true;
            }
            break;
        case 1:
            r_waits(&x);
            break;
        default:
            if (held(x.t) && raw_done(x.r) && handling) {
                uint64_t got = raw_result(x.r).rdi;

                answer_and_let_go(x.t, got + 1000000);
            } else if (held(x.t)) {
                obj_get(x.t, R_A); /* R waits again: the answer is made without it */
                OK(lk_process_fetch_proxy_reply(R_A, R_B));
                lk_post2(R_B, 5, 0, 0);
                let_go(x.t);
            }
            break;
        }
        handling = raw_done(x.r) && lk_kind(raw_result(x.r).rax) == LK_KIND_PROXIED && held(x.t);
        for (unsigned j = 0; j < CALLERS; j++) {
            if (calls[j] && raw_done(s[j])) {
                uint64_t got = raw_result(s[j]).rdi;

                CHECK(got == made[j] + 1000000 || got == 5);
                calls[j] = false;
            }
        }
    }
    EQ(kernel_check(), 0);
}

CASE(no_overtaking,
     .text =
         "P3: who comes when others wait goes behind them, also where a delivery has just become "
         "possible: T has ended its section and not said so")
{
    for (unsigned bits = 0; bits < 2; bits++) {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 0, LONG_BOUND);
        obj first = NO_OBJ;
        obj second;

        r_waits(&x);
        DEFER(c) = 1;
        if (bits) {
            post(&x, 1);
        } else {
            first = sender(&x, 1);
        }
        DEFER(c) = 0;
        second = sender(&x, 2);
        if (bits) {
            r_has_bits(&x, 1);
        } else {
            r_has(&x, 1);
            s_result(first, STATUS_OK);
        }
        s_waits(second);
        let_go(x.t);
        r_waits(&x);
        r_has(&x, 2);
        s_result(second, STATUS_OK);
    }
}

CASE(throttle,
     .text = "P3: by not receiving R is the throttle: a flood of senders waits, and T runs "
             "on untouched")
{
    enum { SENDERS = 60 };
    struct trio x = trio_new();
    struct shape before, after;
    obj s[SENDERS];

    waits_open(x.t);
    shape_of(x.t, &before);
    for (unsigned i = 0; i < SENDERS; i++) {
        s[i] = sender(&x, i);
        post(&x, 1u << i % 32);
    }
    shape_of(x.t, &after);
    shape_same(&before, &after, "T");
    CHECK(!held(x.t));
    r_waits(&x);
    r_has_bits(&x, 0xffffffff);
    for (unsigned i = 0; i < SENDERS; i++) {
        let_go(x.t);
        r_waits(&x);
        r_has(&x, i);
        s_result(s[i], STATUS_OK);
    }
}
