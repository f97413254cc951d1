/* SPDX-License-Identifier: BSD-2-Clause
 *
 * enum status lk_invoke(struct lk_msg *msg): an invocation with everything, strings both ways
 * included. Saves all registers that C preserves, loads them from the message, and stores what the
 * kernel leaves in them back into it.
 */
#include "message.inc"

        .text
        .globl  lk_invoke
        .type   lk_invoke, @function
lk_invoke:
        .cfi_startproc
        PUSH_PRESERVED
        PUSH    rdi
        movq    MSG_ID(%rdi), %r8
        LOAD_MESSAGE
        syscall
        movq    (%rsp), %rcx
        STORE_MESSAGE
        POP     rdi
        POP_PRESERVED
        ret
        .cfi_endproc
        .size   lk_invoke, . - lk_invoke

        .section .note.GNU-stack, "", @progbits
