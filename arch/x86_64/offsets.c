/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Offsets and constants for assembly. This file is compiled to assembly only; the Makefile makes
 * <arch/offsets.h> from the marked lines.
 */
#include <arch/trap.h>
#include <kernel/cpu.h>
#include <kernel/process.h>

#define DEFINE(name, value) __asm__ volatile(".ascii \"->" #name " %c0\"" : : "i"(value))
#define REGISTER(NAME, name) DEFINE(P_##NAME, offsetof(struct process, regs.name))

void offsets(void);

void offsets(void)
{
    REGISTER(RAX, rax);
    REGISTER(RBX, rbx);
    REGISTER(RCX, rcx);
    REGISTER(RDX, rdx);
    REGISTER(RSI, rsi);
    REGISTER(RDI, rdi);
    REGISTER(RBP, rbp);
    REGISTER(R8, r8);
    REGISTER(R9, r9);
    REGISTER(R10, r10);
    REGISTER(R11, r11);
    REGISTER(R12, r12);
    REGISTER(R13, r13);
    REGISTER(R14, r14);
    REGISTER(R15, r15);
    REGISTER(RIP, rip);
    REGISTER(RSP, rsp);
    REGISTER(RFLAGS, rflags);
    REGISTER(FS_BASE, fs_base);
    DEFINE(P_SPACE_ROOT, offsetof(struct process, space_root));
    DEFINE(P_FLAGS, offsetof(struct process, s.flags));
    DEFINE(PROC_FPU, PROC_FPU);
    DEFINE(PROC_SINGLE_STEP, PROC_SINGLE_STEP);
    DEFINE(PROC_IRET, PROC_IRET);

    DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
    DEFINE(CPU_KERNEL_STACK, offsetof(struct cpu, kernel_stack));
    DEFINE(CPU_SCRATCH, offsetof(struct cpu, scratch));
    DEFINE(CPU_RESUMED, offsetof(struct cpu, resumed));
    DEFINE(CPU_FPU_OWNER, offsetof(struct cpu, fpu_owner));
    DEFINE(CPU_LOADED_ROOT, offsetof(struct cpu, loaded_root));
    DEFINE(CPU_FS_BASE, offsetof(struct cpu, fs_base));
    DEFINE(CPU_ENTRIES, offsetof(struct cpu, stats.entries));
    DEFINE(CPU_CR3_WRITES, offsetof(struct cpu, stats.cr3_writes));

    DEFINE(FRAME_VECTOR, offsetof(struct trap_frame, vector));
    DEFINE(FRAME_CS, offsetof(struct trap_frame, cs));
}
