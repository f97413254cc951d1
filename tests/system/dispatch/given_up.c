/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Handlers that take too long, or fault.
 */
#include "kit.h"

#define ROUNDS (3 * WORKERS)

/* One call after the other: each is given up, with this answer, and the worker goes on. */
static void each_given_up(int32_t told, unsigned rounds, const char *text)
{
    kit_begin_with(2, 5 * MSEC);
    open_client(0);
    for (uint32_t i = 0; i < rounds; i++) {
        sys_at("round %u", i);
        call_told(0, i, told);
        await_answers(0, 1);
        is_error(0, 0, i, REMOTE_ERR_INTERNAL, text);
        answers_forget(0);
    }
    call_told(0, 77, TOLD_ASK_AGAIN);
    await_answers(0, 1);
    is_told(0, 0, 77, 1007);
    kit_fine();
}

#define LATE "DOMAIN_LOOKUP_BY_ID took longer than 5 ms and was given up"

CASE(loops, .text = "a handler that never ends is given up at its deadline, again and again")
{
    each_given_up(TOLD_LOOP, ROUNDS, LATE);
    EQ(kit_workers[0].given_up + kit_workers[1].given_up, ROUNDS);
}

CASE(goes_deep, .text = "its stack is empty afterwards")
{
    each_given_up(TOLD_DEEP, ROUNDS, LATE);
}

CASE(calls_in_vain, .text = "one that calls a server that never answers is given up")
{
    each_given_up(TOLD_CALL, ROUNDS, LATE);
}

CASE(answered_late, .text = "the answer to a call that was given up comes to nobody",
     .steady = true)
{
    kit_begin_with(1, 20 * MSEC);
    open_client(0);
    for (uint32_t i = 0; i < 10; i += 2) {
        call_told(0, i, TOLD_LATE);
        call_told(0, i + 1, TOLD_ASK_AGAIN); /* waits to send until the other is answered */
        EVENTUALLY(answers(0) == 2);
        is_error(0, 0, i, REMOTE_ERR_INTERNAL,
                 "DOMAIN_LOOKUP_BY_ID took longer than 20 ms and was given up");
        is_told(0, 1, i + 1, 1007);
        answers_forget(0);
    }
    kit_fine();
}

CASE(sends_in_vain, .text = "one that sends to who never receives is given up")
{
    each_given_up(TOLD_SEND, ROUNDS, LATE);
}

CASE(sleeps_long, .text = "one that sleeps is given up")
{
    each_given_up(TOLD_SLEEP + 900, ROUNDS, LATE);
}

CASE(parks, .text = "one that waits for notices is given up")
{
    each_given_up(TOLD_PARK, ROUNDS, LATE);
}

CASE(faults, .text = "one that faults is given up, and the log says so")
{
    uint64_t mark = log_mark();

    each_given_up(TOLD_FAULT, ROUNDS,
                  "DOMAIN_LOOKUP_BY_ID failed: access to memory that is not mapped");
    CHECK(log_has(mark, "DOMAIN_LOOKUP_BY_ID failed at 0x"));
    EQ(kit_workers[0].faulted + kit_workers[1].faulted, ROUNDS);
}

CASE(bad_result, .text = "a result that cannot be read is a fault of its handler")
{
    each_given_up(TOLD_BAD_RESULT, 2,
                  "DOMAIN_LOOKUP_BY_ID failed: access to memory that is not mapped");
}

CASE(in_time, .text = "a handler that ends in time is not given up, however many there are",
     .steady = true)
{
    kit_begin_with(2, 5 * MSEC);
    open_client(0);
    for (uint32_t i = 0; i < 40; i++) {
        is_answered(0, 0, i, TOLD_SLEEP + 1);
        answers_forget(0);
    }
    EQ(kit_workers[0].given_up + kit_workers[1].given_up, 0);
    kit_fine();
}

CASE(stray_deadline, .text = "a deadline's notice that is none of this call's is of no account")
{
    kit_begin_with(1, 1000 * MSEC);
    open_client(0);
    kit_stop_worker(); /* it waits for a job */
    call_told(0, 7, TOLD_WAIT);
    EVENTUALLY(kit_inside == 1);
    kit_stop_worker();
    sleep_ns(5 * MSEC);
    EQ(answers(0), 0);
    kit_go = true;
    await_answers(0, 1);
    is_told(0, 0, 7, TOLD_WAIT);
    EQ(kit_workers[0].given_up, 0);
    kit_fine();
}

CASE(others_go_on, .text = "while handlers of one client loop, fault and are given up, others are "
                           "answered")
{
    kit_begin();
    for (unsigned port = 0; port < PORTS; port++) {
        open_client(port);
    }
    for (uint32_t i = 0; i < 5; i++) {
        call_told(0, i, i % 2 == 0 ? TOLD_CALL : TOLD_FAULT);
        call_told(1, i, TOLD_SLEEP + 2);
        call_told(2, i, TOLD_ANSWER);
    }
    EVENTUALLY(answers(0) == 5 && answers(1) == 5 && answers(2) == 5);
    for (unsigned i = 0; i < 5; i++) {
        is_told(1, i, answer_at(1, i).header.serial, TOLD_SLEEP + 2);
        is_told(2, i, answer_at(2, i).header.serial, TOLD_ANSWER);
        EQ(answer_at(0, i).header.status, REMOTE_STATUS_ERROR);
    }
    kit_fine();
}

CASE(with_a_lock,
     .text = "a handler with a lock of its own is not stopped before it lets go of it, "
             "however long that takes")
{
    kit_begin_with(2, 5 * MSEC);
    open_client(0);
    call_told(0, 7, TOLD_HOLD);
    sleep_ns(30 * MSEC);
    EQ(answers(0), 0);
    sleep_ns(2 * LK_TEAM_DEFER + 100 * MSEC); /* forced, and more than once */
    EQ(answers(0), 0);
    kit_go = true;
    EVENTUALLY(answers(0) == 1);
    is_error(0, 0, 7, REMOTE_ERR_INTERNAL, LATE);
    kit_fine();
}

CASE(gone_and_given_up, .text = "a client that went is kept by a handler that loops until that is "
                                "given up, and its worker then serves others")
{
    kit_begin_with(1, 20 * MSEC);
    open_client(0);
    call_told(0, 7, TOLD_LOOP);
    EVENTUALLY(kit_begun == 1);
    wire_hang_up(0);
    CHECK(kit_checks());
    open_client(0);
    EQ(kit_workers[0].given_up, 1);
    EQ(answers(0), 0);
    kit_fine();
}

/* The keeper ends with a line and a fault, as any thread of the program would. */
CASE(fault_with_a_lock, .text = "a handler that faults with a lock ends the program")
{
    uint64_t mark = log_mark();

    kit_program_may_end();
    kit_begin_with(2, 5 * MSEC);
    open_client(0);
    call_told(0, 7, TOLD_FAULT_LOCKED);
    EVENTUALLY(log_has(mark, "faulted with a lock"));
}

/* The warden ends with a line and a fault. The keeper finds its worker where the plan says. */
CASE(fault_of_the_keeper, .text = "a fault of the keeper ends the program: no member goes on")
{
    uint64_t mark = log_mark();
    uint64_t begun;

    kit_program_may_end();
    kit_begin_with(1, 5 * MSEC);
    open_client(0);
    kit.plan.worker = NULL;
    call_told(0, 7, TOLD_LOOP);
    EVENTUALLY(log_has(mark, "the keeper faulted at 0x"));
    begun = kit_begun;
    call_told(0, 9, TOLD_ANSWER);
    sleep_ns(20 * MSEC);
    EQ(kit_begun, begun);
    EQ(answers(0), 0);
    CHECK(wire_unread(0) > 0);
}
