/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P13: bits are level-like, nothing is lost, and a flood starves neither T's primary path nor its
 * messages.
 */
#include "flood.h"

volatile uint64_t done, got, posts;
volatile bool over;

void flood_reset(void)
{
    done = got = posts = 0;
    over = false;
}

void counts(void *arg)
{
    (void)arg;
    while (!over) {
        done++;
    }
}

void floods(void *arg)
{
    while (!over) {
        OK(lk_appnotice_post(5, (uint64_t)arg));
        posts++;
    }
}

static void lets_go(void *arg)
{
    (void)arg;
    for (;;) {
        if (lk_kind(lk_wait(REG_GOT).delivery) >= LK_KIND_PROXIED) {
            got++;
            OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
        }
    }
}

uint64_t count_for(uint64_t ns)
{
    uint64_t before = done;

    sleep_ns(ns);
    return done - before;
}

CASE(primary_progress,
     .text = "P13: a poster in a tight loop, of T's own priority: T's primary path "
             "makes at least a fifth of the progress that it makes alone (it has a "
             "share of one half), and notices keep coming",
     .steady = true)
{
    obj schedule = schedule_new(PRIO_LOW, 200000);
    struct worker t = worker_new(PRIO_LOW, counts, NULL);
    struct worker r = worker_new(PRIO_LOW + 1, lets_go, NULL);
    struct worker f = worker_new(PRIO_LOW, floods, (void *)1);
    uint64_t alone, with;

    flood_reset();
    proc_slot(t.p, SLOT_SCHEDULE, schedule);
    proc_slot(f.p, SLOT_SCHEDULE, schedule);
    set_receiver(t.p, entry_new(r.endpoint, 0));
    proc_cap(f.p, 5, proxy_notice_new(t.endpoint, 1));
    worker_start(t);
    worker_start(r);
    alone = count_for(20 * NSEC_PER_MSEC);
    worker_start(f);
    with = count_for(20 * NSEC_PER_MSEC);
    sys_say("# alone %lu, with a flood %lu (%lu posts, %lu deliveries)", alone, with, posts, got);
    CHECK(with * 5 >= alone);
    CHECK(got > 100);
    CHECK(posts + 1 >= got); /* the last one is not counted yet, perhaps */
    over = true;
}

CASE(primary_progress_slow, .text = "P13: the same with a handler that takes its time: R, by not "
                                    "receiving, throttles the flood, and bits merge")
{
    struct trio x = trio_new_at(PRIO_LOW, PRIO_HIGH);
    struct worker t = worker_new(PRIO_LOW, counts, NULL);
    struct worker f = worker_new(PRIO_LOW, floods, (void *)1);
    obj schedule = schedule_new(PRIO_LOW, 200000);
    uint64_t before;

    flood_reset();
    proc_slot(t.p, SLOT_SCHEDULE, schedule);
    proc_slot(f.p, SLOT_SCHEDULE, schedule);
    set_receiver(t.p, x.entry);
    proc_cap(f.p, 5, proxy_notice_new(t.endpoint, 1));
    r_waits(&x);
    worker_start(t);
    worker_start(f);
    EVENTUALLY(held(t.p));
    let_go(t.p); /* R does not wait again */
    before = done;
    sleep_ns(5 * NSEC_PER_MSEC);
    CHECK(done > before + 1000);
    CHECK(!held(t.p));
    EQ(preempting(t.p), 1);
    CHECK(preemption(t.p).merges > 10);
    EQ(preemption(t.p).deliveries, 1);
    over = true;
}

/* T is a server: it receives in an open wait and answers. */
static void serves(void *arg)
{
    struct lk_in in = lk_wait(20);

    (void)arg;
    for (;;) {
        done++;
        in = lk_kind(in.delivery) == LK_KIND_MESSAGE ? lk_reply_wait1(20, STATUS_OK, in.w[1] + 1)
                                                     : lk_wait(20);
    }
}

static volatile uint64_t client_calls, client_wrong;

static void client(void *arg)
{
    (void)arg;
    for (uint64_t n = 0; !over; n++) {
        client_wrong += lk_call1(5, 1, n).w[1] != n + 1;
        client_calls++;
    }
}

CASE(messages_not_starved,
     .text = "P13: T is a server: a flood of preempting and of plain notices "
             "does not keep its clients' messages out, nor the other way "
             "round",
     .ms = 60000)
{
    obj schedule = schedule_new(PRIO_LOW, 100000);
    struct worker t = worker_new(PRIO_LOW, serves, NULL);
    struct worker r = worker_new(PRIO_LOW + 1, lets_go, NULL);
    struct worker f[2];
    struct worker c = worker_new(PRIO_LOW, client, NULL);

    flood_reset();
    client_calls = client_wrong = 0;
    set_receiver(t.p, entry_new(r.endpoint, 0));
    for (unsigned i = 0; i < 2; i++) {
        f[i] = worker_new(PRIO_LOW, floods, (void *)(uintptr_t)(i + 1));
        proc_slot(f[i].p, SLOT_SCHEDULE, schedule);
        proc_cap(f[i].p, 5, i == 0 ? proxy_notice_new(t.endpoint, 1) : notice_new(t.endpoint, 2));
    }
    proc_cap(c.p, 5, entry_new(t.endpoint, 0));
    proc_slot(c.p, SLOT_SCHEDULE, schedule);
    proc_slot(t.p, SLOT_SCHEDULE, schedule);
    worker_start(r);
    worker_start(t);
    worker_start(c);
    worker_start(f[0]);
    worker_start(f[1]);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t calls = client_calls, notices = got;

        sleep_ns(5 * NSEC_PER_MSEC);
        sys_at("%u: %lu calls, %lu notices", i, client_calls - calls, got - notices);
        CHECK(client_calls > calls);
        CHECK(got > notices);
    }
    EQ(client_wrong, 0);
    over = true;
}

/* R is a server of others, too. */
static volatile uint64_t r_messages;

static void handles_and_serves(void *arg)
{
    struct lk_in in;

    (void)arg;
    for (;;) {
        in = lk_wait(REG_GOT);
        if (lk_kind(in.delivery) >= LK_KIND_PROXIED) {
            got++;
            OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
        } else if (lk_kind(in.delivery) == LK_KIND_MESSAGE) {
            r_messages++;
            lk_post2(REG_GOT, STATUS_OK, in.w[1] + 1, 0);
        }
    }
}

CASE(receiver_not_starved,
     .text = "P13: floods through three targets keep out neither R's ordinary "
             "clients nor each other",
     .ms = 60000)
{
    enum { TARGETS = 3 };
    struct worker r = worker_new(PRIO_LOW + 1, handles_and_serves, NULL);
    struct worker c = worker_new(PRIO_LOW, client, NULL);
    obj schedule = schedule_new(PRIO_LOW, 100000);
    obj t[TARGETS];

    flood_reset();
    client_calls = client_wrong = r_messages = 0;
    worker_start(r);
    for (unsigned i = 0; i < TARGETS; i++) {
        struct worker f = worker_new(PRIO_LOW, floods, (void *)1);

        t[i] = proc_new(PRIO_LOW);
        set_receiver(t[i], entry_new(endpoint_new(r.p, 300 + i, false), 0));
        proc_cap(f.p, 5, proxy_notice_new(endpoint_new(t[i], 1, false), 1));
        proc_slot(f.p, SLOT_SCHEDULE, schedule);
        worker_start(f);
    }
    proc_cap(c.p, 5, entry_new(r.endpoint, 0));
    proc_slot(c.p, SLOT_SCHEDULE, schedule);
    worker_start(c);
    sleep_ns(20 * NSEC_PER_MSEC);
    CHECK(client_calls > 20);
    EQ(client_wrong, 0);
    for (unsigned i = 0; i < TARGETS; i++) {
        CHECK(preemption(t[i]).deliveries > 20);
    }
    over = true;
}

/* A reason first, then the post. */
static volatile uint64_t reason, handled_reason;

static void gives_reasons(void *arg)
{
    struct rng rng = rng_new((uint64_t)arg);

    while (!over) {
        reason++;
        OK(lk_appnotice_post(5, 1u << rng_below(&rng, 32)));
        posts++;
        if (rng_below(&rng, 16) == 0) {
            sleep_ns(rng_below(&rng, 100000));
        }
    }
}

static volatile uint64_t lost;

static void sees_reasons(void *arg)
{
    uint64_t last = 0;

    (void)arg;
    for (;;) {
        struct lk_in in = lk_wait(REG_GOT);

        if (lk_kind(in.delivery) == LK_KIND_PROXIED_NOTICE) {
            uint64_t seen = reason;

            lost += in.w[0] == 0 || in.w[0] >> 32 != 0 || seen < last;
            last = seen;
            handled_reason = seen;
            got++;
            OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
        }
    }
}

CASE(nothing_lost,
     .text = "P13: a poster writes its reason, then posts: R sees every last reason, "
             "whatever comes between taking the bits and posting others",
     .ms = 60000)
{
    struct worker t = worker_new(PRIO_LOW, counts, NULL);
    struct worker r = worker_new(PRIO_LOW, sees_reasons, NULL);
    struct worker f = worker_new(PRIO_LOW, gives_reasons, (void *)(uintptr_t)sys_options.seed);

    flood_reset();
    reason = handled_reason = lost = 0;
    set_receiver(t.p, entry_new(r.endpoint, 0));
    proc_cap(f.p, 5, proxy_notice_new(t.endpoint, UINT32_MAX));
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    worker_start(r);
    worker_start(t);
    worker_start(f);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t at = reason;

        sleep_ns(5 * NSEC_PER_MSEC);
        sys_at("%u: reason %lu, handled %lu", i, reason, handled_reason);
        CHECK(reason > at);
        CHECK(handled_reason >= at);
    }
    over = true;
    EVENTUALLY(handled_reason == reason && preempting(t.p) == 0);
    EQ(lost, 0);
}

CASE(coalesce_counted, .text = "P13: a delivery without a post does not happen: R is told no more "
                               "often than was posted, and bits of one delivery are gone")
{
    struct trio x = trio_new();
    uint64_t deliveries = 0;

    for (unsigned i = 0; i < 50; i++) {
        if (i % 2 == 0) {
            r_waits(&x);
        }
        if (i % 2 != 0) {
            raw_do(x.r, LK_YIELD); /* it may still wait */
        }
        if (i % 3 != 0) {
            post(&x, 1u << i % 32);
        }
        if (i % 2 != 0) {
            r_waits(&x);
        }
        if (i % 3 != 0) {
            deliveries++;
            r_has_bits(&x, 1u << i % 32);
            let_go(x.t);
        } else {
            r_still_waits(&x);
        }
    }
    EQ(deliveries, preemption(x.t).deliveries);
    EQ(preemption(x.t).posts, deliveries);
    EQ(preemption(x.t).merges, 0);
}

CASE(keeps_place,
     .text = "P13: bits posted again and again do not move T back among R's senders: it "
             "has its turn, and so has the sender that waits on it")
{
    for (unsigned shared = 0; shared < 2; shared++) { /* the others at Q, or at another endpoint */
        struct trio x = trio_new_at(120, PRIO_HIGH);
        obj entry = shared ? x.entry : entry_new(endpoint_new(x.r, 60, false), 0);
        obj other[2];
        obj s = s_new(x.proxy, 120);
        unsigned proxied = 0;

        for (unsigned i = 0; i < 2; i++) {
            other[i] = s_new(entry, 120);
            s_sends(other[i], i);
        }
        s_sends(s, 7);
        for (unsigned i = 0; i < 12; i++) {
            post(&x, 1);
            r_waits(&x);
            if (lk_kind(raw_result(x.r).rax) >= LK_KIND_PROXIED) {
                proxied++;
                let_go(x.t);
            } else {
                s_sends(other[raw_result(x.r).rdi], raw_result(x.r).rdi);
            }
        }
        sys_at("%u of 12 were T's", proxied);
        CHECK(proxied >= 3);
        s_result(s, STATUS_OK);
    }
}
