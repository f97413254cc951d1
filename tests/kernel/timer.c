/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the timer heap: against a table of what is queued, through random insertions and
 * removals, and in the shapes that make a leftist heap long on one side.
 */
#include "selftest.h"
#include "tests/kernel/check/check.h"

#include <kernel/string.h>
#include <kernel/timer.h>

#define TIMERS 64
#define STEPS 4000

static struct timer timers[TIMERS];
static struct timer_heap heap;

static void start_empty(void)
{
    memset(timers, 0, sizeof(timers));
    heap.root = NULL;
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

/* The earliest time that the table says, or UINT64_MAX. */
static nsec_t earliest(void)
{
    nsec_t first = UINT64_MAX;

    for (unsigned i = 0; i < TIMERS; i++) {
        if (timers[i].queued && timers[i].time < first) {
            first = timers[i].time;
        }
    }
    return first;
}

static nsec_t heap_first(void)
{
    return heap.root == NULL ? UINT64_MAX : heap.root->time;
}

SELFTEST(timer_random, "the first timer is the earliest after any insertion and removal")
{
    uint64_t random = 1;
    bool holds = true;

    start_empty();
    for (unsigned i = 0; i < STEPS && holds; i++) {
        struct timer *t = &timers[next_random(&random) % TIMERS];

        if (t->queued) {
            timer_remove(&heap, t);
        } else {
            timer_insert(&heap, t, next_random(&random) % 50); /* few values, so many are equal */
        }
        holds = CHECK_EQUAL(heap_first(), earliest()) && CHECK_EQUAL(timer_check(&heap), 0);
    }
}

SELFTEST(timer_order, "timers come out in the order of their times")
{
    uint64_t random = 2;
    nsec_t last = 0;
    unsigned n = 0;

    start_empty();
    for (unsigned i = 0; i < TIMERS; i++) {
        timer_insert(&heap, &timers[i], next_random(&random) % 1000);
    }
    while (heap.root != NULL) {
        CHECK(heap.root->time >= last);
        last = heap.root->time;
        timer_remove(&heap, heap.root);
        n++;
    }
    CHECK_EQUAL(n, TIMERS);
}

SELFTEST(timer_shapes, "rising and falling times keep the right spine short")
{
    for (unsigned falling = 0; falling < 2; falling++) {
        start_empty();
        for (unsigned i = 0; i < TIMERS; i++) {
            timer_insert(&heap, &timers[i], falling ? TIMERS - i : i);
            CHECK_EQUAL(timer_check(&heap), 0);
            CHECK((1u << heap.root->rank) - 1 <= i + 1); /* rank is at most log2(n + 1) */
        }
        for (unsigned i = 0; i < TIMERS; i += 2) {
            timer_remove(&heap, &timers[i]);
            CHECK_EQUAL(timer_check(&heap), 0);
        }
        for (unsigned i = 1; i < TIMERS; i += 2) {
            timer_remove(&heap, &timers[i]);
        }
        CHECK(heap.root == NULL);
    }
}

SELFTEST(timer_not_queued, "removing a timer that is not queued does nothing")
{
    start_empty();
    timer_insert(&heap, &timers[0], 5);
    timer_remove(&heap, &timers[1]);
    CHECK(heap.root == &timers[0]);
    timer_remove(&heap, &timers[0]);
    timer_remove(&heap, &timers[0]);
    CHECK(heap.root == NULL);
}

SELFTEST(timer_check_sees, "timer_check sees a heap that is out of order")
{
    start_empty();
    for (unsigned i = 0; i < 8; i++) {
        timer_insert(&heap, &timers[i], 10 + i);
    }
    timers[7].time = 1;
    CHECK(timer_check(&heap) != 0);
    timers[7].time = 17;
    timers[3].rank += 1;
    CHECK(timer_check(&heap) != 0);
}
