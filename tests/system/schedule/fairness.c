/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sends and calls beside an equal that only computes. Whoever sends keeps its own share of the CPU:
 * no more, however much it sends, and no less. A direct switch to an equal that is to answer hands
 * the rest of the slice on; a server of higher priority has a slice of its own.
 */
#include "share.h"

#define REG_TARGET R_A
#define REG_REPLY R_B
#define HIGHER 80
#define CLIENT 0
#define RIVAL 1
#define SERVER 2
#define ROUNDS 40 /* slices that a case takes */

/* Answers everybody. */
static void serve(void *who)
{
    lk_wait(REG_REPLY);
    for (;;) {
        turn_note((unsigned)(uintptr_t)who);
        done[SERVER]++;
        lk_reply_wait0(REG_REPLY, 0);
    }
}

/* Takes what comes. */
static void sink(void *who)
{
    (void)who;
    for (;;) {
        lk_wait(0);
        done[SERVER]++;
    }
}

/* Takes what comes, and works on each for a good part of a slice. */
static void busy_sink(void *who)
{
    (void)who;
    for (;;) {
        lk_wait(0);
        work_ns(SLICE / 2);
        done[SERVER]++;
    }
}

/* Takes one message, and computes. */
static void sink_once(void *who)
{
    lk_wait(0);
    spin(who);
}

static void calls(void *who)
{
    unsigned me = (unsigned)(uintptr_t)who;

    for (;;) {
        turn_note(me);
        lk_call0(REG_TARGET, OP_GET_TYPE); /* the kernel answers this as well */
        done[me]++;
    }
}

static volatile unsigned pause; /* between two sends */

static void posts(void *who)
{
    unsigned me = (unsigned)(uintptr_t)who;

    for (;;) {
        for (volatile unsigned i = 0; i < pause; i++) {
        }
        lk_post2(REG_TARGET, 7, 0, 0);
        done[me]++;
    }
}

static void posts_once(void *who)
{
    turn_note((unsigned)(uintptr_t)who);
    lk_post2(REG_TARGET, 7, 0, 0);
    spin(who);
}

static void notifies_once(void *who)
{
    turn_note((unsigned)(uintptr_t)who);
    lk_appnotice_post(REG_TARGET, 1);
    spin(who);
}

/* Sends and waits for a notice that says that it was taken; takes, and says so by a notice. */
static void sends_for_notice(void *who)
{
    work_ns(SLICE / 2); /* it is interrupted here */
    for (;;) {
        work_ns(SLICE / 50);
        lk_invoke_regs(1, LK_CTL(LK_SEND | LK_RECV | LK_BLOCK, REG_TARGET, 1), 7, 0, 0, 0, 0, 0, 0,
                       0);
        done[(unsigned)(uintptr_t)who]++;
    }
}

static void takes_and_notifies(void *who)
{
    (void)who;
    for (;;) {
        lk_wait(0);
        lk_appnotice_post(REG_TARGET, 1);
        done[SERVER]++;
    }
}

struct trio {
    struct worker client, server, rival;
};

/* A client of a server, which waits already and has the number `noted`, and, if `rival` says so, an
 * equal of the client. Not started but for the server. */
static struct trio trio_new(unsigned priority, void (*client)(void *), void (*server)(void *),
                            unsigned noted)
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct trio t;

    share_begin();
    t.server = runner_new(priority == PRIO_LOW ? s : schedule_new(priority, SLICE), server, noted);
    t.client = runner_new(s, client, CLIENT);
    t.rival = runner_new(s, spin, RIVAL);
    proc_cap(t.client.p, REG_TARGET, entry_new(t.server.endpoint, 1));
    worker_start(t.server);
    EVENTUALLY(proc_wait_kind(t.server.p) == LK_WAIT_OPEN);
    return t;
}

static void trio_run(struct trio t)
{
    worker_start(t.client);
    worker_start(t.rival);
    sleep_ns(ROUNDS * SLICE);
    CHECK(done[CLIENT] > 0);
    CHECK(done[SERVER] > 0);
}

static void trio_end(struct trio t)
{
    obj_rescind(t.client.p);
    obj_rescind(t.server.p);
    obj_rescind(t.rival.p);
}

CASE(send_once, .text = "after a send both the sender and an equal that took it run on, in turns")
{
    struct trio t = trio_new(PRIO_LOW, posts_once, sink_once, SERVER);
    uint64_t a, b;

    worker_start(t.client);
    sleep_ns(ROUNDS * SLICE);
    a = cpu_of(t.client.p);
    b = cpu_of(t.server.p);
    share_is(a, a + b, 40, 60);
    CHECK(turn_count >= ROUNDS - 5);
}

CASE(notify_once,
     .text = "so does one that wakes an equal by a notice, though it was alone until then")
{
    struct trio t = trio_new(PRIO_LOW, notifies_once, sink_once, SERVER);
    uint64_t a, b;

    proc_cap(t.client.p, REG_TARGET, notice_new(t.server.endpoint, 1));
    worker_start(t.client);
    sleep_ns(ROUNDS * SLICE);
    a = cpu_of(t.client.p);
    b = cpu_of(t.server.p);
    share_is(a, a + b, 40, 60);
    CHECK(turn_count >= ROUNDS - 5);
}

/* With several pauses, so that slices end in every part of a send. */
static void send_with_pauses(unsigned priority)
{
    static const unsigned pauses[] = { 10, 20, 41, 77, 140, 220, 333 };

    for (unsigned i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        struct trio t = trio_new(priority, posts, sink, SERVER);
        uint64_t a, b, c;

        pause = pauses[i];
        trio_run(t);
        a = cpu_of(t.client.p);
        b = cpu_of(t.server.p);
        c = cpu_of(t.rival.p);
        sys_at("pause %u: %lu, %lu, %lu ns", pause, a, b, c);
        share_is(a, a + c, 40, 60);
        if (priority == PRIO_LOW) {
            share_is(c, a + b + c, 30, 60);
        }
        trio_end(t);
    }
}

CASE(sends_to_equal, .text = "sends to an equal do not renew the slice of the sender")
{
    send_with_pauses(PRIO_LOW);
}

CASE(sends_to_higher, .text = "nor do sends to a higher priority")
{
    send_with_pauses(HIGHER);
}

CASE(sends_to_lower,
     .text =
         "sends to a lower priority neither switch nor wait, and the lower one starves beside two")
{
    struct trio t = trio_new(40, posts, sink, SERVER);
    uint64_t a, c;

    pause = 300;
    worker_start(t.client);
    worker_start(t.rival);
    sleep_ns(ROUNDS * SLICE);
    a = cpu_of(t.client.p);
    c = cpu_of(t.rival.p);
    share_is(a, a + c, 40, 60);
    EQ(done[SERVER], 0);
}

CASE(calls_equal,
     .text = "a call of an equal hands the slice on: client and server have one share together")
{
    struct trio t = trio_new(PRIO_LOW, calls, serve, CLIENT);
    uint64_t a, c;

    trio_run(t);
    a = cpu_of(t.client.p) + cpu_of(t.server.p);
    c = cpu_of(t.rival.p);
    share_is(a, a + c, 40, 60);
    for (unsigned i = 0; i + 1 < turn_count; i++) { /* those of both are noted as the client's */
        sys_at("turn %u", i);
        EQ(turns[i].who, i % 2);
        about(turn_length(i), SLICE);
    }
}

CASE(calls_higher,
     .text =
         "a caller of a higher priority keeps the rest of its slice: it has its share, call or not")
{
    struct trio t = trio_new(HIGHER, calls, serve, SERVER);
    uint64_t a, c;

    trio_run(t);
    a = cpu_of(t.client.p);
    c = cpu_of(t.rival.p);
    share_is(a, a + c, 40, 60);
}

CASE(calls_kernel,
     .text = "nor do calls of kernel capabilities cost or win anything but their time")
{
    struct trio t = trio_new(PRIO_LOW, calls, serve, SERVER);
    uint64_t a, c;

    obj_get(t.client.p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, REG_TARGET, R_DISCRIM, 0));
    worker_start(t.client);
    worker_start(t.rival);
    sleep_ns(ROUNDS * SLICE);
    a = cpu_of(t.client.p);
    c = cpu_of(t.rival.p);
    share_is(a, a + c, 45, 55);
}

CASE(
    two_pairs,
    .text =
        "two clients of one server of higher priority and an equal that computes have a third each")
{
    struct trio t = trio_new(HIGHER, calls, serve, SERVER);
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker second = runner_new(s, calls, 3);
    uint64_t a, b, c;

    proc_cap(second.p, REG_TARGET, entry_new(t.server.endpoint, 2));
    worker_start(second);
    trio_run(t);
    a = cpu_of(t.client.p);
    b = cpu_of(second.p);
    c = cpu_of(t.rival.p);
    share_is(a, a + b + c, 27, 40);
    share_is(b, a + b + c, 27, 40);
    share_is(c, a + b + c, 27, 40);
}

CASE(answers_by_notice, .text = "two that answer each other by notices have no more than the "
                                "third, whoever interrupts them")
{
    struct trio t = trio_new(PRIO_LOW, sends_for_notice, takes_and_notifies, SERVER);

    proc_cap(t.server.p, REG_TARGET, notice_new(t.client.endpoint, 1));
    worker_start(t.client);
    worker_start(t.rival);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t a, c;

        sleep_ns(SLICE / 7);
        a = cpu_of(t.client.p) + cpu_of(t.server.p);
        c = cpu_of(t.rival.p);
        sys_at("%lu and %lu ns", a, c);
        CHECK(a <= c + 3 * SLICE);
    }
    CHECK(done[CLIENT] > 0);
}

CASE(sends_to_busy_equal,
     .text = "an equal that works on each message has its own share, not a slice with each of them")
{
    struct trio t = trio_new(PRIO_LOW, posts, busy_sink, SERVER);
    uint64_t a, b, c;

    pause = 10;
    trio_run(t);
    a = cpu_of(t.client.p);
    b = cpu_of(t.server.p);
    c = cpu_of(t.rival.p);
    sys_at("%lu, %lu, %lu ns", a, b, c);
    share_is(c, a + b + c, 27, 60);
}
