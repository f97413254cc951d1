/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deadlock: a program that does with locks what should not be done; for `locks` at the prompt.
 *
 * Two threads, *left* and *right*, take two locks; a third one, *busy*, only computes. An argument
 * chooses what goes wrong:
 *
 *      (none)     left and right take the locks in different order, and wait for each other
 *      hold       left takes both, and keeps them; right waits
 *      condition  left waits on a condition of a bowl, and nobody signals it
 *      checked    as without an argument, but the order is checked, and the program is stopped
 *                 where it is wrong, all of its threads at once
 *
 * The first is compiled as in a program that is not checked (<lykos/lock.h>).
 */
#include <lykos/lock.h>
#include <lykos/lykos.h>

#define THREADS 3u

/* Capability registers, behind those that the description names. */
enum { REG_TEAM = 16, REG_WORK, REG_ENDPOINT, REG_FAULTS, REG_THREAD, REG_ROOM = 30 /* and 31 */ };

static struct lk_room room;
static struct lk_thread thread[THREADS];
static uint8_t stack[THREADS][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_lock spoon = LK_LOCK("spoon", 1);
static struct lk_lock bowl = LK_LOCK("bowl", 2);
static struct lk_condition filled = LK_CONDITION("bowl filled", &bowl);
static volatile bool left_goes_on, right_goes_on, never;
static volatile uint64_t computed;

static bool asked_for(const char *word)
{
    return strcmp(lk_start->argument, word) == 0;
}

/* Take a lock, checked or as in a program that is not. */
#define TAKE(l) lk_lock_at((l), asked_for("checked") ? LK_SITE : NULL)

static void wait_until(const volatile bool *what)
{
    while (!*what) {
        lk_sleep_ms(1);
    }
}

static void left(void *unused)
{
    (void)unused;
    if (asked_for("condition")) {
        TAKE(&bowl);
        lk_wait_for_at(&filled, NULL);
    }
    TAKE(&spoon);
    if (!asked_for("hold")) {
        left_goes_on = true;
        wait_until(&right_goes_on);
    }
    TAKE(&bowl);
    left_goes_on = true;
    wait_until(&never);
}

static void right(void *unused)
{
    (void)unused;
    wait_until(&left_goes_on);
    if (!asked_for("hold")) {
        TAKE(&bowl);
        right_goes_on = true;
    }
    TAKE(&spoon);
    wait_until(&never);
}

static void busy(void *unused)
{
    (void)unused;
    for (;;) {
        computed++;
    }
}

static void begin(unsigned i, const char *label, void (*fn)(void *))
{
    const struct lk_thread_plan plan = {
        .label = label,
        .fn = fn,
        .stack = stack[i],
        .stack_size = sizeof(stack[i]),
        .space = lk_cap("space"),
        .schedule = lk_cap("schedule"),
        .handler = REG_FAULTS,
        .process = REG_THREAD + i,
        .endpoint = REG_ENDPOINT,
    };

    lk_must(lk_team_make(&thread[i], &room, &plan), label);
    lk_must(lk_thread_start(&thread[i]), label);
}

int main(void)
{
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_WORK), "a team");
    begin(2, "busy", busy); /* before what may end the others is under way */
    begin(0, "left", left);
    begin(1, "right", right);
    say("ready");
    for (;;) {
        lk_sleep_ms(1000);
    }
}
