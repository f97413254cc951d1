/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The instructions of a prober: rdi is the address, rsi what is written.
 */
        .text
        .globl  probe_read, probe_write, probe_exec
        .type   probe_read, @function
probe_read:
        movq    (%rdi), %rax
        int3
        ud2
        .type   probe_write, @function
probe_write:
        movq    %rsi, (%rdi)
        int3
        ud2
        .type   probe_exec, @function
probe_exec:
        jmp     *%rdi                   # there is a breakpoint

        .section .note.GNU-stack, "", @progbits
