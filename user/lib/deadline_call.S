/* SPDX-License-Identifier: BSD-2-Clause
 *
 * enum status lk_deadline_call(struct lk_msg *msg, struct lk_deadline *d): lk_invoke() for a call
 * that a handler may end. The handler stops this process and looks where it stands, so the places
 * have names:
 *
 *      enter .. leave    not sent yet, or its send or wait is to begin again: the handler may have
 *                        it go on at `abandon`. What stands on the stack is the same all the way.
 *      leave             behind the `syscall`: where a process stands that waits, to send or for
 *                        the answer. One that is ready here has its answer.
 *      leave .. over     the answer is there; it only has to be noted that the call is over
 *
 * A handler that comes before `enter` leaves a word in d->ended, which is looked at behind `enter`.
 */
#include <lykos/deadline_layout.h>
#include <lykos/msg_layout.h>

        .text
        .globl  lk_deadline_call, lk_deadline_enter, lk_deadline_leave, lk_deadline_over
        .globl  lk_deadline_abandon
        .type   lk_deadline_call, @function
lk_deadline_call:
        .cfi_startproc
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushq   %rsi
        pushq   %rdi
lk_deadline_enter:
        cmpq    $0, DEADLINE_ENDED(%rsi)
        jne     lk_deadline_abandon
        movq    MSG_CONTROL(%rdi), %rax
        movq    MSG_WORD(1)(%rdi), %rsi
        movq    MSG_WORD(2)(%rdi), %rdx
        movq    MSG_WORD(3)(%rdi), %rbx
        movq    MSG_WORD(4)(%rdi), %r12
        movq    MSG_WORD(5)(%rdi), %r13
        movq    MSG_WORD(6)(%rdi), %r14
        movq    MSG_WORD(7)(%rdi), %r15
        movq    MSG_LENGTHS(%rdi), %r9          # string_len, buffer_size
        movq    MSG_STRING(%rdi), %r10
        movq    MSG_BUFFER(%rdi), %rbp
        movq    MSG_WORD(0)(%rdi), %rdi
        syscall
lk_deadline_leave:
        movq    8(%rsp), %rcx
        movq    $0, DEADLINE_CALL(%rcx)
lk_deadline_over:
        popq    %rcx
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
        jmp     1f
lk_deadline_abandon:
        popq    %rcx
        movq    (%rsp), %rsi
        movq    $0, DEADLINE_CALL(%rsi)
        movq    DEADLINE_ENDED(%rsi), %rax
        movq    $0, MSG_DELIVERY(%rcx)          # nothing was received: the result alone
        movq    %rax, MSG_WORD(0)(%rcx)
1:      popq    %rsi
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
        .cfi_endproc
        .size   lk_deadline_call, . - lk_deadline_call

        .section .note.GNU-stack, "", @progbits
