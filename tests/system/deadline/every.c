/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a call at every instruction of the caller: C executes one instruction at a time, and
 * behind the n-th its deadline comes, or it is cancelled. What becomes of the call may be the
 * answer or not, but handler and server must see the same, and the next call must not be touched.
 */
#include "cast.h"

#define MOST_STEPS 400u
#define TIME (4 * NSEC_PER_MSEC) /* to the deadline; all steps together take far less */
#define ANSWER 0x4711u

enum server { NEVER_TAKES, TAKES, ANSWERS };

static struct cast cast;
static bool answered;

/* Calls that R has ended. */
static uint64_t ended(void)
{
    return cast.own.found_waiting + cast.own.found_sending + cast.own.found_before;
}

/* C makes one step, and V answers if it is to. False: C is done, or waits for what will not come.
 */
static bool one_step(enum server server)
{
    if (is_done(&cast)) {
        return false;
    }
    if (step(&cast)) {
        return true;
    }
    if (server != ANSWERS || answered) {
        return false;
    }
    EQ(v_answers(&cast, ANSWER), STATUS_OK);
    answered = true;
    return true;
}

/* C makes `n` steps of the call that is ordered, counted from its beginning. False: it made fewer.
 */
static bool make_steps(unsigned n, enum server server)
{
    answered = false;
    while (cast.own.call == 0 && step(&cast)) {
    }
    for (unsigned i = 0; i < n; i++) {
        if (!one_step(server)) {
            return false;
        }
    }
    return true;
}

/* The call is over, in whatever way. */
static void judge(bool by_clock, bool was_done, uint64_t ended_before)
{
    if (cast.result == STATUS_OK) {
        CHECK(answered);
        EQ(cast.answer, ANSWER);
        EQ(ended(), ended_before);
        return;
    }
    CHECK(!was_done && !answered);
    EQ(cast.result, by_clock ? STATUS_TIMED_OUT : STATUS_CANCELLED);
    EQ(ended(), ended_before + 1);
    if (v_has_request(&cast)) {
        EQ(v_answers(&cast, 0x1a7e), STATUS_INVALID_CAP);
    }
}

/* A call whose end comes behind `n` steps. False: C made fewer. */
static bool call_and_end(unsigned n, enum server server, bool by_clock)
{
    uint64_t until = by_clock ? now() + TIME : LK_NO_DEADLINE;
    uint64_t ended_before = ended();
    bool more;
    bool was_done;

    if (server != NEVER_TAKES) {
        v_waits(&cast);
    }
    step_begin(&cast);
    order(&cast, n, until);
    more = make_steps(n, server);
    was_done = is_done(&cast);
    if (by_clock) {
        CHECK(now() < until);
        sleep_ns(until - now());
    } else {
        obj_get(cast.cancel_post, R_A);
        OK(lk_cancel_post(&cast.own, R_A, lk_call_number(&cast.own)));
    }
    EQ(proc_state(cast.c.p).holds, 0); /* R has been at work */
    step_end(&cast);
    finish(&cast);
    judge(by_clock, was_done, ended_before);
    return more;
}

static void at_every_instruction(enum server server, bool by_clock)
{
    unsigned n = 0;

    cast_begin(&cast, PRIO_HIGH);
    do {
        sys_at("the end comes behind %u instructions", n);
        CHECK(n < MOST_STEPS);
    } while (call_and_end(n++, server, by_clock) && (all_is_well(&cast), true));
    CHECK(n > 20);
    CHECK(cast.own.found_before > 5);
    EQ(cast.own.found_sending, server == NEVER_TAKES);
    EQ(cast.own.found_waiting, server == TAKES);
}

CASE(deadline_never_taken,
     .text = "a deadline at every instruction of a call to a server that never receives")
{
    at_every_instruction(NEVER_TAKES, true);
}

CASE(deadline_never_answered,
     .text = "a deadline at every instruction of a call to a server that never answers")
{
    at_every_instruction(TAKES, true);
}

CASE(deadline_answered,
     .text = "a deadline at every instruction of a call that is answered at once")
{
    at_every_instruction(ANSWERS, true);
}

CASE(cancel_never_taken,
     .text = "a cancel at every instruction of a call to a server that never receives")
{
    at_every_instruction(NEVER_TAKES, false);
}

CASE(cancel_never_answered,
     .text = "a cancel at every instruction of a call to a server that never answers")
{
    at_every_instruction(TAKES, false);
}

CASE(cancel_answered, .text = "a cancel at every instruction of a call that is answered at once")
{
    at_every_instruction(ANSWERS, false);
}
