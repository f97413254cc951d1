/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The scheduler's thread: which thread runs, by holding all others.
 *
 * All threads have the same priority, below the scheduler's. At the end of a thread's slice the
 * kernel posts a proxy notice: in one step the thread is stopped and the scheduler told, with the
 * Process of the thread. The scheduler looks who is ready, has the policy choose, and lets that one
 * go. So the CPU is never between two threads without somebody having decided it.
 *
 * A thread may also wait before its slice is over. Then the idle thread runs, which stands just
 * below, and says so. The thread that waits is held back too: its wait goes on all the same, and
 * what it waits for is delivered to it; but when it is ready again it runs when the policy says.
 */
#include "fairshare.h"

struct share shares[SHARES] = {
    { .name = "a", .weight = 1 }, { .name = "b", .weight = 2 }, { .name = "c", .weight = 3 },
    { .name = "d", .weight = 4 }, { .name = "e", .weight = 5 },
};
struct scheduler_notes scheduler;

static uint64_t least_had; /* of the thread chosen last */
static bool idle_held;

/* Look at a thread: what it has used since the last time, and whether it is ready. */
static void look(unsigned i)
{
    struct share *s = &shares[i];
    uint64_t state = LK_STATE_FAULTED;
    uint64_t used = s->used;
    bool was_ready = s->ready;

    lk_process_get_state(SCHEDULER_THREAD + i, &state, NULL, NULL, NULL, &used, NULL, NULL, NULL, 0,
                         NULL);

    uint64_t ran = used - s->used;

    s->used = used;
    s->had += ran / s->weight;
    s->ready = state == LK_STATE_READY;
    if (s->ready && !was_ready && s->had < least_had) {
        s->had = least_had; /* who waits saves nothing up */
    }
    if (ran > scheduler.longest) {
        scheduler.longest = ran;
    }
    if (ran / s->weight > scheduler.longest_per_weight) {
        scheduler.longest_per_weight = ran / s->weight;
    }
}

static void hold(unsigned i)
{
    if (shares[i].held == HELD_NOT) {
        lk_process_set_not_schedulable(SCHEDULER_THREAD + i, HOLD_OURS, NULL);
        shares[i].held = HELD_OURS;
    }
}

static void let_go(unsigned i)
{
    enum held held = shares[i].held;

    shares[i].held = HELD_NOT;
    if (held != HELD_NOT) {
        lk_process_clear_not_schedulable(SCHEDULER_THREAD + i,
                                         held == HELD_PROXY ? LK_HOLD_PROXY : HOLD_OURS, NULL);
    }
}

static void hold_idle(bool on)
{
    if (on != idle_held) {
        (on ? lk_process_set_not_schedulable : lk_process_clear_not_schedulable)(SCHEDULER_IDLE,
                                                                                 HOLD_OURS, NULL);
        idle_held = on;
    }
}

/* Whatever one was ahead of another is forgotten. */
static void make_even(void)
{
    for (unsigned i = 0; i < SHARES; i++) {
        shares[i].had = 0;
    }
    least_had = 0;
    scheduler.longest = 0;
    scheduler.longest_per_weight = 0;
    scheduler.level = false;
}

/* Have the policy choose, and the one chosen run. If all wait, all are let go, so that the first
 * that need not wait any more runs at once; and nobody need be told that none runs. */
static void decide(void)
{
    for (unsigned i = 0; i < SHARES; i++) {
        look(i);
    }
    if (scheduler.level) {
        make_even();
    }
    unsigned next = choose(shares);

    scheduler.decisions++;
    for (unsigned i = 0; i < SHARES && next != NOBODY; i++) {
        if (i != next) {
            hold(i);
        }
    }
    for (unsigned i = 0; i < SHARES; i++) {
        if (i == next || next == NOBODY) {
            let_go(i);
        }
    }
    if (next != NOBODY) {
        least_had = shares[next].had;
    }
    hold_idle(next == NOBODY);
}

/* main() has each thread notified once before it starts. So the scheduler gets to know them, one by
 * one and held; then nothing runs but the idle thread, and its word begins it all. */
void schedule(void *unused)
{
    bool begun = false;

    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(SCHEDULER_TOLD);
        uint64_t i = in.id - SCHEDULER_FIRST_ID;

        if (lk_kind(in.delivery) == LK_KIND_PROXIED_NOTICE && i < SHARES) {
            lk_copy_cap(SCHEDULER_TOLD, SCHEDULER_THREAD + (uint32_t)i);
            shares[i].held = HELD_PROXY;
        } else {
            begun = true;
        }
        if (begun) {
            decide();
        }
    }
}

void idle(void *unused)
{
    (void)unused;
    for (;;) {
        lk_appnotice_post(IDLE_NOTICE, IDLE_BIT);
    }
}
