/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls, and what is answered when: one and several at a time, by clients that read and that do
 * not.
 */
#include "kit.h"

CASE(primed, .text = "workers wait for jobs as soon as the loop polls, and no lock is held")
{
    unsigned n = 0;

    kit_begin();
    EQ(kit.idle, WORKERS);
    for (const struct lk_member *m = kit.job.first; m != NULL; m = m->next) {
        n++;
    }
    EQ(n, WORKERS);
    kit_fine();
}

CASE(answered, .text = "a call is carried out and answered; an error of a handler is the answer")
{
    kit_begin();
    open_client(0);
    is_answered(0, 0, 7, TOLD_ANSWER);
    call_told(0, 8, TOLD_FAIL);
    await_answers(0, 2);
    is_error(0, 1, 8, REMOTE_ERR_NO_DOMAIN, "no domain 8");
    call_told(0, 9, TOLD_ASK_AGAIN);
    await_answers(0, 3);
    is_told(0, 2, 9, 1007);
    EQ(wire_late, 0);
    kit_fine();
}

CASE(too_long, .text = "an answer that is too long becomes an error")
{
    kit_begin();
    open_client(0);
    call_told(0, 7, TOLD_LONG);
    await_answers(0, 1);
    is_error(0, 0, 7, REMOTE_ERR_INTERNAL,
             "the answer of procedure 22 is too long, or cannot be encoded");
    kit_fine();
}

CASE(in_one_buffer, .text = "calls that come together are taken apart; those behind OPEN find the "
                            "connection open, those behind CLOSE closed")
{
    static uint8_t bytes[1024];
    remote_int told = { TOLD_ANSWER };
    remote_open open = { .flags = 0 };
    size_t n = 0;

    kit_begin();
    wire_connect(1);
    n += encode_call(bytes + n, RPC_AUTH_LIST, 0, &told);
    n += encode_call(bytes + n, RPC_DOMAIN_LOOKUP_BY_ID, 1, &told);
    n += encode_call(bytes + n, RPC_CONNECT_OPEN, 2, &open);
    n += encode_call(bytes + n, RPC_DOMAIN_LOOKUP_BY_ID, 3, &told);
    n += encode_call(bytes + n, RPC_DOMAIN_LOOKUP_BY_ID, 4, &told);
    n += encode_call(bytes + n, RPC_CONNECT_CLOSE, 5, &told);
    n += encode_call(bytes + n, RPC_DOMAIN_LOOKUP_BY_ID, 6, &told);
    wire_send(1, bytes, n);
    await_answers(1, 7);
    for (unsigned i = 0; i < 7; i++) {
        switch (answer_at(1, i).header.serial) {
        case 1:
        case 6:
            is_error(1, i, answer_at(1, i).header.serial, REMOTE_ERR_INTERNAL,
                     "connection not open");
            break;
        case 3:
        case 4:
            is_told(1, i, answer_at(1, i).header.serial, TOLD_ANSWER);
            break;
        case 2:
        case 5:
            is_empty(1, i, answer_at(1, i).header.serial);
            break;
        default:
            EQ(answer_at(1, i).header.procedure, REMOTE_AUTH_LIST);
            break;
        }
    }
    kit_fine();
}

CASE(byte_by_byte, .text = "a call may come in pieces of any size")
{
    uint8_t bytes[64];
    remote_int told = { TOLD_ANSWER };
    size_t n = encode_call(bytes, RPC_DOMAIN_LOOKUP_BY_ID, 7, &told);

    kit_begin();
    open_client(0);
    for (size_t cut = 1; cut < n; cut++) {
        wire_send(0, bytes, cut);
        wire_send(0, bytes + cut, n - cut);
        await_answers(0, 1);
        is_told(0, 0, 7, TOLD_ANSWER);
        answers_forget(0);
    }
    for (size_t i = 0; i < n; i++) {
        wire_send(0, bytes + i, 1);
    }
    await_answers(0, 1);
    is_told(0, 0, 7, TOLD_ANSWER);
    kit_fine();
}

CASE(out_of_order, .text = "a slow call does not hold up those behind it")
{
    kit_begin();
    open_client(0);
    call_told(0, 1, TOLD_SLEEP + 20);
    call_told(0, 2, TOLD_SLEEP + 5);
    is_answered(0, 0, 3, TOLD_ANSWER);
    EVENTUALLY(answers(0) == 3);
    is_told(0, 1, 2, TOLD_SLEEP + 5);
    is_told(0, 2, 1, TOLD_SLEEP + 20);
    kit_fine();
}

CASE(five_in_flight, .text = "behind five calls in flight a client is read no further, and nothing "
                             "is lost")
{
    kit_begin_with(WORKERS, 1000 * MSEC);
    open_client(0);
    call_waiting(0, 0, 12);
    sleep_ns(20 * MSEC);
    EQ(kit_inside, 3);     /* the other two ports have a worker each */
    EQ(wire_unread(0), 6); /* one was read, and is kept */
    EQ(answers(0), 0);
    CHECK(kit_checks());
    kit_go = true;
    EVENTUALLY(answers(0) == 12);
    for (uint32_t serial = 0, i; serial < 12; serial++) {
        for (i = 0; answer_at(0, i).header.serial != serial; i++) {
        }
        is_told(0, i, serial, TOLD_WAIT);
    }
    EQ(wire_unread(0), 0);
    kit_fine();
}

CASE(never_reads, .text = "a client that does not read its answers is read no further behind five, "
                          "harms nobody, and has them all when it reads")
{
    kit_begin();
    open_client(0);
    open_client(1);
    wire_room(0, 10);
    for (uint32_t i = 0; i < 40; i++) {
        call_told(0, i, TOLD_ANSWER);
    }
    kit_idle();
    EQ(kit_begun, 5);
    EQ(wire_unread(0), 34);
    for (uint32_t i = 0; i < 20; i++) {
        call_told(1, i, TOLD_ANSWER);
        await_answers(1, i + 1);
    }
    EQ(answers(0), 0);
    for (unsigned i = 0; i < 40; i++) {
        wire_room(0, 77);
        sleep_ns(MSEC);
    }
    wire_room(0, WIRE_ALL);
    await_answers(0, 40);
    for (uint32_t i = 0; i < 40; i++) {
        is_told(0, i, answer_at(0, i).header.serial, TOLD_ANSWER);
    }
    kit_fine();
}

CASE(worker_of_its_own, .text = "a client with many slow calls leaves a worker to each other port")
{
    kit_begin_with(WORKERS, 1000 * MSEC);
    open_client(0);
    call_waiting(0, 0, 5);
    sleep_ns(10 * MSEC);
    EQ(kit_inside, WORKERS - (PORTS - 1));
    for (unsigned port = 1; port < PORTS; port++) {
        open_client(port);
    }
    call_told(1, 7, TOLD_WAIT);
    sleep_ns(10 * MSEC);
    EQ(kit_inside, WORKERS - (PORTS - 1) + 1);
    is_answered(2, 0, 7, TOLD_ANSWER);
    kit_go = true;
    EVENTUALLY(answers(0) == 5 && answers(1) == 1);
    kit_fine();
}

CASE(few_workers, .text = "one worker does for all ports, one call after the other")
{
    kit_begin_with(1, DEADLINE);
    for (unsigned port = 0; port < PORTS; port++) {
        open_client(port);
    }
    for (uint32_t i = 0; i < 15; i++) {
        call_told(i % PORTS, i, TOLD_SLEEP + 1);
    }
    for (unsigned port = 0; port < PORTS; port++) {
        EVENTUALLY(answers(port) == 5);
        for (unsigned i = 0; i < 5; i++) {
            is_told(port, i, port + i * PORTS, TOLD_SLEEP + 1);
        }
    }
    kit_fine();
}

CASE(pinged, .text = "a PING is answered, though every worker is busy, and before OPEN")
{
    kit_begin_with(1, 1000 * MSEC);
    wire_connect(0);
    say_auth(0);
    await_answers(0, 1);
    ping(0);
    await_answers(0, 2);
    is_pong(0, 1);
    answers_forget(0);
    wire_hang_up(0);
    open_client(0);
    call_told(0, 7, TOLD_WAIT);
    sleep_ns(5 * MSEC);
    EQ(kit_inside, 1);
    ping(0);
    await_answers(0, 1);
    is_pong(0, 0);
    kit_go = true;
    await_answers(0, 2);
    is_told(0, 1, 7, TOLD_WAIT);
    kit_fine();
}

CASE(pinged_much, .text = "of a client that sends PING after PING and does not read, one answer is "
                          "kept; it has all when it reads")
{
    kit_begin();
    open_client(0);
    wire_room(0, 0);
    for (unsigned i = 0; i < 30; i++) {
        ping(0);
    }
    EQ(wire_unread(0), 28); /* one is answered, one read */
    wire_room(0, WIRE_ALL);
    await_answers(0, 30);
    for (unsigned i = 0; i < 30; i++) {
        is_pong(0, i);
    }
    kit_fine();
}
