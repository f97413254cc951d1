/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ways into the kernel: exceptions and interrupts. `syscall` is in fastpath.S.
 *
 * From user level every register goes into the saved registers of the current process, and C begins
 * on the empty stack of this CPU: a process has no kernel stack. C decides all the rest and never
 * returns here; the way out is arch_resume() or arch_idle() in switch.S. The kernel runs with
 * interrupts off.
 */
#include <arch/offsets.h>
#include <arch/vectors.h>

#include <arch/leaving.S>

/* Push what struct trap_frame has below `vector`, and take it back. */
.macro PUSH_REGISTERS
    .irp    register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pushq   %\register
    .endr
.endm
.macro POP_REGISTERS
    .irp    register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    popq    %\register
    .endr
.endm

/* From user level: all registers to the process that was interrupted, at rax then; vector and error
 * code in rdi and rsi. */
.macro SAVE_USER
    testb   $3, FRAME_CS - FRAME_VECTOR(%rsp)
    jz      entry_from_kernel
    swapgs
    pushq   %rax
    movq    %gs:CPU_CURRENT, %rax
    SAVE    %rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    popq    P_rax(%rax)
    popq    %rdi                        /* vector */
    popq    %rsi                        /* error code */
    popq    P_rip(%rax)
    addq    $8, %rsp
    popq    P_rflags(%rax)
    popq    P_rsp(%rax)
    orb     $PROC_IRET, P_FLAGS(%rax)
    movq    %rax, %gs:CPU_RESUMED
    incq    %gs:CPU_ENTRIES
    movq    %gs:CPU_KERNEL_STACK, %rsp
    cld
.endm

/* The table from which gdt.c makes the interrupt descriptors: struct vector. */
    .section .rodata.vectors, "a"
    .balign 8
    .globl  vector_table, vector_count
vector_table:

/* An exception or interrupt. code=1: the processor pushes an error code. entry_dire is for those that
 * may come at any instruction, with any stack pointer and with the user's or the kernel's GS base.
 */
.macro EXCEPTION vector, code=0, dpl=0, entry=entry_common, ist=STACK_KERNEL
1:  .if     !\code
    pushq   $0
    .endif
    pushq   $\vector
    jmp     \entry
    .section .rodata.vectors, "a"
    .quad   1b
    .short  \vector, \ist, \dpl, 0
    .text
.endm

.macro INTERRUPTS first, count, entry=entry_common
    .set    number, \first
    .rept   \count
    EXCEPTION number, entry=\entry
    .set    number, number + 1
    .endr
.endm

    .text

/* The table of vectors. */
    EXCEPTION EXC_DE
    EXCEPTION EXC_DB, entry=entry_debug, ist=STACK_NMI
    EXCEPTION EXC_NMI, entry=entry_dire, ist=STACK_NMI
    EXCEPTION EXC_BP, dpl=3
    EXCEPTION EXC_OF, dpl=3
    EXCEPTION EXC_BR
    EXCEPTION EXC_UD
    EXCEPTION EXC_NM
    EXCEPTION EXC_DF, code=1, entry=entry_dire, ist=STACK_DOUBLE_FAULT
    EXCEPTION EXC_TS, code=1
    EXCEPTION EXC_NP, code=1
    EXCEPTION EXC_SS, code=1
    EXCEPTION EXC_GP, code=1
    EXCEPTION EXC_PF, code=1
    EXCEPTION EXC_MF
    EXCEPTION EXC_AC, code=1
    EXCEPTION EXC_MC, entry=entry_dire, ist=STACK_MACHINE_CHECK
    EXCEPTION EXC_XM
    INTERRUPTS VECTOR_PIC, VECTOR_PIC_COUNT
    INTERRUPTS VECTOR_LINE, VECTOR_LINE_COUNT, entry=entry_line
    EXCEPTION VECTOR_TIMER
    EXCEPTION VECTOR_APIC_ERROR
    EXCEPTION VECTOR_SPURIOUS
    .section .rodata.vectors, "a"
vector_count:
    .quad   (vector_count - vector_table) / 16 /* sizeof(struct vector) */
    .text

/* Exceptions and interrupts.
 *   on entry: on the stack of this CPU: vector, error code, rip, cs, flags, rsp, ss. From user
 *             level the stack was empty, and the GS base is the user's. Interrupts off; DF and AC
 *             as they were.
 *   to C:     from user level: all registers saved, GS base this CPU's, its stack empty, DF clear.
 *             PROC_IRET says that rcx and r11 are to be given back.
 *             from the kernel: a struct trap_frame on the stack, rdi points to it. */
entry_common:
    SAVE_USER
to_c:
    call    trap_from_user
    ud2

/* An interrupt line. Unless a debugger steps, or somebody hears of slices, it may be told fast. */
entry_line:
    SAVE_USER
    cmpb    $PROC_IRET, P_FLAGS(%rax)
    jne     to_c
    cmpb    $0, cpu_features + FEATURE_SMAP(%rip)
    je      1f
    clac
1:  leal    -VECTOR_LINE(%rdi), %r12d
    movl    %r12d, %edi
    call    apic_line_arrived
    movq    %gs:CPU_CURRENT, %r8
    testb   %al, %al
    jnz     interrupt_fast
    movq    %r8, %rdi                   /* it is masked: told later */
    jmp     arch_resume

entry_from_kernel:
    PUSH_REGISTERS
    cld
    movq    %rsp, %rdi
    call    trap_from_kernel
    ud2

/* The debug exception: some processors raise it behind a `syscall` that began with the trap flag
 * set, in the kernel but with the user's stack pointer and GS base. It shares the stack of the
 * NMI, which never returns. */
entry_debug:
    testb   $3, FRAME_CS - FRAME_VECTOR(%rsp)
    jnz     entry_common
    /* falls through */

/* Double fault, NMI, machine check, debug exception in the kernel.
 *   on entry: on an interrupt stack: vector, error code, rip, cs, flags, rsp, ss. GS base unknown,
 *             so ask for it: that of the kernel has its highest bit set, that of a user is 0.
 *   to C:     a struct trap_frame on the stack, rdi points to it; GS base this CPU's. If C returns,
 *             everything goes on as it was. */
entry_dire:
    PUSH_REGISTERS
    cld
    xorl    %ebx, %ebx                  /* 1: GS base was the user's */
    movl    $MSR_GS_BASE, %ecx
    rdmsr
    testl   %edx, %edx
    js      1f
    swapgs
    incl    %ebx
1:  movq    %rsp, %rdi
    call    trap_dire
    testl   %ebx, %ebx
    jz      2f
    swapgs
2:  POP_REGISTERS
    addq    $16, %rsp                   /* vector, error code */
    iretq

    .section .note.GNU-stack, "", @progbits
