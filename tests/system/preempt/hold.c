/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P5: the holds beside the proxy hold, the slot proxyReply, and what may be done to a stopped
 * target.
 */
#include "trio.h"

CASE(clear_unset, .text = "P5: clearing a hold that is not set, each of 8, changes nothing")
{
    struct trio x = trio_new();
    struct shape before, after;

    waits_open(x.t);
    shape_of(x.t, &before);
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        EQ(proc_release(x.t, hold), 0);
        EQ(proc_release(x.t, hold), 0);
    }
    shape_of(x.t, &after);
    shape_same(&before, &after, "T");
    obj_get(x.t, R_A);
    STATUS(lk_process_clear_not_schedulable(R_A, LK_HOLDS, NULL), STATUS_OUT_OF_RANGE);
    STATUS(lk_process_clear_not_schedulable(R_A, 1ull << 32, NULL), STATUS_OUT_OF_RANGE);
}

CASE(clear_unset_waiting, .text = "P5: nor does it with bits and senders waiting for R, nor with "
                                  "another hold set")
{
    struct trio x = trio_new();
    obj s = sender(&x, 3);

    proc_hold(x.t, LK_HOLD_SUSPEND);
    for (unsigned hold = 0; hold < LK_HOLDS; hold++) {
        if (hold != LK_HOLD_SUSPEND) {
            EQ(proc_release(x.t, hold), 1u << LK_HOLD_SUSPEND);
        }
    }
    s_waits(s);
    EQ(kernel_check(), 0);
    r_waits(&x);
    r_has(&x, 3);
    EQ(proc_state(x.t).holds, HOLD_0 | 1u << LK_HOLD_SUSPEND);
}

CASE(set_hold_0, .text = "P5: nobody sets hold 0 but a delivery")
{
    struct trio x = trio_new();

    obj_get(x.t, R_A);
    STATUS(lk_process_set_not_schedulable(R_A, LK_HOLD_PROXY, NULL), STATUS_OUT_OF_RANGE);
    STATUS(lk_process_set_not_schedulable(R_A, LK_HOLDS, NULL), STATUS_OUT_OF_RANGE);
    STATUS(lk_process_set_not_schedulable(R_A, UINT64_MAX, NULL), STATUS_OUT_OF_RANGE);
    EQ(proc_state(x.t).holds, 0);
}

CASE(holds_apart, .text = "P5: no hold undoes another: T runs when the last is cleared, whichever "
                          "that is")
{
    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        for (unsigned first = 0; first < 2; first++) {
            struct trio x = trio_new();

            r_waits(&x);
            proc_hold(x.t, hold);
            raw_do(x.t, LK_YIELD); /* ready to go, but for the hold */
            post(&x, 1);
            r_has_bits(&x, 1); /* held or not, it is notified */
            EQ(proc_state(x.t).holds, HOLD_0 | 1u << hold);
            EQ(proc_release(x.t, first == 0 ? LK_HOLD_PROXY : hold), HOLD_0 | 1u << hold);
            EQ(proc_state(x.t).r.rip, (uint64_t)raw_syscall);
            EQ(proc_release(x.t, first == 0 ? hold : LK_HOLD_PROXY),
               first == 0 ? 1u << hold : HOLD_0);
            raw_result(x.t);
        }
    }
}

CASE(suspend_during, .text = "P5: T suspended in the middle of a notification, and resumed before "
                             "or after it ends")
{
    for (unsigned order = 0; order < 2; order++) {
        struct trio x = trio_new();
        obj s;

        raw_do(x.t, LK_RECV);
        r_waits(&x);
        s = caller(&x, 4);
        EQ(proc_hold(x.t, LK_HOLD_SUSPEND), HOLD_0);
        if (order == 0) {
            answer_and_let_go(x.t, 5);
            EQ(proc_state(x.t).holds, 1u << LK_HOLD_SUSPEND);
            EQ(proc_release(x.t, LK_HOLD_SUSPEND), 1u << LK_HOLD_SUSPEND);
        } else {
            EQ(proc_release(x.t, LK_HOLD_SUSPEND), HOLD_0 | 1u << LK_HOLD_SUSPEND);
            CHECK(held(x.t));
            answer_and_let_go(x.t, 5);
        }
        s_answered(s, 5);
        EQ(proc_state(x.t).holds, 0);
        EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
    }
}

CASE(suspend_receiver, .text = "P5: R suspended in the middle of a notification: T stays stopped, "
                               "the next sender waits, and all goes on when R does")
{
    struct trio x = trio_new();
    obj s, s2;

    r_waits(&x);
    s = caller(&x, 4);
    r_has(&x, 4);
    proc_hold(x.r, LK_HOLD_SUSPEND);
    s2 = caller(&x, 5);
    s_waits(s2);
    CHECK(held(x.t));
    proc_release(x.r, LK_HOLD_SUSPEND);
    answer_and_let_go(x.t, 44);
    s_answered(s, 44);
    r_waits(&x);
    r_has(&x, 5);
    answer_and_let_go(x.t, 55);
    s_answered(s2, 55);
}

CASE(suspended_receiver_waits, .text = "P3, P8: an NS R that waits gets nothing, whichever hold; "
                                       "when its last hold is cleared it does")
{
    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        for (unsigned bits = 0; bits < 2; bits++) {
            struct trio x = trio_new();
            unsigned other = hold == 7 ? 1 : hold + 1;
            obj s = NO_OBJ;

            r_waits(&x);
            proc_hold(x.r, hold);
            proc_hold(x.r, other);
            if (bits) {
                post(&x, 0x30);
            } else {
                s = sender(&x, 6);
            }
            r_still_waits(&x);
            proc_release(x.r, hold);
            r_still_waits(&x);
            CHECK(!held(x.t));
            proc_release(x.r, other);
            if (bits) {
                r_has_bits(&x, 0x30);
            } else {
                r_has(&x, 6);
                s_result(s, STATUS_OK);
            }
        }
    }
}

CASE(receiver_held_by_proxy, .text = "P3: an R that is stopped by its own proxy hold is NS as well")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    obj s;

    set_receiver(x.r, y.entry); /* R's own handler is y's R */
    r_waits(&x);
    waits_open(y.r);
    obj_get(proxy_notice_new(x.q, 1), R_B);
    OK(lk_appnotice_post(R_B, 1));
    has_bits(y.r, x.r, 1, 0);
    s = sender(&x, 5);
    s_waits(s);
    r_still_waits(&x);
    CHECK(!held(x.t));
    let_go(x.r);
    r_has(&x, 5);
    s_result(s, STATUS_OK);
}

CASE(both_suspended, .text = "P5: T and R both suspended and resumed in both orders, with senders "
                             "and bits waiting")
{
    for (unsigned order = 0; order < 4; order++) {
        struct trio x = trio_new();
        obj s;

        sys_at("order %u", order);
        raw_do(x.t, LK_RECV);
        r_waits(&x);
        proc_hold(order & 1 ? x.t : x.r, 1);
        proc_hold(order & 1 ? x.r : x.t, 1);
        s = sender(&x, 6);
        s_waits(s);
        post(&x, 2);
        proc_release(order & 2 ? x.t : x.r, 1);
        proc_release(order & 2 ? x.r : x.t, 1);
        r_has_bits(&x, 2);
        s_waits(s);
        r_waits(&x);
        let_go(x.t);
        r_has(&x, 6);
        let_go(x.t);
        EQ(proc_wait_kind(x.t), LK_WAIT_OPEN);
        EQ(proc_state(x.t).holds, 0);
    }
}

CASE(empties_reply, .text = "P5: clearing hold 0 empties proxyReply; a reply capability that dies "
                            "there leaves a line in the log")
{
    struct trio x = trio_new();
    uint64_t mark = log_mark();
    obj s;

    r_waits(&x);
    s = caller(&x, 1);
    let_go(x.t);
    EQ(proxy_reply_type(x.t), LK_TYPE_NULL);
    s_in_call(s); /* nobody can answer it any more: that was R's to do */
    CHECK(log_has(mark, "p0"));
    log_rest();
    mark = log_mark();
    r_waits(&x);
    s = caller(&x, 1);
    answer_and_let_go(x.t, 1);
    s_answered(s, 1);
    sender(&x, 1); /* a send without one, and bits, lose nothing */
    let_go(x.t);
    r_waits(&x);
    post(&x, 1);
    let_go(x.t);
    CHECK(!log_has(mark, "p0"));
}

CASE(other_hold_keeps_reply, .text = "P5: clearing another hold leaves proxyReply and hold 0 alone")
{
    struct trio x = trio_new();
    obj s;

    r_waits(&x);
    s = caller(&x, 1);
    for (unsigned hold = 1; hold < LK_HOLDS; hold++) {
        proc_hold(x.t, hold);
        proc_release(x.t, hold);
        EQ(proxy_reply_type(x.t), LK_TYPE_ENTRY);
        EQ(proc_state(x.t).holds, HOLD_0);
    }
    answer_and_let_go(x.t, 4);
    s_answered(s, 4);
}

CASE(next_comes_in, .text = "P5: clearing hold 0 lets the next one in, in the same step")
{
    struct trio x = trio_new();
    obj s[3];
    uint64_t old = 0;

    r_waits(&x);
    for (unsigned i = 0; i < 3; i++) {
        s[i] = sender(&x, i);
    }
    r_has(&x, 0);
    s_result(s[0], STATUS_OK);
    r_waits(&x);
    proc_hold(x.t, LK_HOLD_SUSPEND);
    raw_do(x.t, LK_YIELD); /* T would run if it could, between the two */
    obj_get(x.t, R_A);
    OK(lk_process_clear_not_schedulable(R_A, LK_HOLD_SUSPEND, &old));
    OK(lk_process_clear_not_schedulable(R_A, LK_HOLD_PROXY, &old));
    EQ(old, HOLD_0);
    r_has(&x, 1);
    s_result(s[1], STATUS_OK);
    s_waits(s[2]);
    EQ(proc_state(x.t).r.rip, (uint64_t)raw_syscall); /* it did not */
    let_go(x.t);                                      /* R does not wait: T runs */
    raw_result(x.t);
    r_waits(&x);
    r_has(&x, 2);
}

CASE(state_one_step,
     .text = "P5: getState shows run state and registers of a stopped T in one step, "
             "and changes nothing")
{
    struct trio x = trio_new();
    struct lk_regs regs = canary_regs(LK_RECV | LK_CLOSED, 3);
    struct shape before, after;
    struct pstate s;

    regs.r8 = 1234;
    raw_go(x.t, &regs);
    shape_of(x.t, &before);
    r_waits(&x);
    post(&x, 1);
    s = proc_state(x.t);
    EQ(s.run_state, LK_STATE_RECEIVING);
    EQ(s.holds, HOLD_0);
    EQ(s.r.r8, 1234);
    EQ(s.r.r10, regs.r10);
    EQ(s.r.r15, 0); /* the delivery writes it anyway */
    EQ(s.r.fs_base, regs.fs_base);
    shape_of(x.t, &after);
    shape_same(&before, &after, "T");
    let_go(x.t);
    shape_of(x.t, &after);
    shape_same(&before, &after, "T let go");
}

CASE(set_regs_changed, .text = "P5: writing registers names the run state that was seen, and does "
                               "nothing if that has changed meanwhile")
{
    struct trio x = trio_new();
    struct lk_regs regs = raw_regs(LK_YIELD);
    struct pstate seen;
    obj s = s_new(entry_new(x.e, 0), PRIO_HIGH);

    raw_do(x.t, LK_RECV);
    r_waits(&x);
    post(&x, 1);
    seen = proc_state(x.t);
    s_posts(s, 66); /* a message comes into its wait, while it is held */
    s_result(s, STATUS_OK);
    obj_get(x.t, R_A);
    STATUS(lk_process_set_regs(R_A, seen.run_state, &regs, sizeof(regs)), STATUS_STATE_CHANGED);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).r.rdi, 66);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, 66);
}

CASE(redirect, .text = "P5: registers of a stopped T are written, its wait ends, and it goes on "
                       "elsewhere when it is let go")
{
    struct trio x = trio_new();
    struct lk_regs regs = raw_regs(LK_YIELD);

    raw_do(x.t, LK_RECV);
    r_waits(&x);
    post(&x, 1);
    regs.rbx = 0x1234;
    obj_get(x.t, R_A);
    OK(lk_process_set_regs(R_A, LK_STATE_RECEIVING, &regs, sizeof(regs)));
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    EQ(proc_state(x.t).r.rip, (uint64_t)raw_syscall);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, STATUS_OK);
    EQ(raw_result(x.t).rbx, 0x1234);
}

CASE(end_call, .text = "P5: a call that has lasted too long is ended by answering it; the server's "
                       "own answer is then too late")
{
    struct trio x = trio_new();
    obj server = proc_new(PRIO_HIGH);
    obj reply = proc_reply_endpoint(x.t, 9);
    uint64_t payload = 0;

    proc_cap(x.t, REG_PROXY, entry_new(endpoint_new(server, 1, false), 0));
    raw_do(server, LK_RECV | LK_CTL_RECVS(20, 0, 0, 0));
    raw_do(x.t, LK_CTL_CALL(REG_PROXY, 1));
    r_waits(&x);
    post(&x, 1);
    EQ(proc_wait_kind(x.t), LK_WAIT_CLOSED);
    obj_get(reply, R_A);
    OK(lk_endpoint_get_state(R_A, NULL, &payload, NULL));
    OK(lk_endpoint_make_entry(R_A, payload, R_B));
    EQ(lk_post2(R_B, STATUS_TIMED_OUT, 0, 0), STATUS_OK);
    EQ(proc_state(x.t).run_state, LK_STATE_READY);
    raw_do_word(server, LK_CTL(LK_SEND, 20, 1), 1);
    s_result(server, STATUS_INVALID_CAP);
    let_go(x.t);
    EQ(raw_result(x.t).rdi, STATUS_TIMED_OUT);
}

CASE(kill, .text = "P5: a stopped T is destroyed")
{
    struct trio x = trio_new();

    raw_do(x.t, LK_RECV);
    r_waits(&x);
    post(&x, 1);
    obj_rescind(x.t);
    EQ(kernel_check(), 0);
    r_waits(&x);
    r_still_waits(&x);
}

CASE(fetch_anything, .text = "P5: fetchProxyReply of one that was never notified gives Null")
{
    struct trio x = trio_new();

    obj_get(x.t, R_A);
    lk_copy_cap(R_A, R_B);
    OK(lk_process_fetch_proxy_reply(R_A, R_B));
    EQ(reg_type(R_B), LK_TYPE_NULL);
}
