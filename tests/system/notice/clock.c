/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The clock: now, sleeping, and the notice at a time.
 */
#include "../lib/sys.h"

#define NEVER UINT64_MAX
#define LONG (3600ull * 1000 * NSEC_PER_MSEC)

CASE(now_rises, .text = "the clock never goes back")
{
    uint64_t last = now();

    for (unsigned i = 0; i < 2000; i++) {
        uint64_t t = now();

        CHECK(t >= last);
        last = t;
    }
}

CASE(sleeps, .text = "a sleep ends when its time has come and not before; one in the past at once")
{
    uint64_t woke = 0;

    for (unsigned i = 0; i < 20; i++) {
        uint64_t until = now() + i * 300000;

        OK(lk_sleep_sleep_until(R_SLEEP, until, &woke));
        CHECK(woke >= until);
        CHECK(now() >= woke);
    }
    OK(lk_sleep_sleep_until(R_SLEEP, 0, &woke));
    OK(lk_sleep_sleep_until(R_SLEEP, now(), &woke));
}

CASE(many_sleepers,
     .text = "sleepers wake in the order of their times, whatever the order in which they began")
{
    enum { SLEEPERS = 24 };
    obj p[SLEEPERS];
    uint64_t start = now() + 20 * NSEC_PER_MSEC;
    uint64_t woke[SLEEPERS];

    for (unsigned i = 0; i < SLEEPERS; i++) {
        struct lk_regs r = raw_regs(LK_CTL_CALL(R_SLEEP, 2));

        p[i] = proc_new(PRIO_HIGH);
        proc_reply_endpoint(p[i], 1);
        obj_get(p[i], R_A);
        OK(lk_process_swap_cap_reg(R_A, R_SLEEP, R_SLEEP, 0));
        r.rdi = OP_SLEEP_SLEEP_UNTIL;
        r.rsi = start + (i * 7 % SLEEPERS) * NSEC_PER_MSEC;
        raw_go(p[i], &r);
    }
    EQ(kernel_check(), 0);
    for (unsigned i = 0; i < SLEEPERS; i++) {
        EVENTUALLY(raw_done(p[i]));
        EQ(raw_result(p[i]).rdi, STATUS_OK);
        woke[i] = raw_result(p[i]).rsi;
        CHECK(woke[i] >= start + (i * 7 % SLEEPERS) * NSEC_PER_MSEC);
    }
    for (unsigned i = 0; i < SLEEPERS; i++) {
        for (unsigned j = 0; j < SLEEPERS; j++) {
            CHECK(i * 7 % SLEEPERS >= j * 7 % SLEEPERS || woke[i] <= woke[j]);
        }
    }
}

static obj sleeper_new(uint64_t until);

CASE(all_at_once, .text = "two hundred sleepers whose time comes at once all wake")
{
    enum { SLEEPERS = 200 };
    uint64_t until = now() + 300 * NSEC_PER_MSEC;
    obj p[SLEEPERS];

    for (unsigned i = 0; i < SLEEPERS; i++) {
        p[i] = sleeper_new(until);
    }
    for (unsigned i = 0; i < SLEEPERS; i++) {
        EVENTUALLY(raw_done(p[i]));
        EQ(raw_result(p[i]).rdi, STATUS_OK);
        CHECK(raw_result(p[i]).rsi >= until);
    }
    EQ(kernel_check(), 0);
}

static obj sleeper_new(uint64_t until)
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_CTL_CALL(R_SLEEP, 2));

    proc_reply_endpoint(p, 1);
    obj_get(p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, R_SLEEP, R_SLEEP, 0));
    r.rdi = OP_SLEEP_SLEEP_UNTIL;
    r.rsi = until;
    raw_go(p, &r);
    return p;
}

CASE(sleeper_seen,
     .text = "a sleeping process waits as any caller does, and getWait says until when")
{
    uint64_t until = now() + LONG;
    obj p = sleeper_new(until);
    uint64_t kind = 0;
    uint64_t shown = 0;
    uint64_t priority = 0;

    EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
    obj_get(p, R_A);
    OK(lk_process_get_wait(R_A, &kind, NULL, NULL, NULL, &shown, &priority));
    EQ(kind, LK_WAIT_SLEEPING);
    EQ(shown, until);
    EQ(priority, PRIO_HIGH);
}

CASE(sleeper_changed,
     .text = "a sleeper may be woken, held or destroyed; its time passes all the same")
{
    obj woken = sleeper_new(now() + LONG);
    obj destroyed = sleeper_new(now() + LONG);
    uint64_t delay = NSEC_PER_MSEC;
    obj held;

    raw_do(woken, LK_YIELD);
    EQ(raw_result(woken).rdi, STATUS_OK);
    obj_rescind(destroyed);
    EQ(kernel_check(), 0);
    do { /* on a slow machine it may be awake before it is held */
        held = sleeper_new(now() + delay);
        proc_hold(held, 3);
        delay *= 2;
    } while (raw_done(held));
    EVENTUALLY(proc_state(held).run_state == LK_STATE_READY);
    proc_release(held, 3);
    EQ(raw_result(held).rdi, STATUS_OK);
}

CASE(sleep_answered,
     .text = "a sleep is ended by answering it, like any call; the clock comes too late then")
{
    uint64_t payload = 0;
    obj p = sleeper_new(now() + LONG);
    obj q = sleeper_new(now() + 20 * NSEC_PER_MSEC);

    for (unsigned i = 0; i < 2; i++) {
        obj_get(i == 0 ? p : q, R_A);
        OK(lk_process_get_slot(R_A, SLOT_REPLY_ENDPOINT, R_B));
        OK(lk_endpoint_get_state(R_B, NULL, &payload, NULL));
        OK(lk_endpoint_make_entry(R_B, payload, R_C));
        if (i == 0 || !raw_done(q)) {
            EQ(lk_post2(R_C, STATUS_TIMED_OUT, 0, 0), STATUS_OK);
            EQ(raw_result(i == 0 ? p : q).rdi, STATUS_TIMED_OUT);
        }
    }
    raw_do(q, LK_RECV);
    sleep_ns(30 * NSEC_PER_MSEC);
    EQ(proc_state(q).run_state, LK_STATE_RECEIVING);
    EQ(kernel_check(), 0);
}

CASE(sleep_without_endpoint,
     .text = "a sleeper whose reply endpoint goes is told so when its time has come")
{
    obj p = sleeper_new(now() + 20 * NSEC_PER_MSEC);

    obj_get(p, R_A);
    OK(lk_process_get_slot(R_A, SLOT_REPLY_ENDPOINT, R_B));
    if (!raw_done(p)) {
        OK(lk_range_rescind(R_RANGE, R_B));
        EVENTUALLY(raw_done(p));
        CHECK(raw_result(p).rdi == STATUS_NO_REPLY_ENDPOINT || raw_result(p).rdi == STATUS_OK);
    }
    EQ(kernel_check(), 0);
}

/* Ask for a notice at a time, from a worker, since it is the invoker who gets it. */
static volatile uint64_t at_time, got_bits, got_time, requests;

static void notice_waiter(void *arg)
{
    const uint64_t *when = arg;

    at_time = now() + when[0];
    for (unsigned i = 1; i < 4 && when[i] != 0;
         i++) { /* others before, each replaced by the next */
        OK(lk_sleep_notice_at(R_SLEEP, when[i] == NEVER ? NEVER : now() + when[i], 1u << (i + 8)));
    }
    OK(lk_sleep_notice_at(R_SLEEP, at_time, 0x80000001));
    got_bits = lk_park();
    got_time = now();
    requests++;
}

CASE(notice_at, .text = "the clock posts a notice to its invoker at the time, not before")
{
    static const uint64_t when[4] = { 3 * NSEC_PER_MSEC };

    requests = 0;
    worker_start(worker_new(PRIO_HIGH, notice_waiter, (void *)(uintptr_t)when));
    EVENTUALLY(requests == 1);
    EQ(got_bits, 0x80000001);
    CHECK(got_time >= at_time);
}

CASE(notice_at_replaced,
     .text = "a second timed notice replaces the first, be that earlier or later")
{
    static const uint64_t when[4] = { 8 * NSEC_PER_MSEC, LONG, 5 * NSEC_PER_MSEC, NEVER };
    static const uint64_t sooner[4] = { 8 * NSEC_PER_MSEC, 300 * NSEC_PER_MSEC, LONG };

    requests = 0;
    worker_start(worker_new(PRIO_HIGH, notice_waiter, (void *)(uintptr_t)when));
    EVENTUALLY(requests == 1);
    EQ(got_bits, 0x80000001);
    CHECK(got_time >= at_time);
    worker_start(worker_new(PRIO_HIGH, notice_waiter, (void *)(uintptr_t)sooner));
    EVENTUALLY(requests == 2);
    EQ(got_bits, 0x80000001);
}

CASE(notice_at_taken_back,
     .text = "a timed notice that is taken back is not posted; bits posted already stay")
{
    OK(lk_sleep_notice_at(R_SLEEP, now() + 3 * NSEC_PER_MSEC, 4));
    OK(lk_sleep_notice_at(R_SLEEP, NEVER, 0));
    sleep_ns(6 * NSEC_PER_MSEC);
    EQ(proc_state(SELF).notices, 0);
    OK(lk_sleep_notice_at(R_SLEEP, now() + 1000, 8));
    sleep_ns(3 * NSEC_PER_MSEC);
    OK(lk_sleep_notice_at(R_SLEEP, NEVER, 0));
    EQ(proc_state(SELF).notices, 8);
    EQ(lk_park(), 8);
}

CASE(notice_at_past, .text = "a time in the past posts at once")
{
    OK(lk_sleep_notice_at(R_SLEEP, 0, 16));
    EVENTUALLY(proc_state(SELF).notices == 16);
    EQ(lk_park(), 16);
    OK(lk_sleep_notice_at(R_SLEEP, 1, 0)); /* no bits: no notice */
    sleep_ns(NSEC_PER_MSEC);
    EQ(proc_state(SELF).notices, 0);
}

CASE(notice_at_dying, .text = "a process that is destroyed takes its timed notice along")
{
    static const uint64_t when[4] = { 5 * NSEC_PER_MSEC };
    struct worker w = worker_new(PRIO_HIGH, notice_waiter, (void *)(uintptr_t)when);

    requests = 0;
    worker_start(w);
    obj_rescind(w.p);
    EQ(kernel_check(), 0);
    sleep_ns(10 * NSEC_PER_MSEC);
    EQ(requests, 0);
}

CASE(random_timers,
     .text =
         "a hundred timed notices and sleeps, set, replaced and taken back at random, all in order")
{
    enum { TIMERS = 40, STEPS = 300 };
    struct rng rng = rng_new(sys_options.seed);
    obj p[TIMERS];

    for (unsigned i = 0; i < TIMERS; i++) {
        p[i] = sleeper_new(now() + rng_below(&rng, 20) * NSEC_PER_MSEC);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        struct lk_regs r = raw_regs(LK_CTL_CALL(R_SLEEP, 3));

        r.rdi = rng_below(&rng, 2) == 0 ? OP_SLEEP_SLEEP_UNTIL : OP_SLEEP_NOTICE_AT;
        r.rsi = rng_below(&rng, 5) == 0 ? NEVER : now() + rng_below(&rng, 20) * NSEC_PER_MSEC;
        raw_go(p[rng_below(&rng, TIMERS)], &r);
        if (i % 16 == 0) {
            EQ(kernel_check(), 0);
            sleep_ns(rng_below(&rng, 1000000));
        }
    }
}
