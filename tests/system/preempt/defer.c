/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P6: deferral without a system call; what it holds back, and what not. Its bound: bound.c.
 */
#include "trio.h"

CASE(deferred, .text = "P6: while T defers it is not notified, pending is set, and the yield that "
                       "follows the end of deferral takes the delivery")
{
    for (unsigned bits = 0; bits < 2; bits++) {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 64, LONG_BOUND);
        obj s = NO_OBJ;

        r_waits(&x);
        DEFER(c) = 1;
        EQ(PENDING(c), 0);
        if (bits) {
            post(&x, 7);
            EQ(preempting(x.t), 7);
        } else {
            s = caller(&x, 7);
            s_waits(s);
        }
        EQ(PENDING(c), 1);
        EQ(DEFER(c), 1);
        CHECK(!held(x.t));
        r_still_waits(&x);
        t_yields(x.t); /* still deferring */
        raw_result(x.t);
        CHECK(!held(x.t));
        EQ(PENDING(c), 1);
        DEFER(c) = 0;
        CHECK(!held(x.t));
        t_yields(x.t);
        if (bits) {
            r_has_bits(&x, 7);
        } else {
            r_has(&x, 7);
            s_in_call(s);
        }
        EQ(PENDING(c), 0);
        EQ(DEFER(c), 0);
        EQ(proc_state(x.t).run_state, LK_STATE_READY);
        EQ(proc_state(x.t).r.rip, (uint64_t)raw_after); /* stopped behind its yield */
        let_go(x.t);
        raw_result(x.t);
    }
}

CASE(defer_counts, .text = "P6: any non-zero value of the byte defers, so it may count nesting")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 4094, LONG_BOUND);
    obj s;

    r_waits(&x);
    DEFER(c) = 255;
    s = sender(&x, 1);
    for (unsigned value = 255; value > 0; value--) {
        DEFER(c) = (uint8_t)value;
        if (value % 50 == 1) {
            t_yields(x.t);
            s_waits(s);
        }
    }
    DEFER(c) = 0;
    t_yields(x.t);
    r_has(&x, 1);
}

CASE(not_deferring, .text = "P6: a control word whose defer is zero defers nothing, whatever the "
                            "other bytes of the page")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 100, LONG_BOUND);

    memset((void *)(uintptr_t)(c.word - 100), 0xff, PAGE);
    DEFER(c) = 0;
    PENDING(c) = 0;
    r_waits(&x);
    sender(&x, 1);
    r_has(&x, 1);
    let_go(x.t);
    for (unsigned i = 0; i < PAGE; i++) {
        EQ((c.word - 100)[i], i == 100 || i == 101 ? 0 : 0xff);
    }
}

CASE(pending_alone, .text = "P6: pending is set only when deferral is all that stands in the way: "
                            "not while T is held, or R does not wait, is NS, or is none")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);
    obj s;

    r_waits(&x);
    post(&x, 1); /* T has the proxy hold */
    DEFER(c) = 1;
    r_waits(&x);
    s = sender(&x, 2);
    post(&x, 1);
    EQ(PENDING(c), 0);
    let_go(x.t); /* now it is all that is left */
    EQ(PENDING(c), 1);
    r_still_waits(&x);
    DEFER(c) = 0;
    t_yields(x.t);
    r_has(&x, 2); /* after a notice, the sender */
    EQ(PENDING(c), 0);
    let_go(x.t);
    r_waits(&x);
    r_has_bits(&x, 1);
    let_go(x.t);

    DEFER(c) = 1; /* R does not wait */
    s_sends(s, 2);
    s_waits(s);
    EQ(PENDING(c), 0);
    r_waits_closed(&x, Q_ID + 1);
    EQ(PENDING(c), 0);
    r_waits(&x);
    EQ(PENDING(c), 1);
    raw_do(s, LK_YIELD); /* S goes away: nothing waits */
    EQ(PENDING(c), 0);

    proc_hold(x.r, 1); /* R is NS */
    s_sends(s, 3);
    s_waits(s);
    EQ(PENDING(c), 0);
    proc_release(x.r, 1);
    EQ(PENDING(c), 1);
    r_still_waits(&x);
    raw_do(s, LK_YIELD);
    EQ(PENDING(c), 0);

    set_receiver(x.t, NO_OBJ); /* there is no R */
    post(&x, 1);
    EQ(PENDING(c), 0);
    set_receiver(x.t, x.entry);
    EQ(PENDING(c), 1);
    DEFER(c) = 0;
    t_yields(x.t);
    r_has_bits(&x, 1);
}

CASE(pending_cleared, .text = "P6: pending is cleared when what waited went away: S refused by its "
                              "register, destroyed, or taken by E's new recipient")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);
    obj s[3];

    r_waits(&x);
    DEFER(c) = 1;
    for (unsigned i = 0; i < 3; i++) {
        s[i] = sender(&x, i);
    }
    EQ(PENDING(c), 1);
    proc_cap(s[0], REG_PROXY, NO_OBJ);
    EQ(PENDING(c), 1);
    obj_rescind(s[1]);
    EQ(PENDING(c), 1);
    proc_cap(s[2], REG_PROXY, NO_OBJ);
    EQ(PENDING(c), 0);
    EQ(preemption(x.t).deferred_since, 0);
    s[0] = sender(&x, 9);
    EQ(PENDING(c), 1);
    obj_rescind(x.e);
    EVENTUALLY(raw_done(s[0]));
    s_result(s[0], STATUS_INVALID_CAP);
    EQ(PENDING(c), 0);
    EQ(kernel_check(), 0);
}

CASE(defer_costs_nothing, .text = "P6: defer and its end without anything pending make no kernel "
                                  "entry and leave no trace in the kernel")
{
    struct trio x = trio_new();
    const uint64_t bound = 10 * NSEC_PER_MSEC;
    struct control c = control_new(x.t, 0, bound);
    uint64_t until = now() + 2 * bound;
    obj s;

    r_waits(&x);
    DEFER(c) = 1;
    while (now() < until) { /* longer than the bound, which runs from pending only */
    }
    EQ(PENDING(c), 0);
    s = sender(&x, 1);
    s_waits(s);
    EQ(PENDING(c), 1);
    r_still_waits(&x);
    DEFER(c) = 0;
    t_yields(x.t);
    r_has(&x, 1);
}

CASE(fault_not_deferred, .text = "P6: faults are not deferred: the handler is told at once, as a "
                                 "plain message, and T has no proxy hold")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    DEFER(c) = 1;
    proc_slot(x.t, SLOT_HANDLER, x.entry);
    r_waits(&x);
    raw_do(x.t, LK_YIELD);
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_MESSAGE);
    EQ(raw_result(x.r).rdi, LK_FAULT_MESSAGE);
    EQ(raw_result(x.r).rsi, FAULT_BREAKPOINT);
    CHECK(!held(x.t));
    EQ(PENDING(c), 0);
    r_waits(&x);
    post(&x, 1);
    r_still_waits(&x);
    EQ(PENDING(c), 1); /* bits are, though it stands in a fault */
}

CASE(plain_not_deferred, .text = "P6: nor are messages and plain notices to T itself")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    DEFER(c) = 1;
    raw_do(x.t, LK_RECV);
    obj_get(notice_new(x.e, 6), R_A);
    OK(lk_appnotice_post(R_A, 2));
    EQ(lk_kind(raw_result(x.t).rax), LK_KIND_NOTICE);
    EQ(PENDING(c), 0);
}

CASE(not_third_party, .text = "P14: what T's deferral holds back is its own notifier: R's other "
                              "senders and other targets are served meanwhile")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);
    obj s, other;

    set_receiver(y.t, entry_new(endpoint_new(x.r, Q_ID + 1, false), 0));
    DEFER(c) = 1;
    r_waits(&x);
    s = s_new(x.proxy, 190); /* of high priority, and it does not matter */
    s_sends(s, 1);
    s_waits(s);
    other = s_new(x.entry, 110);
    s_sends(other, 2);
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_MESSAGE);
    EQ(raw_result(x.r).rdi, 2);
    r_waits(&x);
    sender(&y, 3);
    has_message(x.r, y.t, 3, 0);
    r_waits(&x);
    s_waits(s);
    obj_get(notice_new(x.q, 1), R_A);
    OK(lk_appnotice_post(R_A, 1));
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_NOTICE);
    s_sends(other, 4); /* senders that wait already, too */
    s_waits(other);
    r_waits(&x);
    EQ(raw_result(x.r).rdi, 4);
    s_waits(s);
    r_waits(&x);
    DEFER(c) = 0;
    t_yields(x.t);
    r_has(&x, 1);
}

CASE(yield_without, .text = "P6: a yield with nothing pending, or with no R, is a yield")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);

    t_yields(x.t);
    raw_result(x.t);
    post(&x, 1);
    t_yields(x.t);
    raw_result(x.t);
    set_receiver(x.t, NO_OBJ);
    t_yields(x.t);
    raw_result(x.t);
    DEFER(c) = 1;
    t_yields(x.t);
    raw_result(x.t);
    EQ(PENDING(c), 0);
    CHECK(!held(x.t));
}

/* A T that runs: it defers by turns and yields when pending is set, as the library would do. */
static volatile uint64_t sections, yields;
static volatile bool in_section, section_over;
static volatile uint8_t *running_word;

static void runs_sections(void *arg)
{
    (void)arg;
    while (!section_over) {
        running_word[LK_CONTROL_DEFER]++;
        in_section = true;
        for (volatile unsigned i = 0; i < 40; i++) {
        }
        in_section = false;
        sections++;
        if (--running_word[LK_CONTROL_DEFER] == 0 && running_word[LK_CONTROL_PENDING]) {
            yields++;
            lk_yield();
        }
    }
}

CASE(section_kept,
     .text = "P6, exclusion: a T that runs through sections is never stopped inside "
             "one, and its yields take what came meanwhile",
     .ms = 60000)
{
    struct trio x = trio_new();
    struct worker w = worker_new(PRIO_LOW, runs_sections, NULL);
    struct control c = control_new(w.p, 10, LONG_BOUND);
    obj proxy = proxy_new(w.endpoint, 1);
    obj s = s_new(proxy, PRIO_HIGH);
    uint64_t deferred_some = 0;

    running_word = c.word;
    sections = yields = 0;
    section_over = false;
    set_receiver(w.p, x.entry);
    worker_start(w);
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    for (unsigned i = 0; i < 200; i++) {
        sys_at("round %u, %lu sections, %lu yields", i, sections, yields);
        sleep_ns(30000 + i * 131);
        r_waits(&x);
        s_sends(s, i);
        deferred_some += PENDING(c);
        EVENTUALLY(held(w.p));
        has_message(x.r, w.p, i, 0);
        EQ(DEFER(c), 0);
        CHECK(!in_section);
        let_go(w.p);
    }
    CHECK(deferred_some > 20);
    CHECK(yields > 0);
    section_over = true;
}
