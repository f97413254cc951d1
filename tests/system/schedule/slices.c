/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Round robin among equals, and what becomes of what is left of a slice.
 */
#include "share.h"

CASE(round_robin,
     .text = "equals take turns in one order, each for its slice, and share the CPU evenly")
{
    enum { EQUALS = 5 };
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker w[EQUALS];
    uint64_t sum = 0;

    share_begin();
    for (unsigned i = 0; i < EQUALS; i++) {
        w[i] = spinner_new(s, i);
    }
    sleep_ns(50 * SLICE);
    CHECK(turn_count >= 45 && turn_count <= 51);
    for (unsigned i = 0; i + 1 < turn_count; i++) {
        sys_at("turn %u", i);
        EQ(turns[i].who, i % EQUALS);
        about(turn_length(i), SLICE);
    }
    for (unsigned i = 0; i < EQUALS; i++) {
        sum += cpu_of(w[i].p);
    }
    for (unsigned i = 0; i < EQUALS; i++) {
        share_is(cpu_of(w[i].p), sum, 17, 23);
    }
}

CASE(own_slices, .text = "each has the slice of its own schedule, so shares are as slices are")
{
    static const uint64_t slices[3] = { SLICE / 2, SLICE, SLICE * 3 };

    share_begin();
    for (unsigned i = 0; i < 3; i++) {
        spinner_new(schedule_new(PRIO_LOW, slices[i]), i);
    }
    sleep_ns(30 * SLICE);
    CHECK(turn_count >= 18);
    for (unsigned i = 0; i + 1 < turn_count; i++) {
        sys_at("turn %u", i);
        EQ(turns[i].who, i % 3);
        about(turn_length(i), slices[i % 3]);
    }
}

CASE(least_slice,
     .text = "the least slice is kept to as well: three equals, and all of them get on")
{
    obj s = schedule_new(PRIO_LOW, 10000);
    struct worker w[3];

    share_begin();
    for (unsigned i = 0; i < 3; i++) {
        w[i] = spinner_new(s, i);
    }
    sleep_ns(2 * NSEC_PER_MSEC);
    for (unsigned i = 0; i < 3; i++) {
        share_is(cpu_of(w[i].p), cpu_of(w[0].p) + cpu_of(w[1].p) + cpu_of(w[2].p), 25, 42);
    }
}

CASE(preempted_keeps_rest,
     .text = "one that loses the CPU to a higher priority goes on with what is left of its slice")
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker w[2];
    uint64_t sum;

    share_begin();
    for (unsigned i = 0; i < 2; i++) {
        w[i] = spinner_new(s, i);
    }
    for (unsigned i = 0; i < 60; i++) { /* each time one of the two is interrupted */
        sleep_ns(SLICE / 3);
    }
    sum = cpu_of(w[0].p) + cpu_of(w[1].p);
    share_is(cpu_of(w[0].p), sum, 40, 60);
    sys_at("%u turns in %lu ns of CPU time", turn_count, sum);
    CHECK(turn_count >= sum / SLICE - 1 && turn_count <= sum / SLICE + 2);
    for (unsigned i = 0; i < turn_count; i++) {
        EQ(turns[i].who, i % 2);
    }
}

#define USED (SLICE / 4)

/* Uses a part of its slice, sleeps into the turn of the next, and then computes for ever. */
static void sleeps_once(void *who)
{
    turn_note((unsigned)(uintptr_t)who);
    work_ns(USED);
    sleep_ns(SLICE / 2);
    spin(who);
}

CASE(woken_keeps_rest, .text = "one that wakes from a sleep has what was left of its slice, before "
                               "its equals have another")
{
    static const unsigned order[] = { 0, 1, 0, 2, 1, 0, 2, 1 };
    obj s = schedule_new(PRIO_LOW, SLICE);

    share_begin();
    worker_start(runner_new(s, sleeps_once, 0));
    spinner_new(s, 1);
    spinner_new(s, 2);
    sleep_ns(9 * SLICE);
    for (unsigned i = 0; i < 8; i++) {
        sys_at("turn %u", i);
        EQ(turns[i].who, order[i]);
        about(turn_length(i), i == 0 ? USED : i == 2 ? SLICE - USED : SLICE);
    }
}

static void yields_once(void *who)
{
    turn_note((unsigned)(uintptr_t)who);
    work_ns(USED);
    lk_yield();
    spin(who);
}

CASE(yield_drops_rest,
     .text = "who yields gives up what is left of its slice, and has a whole one next time")
{
    obj s = schedule_new(PRIO_LOW, SLICE);

    share_begin();
    worker_start(runner_new(s, yields_once, 0));
    spinner_new(s, 1);
    sleep_ns(7 * SLICE);
    for (unsigned i = 0; i < 6; i++) {
        sys_at("turn %u", i);
        EQ(turns[i].who, i % 2);
        about(turn_length(i), i == 0 ? USED : SLICE);
    }
}

CASE(equal_comes_later,
     .text = "the slice of one that was alone begins to count when an equal comes")
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    uint64_t came;

    share_begin();
    spinner_new(s, 0);
    sleep_ns(5 * SLICE); /* alone for longer than a slice */
    spinner_new(s, 1);
    came = now();
    sleep_ns(10 * SLICE);
    CHECK(turn_count >= 8);
    about(turns[1].at - came, SLICE);
    for (unsigned i = 1; i + 1 < turn_count; i++) {
        sys_at("turn %u", i);
        EQ(turns[i].who, i % 2);
        about(turn_length(i), SLICE);
    }
}
