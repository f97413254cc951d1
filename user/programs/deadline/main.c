/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deadline: calls that are given up at a time, or cancelled, though the kernel's IPC knows neither.
 * README.md says how it is done; <lykos/deadline.h> is the library.
 *
 * This is the caller. It tells what it tries and what comes of it, and compares with what the
 * server says: each request is either answered or given up, on both sides alike, and never twice.
 */
#include "deadline.h"

#include <lykos/thread.h>

/* Capability registers. */
enum {
    REG_FAULTS = 16,      /* Entry: who is told of faults, as for this thread itself */
    REG_HIGH,             /* Schedule of handler and canceller */
    REG_LOW,              /* Schedule of the server */
    REG_SERVER,           /* Entry of the server */
    REG_DEAF,             /* Entry of the thread that never receives */
    REG_ORDERS,           /* Entry of the canceller */
    REG_WORK,             /* anything, for a moment */
    REG_PROCESS,          /* the thread being made */
    REG_EP,               /* and its endpoint */
    REG_PROXY_ENTRY = 25, /* to stop this thread: for the canceller */
    REG_PROXY_NOTICE,
    REG_ROOM = 30 /* and 31: the library's work */
};

#define PRIORITY_HIGH 110u /* this program itself: 100 (system.lyk) */
#define PRIORITY_LOW 90u
#define SLICE (10 * LK_NSEC_PER_MSEC)

#define MOST_SAID 10u
#define RACES 400u
#define RACE_WIDTH 60000u /* nanoseconds around the deadline */
#define USEC 1000ul
#define MSEC LK_NSEC_PER_MSEC
#define FAR (60 * LK_NSEC_PER_SEC) /* no stall of the machine is that long */
#define TRIES 50u

static uint8_t stacks[4][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread threads[4];
static struct lk_room room;

struct lk_deadline own;

static uint64_t next_number; /* of the next request to the server */
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

/* ---- making the other threads ---------------------------------------------------------------- */

/* A thread; its Process and its Endpoint are in REG_PROCESS and REG_EP afterwards. */
static void make(unsigned i, const char *label, void (*fn)(void *), uint32_t schedule)
{
    const struct lk_thread_plan plan = {
        .label = label,
        .fn = fn,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = lk_cap("space"),
        .schedule = schedule,
        .handler = REG_FAULTS,
        .process = REG_PROCESS,
        .endpoint = REG_EP,
    };

    lk_must(lk_thread_make(&threads[i], &room, &plan), label);
}

static void start(unsigned i)
{
    lk_must(lk_thread_start(&threads[i]), "starting a thread");
}

static void never_receive(void *unused)
{
    (void)unused;
    for (;;) {
        lk_park();
    }
}

/* The handler first: it is told what becomes of this thread. */
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

    make(0, "handler", handle, REG_HIGH);
    lk_must(lk_endpoint_make_entry(REG_EP, 0, REG_WORK), "the handler's entry");
    lk_must(lk_preempt_register(LK_REG_SELF, REG_WORK), "registering the handler");
    start(0);

    make(1, "server", serve, REG_LOW);
    lk_must(lk_endpoint_make_entry(REG_EP, 0, REG_SERVER), "the server's entry");
    start(1);

    make(2, "deaf", never_receive, REG_LOW);
    lk_must(lk_endpoint_make_entry(REG_EP, 0, REG_DEAF), "the deaf one's entry");
    start(2);

    make(3, "canceller", cancel, REG_HIGH);
    lk_must(lk_endpoint_make_entry(REG_EP, 0, REG_ORDERS), "the canceller's entry");
    lk_must(lk_preempt_make_entry(LK_REG_SELF, 0, REG_PROXY_ENTRY), "a ProxyEntry");
    lk_must(lk_preempt_make_notice(LK_REG_SELF, LK_BIT_CANCEL, REG_PROXY_NOTICE), "a proxy notice");
    lk_must(lk_thread_give(&threads[3], CANCELLER_ENTRY, REG_PROXY_ENTRY), "the canceller");
    lk_must(lk_thread_give(&threads[3], CANCELLER_NOTICE, REG_PROXY_NOTICE), "the canceller");
    start(3);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Call the server: it is to answer at the time `done`, and the call ends at `until`. */
static enum status call_server(uint64_t done, uint64_t until)
{
    uint64_t number = next_number++ % REQUESTS;
    struct lk_msg msg = {
        .control = LK_CTL_CALL(REG_SERVER, 3),
        .w = { SERVER_WORK, number, done },
    };
    enum status s = lk_call_until(&own, &msg, until);

    if (s == STATUS_OK) {
        check(msg.w[1] == number, "the answer is that of another request");
    }
    return s;
}

static enum status call_deaf(uint64_t until)
{
    struct lk_msg msg = { .control = LK_CTL_CALL(REG_DEAF, 1), .w = { SERVER_WORK } };

    return lk_call_until(&own, &msg, until);
}

/* Wait until the server is done with all requests before: its answer to this one comes at once. The
 * deadline is far off, so it also shows that no notice of an earlier call ends this one. */
static void server_is_done(void)
{
    check(call_server(0, lk_now() + FAR) == STATUS_OK, "a call with a far deadline was ended");
}

/* What the server noted of the last request but one: the last one is that of server_is_done(). */
static enum status sent_before(void)
{
    return notes.sent[(next_number - 2) % REQUESTS];
}
static bool received_before(void)
{
    return notes.got[(next_number - 2) % REQUESTS] != 0;
}

/* Order the canceller to cancel at a time. */
static void order(uint64_t how, uint64_t number, uint64_t at)
{
    lk_must(lk_send2(REG_ORDERS, how, number, at), "an order to the canceller");
}

static void canceller_is_done(uint64_t orders)
{
    while (cancelled.done < orders) {
        lk_sleep_ms(1);
    }
}

/* ---- the story ------------------------------------------------------------------------------- */

static void in_time(void)
{
    uint64_t before = lk_now();
    enum status s = call_server(before + 2 * MSEC, before + FAR);

    say("1. The server answers after 2 ms, the deadline is after 60 s: %s, after %lu us.",
        lk_status_text(s), (lk_now() - before) / USEC);
    check(s == STATUS_OK, "no answer");
    check(own.found_waiting + own.found_sending + own.found_before == 0, "a call was ended");
}

/* A machine that stalls may let the deadline pass before the server has the request; then once more
 * (and so below): what is to be seen here is a caller that waits for its answer. */
static void too_late(void)
{
    uint64_t found = own.found_waiting;
    unsigned tries = 0;
    uint64_t before;
    uint64_t after;

    say("   (From here on some answers come to nobody. The kernel logs such a one, \"server:");
    say("   method 0 of Entry ...: invalid capability\", and all is as it should be.)");
    do {
        before = lk_now();
        enum status s = call_server(before + 20 * MSEC, before + 5 * MSEC);

        after = lk_now();
        check(s == STATUS_TIMED_OUT, "not timed out");
        check(after >= before + 5 * MSEC, "it came back before the deadline");
        server_is_done();
    } while (own.found_waiting == found && ++tries < TRIES);
    say("2. It answers after 20 ms, the deadline is after 5: timed out, after %lu us.",
        (after - before) / USEC);
    say("   Its answer came to nobody (%s), and the next call got its own.",
        lk_status_text(sent_before()));
    check(own.found_waiting == found + 1, "the handler did not find it waiting for the answer");
    check(sent_before() == STATUS_INVALID_CAP, "the late answer went somewhere");
}

static void never_received(void)
{
    uint64_t found = own.found_sending;
    unsigned tries = 0;
    uint64_t before;

    do {
        before = lk_now();
        check(call_deaf(before + 5 * MSEC) == STATUS_TIMED_OUT, "not timed out");
    } while (own.found_sending == found && ++tries < TRIES);
    say("3. A server that never receives: timed out, after %lu us, waiting to send.",
        (lk_now() - before) / USEC);
    check(own.found_sending == found + 1, "the handler did not find it waiting to send");
}

/* The send is withdrawn: a server that is busy until after the deadline never sees the request. */
static void withdrawn(void)
{
    uint64_t done = lk_now() + 20 * MSEC;
    uint64_t received;
    enum status s;

    lk_must(lk_send2(REG_SERVER, SERVER_WORK, next_number++ % REQUESTS, done), "the server");
    s = call_server(0, done - 10 * MSEC);
    received = notes.received;
    server_is_done();
    say("4. A server that is busy: %s; it never saw the request, which was withdrawn.",
        lk_status_text(s));
    check(s == STATUS_TIMED_OUT, "not timed out");
    check(notes.received == received + 1 && !received_before(), "the server saw the request");
}

/* One call whose answer comes at about its deadline. Both sides must agree what became of it. */
static enum status race(uint64_t done, uint64_t until)
{
    enum status s = call_server(done, until);

    server_is_done();
    check(s == STATUS_OK || s == STATUS_TIMED_OUT, "another result");
    if (s == STATUS_OK) {
        check(received_before() && sent_before() == STATUS_OK, "an answer that nobody gave");
    } else if (received_before()) {
        check(sent_before() == STATUS_INVALID_CAP, "an answer was given, and lost");
    }
    return s;
}

static void races(void)
{
    unsigned answered = 0;
    struct lk_deadline before = own;

    for (unsigned i = 0; i < RACES; i++) {
        uint64_t until = lk_now() + 200 * USEC;
        uint64_t shift = (uint64_t)i * RACE_WIDTH / RACES;

        answered += race(until - RACE_WIDTH / 2 + shift, until) == STATUS_OK;
    }
    /* And as many whose deadline comes about when the call is made. */
    for (unsigned i = 0; i < RACES; i++) {
        answered += race(0, lk_now() + (uint64_t)i * RACE_WIDTH / RACES) == STATUS_OK;
    }
    say("5. %u calls, answered and timed out at almost the same time: %u answers, %u time-outs.",
        2 * RACES, answered, 2 * RACES - answered);
    say("   The server counts the same. The handler found the caller waiting %lu times, sending "
        "%lu,",
        own.found_waiting - before.found_waiting, own.found_sending - before.found_sending);
    say("   before the call %lu, with its answer or in no call %lu.",
        own.found_before - before.found_before, own.found_nothing - before.found_nothing);
    check(own.found_waiting + own.found_sending + own.found_before + answered ==
              before.found_waiting + before.found_sending + before.found_before + 2ul * RACES,
          "the handler ended another number of calls");
}

static void cancels(void)
{
    uint64_t number = lk_call_number(&own) + 1;
    enum status s;

    order(CANCEL_BY_ENTRY, number, lk_now() + 3 * MSEC);
    s = call_deaf(LK_NO_DEADLINE);
    canceller_is_done(1);
    say("6. No deadline, but another thread cancels after 3 ms: %s (the canceller: %s).",
        lk_status_text(s), lk_status_text(cancelled.result));
    check(s == STATUS_CANCELLED && cancelled.result == STATUS_OK, "not cancelled");

    order(CANCEL_BY_ENTRY, number, lk_now() + 1 * MSEC);
    s = call_server(lk_now() + 5 * MSEC, LK_NO_DEADLINE);
    canceller_is_done(2);
    say("   It cancels the same call again, while the next is in progress: %s (the canceller: %s).",
        lk_status_text(s), lk_status_text(cancelled.result));
    check(s == STATUS_OK && cancelled.result == STATUS_NOT_FOUND, "the wrong call was cancelled");

    order(CANCEL_BY_NOTICE, lk_call_number(&own) + 1, lk_now() + 1 * MSEC);
    s = call_deaf(lk_now() + FAR);
    say("   It cancels by a notice, without waiting: %s.", lk_status_text(s));
    check(s == STATUS_CANCELLED, "not cancelled");
    server_is_done();
}

int main(void)
{
    lk_deadline_init(&own);
    make_all();
    in_time();
    too_late();
    never_received();
    withdrawn();
    races();
    cancels();
    say("%u things were looked at, %u of them were not as they should be", checks, failed);
    say(failed != 0 ? "something was wrong" : "that is the whole story, and all of it is right");
    return failed != 0;
}
