/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What processes of a play execute, see acts.h.
 */
#include "../lib/snippets.inc"

        .text

/* Who came when: the next number, into rcx. */
        .macro  TICKET
        movl    $1, %ecx
        lock xaddq %rcx, act_tickets(%rip)
        .endm

SNIPPET act_syscall
        syscall
        TICKET
        int3
        jmp     act_syscall
SNIPPET act_ticket
        TICKET
        int3
        jmp     act_ticket
SNIPPET act_read
        movb    (%rdi), %al
        jmp     act_count
SNIPPET act_write
        movb    %al, (%rdi)
SNIPPET act_count
        TICKET
        int3
        incq    %rdi
        addq    $3, %r15
        jmp     act_count
SNIPPET act_divide
        xorl    %ecx, %ecx
1:      divl    %ecx
        jmp     1b
SNIPPET act_invalid
        ud2
SNIPPET act_protection
        hlt
        jmp     act_protection
SNIPPET act_sse
        SSE_DIVIDES
SNIPPET act_jump
        jmp     *%rdi
SNIPPET act_malformed
        movl    $0x101, %eax            # a reserved bit
        syscall
        int3
        jmp     act_malformed
SNIPPET act_waits
        TICKET
        int3
        movq    %r10, %rax
        syscall
        int3
        jmp     act_waits
SNIPPET act_handler
        movq    %r10, %rax
        movq    act_request(%rip), %rdi
        movq    act_request + 8(%rip), %rsi
        syscall
        .set    at, 0
        .irp    register, rax, rdi, rsi, rdx, rbx, r8, r9, r12, r13, r14, r15
        movq    %\register, at(%rsp)
        .set    at, at + 8
        .endr
        addq    $at, %rsp
        decq    %rbp
        jnz     act_handler
        int3
        ud2

SNIPPET act_program
        movq    (%rsp), %rax
        cmpq    $-1, %rax
        je      2f
        cmpq    $-2, %rax
        je      1f
        cmpq    $-3, %rax
        je      3f
        movq    8(%rsp), %rdi
        movq    16(%rsp), %rsi
        movq    24(%rsp), %r8
        movq    32(%rsp), %r9
        syscall
        .set    at, 0
        .irp    register, rax, rdi, rsi, r8, r9, rdx
        movq    %\register, at(%rsp)
        .set    at, at + 8
        .endr
        TICKET
        movq    %rcx, at(%rsp)
        addq    $64, %rsp
        jmp     act_program
1:      addq    $64, %rsp
        int3
        jmp     act_program
2:      TICKET
        int3
        jmp     2b
3:      jmp     3b
SNIPPET act_conductor
        movq    (%rsp), %rax
        movq    8(%rsp), %rdi
        movq    16(%rsp), %rsi
        syscall
        addq    $24, %rsp
        decq    %rbp
        jnz     act_conductor
        int3
        ud2

SNIPPET act_calls
        movq    (%rsp), %rax
        .set    at, 8
        .irp    register, rdi, rsi, rdx, rbx, r8
        movq    at(%rsp), %\register
        .set    at, at + 8
        .endr
        syscall
        .set    at, 0
        .irp    register, rax, rdi, rsi, rdx, rbx, r8, r9
        movq    %\register, at(%rsp)
        .set    at, at + 8
        .endr
        TICKET
        movq    %rcx, at(%rsp)
        addq    $at + 8, %rsp
        decq    %rbp
        jnz     act_calls
        int3
        ud2

        .bss
        .balign 8
        .globl  act_request, act_tickets
act_request:
        .skip   16
act_tickets:
        .skip   8

        .section .note.GNU-stack, "", @progbits
