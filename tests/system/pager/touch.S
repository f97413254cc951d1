/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a program does to memory: rdi is the address, rsi the value; what was read is in rax. Each ends
 * at a breakpoint, but the jump, which ends where it leads. The loop ends when the byte that rdx names
 * is not zero.
 */
        .text
        .globl  touch_read, touch_write, touch_jump, touch_loop
touch_read:
        movq    (%rdi), %rax
        int3
touch_write:
        movq    %rsi, (%rdi)
        movq    (%rdi), %rax
        int3
touch_jump:
        jmp     *%rdi
touch_loop:
        cmpb    $0, (%rdx)
        je      touch_loop
        movq    (%rdi), %rax
        int3

        .section .note.GNU-stack, "", @progbits
