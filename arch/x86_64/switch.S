/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ways out of the kernel: arch_resume() to a process, arch_idle() to nothing,
 * arch_on_fresh_stack() to begin again.
 *
 * arch_resume() loads what differs from what the CPU holds. If the process is the one that came into
 * the kernel last, only its address space can have changed. Otherwise:
 *   - Segment registers are given back Null. A user may have loaded some (its data segment, or
 *     Null with a number in the two lowest bits); another would see it.
 *   - The FS base is written unless it is 0 and was 0: a user can clear it unseen by loading the
 *     FS segment, so that two equal values other than 0 prove nothing. (The GS base of users is 0
 *     and stays so.)
 *   - The FPU: see fpu.c. Between two processes that do not use it, two tests.
 * It leaves by sysret, or by iret if rcx and r11 matter (PROC_IRET). Every register is the
 * process's own then: nothing of a stranger or of the kernel shows.
 *
 * sysret to a rip that is not canonical faults in kernel mode, with the user's stack pointer: so
 * rip is tested. The only such value that can get here is 2^47, from a `syscall` in the last two
 * bytes of user memory.
 * Single step: iret with the trap flag set executes one instruction, then comes the debug
 * exception. If that instruction is a `syscall`, the step is over when it is; processors differ
 * in what they do then, so it is said here in its place.
 */
#include <abi/gen.h>
#include <arch/offsets.h>
#include <arch/vectors.h>

#include <arch/leaving.S>

#define USER_END_HIGH 0x8000 /* the upper half of LK_USER_END: no address of a user has more */

/* Load a user's registers from the process at rdi: all but rdi itself, rsp, and those that sysret
 * takes for itself. */
.macro LOAD_REGISTERS
    LOAD    %rdi, rax, rbx, rdx, rsi, rbp, r8, r9, r10, r12, r13, r14, r15
.endm

    .text

/* void arch_resume(struct process *p): any stack; rdi = p = cpu->current, GS base this CPU's,
 * interrupts off. arch_switch is for one that has not come in last. */
    .balign 16
    .globl  arch_resume, arch_switch
arch_resume:
    cmpq    %gs:CPU_RESUMED, %rdi
    jne     arch_switch
    LOAD_ROOT %rdi, %rax
    jmp     context_loaded
arch_switch:
    LOAD_ROOT %rdi, %rax
    SEGMENTS
    jnz     clear_segments
segments_clear:
    movq    P_CONTEXT(%rdi), %rax
    orq     %gs:CPU_CONTEXT, %rax
    jnz     load_context                /* FS base or FPU, of it or the one before */
context_loaded:
    testb   $(PROC_IRET | PROC_SINGLE_STEP), P_FLAGS(%rdi)
    jnz     leave_other
    movq    P_rflags(%rdi), %r11
leave_by_sysret:
    movq    P_rip(%rdi), %rcx
    cmpl    $USER_END_HIGH, P_rip+4(%rdi)
    jae     bad_rip
    LOAD_REGISTERS
    LOAD    %rdi, rsp, rdi              /* the user's stack: NMI has one of its own */
    swapgs
    sysretq

clear_segments:
    xorl    %eax, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %fs
    swapgs                              /* loading it may clear a base: the user's */
    movl    %eax, %gs
    swapgs
    jmp     segments_clear

load_context:
    shlq    $1, %rax                    /* all but CONTEXT_FPU */
    jz      1f
    movq    P_fs_base(%rdi), %rax
    movq    %rax, %rdx
    shrq    $32, %rdx
    movl    $MSR_FS_BASE, %ecx
    wrmsr
1:  movq    %gs:CPU_KERNEL_STACK, %rsp
    pushq   %rdi
    pushq   %rdi                        /* twice: C wants the stack aligned */
    call    fpu_switch                  /* void fpu_switch(struct process *to) */
    popq    %rdi
    popq    %rdi
    movq    P_CONTEXT(%rdi), %rax
    movq    %rax, %gs:CPU_CONTEXT
    jmp     context_loaded

/* With PROC_IRET or PROC_SINGLE_STEP. The trap flag is set on the way out only: the saved flags
 * are the process's. */
leave_other:
    movq    P_rflags(%rdi), %r11
    testb   $PROC_SINGLE_STEP, P_FLAGS(%rdi)
    jz      1f
    testb   $PROC_IRET, P_FLAGS(%rdi)
    jz      syscall_stepped
    orq     $RFLAGS_TF, %r11
1:  movq    P_rip(%rdi), %rcx
    cmpl    $USER_END_HIGH, P_rip+4(%rdi)
    jae     bad_rip
    andb    $~PROC_IRET, P_FLAGS(%rdi)
    movq    %gs:CPU_KERNEL_STACK, %rsp
    pushq   $SEL_USER_DATA
    pushq   P_rsp(%rdi)
    pushq   %r11
    pushq   $SEL_USER_CODE
    pushq   %rcx
    LOAD_REGISTERS
    LOAD    %rdi, rcx, r11, rdi
    swapgs
    iretq

/* The process is to go on outside user memory (some processors load the target of a jump before they look at it, and
 * iret and sysret would fault in kernel mode): a fault of its own. */
bad_rip:
    movq    %rdi, %gs:CPU_RESUMED       /* it is loaded, as if it had come in again */
    movq    %gs:CPU_KERNEL_STACK, %rsp
    movl    $FAULT_GENERAL_PROTECTION, %edi
    xorl    %esi, %esi
    call    kernel_fault
    ud2

/* A `syscall` was the instruction to step over. */
syscall_stepped:
    movq    %rdi, %gs:CPU_RESUMED
    movq    %gs:CPU_KERNEL_STACK, %rsp
    call    trap_syscall_stepped
    ud2

/* void arch_idle(void): any stack; cpu->current is NULL. An interrupt enters at entry_common and
 * finds that it came from the kernel; its handler does not return here. `sti` takes effect behind
 * the next instruction, so none is missed. */
    .globl  arch_idle
arch_idle:
    movq    %gs:CPU_KERNEL_STACK, %rsp
    xorl    %ebp, %ebp
1:  sti
    hlt
    cli
    jmp     1b

/* void arch_on_fresh_stack(void (*fn)(void)) */
    .globl  arch_on_fresh_stack
arch_on_fresh_stack:
    movq    %gs:CPU_KERNEL_STACK, %rsp
    xorl    %ebp, %ebp                  /* back-traces end here */
    call    *%rdi
    ud2

    .section .note.GNU-stack, "", @progbits
