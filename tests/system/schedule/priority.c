/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Priorities, which are strict, and the order of yielding.
 */
#include "share.h"

CASE(strict, .text = "of several priorities only the highest that may run does, to the nanosecond")
{
    enum { LEVELS = 4 };
    struct worker w[LEVELS];

    share_begin();
    for (unsigned i = 0; i < LEVELS; i++) {
        w[i] = spinner_new(schedule_new(40 + i, SLICE), i);
    }
    for (unsigned high = LEVELS; high-- > 0;) {
        uint64_t cpu[LEVELS];

        for (unsigned i = 0; i < LEVELS; i++) {
            cpu[i] = cpu_of(w[i].p);
        }
        sleep_ns(5 * SLICE);
        for (unsigned i = 0; i < LEVELS; i++) {
            sys_at("priority %u while %u is the highest", i, high);
            CHECK(i == high ? cpu_of(w[i].p) > cpu[i] + 4 * SLICE : cpu_of(w[i].p) == cpu[i]);
        }
        proc_hold(w[high].p, 1);
    }
    proc_release(w[1].p, 1); /* and back */
    sleep_ns(SLICE);
    proc_release(w[3].p, 1);
    sleep_ns(SLICE);
    EQ(turn_count, LEVELS + 2);
    EQ(turns[LEVELS].who, 1);
    EQ(turns[LEVELS + 1].who, 3);
}

/* Sleeps for a moment, again and again, and notes how often. */
static void naps(void *who)
{
    for (;;) {
        sleep_ns(SLICE / 5);
        turn_note((unsigned)(uintptr_t)who);
        done[(unsigned)(uintptr_t)who]++;
    }
}

CASE(wakes_over,
     .text = "one of higher priority that wakes has the CPU at once, whoever's slice it is")
{
    obj s = schedule_new(PRIO_LOW, 100 * SLICE);
    uint64_t before;

    share_begin();
    worker_start(runner_new(schedule_new(80, SLICE), naps, 2));
    spinner_new(s, 0);
    spinner_new(s, 1);
    sleep_ns(20 * SLICE);
    before = done[2];
    CHECK(before >= 70); /* of 100 naps, each a little longer than asked for */
    EQ(turns[0].who, 0);
    for (unsigned i = 0; i < turn_count; i++) { /* and the slice that was interrupted goes on */
        sys_at("turn %u", i);
        EQ(turns[i].who, i % 2 == 0 ? 0 : 2);
    }
}

static void yields(void *who)
{
    for (;;) {
        turn_note((unsigned)(uintptr_t)who);
        done[(unsigned)(uintptr_t)who]++;
        lk_yield();
    }
}

CASE(yield_order, .text = "yielding goes behind all equals, in the order in which they came")
{
    enum { EQUALS = 6 };
    obj s = schedule_new(PRIO_LOW, 100 * SLICE);

    share_begin();
    for (unsigned i = 0; i < EQUALS; i++) {
        worker_start(runner_new(s, yields, i));
    }
    sleep_ns(4 * SLICE);
    CHECK(turn_count >= 10 * EQUALS);
    for (unsigned i = 0; i < turn_count; i++) {
        sys_at("turn %u", i);
        EQ(turns[i].who, i % EQUALS);
    }
    for (unsigned i = 1; i < EQUALS; i++) {
        CHECK(done[0] - done[i] <= 1);
    }
}

CASE(yield_is_no_gift,
     .text = "yielding gives nothing to lower priorities, and costs one that is alone nothing")
{
    struct worker low;

    share_begin();
    low = spinner_new(schedule_new(40, SLICE), 0);
    worker_start(runner_new(schedule_new(41, SLICE), yields, 1));
    sleep_ns(5 * SLICE);
    CHECK(done[1] > 100);
    EQ(done[0], 0);
    EQ(cpu_of(low.p), 0);
}

CASE(yield_beside_spinner,
     .text = "one that yields beside one that computes gets on, but leaves it all but its calls")
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker w[2];

    share_begin();
    w[0] = runner_new(s, yields, 0);
    worker_start(w[0]);
    w[1] = spinner_new(s, 1);
    sleep_ns(20 * SLICE);
    CHECK(done[0] >= 15 && done[0] <= 25);
    share_is(cpu_of(w[1].p), cpu_of(w[0].p) + cpu_of(w[1].p), 95, 100);
}
