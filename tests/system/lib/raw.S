/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The whole program of a raw process: one system call, then a breakpoint.
 */
        .text
        .globl  raw_syscall, raw_after
        .type   raw_syscall, @function
raw_syscall:
        syscall
raw_after:
        int3
        ud2
        .size   raw_syscall, . - raw_syscall

/* Where a worker begins: rdi the function, rsi its argument, rsp the top of its stack. */
        .globl  worker_entry
        .type   worker_entry, @function
worker_entry:
        movq    %rdi, %rax
        movq    %rsi, %rdi
        xorl    %ebp, %ebp
        andq    $-16, %rsp
        call    *%rax
        call    worker_over
        ud2
        .size   worker_entry, . - worker_entry

        .section .note.GNU-stack, "", @progbits
