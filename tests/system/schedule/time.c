/* SPDX-License-Identifier: BSD-2-Clause
 *
 * CPU time, sleeping, and that there are no ticks.
 */
#include "share.h"

#define LATE 50000u /* a sleep is over at most so much later */

struct spent {
    uint64_t at, idle, own;
};

static struct spent spent_now(void)
{
    struct spent s = { .own = cpu_of(SELF) };

    OK(lk_sysctl_get_stats(R_SYSCTL, NULL, NULL, NULL, NULL, NULL, &s.idle, NULL));
    s.at = now();
    return s;
}

CASE(cpu_adds_up, .text = "the CPU times of all, and what was idle, add up to the time that passed")
{
    enum { EQUALS = 4 };
    struct worker w[EQUALS];
    struct spent before, after;
    uint64_t used = 0;

    share_begin();
    for (unsigned i = 0; i < EQUALS; i++) {
        w[i] = runner_new(schedule_new(PRIO_LOW - i / 3, SLICE), spin, i);
    }
    before = spent_now();
    sleep_ns(10 * SLICE);
    for (unsigned i = 0; i < EQUALS; i++) {
        worker_start(w[i]);
    }
    sleep_ns(30 * SLICE);
    after = spent_now();
    for (unsigned i = 0; i < EQUALS; i++) {
        used += cpu_of(w[i].p);
    }
    sys_at("idle %lu, case %lu, others %lu", after.idle - before.idle, after.own - before.own,
           used);
    used += after.idle - before.idle + after.own - before.own;
    about(after.idle - before.idle, 10 * SLICE);
    share_is(used, after.at - before.at, 99, 101);
}

CASE(
    cpu_rises,
    .text =
        "CPU time never falls, grows only while its process runs, and is not that of whom it calls")
{
    struct worker w;
    uint64_t cpu, last = 0;

    share_begin();
    w = spinner_new(schedule_new(PRIO_LOW, SLICE), 0);
    for (unsigned i = 0; i < 20; i++) {
        sleep_ns(SLICE / 2);
        cpu = cpu_of(w.p);
        about(cpu - last, SLICE / 2);
        EQ(cpu_of(w.p), cpu); /* the case runs, so it does not */
        last = cpu;
    }
    cpu = cpu_of(SELF);
    work_ns(5 * SLICE);
    about(cpu_of(SELF) - cpu, 5 * SLICE);
    EQ(cpu_of(w.p), last);
}

/* A sleep of `ns` ends when it should. */
static void sleep_exact(uint64_t ns)
{
    uint64_t until = now() + ns;
    uint64_t woke = 0;
    uint64_t back;

    OK(lk_sleep_sleep_until(R_SLEEP, until, &woke));
    back = now();
    sys_at("a sleep of %lu ns is over %lu ns late", ns, back - until);
    CHECK(woke >= until);
    CHECK(back >= woke);
    CHECK(back <= until + LATE);
}

static void sleep_all_lengths(void)
{
    struct rng rng = rng_new(sys_options.seed);

    for (uint64_t ns = 1; ns <= 16 * NSEC_PER_MSEC; ns *= 2) {
        sleep_exact(ns);
        sleep_exact(ns + rng_below(&rng, ns));
    }
}

CASE(sleep_idle,
     .text = "on an idle machine a sleep of any length is never over early, and hardly late")
{
    share_begin();
    sleep_all_lengths();
}

CASE(sleep_busy, .text = "nor on a busy one, where lower priorities share the CPU")
{
    obj s = schedule_new(PRIO_LOW, 10000);

    share_begin();
    for (unsigned i = 0; i < 3; i++) {
        spinner_new(s, i);
    }
    sleep_all_lengths();
}

CASE(sleep_equal,
     .text = "one that wakes beside an equal waits for the end of its slice, no longer")
{
    obj s = schedule_new(PRIO_CASE, SLICE);

    share_begin();
    proc_slot(SELF, SLOT_SCHEDULE, s);
    spinner_new(s, 0);
    for (unsigned i = 1; i < 20; i++) {
        uint64_t until = now() + i * SLICE / 7;
        uint64_t late;

        OK(lk_sleep_sleep_until(R_SLEEP, until, NULL));
        late = now() - until;
        sys_at("late by %lu", late);
        CHECK(late <= SLICE + LATE);
    }
}

/* Interrupts while the case sleeps that are not the end of its sleep. */
static uint64_t ticks_in(uint64_t ns)
{
    uint64_t before = interrupts();
    uint64_t n;

    sleep_ns(ns);
    n = interrupts() - before;
    CHECK(n >= 1);
    return n - 1;
}

/* With random preemption the case itself would be interrupted, between the look and the sleep. */
CASE(tickless_idle, .text = "an idle machine is not interrupted", .steady = true)
{
    share_begin();
    EQ(ticks_in(100 * SLICE), 0);
}

CASE(tickless_alone, .text = "nor a process that has no equal, whatever lower ones wait",
     .steady = true)
{
    obj s = schedule_new(30, SLICE);

    share_begin();
    spinner_new(s, 0);
    EQ(ticks_in(50 * SLICE), 0);
    spinner_new(s, 1);                       /* these two have a turn each.. */
    spinner_new(schedule_new(31, SLICE), 2); /* ..when this one does not run, which is never */
    EQ(ticks_in(50 * SLICE), 0);
}

CASE(ticks_wanted,
     .text = "equals are interrupted once for each slice, and no more once one of them is alone")
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker w[2];
    uint64_t n;

    share_begin();
    for (unsigned i = 0; i < 2; i++) {
        w[i] = spinner_new(s, i);
    }
    n = ticks_in(50 * SLICE);
    sys_at("%lu interrupts", n);
    CHECK(n >= 48 && n <= 52);
    proc_hold(w[0].p, 1);
    n = ticks_in(50 * SLICE);
    sys_at("%lu interrupts for one that is alone", n);
    CHECK(n <= 1);
}
