/* SPDX-License-Identifier: BSD-2-Clause
 *
 * enum status lk_invoke(struct lk_msg *msg): an invocation with everything, strings both ways
 * included. Saves all registers that C preserves, loads them from the message, and stores what the
 * kernel leaves in them back into it.
 */
#include <lykos/msg_layout.h>

        .text
        .globl  lk_invoke
        .type   lk_invoke, @function
lk_invoke:
        .cfi_startproc
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   %rdi
        movq    MSG_CONTROL(%rdi), %rax
        movq    MSG_WORD(1)(%rdi), %rsi
        movq    MSG_WORD(2)(%rdi), %rdx
        movq    MSG_WORD(3)(%rdi), %rbx
        movq    MSG_WORD(4)(%rdi), %r12
        movq    MSG_WORD(5)(%rdi), %r13
        movq    MSG_WORD(6)(%rdi), %r14
        movq    MSG_WORD(7)(%rdi), %r15
        movq    MSG_ID(%rdi), %r8
        movq    MSG_LENGTHS(%rdi), %r9          # string_len, buffer_size
        movq    MSG_STRING(%rdi), %r10
        movq    MSG_BUFFER(%rdi), %rbp
        movq    MSG_WORD(0)(%rdi), %rdi
        syscall
        movq    (%rsp), %rcx
        movq    %rax, MSG_DELIVERY(%rcx)
        movq    %rdi, MSG_WORD(0)(%rcx)
        movq    %rsi, MSG_WORD(1)(%rcx)
        movq    %rdx, MSG_WORD(2)(%rcx)
        movq    %rbx, MSG_WORD(3)(%rcx)
        movq    %r12, MSG_WORD(4)(%rcx)
        movq    %r13, MSG_WORD(5)(%rcx)
        movq    %r14, MSG_WORD(6)(%rcx)
        movq    %r15, MSG_WORD(7)(%rcx)
        movq    %r8, MSG_ID(%rcx)
        movq    %r9, MSG_PAYLOAD(%rcx)
        movl    %edi, %eax
        popq    %rdi
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
        .cfi_endproc
        .size   lk_invoke, . - lk_invoke

        .section .note.GNU-stack, "", @progbits
