/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The programs of T and of W: invoke a row of messages, then stop at a breakpoint, with every
 * register that C preserves still as it was. And the call of the storm's client, which looks
 * itself.
 */
#include <lykos/msg_layout.h>

#define MSG_SIZE 120                            /* struct lk_msg; main.c checks it */

        .text
        .globl  armed_list, armed_defer, armed_break, armed_defer_break, armed_end
        .globl  armed_lowered, armed_yield

armed_break:
        int3
        .type   armed_list, @function
armed_list:
        call    lk_invoke
        addq    $MSG_SIZE, %rdi
        decl    %ebx
        jnz     armed_list
.Ltail:
        testb   $1, %r14b
        jz      armed_end
        fxsave64 (%r12)
armed_end:
        int3
        jmp     armed_end

armed_defer_break:
        incb    (%r13)
        int3
        jmp     1f
armed_defer:
        incb    (%r13)                          # defer
1:      call    lk_invoke
        addq    $MSG_SIZE, %rdi
        decl    %ebx
        jnz     1b
        decb    (%r13)
armed_lowered:
        jnz     .Ltail
        cmpb    $0, 1(%r13)                     # pending?
        je      .Ltail
        xorl    %eax, %eax                      # LK_YIELD
armed_yield:
        syscall
        jmp     .Ltail

/* enum status canary_call(struct lk_msg *m, struct keep *k): lk_invoke(m) with all registers that C
 * preserves as in k, and the whole FPU; what is found in them afterwards goes there too. */
        .macro  CANARY_CALL name, fpu
        .globl  \name
        .type   \name, @function
\name:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   %rsi
        .if     \fpu
        fxrstor64 96(%rsi)
        .endif
        movq    (%rsi), %rbx
        movq    8(%rsi), %rbp
        movq    16(%rsi), %r12
        movq    24(%rsi), %r13
        movq    32(%rsi), %r14
        movq    40(%rsi), %r15
        call    lk_invoke
        popq    %rsi
        movq    %rbx, 48(%rsi)
        movq    %rbp, 56(%rsi)
        movq    %r12, 64(%rsi)
        movq    %r13, 72(%rsi)
        movq    %r14, 80(%rsi)
        movq    %r15, 88(%rsi)
        .if     \fpu
        fxsave64 608(%rsi)
        .endif
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
        .size   \name, . - \name
        .endm

        CANARY_CALL canary_call, 1
        CANARY_CALL canary_call_plain, 0

/* void spoil_fpu(uint64_t seed) */
        .globl  spoil_fpu
        .type   spoil_fpu, @function
spoil_fpu:
        fninit
        pushq   %rdi
        fildll  (%rsp)
        fildll  (%rsp)
        popq    %rdi
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        movq    %rdi, %xmm\n
        punpcklqdq %xmm\n, %xmm\n
        .endr
        ret
        .size   spoil_fpu, . - spoil_fpu

        .section .note.GNU-stack, "", @progbits
