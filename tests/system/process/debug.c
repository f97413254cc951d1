/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Single step and trap on system call.
 */
#include "../lib/sys.h"
#include "snippets.h"

#define STEP 1
#define TRAP 2
#define QUIET 4

static void set_flags(obj p, uint64_t flags)
{
    obj_get(p, R_T0);
    OK(lk_process_set_flags(R_T0, flags));
    EQ(proc_state(p).flags, flags);
}

CASE(single_step, .text = "single step stops behind each instruction")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(0);

    r.rip = (uint64_t)do_nothing;
    set_flags(p, STEP);
    proc_set_regs(p, &r);
    for (unsigned i = 1; i <= 3; i++) {
        proc_resume(p);
        EQ(proc_state(p).fault, FAULT_SINGLE_STEP);
        EQ(proc_state(p).r.rip, (uint64_t)do_nothing + i);
        EQ(proc_state(p).r.rflags & 0x100,
           0); /* the debugger sees the process's flags, not its own */
    }
    set_flags(p, 0);
    proc_resume(p);
    EQ(proc_state(p).fault, FAULT_BREAKPOINT);
}

CASE(single_step_syscall, .text = "a system call is one step, also one that waits")
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 1, false);

    set_flags(p, STEP);
    raw_do(p, LK_YIELD);
    EQ(proc_state(p).fault, FAULT_SINGLE_STEP);
    EQ(proc_state(p).r.rip, (uint64_t)raw_after);
    EQ(proc_state(p).r.rdi, STATUS_OK);
    raw_do(p, LK_RECV);
    EQ(proc_state(p).run_state, LK_STATE_RECEIVING);
    obj_get(entry_new(e, 0), R_A);
    EQ(lk_post2(R_A, 8, 0, 0), STATUS_OK);
    EQ(proc_state(p).fault, FAULT_SINGLE_STEP);
    EQ(proc_state(p).r.rdi, 8);
    CHECK(proc_state(p).r.rip - (uint64_t)raw_after <=
          1); /* behind the call, or the instruction behind it */
}

CASE(
    trap_syscall,
    .text =
        "trap on system call stops before it, with the control word, and lets it pass when resumed")
{
    obj p = proc_new(PRIO_HIGH);

    set_flags(p, TRAP);
    raw_do_word(p, LK_CTL(LK_SEND, 0, 5), 33);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_CTL(LK_SEND, 0, 5));
    EQ(proc_state(p).r.rdi, 33);
    proc_resume(p);
    EQ(raw_result(p).rdi, STATUS_INVALID_CAP);
}

CASE(trap_changed, .text = "the debugger may change the system call before it passes")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_YIELD);

    set_flags(p, TRAP);
    raw_do(p, LK_CTL(LK_SEND, 0, 1));
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_CTL(LK_SEND, 0, 1));
    proc_set_regs(p, &r);
    proc_resume(p);
    if (proc_state(p).fault == FAULT_SYSCALL_TRAP) { /* it is another system call: told again */
        raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
        proc_resume(p);
    }
    EQ(raw_result(p).rdi, STATUS_OK);
}

CASE(trap_every_call, .text = "every system call is trapped once, whatever became of the last")
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs away = raw_regs(0);

    set_flags(p, TRAP);
    for (unsigned i = 0; i < 3; i++) {
        raw_do(p, LK_YIELD);
        raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
        proc_resume(p);
        raw_result(p);
    }
    raw_do(p, LK_YIELD);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
    away.rip = (uint64_t)do_nothing; /* the debugger sends it elsewhere: the call is not made */
    raw_go(p, &away);
    EQ(proc_state(p).fault, FAULT_BREAKPOINT);
    raw_do(p, LK_SEND);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_SEND);
}

CASE(trap_off_and_on, .text = "trapping switched off and on again traps the next system call")
{
    obj p = proc_new(PRIO_HIGH);

    set_flags(p, TRAP);
    raw_do(p, LK_YIELD);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
    set_flags(p, 0);
    proc_resume(p);
    raw_result(p);
    set_flags(p, TRAP);
    raw_do(p, LK_YIELD);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
}

CASE(trap_blocking, .text = "a call that waits is trapped once; its answer comes as ever")
{
    obj p = proc_new(PRIO_HIGH);
    obj q = proc_new(PRIO_HIGH);

    set_flags(p, TRAP);
    proc_cap(p, 5, entry_new(endpoint_new(q, 1, false), 0));
    proc_reply_endpoint(p, 2);
    raw_do(p, LK_CTL_CALL(5, 1));
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_CTL_CALL(5, 1));
    proc_resume(p);
    EQ(proc_wait_kind(p), LK_WAIT_SENDING);
    raw_do(q, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    raw_do_word(q, LK_CTL(LK_SEND, 9, 1), 6);
    EQ(raw_result(p).rdi, 6);
}

CASE(trap_malformed, .text = "a malformed system call is trapped first, then faults")
{
    obj p = proc_new(PRIO_HIGH);

    set_flags(p, TRAP);
    raw_do(p, 1ull << 62 | LK_SEND);
    raw_faulted(p, FAULT_SYSCALL_TRAP, 1ull << 62 | LK_SEND);
    proc_resume(p);
    raw_faulted(p, FAULT_MALFORMED_SYSCALL, 1ull << 62 | LK_SEND);
}

/* What the log says when `p` asks for an operation that is refused, and when it has a fault that
 * nobody handles. */
static bool is_told_of(obj p)
{
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND, 5, 1));
    uint64_t from;

    log_rest();
    from = log_mark();
    r.rdi = 99; /* no operation */
    raw_go(p, &r);
    r.rip = (uint64_t)do_divide;
    raw_go(p, &r);
    return log_mark() != from;
}

CASE(quiet, .text = "the log says nothing of a quiet process, which never stops being quiet")
{
    obj p = proc_new(PRIO_HIGH);

    proc_cap(p, 5, endpoint_new(p, 1, false));
    CHECK(is_told_of(p));
    set_flags(p, QUIET);
    CHECK(!is_told_of(p));
    obj_get(p, R_T0);
    OK(lk_process_set_flags(R_T0, 0));
    EQ(proc_state(p).flags, QUIET);
    OK(lk_process_set_flags(R_T0, TRAP));
    EQ(proc_state(p).flags, QUIET | TRAP);
    OK(lk_process_set_flags(R_T0, 0));
    CHECK(!is_told_of(p));
    STATUS(lk_process_set_flags(R_T0, 8), STATUS_REQUEST_ERROR);
}
