/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Workers that note when they get the CPU, and how it was shared.
 */
#include "share.h"

#define ENTRIES_NS 10000u

volatile struct turn turns[TURNS_MOST];
volatile unsigned turn_count;
volatile uint64_t done[RUNNERS];
static volatile unsigned last;

void share_begin(void)
{
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    turn_count = 0;
    last = RUNNERS;
    for (unsigned i = 0; i < RUNNERS; i++) {
        done[i] = 0;
    }
}

struct worker runner_new(obj schedule, void (*fn)(void *), unsigned who)
{
    struct worker w = worker_new(PRIO_LOW, fn, (void *)(uintptr_t)who);

    proc_slot(w.p, SLOT_SCHEDULE, schedule);
    return w;
}

struct worker spinner_new(obj schedule, unsigned who)
{
    struct worker w = runner_new(schedule, spin, who);

    worker_start(w);
    return w;
}

void turn_note(unsigned who)
{
    if (last == who) {
        return;
    }
    last = who;
    if (turn_count < TURNS_MOST) {
        turns[turn_count].who = who;
        turns[turn_count].at = now();
        turn_count++;
    }
}

void spin(void *who)
{
    unsigned me = (unsigned)(uintptr_t)who;

    for (;;) {
        turn_note(me);
        done[me]++;
    }
}

uint64_t turn_length(unsigned i)
{
    CHECK(i + 1 < turn_count);
    return turns[i + 1].at - turns[i].at;
}

void work_ns(uint64_t ns)
{
    uint64_t until = now() + ns;

    while (now() < until) {
    }
}

uint64_t cpu_of(obj p)
{
    return proc_state(p).cpu;
}

void share_is(uint64_t part, uint64_t whole, unsigned low, unsigned high)
{
    if (part * 100 < whole * low || part * 100 > whole * high) {
        FAIL("%lu of %lu ns, not %u to %u per cent", part, whole, low, high);
    }
}

void about(uint64_t time, uint64_t wanted)
{
    uint64_t off = time > wanted ? time - wanted : wanted - time;

    if (off > wanted / 20 + ENTRIES_NS) {
        FAIL("%lu ns, not about %lu", time, wanted);
    }
}

uint64_t interrupts(void)
{
    uint64_t n = 0;

    OK(lk_sysctl_get_stats(R_SYSCTL, NULL, NULL, NULL, NULL, &n, NULL, NULL));
    return n;
}
