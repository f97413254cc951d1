/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The states in which R may find C that stepping does not show, and what else may go on meanwhile.
 */
#include "cast.h"

#define V_REPLY 5       /* in V: reply capability */
#define SYSCALL_BYTES 2 /* of the instruction */
#define NOWHERE_VA (WINDOW_VA + 6 * WINDOW_SIZE)

static struct cast cast;

static enum status cancel(uint64_t number)
{
    obj_get(cast.cancel, R_A);
    return lk_cancel(R_A, number);
}

CASE(numbers, .text = "a cancel ends the call that it names, or the one in progress, and no other")
{
    cast_begin(&cast, PRIO_LOW);
    STATUS(cancel(0), STATUS_NOT_FOUND);
    order(&cast, 1, LK_NO_DEADLINE);
    EVENTUALLY(proc_wait_kind(cast.c.p) == LK_WAIT_SENDING);
    EQ(cast.own.call, 1);
    STATUS(cancel(2), STATUS_NOT_FOUND);
    CHECK(!is_done(&cast));
    STATUS(cancel(1), STATUS_OK);
    STATUS(cancel(1), STATUS_NOT_FOUND); /* it has not run since, and its call is ended */
    EQ(finish(&cast), STATUS_CANCELLED);
    STATUS(cancel(1), STATUS_NOT_FOUND);
    order(&cast, 2, LK_NO_DEADLINE);
    EVENTUALLY(proc_wait_kind(cast.c.p) == LK_WAIT_SENDING);
    STATUS(cancel(1), STATUS_NOT_FOUND);
    STATUS(cancel(0), STATUS_OK);
    EQ(finish(&cast), STATUS_CANCELLED);
    all_is_well(&cast);
}

CASE(old_notices,
     .text = "notices without a reason end nothing: of deadlines that are over, or not "
             "yet there, or of nobody")
{
    cast_begin(&cast, PRIO_LOW);
    obj_get(cast.c.endpoint, R_T0);
    OK(lk_endpoint_make_proxy_notice(R_T0, UINT32_MAX, R_B));
    OK(lk_appnotice_post(R_B, LK_BIT_DEADLINE | LK_BIT_CANCEL));
    v_waits(&cast);
    order(&cast, 1, now() + 1000 * NSEC_PER_MSEC);
    EVENTUALLY(v_has_request(&cast));
    for (unsigned i = 0; i < 10; i++) {
        OK(lk_appnotice_post(R_B, LK_BIT_DEADLINE | LK_BIT_CANCEL));
    }
    CHECK(!is_done(&cast));
    EQ(v_answers(&cast, 2), STATUS_OK);
    OK(lk_appnotice_post(R_B, LK_BIT_DEADLINE | LK_BIT_CANCEL)); /* it has not run since */
    EQ(finish(&cast), STATUS_OK);
    EQ(cast.answer, 2);
    all_is_well(&cast);
    EQ(cast.own.found_waiting + cast.own.found_sending + cast.own.found_before, 0);
}

CASE(answer_while_handled,
     .text = "an answer that comes while the handler is about to give its own wins")
{
    unsigned n = 0;
    bool answered;

    cast_begin(&cast, PRIO_LOW);
    proc_slot(cast.r.p, SLOT_HANDLER, parking_entry());
    do { /* behind each system call of the handler */
        sys_at("the answer comes before system call %u of the handler", n);
        v_waits(&cast);
        order(&cast, n, LK_NO_DEADLINE);
        EVENTUALLY(v_has_request(&cast));
        obj_get(cast.r.p, R_B);
        OK(lk_process_set_flags(R_B, 2)); /* trap on system call */
        obj_get(cast.cancel_post, R_A);
        OK(lk_cancel_post(&cast.own, R_A, cast.own.call));
        for (unsigned i = 0; i < n && proc_state(cast.r.p).run_state == LK_STATE_FAULTED; i++) {
            proc_resume(cast.r.p);
        }
        answered = v_answers(&cast, 0x4711) == STATUS_OK;
        obj_get(cast.r.p, R_B);
        OK(lk_process_set_flags(R_B, 0));
        if (proc_state(cast.r.p).run_state == LK_STATE_FAULTED) {
            proc_resume(cast.r.p);
        }
        EQ(finish(&cast), answered ? STATUS_OK : STATUS_CANCELLED);
        CHECK(!answered || cast.answer == 0x4711);
        all_is_well(&cast);
        n++;
    } while (answered || n < 4);
    CHECK(n > 4);
    EQ(cast.own.found_waiting, 1);
}

CASE(taken_while_handled,
     .text = "a message that is taken while the handler is about to withdraw it is a call that "
             "waits for its answer, and is ended as such")
{
    unsigned n = 0;
    bool taken;

    cast_begin(&cast, PRIO_LOW);
    proc_slot(cast.r.p, SLOT_HANDLER, parking_entry());
    do {
        sys_at("the message is taken before system call %u of the handler", n);
        order(&cast, n, LK_NO_DEADLINE);
        EVENTUALLY(proc_wait_kind(cast.c.p) == LK_WAIT_SENDING);
        obj_get(cast.r.p, R_B);
        OK(lk_process_set_flags(R_B, 2));
        obj_get(cast.cancel_post, R_A);
        OK(lk_cancel_post(&cast.own, R_A, cast.own.call));
        for (unsigned i = 0; i < n && proc_state(cast.r.p).run_state == LK_STATE_FAULTED; i++) {
            proc_resume(cast.r.p);
        }
        v_waits(&cast);
        taken = v_has_request(&cast);
        obj_get(cast.r.p, R_B);
        OK(lk_process_set_flags(R_B, 0));
        if (proc_state(cast.r.p).run_state == LK_STATE_FAULTED) {
            proc_resume(cast.r.p);
        }
        EQ(finish(&cast), STATUS_CANCELLED);
        if (taken) {
            EQ(v_answers(&cast, 0x4711), STATUS_INVALID_CAP);
        }
        all_is_well(&cast);
        n++;
    } while (taken);
    CHECK(n > 2);
    EQ(cast.own.found_sending, 1);
    EQ(cast.own.found_waiting, n - 1);
}

CASE(wait_begins_again,
     .text = "a caller that is to begin its wait again, its message being taken, leaves it at the "
             "deadline")
{
    struct pstate s;

    cast_begin(&cast, PRIO_LOW);
    v_waits(&cast);
    order(&cast, 1, LK_NO_DEADLINE);
    EVENTUALLY(v_has_request(&cast));
    s = proc_state(cast.c.p);
    EQ(s.run_state, LK_STATE_RECEIVING);
    s.r.rip -= SYSCALL_BYTES; /* as after a page fault, or a debugger */
    OK(lk_process_set_regs(R_T0, s.run_state, &s.r, sizeof(s.r)));
    EQ(proc_state(cast.c.p).run_state, LK_STATE_READY);
    STATUS(cancel(1), STATUS_OK);
    EQ(cast.own.found_before, 1);
    EQ(v_answers(&cast, 2), STATUS_INVALID_CAP);
    EQ(finish(&cast), STATUS_CANCELLED);
    all_is_well(&cast);
}

CASE(page_fault_of_the_answer,
     .text = "a caller whose memory for the answer is missing is ended; the server is told")
{
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, V_REPLY, 2));

    cast_begin(&cast, PRIO_LOW);
    cast.order.buffer = (void *)NOWHERE_VA; /* NOLINT */
    v_waits(&cast);
    order(&cast, 1, LK_NO_DEADLINE);
    EVENTUALLY(v_has_request(&cast));
    r.r9 = 8;
    r.r10 = (uint64_t)sys_scenario;
    raw_go(cast.v, &r);
    EQ(proc_state(cast.v).run_state, LK_STATE_BLOCKED); /* the page is to be brought first */
    EQ(proc_state(cast.c.p).run_state, LK_STATE_RECEIVING);
    STATUS(cancel(1), STATUS_OK);
    EQ(cast.own.found_waiting, 1);
    EQ(raw_result(cast.v).rdi, STATUS_INVALID_CAP);
    EQ(finish(&cast), STATUS_CANCELLED);
    all_is_well(&cast);
}

CASE(other_holds, .text = "a caller that is suspended is ended at its deadline all the same")
{
    cast_begin(&cast, PRIO_LOW);
    v_waits(&cast);
    order(&cast, 1, now() + NSEC_PER_MSEC);
    EVENTUALLY(v_has_request(&cast));
    proc_hold(cast.c.p, LK_HOLD_SUSPEND);
    sleep_ns(2 * NSEC_PER_MSEC);
    EQ(cast.own.found_waiting, 1);
    EQ(v_answers(&cast, 2), STATUS_INVALID_CAP);
    CHECK(!is_done(&cast));
    proc_release(cast.c.p, LK_HOLD_SUSPEND);
    EQ(finish(&cast), STATUS_TIMED_OUT);
    all_is_well(&cast);
}

CASE(refused, .text = "what is no call is refused, and a past deadline sends nothing")
{
    struct lk_msg msg = { .control = LK_CTL(LK_SEND | LK_BLOCK, R_A, 1) };
    struct lk_deadline none = { 0 };

    STATUS(lk_call_until(&none, &msg, LK_NO_DEADLINE), STATUS_REQUEST_ERROR);
    cast_begin(&cast, PRIO_LOW);
    v_waits(&cast);
    order(&cast, 1, 1);
    EQ(finish(&cast), STATUS_TIMED_OUT);
    CHECK(!v_has_request(&cast));
    EQ(cast.own.found_before, 1);
    all_is_well(&cast);
}
