/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mill: the threads around the two buffers. Each asks the grader what to do, and does it.
 */
#include "buffer.h"
#include "mill.h"

#include <lykos/lykos.h>

/* Capability registers, behind those that the description names. */
enum { REG_TEAM = 16, REG_WORK, REG_ENDPOINT, REG_FAULTS, REG_THREAD, REG_ROOM = 30 /* and 31 */ };

#define REG_GRADER LK_REG_NAMED /* of each thread */

static struct lk_room room;
static struct lk_thread threads[MILL_THREADS];
static uint8_t stacks[MILL_THREADS][LK_THREAD_STACK] __attribute__((aligned(16)));

/* Tell the grader what came of it, and be told what to do. */
static uint64_t next(enum mill_thread me, uint64_t w1, uint64_t w2)
{
    struct lk_in in = lk_call2(REG_GRADER, me, w1, w2);

    if (in.w[0] != STATUS_OK) {
        for (;;) {
            lk_take_notices();
        }
    }
    return in.w[1];
}

static void produce(enum mill_thread me)
{
    for (;;) {
        buffer_put(&west, next(me, 0, 0));
    }
}

static void consume(enum mill_thread me)
{
    uint64_t item = 0;

    for (;;) {
        next(me, item, 0);
        item = buffer_take(&east);
    }
}

static void move(enum mill_thread me, struct buffer *from, struct buffer *to)
{
    uint64_t moved = 0;

    for (;;) {
        uint64_t tries = next(me, moved, 0);

        for (moved = 0; tries > 0; tries--) {
            moved += buffer_move(from, to);
        }
        if (moved == 0) {
            lk_yield(); /* others are to have something to do with it first */
        }
    }
}

static void inspect(enum mill_thread me)
{
    uint64_t fewest = 0;
    uint64_t most = 0;

    for (;;) {
        uint64_t looks = next(me, fewest, most);

        fewest = UINT64_MAX;
        for (most = 0; looks > 0; looks--) {
            uint64_t both = buffer_both(&west, &east);

            fewest = both < fewest ? both : fewest;
            most = both > most ? both : most;
        }
    }
}

static void run(void *arg)
{
    enum mill_thread me = (enum mill_thread)(uintptr_t)arg;

    switch (me) {
    case MILL_PRODUCER_0:
    case MILL_PRODUCER_1:
        produce(me);
        break;
    case MILL_CONSUMER_0:
    case MILL_CONSUMER_1:
        consume(me);
        break;
    case MILL_EASTWARD:
        move(me, &west, &east);
        break;
    case MILL_WESTWARD:
        move(me, &east, &west);
        break;
    case MILL_INSPECTOR:
    case MILL_THREADS:
        inspect(me);
        break;
    }
}

static void begin(unsigned i)
{
    static const char *const labels[MILL_THREADS] = { "producer 0", "producer 1", "consumer 0",
                                                      "consumer 1", "eastward",   "westward",
                                                      "inspector" };
    const struct lk_thread_plan plan = {
        .label = labels[i],
        .fn = run,
        .arg = (void *)(uintptr_t)i,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = REG_FAULTS,
        .process = REG_THREAD + i,
        .endpoint = REG_ENDPOINT,
    };

    lk_must(lk_team_make(&threads[i], &room, &plan), labels[i]);
    lk_must(lk_thread_give(&threads[i], REG_GRADER, lk_cap("grader")), labels[i]);
    lk_must(lk_thread_start(&threads[i]), labels[i]);
}

int main(void)
{
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_WORK), "a team");
    for (unsigned i = 0; i < MILL_THREADS; i++) {
        begin(i);
    }
    for (;;) {
        lk_take_notices();
    }
}
