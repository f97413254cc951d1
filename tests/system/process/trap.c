/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Trap on system call, of calls that wait for long or are begun again: they are trapped once.
 */
#include "../lib/sys.h"

#define TRAP 2
#define REG_TARGET 5

static void set_trap(obj p, bool on)
{
    obj_get(p, R_T0);
    OK(lk_process_set_flags(R_T0, on ? TRAP : 0));
}

/* It sleeps for a moment, and is trapped before. */
static obj trapped_sleeper(uint64_t ns)
{
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_CTL_CALL(R_SLEEP, 2));

    proc_reply_endpoint(p, 2);
    obj_get(p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, R_SLEEP, R_SLEEP, 0));
    set_trap(p, true);
    r.rdi = OP_SLEEP_SLEEP_UNTIL;
    r.rsi = now() + ns;
    raw_go(p, &r);
    raw_faulted(p, FAULT_SYSCALL_TRAP, r.rax);
    return p;
}

CASE(trap_sleep, .text = "a sleep is trapped once, before it begins, and not when it is over")
{
    obj p = trapped_sleeper(5 * NSEC_PER_MSEC);

    proc_resume(p);
    EQ(proc_wait_kind(p), LK_WAIT_SLEEPING);
    sleep_ns(6 * NSEC_PER_MSEC);
    EQ(raw_result(p).rdi, STATUS_OK);
    raw_do(p, LK_YIELD); /* the next one is trapped as ever */
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
}

CASE(trap_sleep_off, .text = "nor if trapping is switched off or on while it sleeps")
{
    for (unsigned on = 0; on < 2; on++) {
        obj p = trapped_sleeper(5 * NSEC_PER_MSEC);

        set_trap(p, on == 0);
        proc_resume(p);
        EQ(proc_wait_kind(p), LK_WAIT_SLEEPING);
        set_trap(p, on == 1);
        sleep_ns(6 * NSEC_PER_MSEC);
        EQ(raw_result(p).rdi, STATUS_OK);
        raw_do(p, LK_YIELD);
        if (on == 1) {
            raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
        } else {
            raw_result(p);
        }
    }
}

CASE(trap_again,
     .text = "a send that waits and is begun again for another target is not trapped again")
{
    obj p = proc_new(PRIO_HIGH);
    obj q[3];
    obj entry[3];

    for (unsigned i = 0; i < 3; i++) {
        q[i] = proc_new(PRIO_HIGH);
        entry[i] = entry_new(endpoint_new(q[i], i, false), 0);
    }
    proc_cap(p, REG_TARGET, entry[0]);
    set_trap(p, true);
    raw_do_word(p, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), 6);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));
    proc_resume(p);
    for (unsigned i = 1; i < 3; i++) { /* each time its system call begins again */
        EQ(proc_wait_kind(p), LK_WAIT_SENDING);
        proc_cap(p, REG_TARGET, entry[i]);
        EQ(proc_state(p).fault, FAULT_NONE);
    }
    raw_do(q[2], LK_RECV);
    EQ(raw_result(q[2]).rdi, 6);
    EQ(raw_result(p).rdi, STATUS_OK);
    raw_do(p, LK_YIELD);
    raw_faulted(p, FAULT_SYSCALL_TRAP, LK_YIELD);
}
