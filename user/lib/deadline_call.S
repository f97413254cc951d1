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
#include "message.inc"

        .text
        .globl  lk_deadline_call, lk_deadline_enter, lk_deadline_leave, lk_deadline_over
        .globl  lk_deadline_abandon
        .type   lk_deadline_call, @function
lk_deadline_call:
        .cfi_startproc
        PUSH_PRESERVED
        PUSH    rsi
        PUSH    rdi
        .cfi_remember_state
lk_deadline_enter:
        cmpq    $0, DEADLINE_ENDED(%rsi)
        jne     lk_deadline_abandon
        LOAD_MESSAGE
        syscall
lk_deadline_leave:
        movq    8(%rsp), %rcx
        movq    $0, DEADLINE_CALL(%rcx)
lk_deadline_over:
        POP     rcx
        STORE_MESSAGE
        jmp     1f
lk_deadline_abandon:
        .cfi_restore_state
        POP     rcx
        movq    (%rsp), %rsi
        movq    $0, DEADLINE_CALL(%rsi)
        movq    DEADLINE_ENDED(%rsi), %rax
        movq    $0, MSG_DELIVERY(%rcx)          # nothing was received: the result alone
        movq    %rax, MSG_WORD(0)(%rcx)
1:      POP     rsi
        POP_PRESERVED
        ret
        .cfi_endproc
        .size   lk_deadline_call, . - lk_deadline_call

        .section .note.GNU-stack, "", @progbits
