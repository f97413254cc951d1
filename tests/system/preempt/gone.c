/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P9: S, T, R, Q or E destroyed or changed at any moment: nobody is left hanging, and each is told.
 */
#include "trio.h"

#define MANY 40

static void many_senders(const struct trio *x, obj s[MANY], bool calls)
{
    for (unsigned i = 0; i < MANY; i++) {
        s[i] = s_new(x->proxy, 110 + i % 3);
        if (calls && i % 2 == 0) {
            s_calls(s[i], i);
        } else {
            s_sends(s[i], i);
        }
        s_waits(s[i]);
    }
}

static void all_refused(const obj s[MANY])
{
    for (unsigned i = 0; i < MANY; i++) {
        sys_at("sender %u", i);
        EVENTUALLY(raw_done(s[i]));
        s_result(s[i], STATUS_INVALID_CAP);
    }
    EQ(kernel_check(), 0);
}

/* Ways in which what a sender waits for goes away; `x` as trio. */
static void rescind_t(const struct trio *x)
{
    obj_rescind(x->t);
}
static void rescind_r(const struct trio *x)
{
    obj_rescind(x->r);
}
static void rescind_q(const struct trio *x)
{
    obj_rescind(x->q);
}
static void rescind_e(const struct trio *x)
{
    obj_rescind(x->e);
}
static void q_without_recipient(const struct trio *x)
{
    obj_get(x->q, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
}
static void e_without_recipient(const struct trio *x)
{
    obj_get(x->e, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
}
static void receiver_null(const struct trio *x)
{
    set_receiver(x->t, NO_OBJ);
}
static void q_to_t(const struct trio *x)
{
    obj_get(x->q, R_A);
    obj_get(x->t, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
}
static void receiver_to_t(const struct trio *x)
{
    set_receiver(x->t, entry_new(x->e, 0));
}
static void receiver_stale(const struct trio *x)
{
    obj q = endpoint_new(x->r, 5, false);

    set_receiver(x->t, entry_new(q, 0));
    obj_rescind(q);
}

static const struct {
    const char *name;
    void (*go)(const struct trio *x);
} ways[] = {
    { "T destroyed", rescind_t },
    { "R destroyed", rescind_r },
    { "Q destroyed", rescind_q },
    { "E destroyed", rescind_e },
    { "Q without recipient", q_without_recipient },
    { "E without recipient", e_without_recipient },
    { "proxyReceiver Null", receiver_null },
    { "Q's recipient T", q_to_t },
    { "proxyReceiver leads to T", receiver_to_t },
    { "proxyReceiver to an endpoint that goes", receiver_stale },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* In which state of T and R it goes away. */
static void in_phase(const struct trio *x, unsigned phase, const struct control *c)
{
    switch (phase) {
    case 0: /* R does not wait */
        break;
    case 1: /* T is held, R waits again */
        r_waits(x);
        post(x, 1);
        r_waits(x);
        break;
    case 2: /* R waits and is NS */
        r_waits(x);
        proc_hold(x->r, 2);
        break;
    case 3: /* T defers */
        DEFER(*c) = 1;
        r_waits(x);
        break;
    default: /* R waits elsewhere */
        r_waits_closed(x, 4);
        break;
    }
}

CASE(senders_told,
     .text = "P9: senders that wait on T, whatever they wait for, each get INVALID_CAP "
             "when T, R, Q or E goes, or there is no R any more",
     .ms = 120000)
{
    unsigned mark;
    uint64_t frames;

    parking_entry();
    own_space();
    schedule_of(PRIO_HIGH);
    for (unsigned i = 0; i < 3; i++) {
        schedule_of(110 + i);
    }
    mark = shelf_mark();
    frames = frames_mark();
    for (unsigned phase = 0; phase < 5; phase++) {
        for (unsigned i = 0; i < WAYS; i++) {
            struct trio x = trio_new();
            struct control c = control_new(x.t, 0, LONG_BOUND);
            obj s[MANY];

            in_phase(&x, phase, &c);
            many_senders(&x, s, true);
            EQ(kernel_check(), 0);
            ways[i].go(&x);
            sys_at("%s, phase %u", ways[i].name, phase);
            for (unsigned j = 0; j < MANY; j++) {
                EVENTUALLY(raw_done(s[j]));
                s_result(s[j], STATUS_INVALID_CAP);
            }
            if (ways[i].go != rescind_t) {
                EQ(PENDING(c), 0);
            }
            EQ(kernel_check(), 0);
            for (unsigned j = 0; j < MANY; j++) { /* they can go on */
                s_posts(s[j], 1);
                s_result(s[j], STATUS_INVALID_CAP);
            }
            unmap(own_space(), (uint64_t)(uintptr_t)c.word);
            shelf_back(mark);
            frames_back(frames);
        }
    }
}

CASE(target_destroyed,
     .text = "P9: T destroyed with senders queued: each gets INVALID_CAP, and R's "
             "queue is whole")
{
    struct trio x = trio_new();
    obj other = s_new(x.entry, PRIO_HIGH);
    obj s[MANY];

    many_senders(&x, s, false);
    s_sends(other, 77);
    obj_rescind(x.t);
    all_refused(s);
    r_waits(&x);
    EQ(raw_result(x.r).rdi, 77);
}

CASE(target_destroyed_outstanding,
     .text = "P9: T destroyed with its proxyReply outstanding: S gets "
             "INVOKEE_GONE")
{
    struct trio x = trio_new();
    obj s;

    r_waits(&x);
    s = caller(&x, 1);
    EQ(proxy_reply_type(x.t), LK_TYPE_ENTRY);
    obj_rescind(x.t);
    s_answered(s, STATUS_INVOKEE_GONE);
    EQ(kernel_check(), 0);
}

CASE(target_destroyed_fetched, .text = "P9: or moved out to R by then: R answers, or its end does")
{
    for (unsigned dies = 0; dies < 2; dies++) {
        struct trio x = trio_new();
        obj s;

        r_waits(&x);
        s = caller(&x, 1);
        obj_get(x.t, R_A);
        OK(lk_process_fetch_proxy_reply(R_A, R_B));
        obj_get(x.r, R_A);
        OK(lk_process_swap_cap_reg(R_A, 20, R_B, 0));
        obj_rescind(x.t);
        s_in_call(s);
        if (dies) {
            obj_rescind(x.r);
            s_answered(s, STATUS_INVOKEE_GONE);
        } else {
            raw_do_word(x.r, LK_CTL(LK_SEND, 20, 1), 8);
            s_answered(s, 8);
        }
    }
}

CASE(receiver_dies_handling,
     .text = "P9: R dies in the middle: T stays stopped until a holder of its "
             "Process capability clears hold 0; S, whose reply was with R, is "
             "answered INVOKEE_GONE")
{
    struct trio x = trio_new();
    struct shape before, after;
    obj s, waiting;

    raw_do(x.t, LK_RECV);
    shape_of(x.t, &before);
    r_waits(&x);
    s = caller(&x, 1);
    obj_get(x.t, R_A);
    OK(lk_process_fetch_proxy_reply(R_A, R_B));
    obj_get(x.r, R_A);
    OK(lk_process_swap_cap_reg(R_A, 20, R_B, 0));
    lk_copy_cap(0, R_B);
    waiting = sender(&x, 2);
    s_waits(waiting);
    obj_rescind(x.r);
    s_answered(s, STATUS_INVOKEE_GONE);
    s_result(waiting, STATUS_INVALID_CAP);
    CHECK(held(x.t));
    sleep_ns(5 * NSEC_PER_MSEC);
    CHECK(held(x.t));
    EQ(preemption(x.t).flags & LK_PREEMPT_RECEIVER, 0);
    CHECK(preemption(x.t).hold_since[LK_HOLD_PROXY] != 0);
    let_go(x.t);
    shape_of(x.t, &after);
    shape_same(&before, &after, "T");
}

CASE(receiver_dies_unfetched, .text = "P9: R dies with the reply still in T's slot: whoever looks "
                                      "after T answers it from there")
{
    struct trio x = trio_new();
    obj s;

    r_waits(&x);
    s = caller(&x, 1);
    obj_rescind(x.r);
    s_in_call(s);
    CHECK(held(x.t));
    EQ(proxy_reply_type(x.t), LK_TYPE_ENTRY);
    answer_and_let_go(x.t, 7);
    s_answered(s, 7);
}

CASE(sender_dies,
     .text = "P9: S dies: while it waits, first, in the middle and last; while its call "
             "is handled, when its reply is Null")
{
    struct trio x = trio_new();
    obj s[5];

    for (unsigned i = 0; i < 5; i++) {
        s[i] = sender(&x, i);
    }
    obj_rescind(s[0]);
    EQ(kernel_check(), 0);
    obj_rescind(s[2]);
    EQ(kernel_check(), 0);
    obj_rescind(s[4]);
    EQ(kernel_check(), 0);
    r_waits(&x);
    r_has(&x, 1);
    let_go(x.t);
    r_waits(&x);
    r_has(&x, 3);
    let_go(x.t);
    r_waits(&x);
    r_still_waits(&x);
    s[0] = caller(&x, 9);
    r_has(&x, 9);
    obj_rescind(s[0]);
    EQ(proxy_reply_type(x.t), LK_TYPE_NULL);
    let_go(x.t);
    EQ(kernel_check(), 0);
}

CASE(last_sender_dies, .text = "P9: the only S dies, and T does not stand in R's queue for nothing")
{
    struct trio x = trio_new();
    obj other = s_new(x.entry, 110);
    obj s = sender(&x, 1);

    s_sends(other, 2);
    CHECK((preemption(x.t).flags & LK_PREEMPT_QUEUED) != 0);
    obj_rescind(s);
    EQ(preemption(x.t).flags & (LK_PREEMPT_QUEUED | LK_PREEMPT_SENDERS), 0);
    EQ(kernel_check(), 0);
    r_waits(&x);
    EQ(raw_result(x.r).rdi, 2);
    r_waits(&x);
    r_still_waits(&x);
    CHECK(!held(x.t));
}

CASE(target_dies_queued,
     .text = "P9: T destroyed while it stands in R's queue, watches R, or watches "
             "a Q without recipient")
{
    for (unsigned i = 0; i < 4; i++) {
        struct trio x = trio_new();
        struct control c = control_new(x.t, 0, 2 * NSEC_PER_MSEC);

        sys_at("%u", i);
        if (i == 1 || i == 3) {
            r_waits(&x);
        }
        if (i == 1) {
            proc_hold(x.r, 1);
        } else if (i == 2) {
            q_without_recipient(&x);
        } else if (i == 3) {
            DEFER(c) = 1;
        }
        post(&x, 5);
        EQ(kernel_check(), 0);
        obj_rescind(x.t);
        EQ(kernel_check(), 0);
        if (i == 1) {
            proc_release(x.r, 1);
        } else if (i == 2) {
            obj_get(x.q, R_A);
            obj_get(x.r, R_B);
            OK(lk_endpoint_set_recipient(R_A, R_B));
        }
        sleep_ns(5 * NSEC_PER_MSEC); /* the bound of one that is gone */
        if (i == 0 || i == 2) {
            r_waits(&x);
        }
        r_still_waits(&x);
        EQ(kernel_check(), 0);
    }
}

CASE(watched_dies, .text = "P9: R or Q destroyed while many targets stand there or watch it; their "
                           "bits stay, and come to the next receiver")
{
    enum { TARGETS = 70 };
    static obj t[TARGETS];

    for (unsigned i = 0; i < 4; i++) {
        struct trio x = trio_new();
        obj r2 = proc_new(PRIO_HIGH);
        obj entry2 = entry_new(endpoint_new(r2, 9, false), 0);

        sys_at("%u", i);
        if (i & 1) {
            r_waits(&x);
            proc_hold(x.r, 1);
        }
        for (unsigned j = 0; j < TARGETS; j++) {
            t[j] = proc_new(PRIO_HIGH);
            set_receiver(t[j], x.entry);
            obj_new_in(LK_TYPE_ENDPOINT, R_A);
            obj_get(t[j], R_B);
            OK(lk_endpoint_set_recipient(R_A, R_B));
            OK(lk_endpoint_make_proxy_notice(R_A, 1, R_A));
            OK(lk_appnotice_post(R_A, 1));
        }
        obj_rescind(i & 2 ? x.q : x.r);
        EQ(kernel_check(), 0);
        for (unsigned j = 0; j < TARGETS; j++) {
            EQ(preempting(t[j]), 1);
            set_receiver(t[j], entry2);
        }
        for (unsigned j = 0; j < TARGETS; j++) {
            waits_open(r2);
            EQ(lk_kind(raw_result(r2).rax), LK_KIND_PROXIED_NOTICE);
        }
        waits_open(r2);
        EQ(proc_state(r2).run_state, LK_STATE_RECEIVING);
        for (unsigned j = 0; j < TARGETS; j++) {
            obj_rescind(t[j]);
        }
    }
}

CASE(endpoint_of_sender,
     .text = "P9: S loses its reply endpoint while it waits in a call: told so, "
             "and T is not stopped for it")
{
    struct trio x = trio_new();
    obj s = proc_new(PRIO_HIGH);
    obj reply = proc_reply_endpoint(s, S_ID);

    proc_cap(s, REG_PROXY, x.proxy);
    s_calls(s, 1);
    s_waits(s);
    obj_rescind(reply);
    r_waits(&x);
    s_result(s, STATUS_NO_REPLY_ENDPOINT);
    CHECK(!held(x.t));
    r_still_waits(&x);
    EQ(preemption(x.t).deliveries, 0);
    EQ(kernel_check(), 0);
}

CASE(endpoint_of_entry,
     .text = "P9: E destroyed during a notification: R finishes it, and bits that "
             "pend still come")
{
    struct trio x = trio_new();
    obj s;

    r_waits(&x);
    s = caller(&x, 1);
    post(&x, 6);
    obj_rescind(x.e);
    CHECK(held(x.t));
    answer_and_let_go(x.t, 5);
    s_answered(s, 5);
    r_waits(&x);
    r_has_bits(&x, 6);
}

CASE(self_rescind, .text = "P9: T destroys itself; S destroys T, R, Q or E in a call of its own")
{
    for (unsigned i = 0; i < 5; i++) {
        struct trio x = trio_new();
        obj s[3];
        obj who = i == 0 ? x.t : s_new(x.proxy, PRIO_HIGH);
        obj what = i < 2 ? x.t : i == 2 ? x.r : i == 3 ? x.q : x.e;

        for (unsigned j = 0; j < 3; j++) {
            s[j] = sender(&x, j);
        }
        obj_get(who, R_A);
        OK(lk_process_swap_cap_reg(R_A, 20, R_RANGE, 0));
        proc_cap(who, 21, what);
        if (i == 0) {
            proc_reply_endpoint(who, 3);
        }
        raw_do_word(who, LK_CTL_CALL_CAPS(20, 1, 1, 21, 0, 0, 0, 0, 0, 0), OP_RANGE_RESCIND);
        for (unsigned j = 0; j < 3; j++) {
            EVENTUALLY(raw_done(s[j]));
            s_result(s[j], STATUS_INVALID_CAP);
        }
        EQ(kernel_check(), 0);
    }
}

CASE(new_in_old_place,
     .text = "P9: a process made where T stood has no senders, no bits, no control "
             "word, no holds")
{
    uint64_t frame = frames_new(1);
    struct control c;
    obj r = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(r, Q_ID, false), 0);
    struct lk_preemption p;

    for (unsigned i = 0; i < 2; i++) {
        obj t, proxy;
        obj s;

        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PROCESS, frame, 0, R_A));
        t = obj_keep(R_A);
        p = preemption(t);
        for (unsigned j = 0; j < sizeof(p); j++) {
            EQ(((const uint8_t *)&p)[j], 0);
        }
        EQ(proxy_reply_type(t), LK_TYPE_NULL);
        EQ(proc_state(t).holds, 0);
        c = control_new(t, 0, LONG_BOUND);
        set_receiver(t, entry);
        obj_get(endpoint_new(t, 1, false), R_T0);
        OK(lk_endpoint_make_proxy_entry(R_T0, 1, R_T1));
        proxy = obj_keep(R_T1);
        waits_open(r);
        s = s_new(proxy, PRIO_HIGH);
        s_calls(s, 1);
        DEFER(c) = 1;
        obj_get(proxy_notice_new(endpoint_new(t, 1, false), 7), R_A);
        OK(lk_appnotice_post(R_A, 7));
        obj_rescind(t);
        s_answered(s, STATUS_INVOKEE_GONE);
    }
}
