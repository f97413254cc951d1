/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks and preemption notification: no handler ever finds its target with a lock.
 */
#include "team.h"

#define TARGET 0
#define HANDLER 1
#define PROXY (1ull << LK_HOLD_PROXY)

static struct lk_lock lock;
static struct lk_condition condition;
static volatile bool go_on, has, keep, case_has;
static volatile uint64_t events, found_with, forced, turns;

static enum lk_after take(struct lk_event *event)
{
    found_with += lock.word != 0 && !case_has;
    forced += event->forced;
    events++;
    while (keep) {
        lk_sleep_ms(1);
    }
    return LK_GO_ON;
}

static void handles(void *unused)
{
    static const struct lk_handler handler = { .take = take, .target = 24, .reply = 28 };

    (void)unused;
    lk_handler_run(&handler);
}

/* Takes the lock, and computes with it until it is told to go on. */
static void holds(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    has = true;
    while (!go_on) {
    }
    lk_unlock(&lock);
    turns++;
    for (;;) {
    }
}

static void waits(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    lk_wait_for(&condition);
    has = true;
    lk_unlock(&lock);
    turns++;
}

/* Again and again. */
static void takes_often(void *unused)
{
    (void)unused;
    for (;;) {
        lk_lock(&lock);
        turns++;
        lk_unlock(&lock);
    }
}

/* A target of lower priority than the case, and its handler of higher. The notice that stops it
 * comes to R_I. */
static void begin(void (*fn)(void *))
{
    team_new();
    lock = (struct lk_lock)LK_LOCK("lock", 1);
    condition = (struct lk_condition)LK_CONDITION("condition", &lock);
    go_on = has = keep = case_has = false;
    events = found_with = forced = turns = 0;
    member_new(HANDLER, PRIO_HIGH, handles, NULL);
    member_new(TARGET, PRIO_LOW, fn, NULL);
    obj_get(member_endpoint(HANDLER), R_I);
    OK(lk_endpoint_make_entry(R_I, 1, R_I));
    obj_get(member_process(TARGET), R_J);
    OK(lk_preempt_register(R_J, R_I));
    OK(lk_preempt_make_notice(R_J, 0xff, R_I));
}

static void stop_it(void)
{
    OK(lk_appnotice_post(R_I, 1));
}

CASE(holder_goes_on, .text = "who has a lock is not stopped before it lets go of it",
     .steady = true)
{
    begin(holds);
    EVENTUALLY(has);
    stop_it();
    sleep_ns(5 * NSEC_PER_MSEC);
    EQ(events, 0);
    EQ(turns, 0);
    go_on = true;
    EVENTUALLY(events == 1);
    EQ(found_with, 0);
    EQ(forced, 0);
    EVENTUALLY(turns == 1);
    stop_it();
    EVENTUALLY(events == 2); /* now it may be stopped at once */
}

CASE(waiter_goes_on,
     .text = "nor who waits for one, so that it is not handed to one that is stopped",
     .steady = true)
{
    go_on = false;
    begin(holds);
    go_on = true;
    lk_lock(&lock);
    EVENTUALLY(proc_wait_kind(member_process(TARGET)) == LK_WAIT_NOTICE);
    stop_it();
    EQ(events, 0);
    EQ(proc_state(member_process(TARGET)).holds & PROXY, 0);
    lk_unlock(&lock);
    EQ(events, 0); /* it has it, and has not run */
    EVENTUALLY(events == 1);
    EQ(found_with, 0);
    EQ(forced, 0);
    EQ(has, true);
}

CASE(first_member, .text = "the first member defers as well, and nobody has to ask for it",
     .steady = true)
{
    team_new();
    lock = (struct lk_lock)LK_LOCK("lock", 1);
    keep = case_has = false;
    events = found_with = forced = 0;
    member_new(HANDLER, PRIO_HIGH, handles, NULL);
    obj_get(member_endpoint(HANDLER), R_I);
    OK(lk_endpoint_make_entry(R_I, 1, R_I));
    OK(lk_preempt_register(R_SELF, R_I));
    OK(lk_preempt_make_notice(R_SELF, 0xff, R_I));
    lk_lock(&lock);
    stop_it();
    sleep_ns(5 * NSEC_PER_MSEC);
    EQ(events, 0);
    lk_unlock(&lock);
    EQ(events, 1);
    EQ(found_with, 0);
    EQ(forced, 0);
}

CASE(condition_is_stopped, .text = "who waits on a condition is stopped, and is not given the lock",
     .steady = true)
{
    begin(waits);
    EVENTUALLY(proc_wait_kind(member_process(TARGET)) == LK_WAIT_NOTICE);
    EQ(lock.word, 0);
    keep = true;
    stop_it();
    EQ(events, 1);
    CHECK(proc_state(member_process(TARGET)).holds & PROXY);
    lk_lock(&lock);
    lk_signal(&condition);
    lk_unlock(&lock);
    sleep_ns(NSEC_PER_MSEC);
    EQ(has, false);
    EQ(lock.word, 0);
    keep = false;
    EVENTUALLY(has);
    EQ(events, 1);
    EQ(found_with, 0);
}

CASE(never_found_with_it, .text = "stopped at random, the target never has the lock")
{
    unsigned with = 0;

    begin(takes_often);
    for (unsigned i = 1; i <= 200; i++) {
        uint64_t before = events;

        sleep_ns(20000 + i * 7919 % 5000);
        with += lock.word != 0;
        stop_it();
        if (i % 3 == 0) {
            lk_lock(&lock); /* it waits, too */
            case_has = true;
            sleep_ns(20000);
            case_has = false;
            lk_unlock(&lock);
        }
        EVENTUALLY(events > before);
    }
    EQ(found_with, 0);
    CHECK(turns > 0);
    CHECK(with > 20); /* so often it had the lock when it was to be stopped */
    members_fine();
}
