/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P3: who sends. T itself and R may; and what becomes of a sender that is changed while it waits.
 * The queue that it waits in is in queue.c.
 */
#include "trio.h"

CASE(sends_to_own_handler, .text = "P3: S is T: it waits, blocked, is stopped where it stands, and "
                                   "its send is done")
{
    struct trio x = trio_new();
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK, REG_PROXY, 1));

    proc_cap(x.t, REG_PROXY, x.proxy);
    r_waits(&x);
    r.rdi = 5;
    raw_go(x.t, &r);
    r_has(&x, 5);
    EQ(proc_state(x.t).run_state, LK_STATE_READY); /* with the result in hand, held */
    EQ(proc_state(x.t).r.rdi, STATUS_OK);
    EQ(proc_state(x.t).r.rip, (uint64_t)raw_after);
    let_go(x.t);
    s_result(x.t, STATUS_OK);

    s_posts(x.t, 6); /* R does not wait */
    s_result(x.t, STATUS_WOULD_BLOCK);
    s_sends(x.t, 7);
    s_waits(x.t);
    CHECK(!held(x.t));
    r_waits(&x);
    r_has(&x, 7);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    let_go(x.t);
    s_result(x.t, STATUS_OK);
}

CASE(calls_own_handler, .text = "P3: S is T, in a call: its wait is armed while it is held, and R "
                                "answers into it")
{
    for (unsigned i = 0; i < 2; i++) {
        struct trio x = trio_new();

        proc_cap(x.t, REG_PROXY, x.proxy);
        proc_reply_endpoint(x.t, S_ID);
        if (i == 0) {
            r_waits(&x);
        }
        s_calls(x.t, 5);
        if (i == 1) {
            s_waits(x.t);
            r_waits(&x);
        }
        r_has(&x, 5);
        s_in_call(x.t);
        answer_and_let_go(x.t, 55);
        s_answered(x.t, 55);
    }
}

CASE(own_handler_deferred, .text = "P3, P6: S is T, which defers: its blocking send waits as any, "
                                   "until the bound")
{
    struct trio x = trio_new();
    struct control c = control_new(x.t, 0, 5 * NSEC_PER_MSEC);

    proc_cap(x.t, REG_PROXY, x.proxy);
    r_waits(&x);
    DEFER(c) = 1;
    s_sends(x.t, 5);
    s_waits(x.t);
    EQ(PENDING(c), 1);
    EVENTUALLY(held(x.t));
    r_has_forced(&x, 5);
    let_go(x.t);
    s_result(x.t, STATUS_OK);
}

CASE(receiver_sends,
     .text = "P3: S is R: it does not receive while it sends, and only itself could "
             "end that: WOULD_BLOCK, blocking or not")
{
    struct trio x = trio_new();

    proc_cap(x.r, REG_PROXY, x.proxy);
    proc_reply_endpoint(x.r, S_ID);
    s_sends(x.r, 1);
    s_result(x.r, STATUS_WOULD_BLOCK);
    s_posts(x.r, 1);
    s_result(x.r, STATUS_WOULD_BLOCK);
    s_calls(x.r, 1);
    s_result(x.r, STATUS_WOULD_BLOCK);
    CHECK(!held(x.t));
    EQ(preemption(x.t).flags & LK_PREEMPT_SENDERS, 0);
    EQ(kernel_check(), 0);
}

CASE(becomes_receiver,
     .text = "P3: a sender that waits and becomes T's receiver is told WOULD_BLOCK, "
             "by a change of Q's recipient or of the slot")
{
    struct trio x = trio_new();
    obj s = sender(&x, 1);
    obj s2;

    s_waits(s);
    obj_get(x.q, R_A);
    obj_get(s, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    EVENTUALLY(raw_done(s));
    s_result(s, STATUS_WOULD_BLOCK);
    s2 = sender(&x, 2);
    s_waits(s2);
    set_receiver(x.t, entry_new(endpoint_new(s2, 8, false), 0));
    EVENTUALLY(raw_done(s2));
    s_result(s2, STATUS_WOULD_BLOCK);
    EQ(kernel_check(), 0);
}

CASE(sender_changes, .text = "P3: a waiting S whose register is changed, whose registers are set, "
                             "which is held, or has no schedule")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    obj a = sender(&x, 1);
    obj b = sender(&x, 2);
    obj c = sender(&x, 3);
    obj d = sender(&x, 4);
    obj e = sender(&x, 5);

    proc_cap(a, REG_PROXY, y.proxy); /* another target's */
    s_waits(a);
    CHECK((preemption(y.t).flags & LK_PREEMPT_SENDERS) != 0);
    proc_cap(b, REG_PROXY, NO_OBJ);
    s_result(b, STATUS_INVALID_CAP);
    raw_do(c, LK_YIELD);
    s_result(c, STATUS_OK);
    proc_hold(d, 1);
    proc_slot(e, SLOT_SCHEDULE, NO_OBJ);
    EQ(kernel_check(), 0);
    r_waits(&x);
    r_has(&x, 4);
    EQ(proc_state(d).run_state, LK_STATE_READY);
    let_go(x.t);
    r_waits(&x);
    r_has(&x, 5);
    EQ(proc_state(e).run_state, LK_STATE_READY);
    let_go(x.t);
    r_waits(&x);
    r_still_waits(&x);
    waits_open(y.r);
    has_message(y.r, y.t, 1, 0);
    proc_release(d, 1);
    s_result(d, STATUS_OK);
}

CASE(sender_to_plain, .text = "P3: a waiting S whose register names a plain Entry by now sends "
                              "there, and the other way round")
{
    struct trio x = trio_new();
    obj s = sender(&x, 1);
    obj plain_s = s_new(entry_new(x.e, 9), PRIO_HIGH);

    s_sends(plain_s, 2);
    s_waits(plain_s);
    proc_cap(s, REG_PROXY, entry_new(x.e, 9));
    proc_cap(plain_s, REG_PROXY, x.proxy);
    s_waits(s);
    s_waits(plain_s);
    EQ(kernel_check(), 0);
    waits_open(x.t);
    EQ(raw_result(x.t).rdi, 1);
    s_result(s, STATUS_OK);
    s_waits(plain_s);
    r_waits(&x);
    r_has(&x, 2);
    s_result(plain_s, STATUS_OK);
}

CASE(sender_trapped,
     .text =
         "P3: a sender whose system calls are trapped is trapped once, however often it is placed "
         "anew while it waits")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    obj s = s_new(x.proxy, PRIO_HIGH);

    obj_get(s, R_A);
    OK(lk_process_set_flags(R_A, 2));
    s_calls(s, 5);
    raw_faulted(s, FAULT_SYSCALL_TRAP, LK_CTL_CALL(REG_PROXY, 1));
    proc_resume(s);
    s_waits(s);
    proc_cap(s, REG_PROXY, y.proxy); /* it begins its system call again */
    s_waits(s);
    obj_get(y.e, R_A); /* it goes to another queue where it stands */
    obj_get(x.t, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    s_waits(s);
    r_waits(&x);
    has_message(x.r, x.t, 5, 0);
    answer_and_let_go(x.t, 6);
    s_answered(s, 6);
}
