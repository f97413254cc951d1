/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P15: what getPreemption shows, every field.
 */
#include "trio.h"

CASE(see_nothing, .text = "P15: of a process that nobody notified, all is zero but the receiver")
{
    struct trio x = trio_new();
    struct lk_preemption p;
    uint64_t low = 0;
    uint64_t high = 0;

    lk_label_pack("the receiver", &low, &high);
    obj_get(x.r, R_A);
    OK(lk_process_set_label(R_A, low, high));
    p = preemption(x.t);
    EQ(p.receiver[0], low);
    EQ(p.receiver[1], high);
    EQ(p.flags, LK_PREEMPT_RECEIVER);
    p.receiver[0] = p.receiver[1] = 0;
    p.flags = 0;
    for (unsigned i = 0; i < sizeof(p); i++) {
        EQ(((const uint8_t *)&p)[i], 0);
    }
    set_receiver(x.t, NO_OBJ);
    p = preemption(x.t);
    EQ(p.receiver[0] | p.receiver[1], 0);
    EQ(p.flags, 0);
}

CASE(see_cut, .text = "P15: a shorter buffer gets the beginning, and is told")
{
    struct trio x = trio_new();
    uint8_t part[40];
    size_t n = 0;

    memset(part, 0x77, sizeof(part));
    obj_get(x.t, R_A);
    OK(lk_process_get_preemption(R_A, part, 32, &n));
    EQ(n, 32);
    EQ(part[31], 0);
    EQ(part[32], 0x77);
}

CASE(see_holds, .text = "P15: since when each hold is set; set again, since the first time")
{
    struct trio x = trio_new();
    uint64_t before[LK_HOLDS], after[LK_HOLDS];
    struct lk_preemption p;

    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        before[hold] = now();
        proc_hold(x.t, hold);
        after[hold] = now();
        sleep_ns(20000);
    }
    before[0] = now();
    r_waits(&x);
    post(&x, 1);
    after[0] = now();
    sleep_ns(20000);
    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        proc_hold(x.t, hold);
    }
    p = preemption(x.t);
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        sys_at("hold %u", hold);
        CHECK(p.hold_since[hold] >= before[hold] && p.hold_since[hold] <= after[hold]);
    }
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        proc_release(x.t, hold);
        p = preemption(x.t);
        for (unsigned other = 0; other < LK_HOLDS; other++) {
            EQ(p.hold_since[other] != 0, other > hold);
        }
    }
    before[1] = now();
    proc_hold(x.t, 1);
    CHECK(preemption(x.t).hold_since[1] >= before[1]);
}

CASE(see_bits, .text = "P15: pending bits of both kinds, posts and merges")
{
    struct trio x = trio_new();
    struct lk_preemption p;

    obj_get(notice_new(x.e, UINT32_MAX), R_A);
    OK(lk_appnotice_post(R_A, 0x11)); /* 1 */
    OK(lk_appnotice_post(R_A, 0x10)); /* 2, a merge */
    OK(lk_appnotice_post(R_A, 0x30)); /* 3 */
    post(&x, 0x10);                   /* 4 */
    post(&x, 0x10);                   /* 5, a merge */
    post(&x, 0);                      /* none */
    p = preemption(x.t);
    EQ(p.plain, 0x31);
    EQ(p.preempting, 0x10);
    EQ(proc_state(x.t).notices, 0x1000000031ull);
    EQ(p.posts, 5);
    EQ(p.merges, 2);
    EQ(p.deliveries, 0);
    r_waits(&x);
    p = preemption(x.t);
    EQ(p.preempting, 0);
    EQ(p.plain, 0x31);
    EQ(p.deliveries, 1);
    EQ(p.posts, 5);
    post(&x, 0x10); /* not pending any more: no merge */
    EQ(preemption(x.t).merges, 2);
    EQ(preemption(x.t).posts, 6);
    raw_do(x.t, LK_RECV);
    EQ(preemption(x.t).plain, 0x31); /* it is held: its wait has not begun */
    let_go(x.t);
    EQ(preemption(x.t).plain, 0);
    EQ(preemption(x.t).deliveries, 1); /* of proxied ones */
}

CASE(see_counts, .text = "P15: deliveries, senders that waited, forced deliveries")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, 2 * NSEC_PER_MSEC);
    struct lk_preemption p;
    obj s;

    r_waits(&x);
    sender(&x, 1);
    p = preemption(x.t);
    EQ(p.deliveries, 1);
    EQ(p.waits, 0);
    s = sender(&x, 2); /* T is held */
    EQ(preemption(x.t).waits, 1);
    let_go(x.t);
    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER | LK_PREEMPT_SENDERS | LK_PREEMPT_QUEUED);
    r_waits(&x);
    p = preemption(x.t);
    EQ(p.deliveries, 2);
    EQ(p.waits, 1); /* one sender, one wait, however often it was judged */
    EQ(p.flags, LK_PREEMPT_RECEIVER);
    let_go(x.t);
    s_posts(s, 3); /* refused: counted nowhere */
    s_result(s, STATUS_WOULD_BLOCK);
    EQ(preemption(x.t).waits, 1);
    EQ(preemption(x.t).deliveries, 2);
    DEFER(c) = 1;
    r_waits(&x);
    s_sends(s, 4);
    EVENTUALLY(held(x.t));
    p = preemption(x.t);
    EQ(p.forced, 1);
    EQ(p.deliveries, 3);
    EQ(p.waits, 2);
    EQ(p.bound, 2 * NSEC_PER_MSEC);
}

CASE(see_flags,
     .text = "P15: the flags: whether there is a receiver, whether senders wait, whether T "
             "stands in R's queue, whether the bound is over")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, 2 * NSEC_PER_MSEC);
    obj s;

    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER);
    post(&x, 1);
    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER | LK_PREEMPT_QUEUED);
    s = sender(&x, 1);
    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER | LK_PREEMPT_QUEUED | LK_PREEMPT_SENDERS);
    r_waits(&x);
    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER | LK_PREEMPT_SENDERS); /* held: not there */
    proc_hold(x.r, 1);
    let_go(x.t);
    EQ(preemption(x.t).flags & (LK_PREEMPT_RECEIVER | LK_PREEMPT_SENDERS),
       LK_PREEMPT_RECEIVER | LK_PREEMPT_SENDERS);
    set_receiver(x.t, NO_OBJ);
    EVENTUALLY(raw_done(s));
    EQ(preemption(x.t).flags, 0);
    set_receiver(x.t, x.entry);
    proc_release(x.r, 1);
    DEFER(c) = 1;
    r_waits(&x);
    post(&x, 2);
    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER); /* one that defers does not stand there */
    CHECK(preemption(x.t).deferred_since != 0);
    raw_do(x.r, LK_YIELD); /* R ends its wait, then the bound ends */
    sleep_ns(5 * NSEC_PER_MSEC);
    CHECK((preemption(x.t).flags & LK_PREEMPT_OVER) != 0);
    r_waits(&x);
    EVENTUALLY(held(x.t));
    EQ(preemption(x.t).flags, LK_PREEMPT_RECEIVER);
    EQ(preemption(x.t).deferred_since, 0);
}

CASE(see_deferred,
     .text = "P15: since when T is deferred: from pending on, for as long as something "
             "waits")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, LONG_BOUND);
    uint64_t before, after;
    obj s;

    DEFER(c) = 1;
    s = sender(&x, 1);
    EQ(preemption(x.t).deferred_since, 0); /* R does not wait */
    before = now();
    r_waits(&x);
    after = now();
    EQ(PENDING(c), 1);
    CHECK(preemption(x.t).deferred_since >= before && preemption(x.t).deferred_since <= after);
    sleep_ns(NSEC_PER_MSEC);
    post(&x, 1);
    CHECK(preemption(x.t).deferred_since <= after);
    EQ(preemption(x.t).preempting, 1);
    DEFER(c) = 0;
    t_yields(x.t);
    EQ(preemption(x.t).deferred_since, 0);
    EQ(preemption(x.t).forced, 0);
    let_go(x.t);
    r_waits(&x);
    s_result(s, STATUS_OK);
}

CASE(see_receiver, .text = "P15: the receiver concerned is the one that the slot leads to now")
{
    struct trio x = trio_new();
    obj r2 = proc_new(PRIO_HIGH);

    for (unsigned i = 0; i < 2; i++) {
        obj_get(i == 0 ? x.r : r2, R_A);
        OK(lk_process_set_label(R_A, 0x100 + i, 0));
    }
    EQ(preemption(x.t).receiver[0], 0x100);
    obj_get(x.q, R_A);
    obj_get(r2, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    EQ(preemption(x.t).receiver[0], 0x101);
    OK(lk_endpoint_set_recipient(R_A, 0));
    EQ(preemption(x.t).receiver[0], 0);
    EQ(preemption(x.t).flags, 0);
}

CASE(see_listing, .text = "P15: getWait of a sender that waits on T says so: sending, the ID of E, "
                          "the label of T")
{
    struct trio x = trio_new();
    obj s = sender(&x, 1);
    uint64_t kind = 0;
    uint64_t id = 0;
    uint64_t low = 0;

    obj_get(x.t, R_A);
    OK(lk_process_set_label(R_A, 0x7777, 0));
    obj_get(s, R_A);
    OK(lk_process_get_wait(R_A, &kind, &id, &low, NULL, NULL, NULL));
    EQ(kind, LK_WAIT_SENDING);
    EQ(id, E_ID);
    EQ(low, 0x7777);
}
