/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Holds: while one is set the process executes nothing, and everything else about it goes on.
 */
#include "../lib/sys.h"

#define REG_TARGET 5

CASE(idempotent,
     .text =
         "holds are set and cleared idempotently, each on its own, and the old byte is the answer")
{
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 1; i < 8; i++) {
        EQ(proc_hold(p, i), 0);
        EQ(proc_hold(p, i), 1u << i);
        EQ(proc_state(p).holds, 1u << i);
        EQ(proc_release(p, i), 1u << i);
        EQ(proc_release(p, i), 0);
    }
    EQ(proc_release(p, 0), 0);
    EQ(proc_hold(p, 1), 0);
    EQ(proc_hold(p, 7), 2);
    EQ(proc_hold(p, 4), 0x82);
    EQ(proc_release(p, 1), 0x92);
    EQ(proc_release(p, 7), 0x90);
    EQ(proc_release(p, 4), 0x10);
}

CASE(every_hold_stops, .text = "a process runs only when the last of its holds is gone")
{
    obj p = proc_new(PRIO_HIGH);

    for (unsigned i = 1; i < 8; i++) {
        unsigned j = i == 7 ? 1 : i + 1;

        proc_hold(p, i);
        proc_hold(p, j);
        raw_do(p, LK_YIELD);
        EQ(proc_state(p).run_state, LK_STATE_READY);
        EQ(proc_state(p).r.rip, (uint64_t)raw_syscall);
        proc_release(p, i);
        EQ(proc_state(p).r.rip, (uint64_t)raw_syscall);
        proc_release(p, j);
        raw_result(p);
    }
}

static volatile uint64_t count;

static void counts(void *arg)
{
    (void)arg;
    for (;;) {
        count++;
    }
}

CASE(running_is_stopped,
     .text = "a process in the middle of its work stops, and goes on from there")
{
    struct worker w = worker_new(PRIO_LOW, counts, NULL);
    uint64_t seen;

    count = 0;
    worker_start(w);
    EVENTUALLY(count > 0);
    proc_hold(w.p, 1);
    seen = count;
    sleep_ns(3 * NSEC_PER_MSEC);
    EQ(count, seen);
    proc_release(w.p, 1);
    EVENTUALLY(count > seen);
}

CASE(holds_itself, .text = "a process that holds itself stops with the answer of its call in hand")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_CTL_CALL(REG_TARGET, 2));

    proc_reply_endpoint(p, 1);
    proc_cap(p, REG_TARGET, p);
    r.rdi = OP_PROCESS_SET_NOT_SCHEDULABLE;
    r.rsi = 5;
    raw_go(p, &r);
    EQ(proc_state(p).run_state, LK_STATE_READY);
    EQ(proc_state(p).holds, 0x20);
    EQ(proc_state(p).r.rdi, STATUS_OK);
    EQ(proc_state(p).r.rip, (uint64_t)raw_after);
    proc_release(p, 5);
    EQ(raw_result(p).rdi, STATUS_OK);
}

CASE(delivery_while_held,
     .text = "a message is delivered to a held process, a reply without blocking too")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj e = endpoint_new(q, 1, false);

    proc_reply_endpoint(p, 2);
    proc_cap(p, REG_TARGET, entry_new(e, 0));
    raw_do(q, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    raw_do(p, LK_CTL_CALL(REG_TARGET, 1));
    proc_hold(p, 2);
    raw_do_word(q, LK_CTL(LK_SEND, 9, 1), 42);
    EQ(raw_result(q).rdi, STATUS_OK);
    EQ(proc_state(p).run_state, LK_STATE_READY);
    EQ(proc_state(p).r.rdi, 42);
    proc_release(p, 2);
    EQ(raw_result(p).rdi, 42);
}

CASE(call_to_held,
     .text = "a call of a held server that waits is taken, and answered when it is let go")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);

    proc_reply_endpoint(p, 2);
    proc_cap(p, REG_TARGET, entry_new(endpoint_new(q, 1, false), 0));
    raw_do(q, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    proc_hold(q, 2);
    raw_do_word(p, LK_CTL_CALL(REG_TARGET, 1), 3);
    EQ(proc_wait_kind(p), LK_WAIT_CLOSED);
    EQ(proc_state(q).run_state, LK_STATE_READY);
    proc_release(q, 2);
    EQ(raw_result(q).rdi, 3);
}

CASE(fault_resumed_while_held,
     .text = "a fault is resumed while its process is held; it runs when it is let go")
{
    obj p = proc_new(PRIO_HIGH);

    raw_do(p, LK_YIELD);
    raw_result(p);
    proc_hold(p, 3);
    raw_do(p, LK_YIELD);
    EQ(proc_state(p).run_state, LK_STATE_READY);
    EQ(proc_state(p).fault, 0);
    proc_release(p, 3);
    raw_result(p);
}

CASE(held_in_every_state, .text = "setting and clearing a hold leaves every wait as it was")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);

    proc_cap(p, REG_TARGET, entry_new(endpoint_new(q, 1, false), 0));
    raw_do(p, LK_RECV);
    proc_hold(p, 1);
    proc_release(p, 1);
    EQ(proc_wait_kind(p), LK_WAIT_OPEN);
    obj_get(entry_new(e, 0), R_A);
    EQ(lk_post2(R_A, 6, 0, 0), STATUS_OK);
    EQ(raw_result(p).rdi, 6);
    raw_do_word(p, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), 7);
    proc_hold(p, 1);
    proc_release(p, 1);
    EQ(proc_wait_kind(p), LK_WAIT_SENDING);
    raw_do(q, LK_RECV);
    EQ(raw_result(q).rdi, 7);
    raw_result(p);
    proc_hold(p, 1);
    proc_release(p, 1);
    EQ(proc_state(p).fault, FAULT_BREAKPOINT);
    EQ(kernel_check(), 0);
}
