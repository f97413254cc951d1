/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whose registers are loaded: who is made to run by an operation of another has its own FPU
 * registers and FS base, and rcx and r11 are as `syscall` leaves them when they can be seen.
 */
#include "../lib/sys.h"

#define MAGIC 0x5ec7e75ec7e7ull

/* What the sender finds in its registers, when its system call is over. */
uint64_t found_xmm, found_fs, found;
static uint64_t found_late;
static uint64_t senders_word, changers_word;

#define GONE                                                                                       \
    "rdi", "rsi", "rdx", "rbx", "rcx", "r8", "r9", "r11", "r12", "r13", "r14", "r15", "memory"

/* Waits; then calls somebody who does not wait, until the register that it called through
 * changes. */
static void sender(void *arg)
{
    uint64_t control = LK_CTL_WAIT(0, 0, 0, 0);

    (void)arg;
    senders_word = 0x11;
    lk_set_fs_base((uint64_t)&senders_word);
    __asm__ volatile("syscall" : "+a"(control) : : GONE);
    control = LK_CTL_CALL(R_A, 1);
    __asm__ volatile(
        "syscall\n\tmovq %%xmm0, found_xmm(%%rip)\n\tmovq %%fs:0, %%rax\n\tmovq %%rax, "
        "found_fs(%%rip)"
        : "+a"(control)
        :
        : GONE);
    found = 1;
}

/* Wakes the sender, which came in last by the long way; then changes that register of it. */
static void changer(void *arg)
{
    uint64_t control = LK_CTL(LK_SEND, R_A, 1);

    (void)arg;
    changers_word = 0x22;
    lk_set_fs_base((uint64_t)&changers_word);
    OK(lk_process_get_cap_reg(R_B, 5, 0)); /* its reply endpoint is noted */
    __asm__ volatile("movq %1, %%xmm0\n\tsyscall" : "+a"(control) : "r"(MAGIC) : GONE);
    control = LK_CTL_CALL_CAPS(R_B, 2, 1, 0, 0, 0, 0, 0, 0, 0);
    __asm__ volatile("movq %1, %%rdi\n\tmovq %2, %%rsi\n\tsyscall"
                     : "+a"(control)
                     : "i"(OP_PROCESS_SWAP_CAP_REG), "i"(R_A)
                     : GONE);
    found_late = found == 0; /* who is of higher priority has run by now */
}

CASE(own_registers,
     .text = "who goes on by an operation of another has its own FPU registers and FS base",
     .steady = true)
{
    for (unsigned fast = 0; fast < 2; fast++) {
        obj dead = endpoint_new(proc_new(PRIO_LOW), 7, false);
        struct worker y = worker_new(PRIO_HIGH, sender, NULL);
        struct worker x = worker_new(PRIO_LOW, changer, NULL);

        sys_at("fast path %u", fast);
        found_xmm = found_fs = found = 0;
        found_late = 1;
        OK(lk_sysctl_set_fast_path(R_SYSCTL, fast));
        proc_cap(y.p, R_A, entry_new(dead, 0));
        proc_cap(x.p, R_A, entry_new(y.endpoint, 0));
        proc_cap(x.p, R_B, y.p);
        worker_start(y);
        worker_start(x);
        while (*(volatile uint64_t *)&found == 0) {
            sleep_ns(NSEC_PER_MSEC);
        }
        sleep_ns(NSEC_PER_MSEC);
        EQ(found_late, 0);
        EQ(found_fs, 0x11);
        CHECK(found_xmm != MAGIC);
    }
}

CASE(stepped_wait,
     .text = "a wait of the fast path that a debugger steps shows rcx and r11 as the long way does",
     .steady = true)
{
    for (unsigned fast = 0; fast < 2; fast++) {
        obj p = proc_new(PRIO_HIGH);
        struct lk_regs r = raw_regs(LK_CTL_WAIT(0, 0, 0, 0));
        const uint64_t w[LK_MAX_WORDS] = { 1 };
        struct pstate s;

        sys_at("fast path %u", fast);
        OK(lk_sysctl_set_fast_path(R_SYSCTL, fast));
        r.rcx = 0x1234;
        r.r11 = 0x5678;
        raw_go(p, &r);
        obj_get(p, R_A);
        OK(lk_process_set_flags(R_A, LK_FLAG_SINGLE_STEP));
        obj_get(entry_new(endpoint_new(p, 5, false), 0), R_B);
        invoke(LK_CTL(LK_SEND, R_B, 1), 0, w);
        s = proc_state(p);
        EQ(s.fault, FAULT_SINGLE_STEP);
        EQ(s.r.rcx, s.r.rip);
        EQ(s.r.r11, s.r.rflags);
    }
}
