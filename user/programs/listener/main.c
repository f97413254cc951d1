/* SPDX-License-Identifier: BSD-2-Clause
 *
 * listener: a program with a notice handler that says what it is told; for `notify` at the prompt.
 *
 * The handler, *ear*, is a process of its own in this address space. When bits are posted to the
 * program, the kernel stops its first process, whatever that is doing, and tells ear, which looks
 * at it, says so, and lets it go on. An argument chooses one that behaves worse:
 *
 *      dead     ear faults when it is told
 *      stay     ear leaves the program stopped
 *      deaf     ear never waits to be told
 *      defer    the program is in a critical section for a while, and may be
 *      hog      the same, but it stays there longer than it may
 */
#include <lykos/lykos.h>

#define EAR_PRIORITY 105u /* not below that of the program (system.lyk) */
#define SLICE (10 * LK_NSEC_PER_MSEC)
#define BOUND (4 * LK_NSEC_PER_SEC) /* so long it may defer */
#define SECTION_MSEC 2000u
#define TOO_LONG_MSEC 3600000u

/* Capability registers: of the program, behind those that the description names; and of ear. */
enum { REG_SCHEDULE = 16, REG_EAR, REG_ENDPOINT, REG_FAULTS, REG_WORK, REG_ROOM = 30 /* and 31 */ };
enum { EAR_TARGET = LK_REG_CALLER /* and the three behind it */, EAR_REPLY = LK_REG_FREE };

static uint8_t stack[LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread ear;
static struct lk_room room;
static struct lk_control control;

static bool asked_for(const char *word)
{
    return strcmp(lk_start->argument, word) == 0;
}

/* ---- ear ------------------------------------------------------------------------------------- */

static enum lk_after take(struct lk_event *event)
{
    struct lk_look look;
    char doing[120];

    if (event->kind != LK_EVENT_PROXIED_NOTICE ||
        lk_target_look(event->target, &look) != STATUS_OK) {
        return LK_GO_ON;
    }
    say("told of bits 0x%lx%s; %s %s", event->w[0], event->forced ? ", by force" : "", look.label,
        lk_target_words(&look, doing, sizeof(doing)));
    if (asked_for("dead")) {
        __asm__ volatile("ud2");
    }
    return asked_for("stay") ? LK_STAY : LK_GO_ON;
}

static void listen(void *unused)
{
    const struct lk_handler handler = { .take = take, .target = EAR_TARGET, .reply = EAR_REPLY };

    (void)unused;
    while (asked_for("deaf")) {
        lk_park();
    }
    lk_handler_run(&handler);
}

/* ---- the program ----------------------------------------------------------------------------- */

static void make_ear(void)
{
    const struct lk_thread_plan plan = {
        .label = "ear",
        .fn = listen,
        .stack = stack,
        .stack_size = sizeof(stack),
        .space = lk_cap("space"),
        .schedule = REG_SCHEDULE,
        .handler = REG_FAULTS,
        .process = REG_EAR,
        .endpoint = REG_ENDPOINT,
    };
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_schedule_make(&room, lk_cap("schedctl"), EAR_PRIORITY, SLICE, REG_SCHEDULE),
            "a schedule");
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(lk_thread_make(&ear, &room, &plan), "ear");
    lk_must(lk_endpoint_make_entry(REG_ENDPOINT, 0, REG_WORK), "an entry to ear");
    lk_must(lk_preempt_register(LK_REG_SELF, REG_WORK), "registering ear");
    lk_must(lk_thread_start(&ear), "starting ear");
}

/* As a program does that must not be stopped here. */
static void critical_section(uint64_t msec)
{
    lk_must(lk_preempt_set_control(LK_REG_SELF, &control, BOUND, lk_cap("space"), REG_WORK),
            "the control word");
    lk_defer_begin(&control);
    say("ready, in a critical section");
    lk_sleep_ms(msec);
    lk_defer_end(&control);
    say("the critical section is over");
}

int main(void)
{
    make_ear();
    if (asked_for("defer") || asked_for("hog")) {
        critical_section(asked_for("hog") ? TOO_LONG_MSEC : SECTION_MSEC);
    } else {
        say("ready");
    }
    for (;;) {
        lk_park();
    }
}
