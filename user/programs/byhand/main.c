/* SPDX-License-Identifier: BSD-2-Clause
 *
 * byhand: preemption notification without the kernel's proxy entries. This is the sender: it asks
 * the handler, by plain calls, to do something about the target, and tells what came of it.
 * README.md says how it is done, and what it lacks beside the proxy.
 */
#include "byhand.h"

/* Capability registers. */
enum {
    REG_FAULTS = 16,          /* Entry: who is told of faults, as for this thread itself */
    REG_HIGH,                 /* Schedule of the handler, */
    REG_LOW,                  /* and of the target */
    REG_TARGET,               /* Entry of the target */
    REG_HANDLER,              /* Entry of the handler */
    REG_SERVER,               /* Entry of the server */
    REG_EP,                   /* the endpoint of the thread being made */
    REG_WORK,                 /* anything, for a moment */
    REG_TARGET_PROCESS = 25,  /* Process of the target, */
    REG_HANDLER_PROCESS,      /* the handler, */
    REG_SERVER_PROCESS,       /* and the server */
    REG_ROOM = LK_REG_END - 2 /* and one more: the library's work */
};

#define PRIORITY_HIGH 110u /* this program itself: 100 (system.lyk) */
#define PRIORITY_LOW 90u
#define SLICE (10 * LK_NSEC_PER_MSEC)
#define MSEC LK_NSEC_PER_MSEC
#define USEC 1000ul

#define MOST_SAID 10u
#define ADDITIONS 200000u
#define TRIES 50u /* of what a machine that stalls may spoil */

static uint8_t stacks[3][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread threads[3];
static struct lk_room room;
static unsigned checks;
static unsigned failed;

/* ---- judging --------------------------------------------------------------------------------- */

static void check(bool holds, const char *what)
{
    checks++;
    if (!holds && ++failed <= MOST_SAID) {
        say("NOT AS IT SHOULD BE: %s", what);
    }
}

/* ---- making the threads ---------------------------------------------------------------------- */

/* A thread; its Entry comes to register `entry`, its Endpoint is in REG_EP. */
static void make(unsigned i, const char *label, void (*fn)(void *), uint32_t schedule,
                 uint32_t process, uint32_t entry)
{
    const struct lk_thread_plan plan = {
        .label = label,
        .fn = fn,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = lk_cap("space"),
        .schedule = schedule,
        .handler = REG_FAULTS,
        .process = process,
        .endpoint = REG_EP,
    };

    lk_must(lk_thread_make(&threads[i], &room, &plan), label);
    lk_must(lk_endpoint_make_entry(REG_EP, 0, entry), "an entry");
}

static void make_all(void)
{
    uint32_t memory = lk_cap("memory");
    uint32_t schedctl = lk_cap("schedctl");
    uint64_t frames = 0;

    lk_must(lk_range_get_info(memory, 0, &frames, NULL), "the range");
    lk_room_open(&room, memory, 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(lk_schedule_make(&room, schedctl, PRIORITY_HIGH, SLICE, REG_HIGH), "a schedule");
    lk_must(lk_schedule_make(&room, schedctl, PRIORITY_LOW, SLICE, REG_LOW), "a schedule");

    make(0, "server", serve, REG_HIGH, REG_SERVER_PROCESS, REG_SERVER);
    make(1, "target", target, REG_LOW, REG_TARGET_PROCESS, REG_TARGET);
    lk_must(lk_thread_give(&threads[1], TARGET_SERVER, REG_SERVER), "the target");
    make(2, "handler", handle, REG_HIGH, REG_HANDLER_PROCESS, REG_HANDLER);
    lk_must(lk_thread_give(&threads[2], HANDLER_TARGET, REG_TARGET_PROCESS), "the handler");
    lk_must(lk_endpoint_make_app_notice(REG_EP, LK_HAND_ENDED, REG_WORK), "a notice");
    lk_must(lk_thread_give(&threads[1], TARGET_ENDED, REG_WORK), "the target");
    for (unsigned i = 0; i < 3; i++) {
        lk_must(lk_thread_start(&threads[i]), "starting a thread");
    }
}

/* ---- orders and requests --------------------------------------------------------------------- */

/* Give the target an order. */
static void order(enum order what, uint64_t number, uint64_t until)
{
    orders.what = what;
    orders.number = number;
    orders.until = until;
    orders.given++;
    lk_must(lk_send2(REG_TARGET, 0, 0, 0), "the target");
    lk_sleep_ms(1); /* it is below us: now it has begun */
}

static bool is_done(void)
{
    return orders.done == orders.given;
}

static void wait_until_done(void)
{
    while (!is_done()) {
        lk_sleep_ms(1);
    }
}

/* Ask the handler. */
static struct lk_in ask(uint64_t method, uint64_t until)
{
    struct lk_in in = lk_call1(REG_HANDLER, method, until);

    lk_must((enum status)in.w[0], "the handler");
    check(in.w[3] != 0 || in.w[4] == 0, "it was stopped inside its critical section");
    return in;
}

/* ---- the story ------------------------------------------------------------------------------- */

/* The answer to the target's call comes while the target is held. If the machine stalls it may come
 * before; then once more. */
static void closed_wait(void)
{
    unsigned tries = 0;
    struct lk_in look;
    struct lk_in hold;

    do {
        uint64_t answers = lk_now() + 20 * MSEC;

        order(ORDER_CALL, 4711 + tries, answers);
        look = ask(HANDLER_LOOK, 0);
        hold = ask(HANDLER_HOLD, answers + 20 * MSEC);
        wait_until_done();
        check(orders.answer == 4711 + tries, "the target did not get its answer");
    } while ((look.w[1] != LK_STATE_RECEIVING || hold.w[1] != LK_STATE_READY) && ++tries < TRIES);
    say("1. The target waits for an answer; the handler stops it, looks, and lets it go.");
    say("   It stops it again, and the answer comes meanwhile: the target has got it, and goes on "
        "with it.");
    check(look.w[1] == LK_STATE_RECEIVING && look.w[2] == LK_WAIT_CLOSED,
          "the target was not seen waiting");
    check(hold.w[1] == LK_STATE_READY, "the answer did not reach the target while it was held");
}

/* Target and handler change the same number. */
static void exclusion(void)
{
    uint64_t mine = 0;

    shared = 0;
    order(ORDER_ADD, ADDITIONS, 0);
    while (!is_done()) {
        mine += ask(HANDLER_ADD, 0).w[3] == 0;
        lk_sleep_until(lk_now() + (10 + mine * 37 % 50) * USEC);
    }
    say("2. Both add to one number, the target %u times and the handler %lu times: the sum is %lu.",
        ADDITIONS, mine, shared);
    check(shared == ADDITIONS + mine, "an addition was lost");
}

/* The target is in a critical section for a while when the handler is asked. True: it was stopped
 * there by force. */
static bool section(uint64_t length)
{
    struct lk_in look;

    order(ORDER_SECTION, 0, lk_now() + length);
    look = ask(HANDLER_LOOK, 0);
    wait_until_done();
    return look.w[3] != 0;
}

static void deferral(void)
{
    unsigned tries = 0;

    while (section(3 * MSEC) && ++tries < TRIES) {
    }
    check(tries < TRIES, "a short section was never waited for");
    say("3. The target is in a critical section for 3 ms: the handler lets it go, is told when it "
        "is "
        "over,");
    say("   and stops it then.");
    tries = 0;
    while (!section(30 * MSEC) && ++tries < TRIES) {
    }
    check(tries < TRIES, "the bound of a deferral was never over");
    say("   It stays in one for 30 ms: after the bound of 10 ms it is stopped all the same, and "
        "the "
        "handler knows.");
}

int main(void)
{
    make_all();
    closed_wait();
    exclusion();
    deferral();
    say("%u things were looked at, %u of them were not as they should be", checks, failed);
    say(failed != 0 ? "something was wrong" : "that is the whole story, and all of it is right");
    return failed != 0;
}
