/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Verdicts, and calls that cannot hang; see grade.h.
 */
#include "grade.h"

#include <lykos/lykos.h>

/* Capability registers, behind those that the description names. */
enum {
    REG_FAULTS = 24,
    REG_ASKER = 25, /* Process of asker n: + n */
    REG_ROOM = 30   /* and one more */
};

struct asker {
    struct lk_thread thread;
    void (*fn)(void *);
    void *arg;
    volatile bool done;
};

static uint8_t stacks[GRADE_ASKERS][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct asker askers[GRADE_ASKERS];
static struct lk_room room;

void grade_begin(void)
{
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
}

void grade(const char *criterion, bool holds, const char *why)
{
    if (holds) {
        say("%s ok %s", lk_start->argument, criterion);
    } else {
        say("%s not ok %s: %s", lk_start->argument, criterion, why);
    }
}

static void run(void *arg)
{
    struct asker *a = arg;

    a->fn(a->arg);
    a->done = true;
}

void grade_ask(unsigned who, uint32_t cap, void (*fn)(void *), void *arg)
{
    struct asker *a = &askers[who];
    const struct lk_thread_plan plan = {
        .label = "asker",
        .fn = run,
        .arg = a,
        .stack = stacks[who],
        .stack_size = sizeof(stacks[who]),
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = REG_FAULTS,
        .process = REG_ASKER + who,
    };

    grade_kill(who);
    a->fn = fn;
    a->arg = arg;
    a->done = false;
    lk_must(lk_thread_make(&a->thread, &room, &plan), "an asker");
    lk_must(lk_thread_give(&a->thread, GRADE_CAP, cap), "an asker");
    lk_must(lk_thread_start(&a->thread), "an asker");
}

bool grade_answered(unsigned who, uint64_t msec)
{
    uint64_t end = lk_now() + msec * LK_NSEC_PER_MSEC;

    while (!askers[who].done && lk_now() < end) {
        lk_sleep_ms(1);
    }
    return askers[who].done;
}

void grade_kill(unsigned who)
{
    if (askers[who].fn != NULL) {
        lk_must(lk_thread_destroy(&askers[who].thread), "the end of an asker");
        askers[who].fn = NULL;
    }
}

bool grade_call(uint32_t cap, void (*fn)(void *), void *arg)
{
    bool answered;

    grade_ask(0, cap, fn, arg);
    answered = grade_answered(0, GRADE_MSEC);
    grade_kill(0);
    return answered;
}
