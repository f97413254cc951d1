/* SPDX-License-Identifier: BSD-2-Clause
 *
 * _start: where a program begins. Registers are all zero but rsp, which is the top of the stack.
 */
        .text
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip              # the outermost frame
        xorl    %ebp, %ebp
        andq    $-16, %rsp
        call    lk_begin
        ud2                             # lk_begin does not return
        .cfi_endproc
        .size   _start, . - _start

        .section .note.GNU-stack, "", @progbits
