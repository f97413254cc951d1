/* SPDX-License-Identifier: BSD-2-Clause
 *
 * oracle: is asked to think for a number of rounds, keeps books while it does, and answers. It
 * never looks at the clock: see watch.h.
 */
#include "watch.h"

#include <lykos/gen/ledger.h>
#include <lykos/lykos.h>

/* Capability registers, behind those that the description names. */
enum { REG_FAULTS = 16, REG_SCHEDULE, REG_PROCESS, REG_ROOM = 30 /* and 31 */ };

#define PRIORITY 110u /* of R; T itself has 100 */
#define SLICE (10 * LK_NSEC_PER_MSEC)

static uint8_t stack[LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread watch;
static struct lk_room room;
uint64_t oracle_stack;

/* Instructions, that many or a few times more. */
static void compute(uint64_t rounds)
{
    for (volatile uint64_t i = 0; i < rounds; i++) {
    }
}

/* Each round has a part outside of the critical section, and one inside. */
static uint64_t think(uint64_t rounds, uint64_t outside, uint64_t inside)
{
    uint64_t sum = 0;

    for (uint64_t i = 1; i <= rounds; i++) {
        compute(outside);
        watch_enter();
        ledger_open(lk_cap("ledger"));
        compute(inside);
        ledger_close(lk_cap("ledger"));
        watch_leave();
        sum += i;
    }
    return sum;
}

_Noreturn void oracle_serve(void *unused)
{
    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(T_CLIENT);
        uint64_t answer = 0;

        if (lk_kind(in.delivery) != LK_KIND_MESSAGE) {
            continue;
        }
        watch_begin();
        answer = think(in.w[1], in.w[2], in.w[3]);
        watch_end();
        lk_post2(T_CLIENT, STATUS_OK, answer, 0);
    }
}

static void make_watch(void)
{
    const struct lk_thread_plan plan = {
        .label = "watch",
        .fn = watch_run,
        .stack = stack,
        .stack_size = sizeof(stack),
        .space = lk_cap("space"),
        .schedule = REG_SCHEDULE,
        .handler = REG_FAULTS,
        .process = REG_PROCESS,
        .endpoint = T_R_ENDPOINT,
    };
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(lk_schedule_make(&room, lk_cap("schedctl"), PRIORITY, SLICE, REG_SCHEDULE), "R");
    lk_must(lk_thread_make(&watch, &room, &plan), "R");
}

int main(void)
{
    make_watch();
    watch_init();
    lk_must(lk_thread_start(&watch), "R");
    oracle_stack = (uint64_t)__builtin_frame_address(0) - 256;
    oracle_serve(NULL);
}
