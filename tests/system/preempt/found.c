/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Mistakes that were once in the kernel, each found by reading it.
 *
 * Turns: a process that is stopped and let go again and again must not lose its place among its
 * equals each time, nor win one. Control words and receivers that change while something waits.
 */
#include "flood.h"
#include "spin.h"

/* The handler: lets go and waits in one system call. */
static void lets_go(void *arg)
{
    struct lk_msg msg = { .control = LK_CTL_WAIT(REG_GOT, 0, 0, 0) };

    (void)arg;
    for (;;) {
        lk_invoke(&msg);
        got++;
        memset(&msg, 0, sizeof(msg));
        msg.control = LK_CTL(LK_SEND, REG_GOT, 2) | LK_CTL_WAIT(REG_GOT, 0, 0, 0);
        msg.w[0] = OP_PROCESS_CLEAR_NOT_SCHEDULABLE;
        msg.w[1] = LK_HOLD_PROXY;
    }
}

/* The target under a flood keeps at least a fifth of what it does alone: its share is a half less
 * what the handler uses. */
static void flood(unsigned prio_r)
{
    obj schedule = schedule_new(PRIO_LOW, 200000);
    struct worker t = worker_new(PRIO_LOW, counts, NULL);
    struct worker r = worker_new(prio_r, lets_go, NULL);
    struct worker f = worker_new(PRIO_LOW, floods, (void *)1);
    uint64_t alone, with;

    flood_reset();
    proc_slot(t.p, SLOT_SCHEDULE, schedule);
    proc_slot(f.p, SLOT_SCHEDULE, schedule);
    if (prio_r == PRIO_LOW) {
        proc_slot(r.p, SLOT_SCHEDULE, schedule);
    }
    set_receiver(t.p, entry_new(r.endpoint, 0));
    proc_cap(f.p, 5, proxy_notice_new(t.endpoint, 1));
    worker_start(t);
    worker_start(r);
    alone = count_for(20 * NSEC_PER_MSEC);
    worker_start(f);
    sleep_ns(5 * NSEC_PER_MSEC);
    with = count_for(20 * NSEC_PER_MSEC);
    sys_say("# alone %lu, with a flood %lu (%lu posts, %lu deliveries)", alone, with, posts, got);
    CHECK(with * 5 >= alone);
}

CASE(flood_handler_above,
     .text = "P13: a poster in a tight loop, the handler above: the target keeps its turn",
     .steady = true)
{
    flood(PRIO_LOW + 1);
}

CASE(flood_all_equal, .text = "P13: a poster in a tight loop, handler and target its equals",
     .steady = true)
{
    flood(PRIO_LOW);
}

CASE(word_moves, .text = "P6: another control word while something waits for the old one")
{
    struct trio x = trio_new();
    struct control a = control_new(x.t, 0, LONG_BOUND);
    struct control b;

    DEFER(a) = 1;
    r_waits(&x);
    post(&x, 1);
    EQ(PENDING(a), 1);
    b = (struct control){ .page = a.page, .word = a.word + 8 };
    DEFER(b) = 1;
    control_set(x.t, b.page, 8, LONG_BOUND);
    EQ(PENDING(b), 1);
    EQ(PENDING(a), 0);
}

CASE(bound_lowered, .text = "P6: a lower bound while something waits is the bound")
{
    struct trio x = trio_new();
    struct control a = control_new(x.t, 0, LONG_BOUND);

    DEFER(a) = 1;
    r_waits(&x);
    post(&x, 1);
    control_set(x.t, a.page, 0, 1000000);
    EVENTUALLY(held(x.t));
}

CASE(sender_becomes_receiver,
     .text = "P3: who waits to notify T becomes its receiver: it would wait for itself")
{
    struct trio x = trio_new();
    obj s = sender(&x, 1); /* R does not wait */
    obj q2 = endpoint_new(s, 77, false);

    s_waits(s);
    set_receiver(x.t, entry_new(q2, 0));
    s_result(s, STATUS_WOULD_BLOCK);
}

CASE(sender_becomes_recipient, .text = "P3: the same, by the endpoint")
{
    struct trio x = trio_new();
    obj s = sender(&x, 1);

    s_waits(s);
    obj_get(x.q, R_A);
    obj_get(s, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    s_result(s, STATUS_WOULD_BLOCK);
}

CASE(sender_becomes_target, .text = "P3: who waits to notify T becomes the target")
{
    struct trio x = trio_new();
    obj s = sender(&x, 1);

    set_receiver(s, x.entry);
    obj_get(x.e, R_A);
    obj_get(s, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    s_waits(s);
    r_waits(&x);
    has_message(x.r, s, 1, 0);
}

static volatile uint64_t swaps;
/* Takes the schedule that it has. */
static void swaps_schedule(void *arg)
{
    (void)arg;
    for (;;) {
        OK(lk_process_get_slot(R_SELF, SLOT_SCHEDULE, 6));
        OK(lk_process_swap_slot(R_SELF, SLOT_SCHEDULE, 6, 0));
        swaps++;
    }
}

CASE(own_schedule,
     .text = "who takes its own schedule again and again gets no slice before its equals",
     .steady = true)
{
    struct worker w = worker_new(PRIO_LOW, swaps_schedule, NULL);
    struct worker other = worker_new(PRIO_LOW, counts, NULL);
    obj s = schedule_new(PRIO_LOW, 500000);
    uint64_t alone, with;

    flood_reset();
    swaps = 0;
    proc_slot(w.p, SLOT_SCHEDULE, s);
    proc_slot(other.p, SLOT_SCHEDULE, s);
    worker_start(other);
    alone = count_for(20 * NSEC_PER_MSEC);
    worker_start(w);
    sleep_ns(5 * NSEC_PER_MSEC);
    with = count_for(20 * NSEC_PER_MSEC);
    sys_say("# alone %lu, with the other %lu, %lu swaps", alone, with, swaps);
    CHECK(with * 4 >= alone);
}

static volatile uint64_t third;
static void counts_third(void *arg)
{
    (void)arg;
    for (;;) {
        third++;
    }
}

CASE(flood_third, .text = "P13: a third equal keeps its share beside a flooded target",
     .steady = true)
{
    obj schedule = schedule_new(PRIO_LOW, 200000);
    struct worker t = worker_new(PRIO_LOW, counts, NULL);
    struct worker r = worker_new(PRIO_LOW + 1, lets_go, NULL);
    struct worker f = worker_new(PRIO_LOW, floods, (void *)1);
    struct worker x = worker_new(PRIO_LOW, counts_third, NULL);
    uint64_t d, e;

    flood_reset();
    third = 0;
    proc_slot(t.p, SLOT_SCHEDULE, schedule);
    proc_slot(f.p, SLOT_SCHEDULE, schedule);
    proc_slot(x.p, SLOT_SCHEDULE, schedule);
    set_receiver(t.p, entry_new(r.endpoint, 0));
    proc_cap(f.p, 5, proxy_notice_new(t.endpoint, 1));
    worker_start(t);
    worker_start(r);
    worker_start(x);
    worker_start(f);
    sleep_ns(20 * NSEC_PER_MSEC);
    d = done;
    e = third;
    sys_say("# T %lu third %lu posts %lu deliveries %lu", d, e, posts, got);
    CHECK(e * 4 >= d && d * 4 >= e);
}
