/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Instructions that fault. Each begins at its label; rdi holds an address where it needs one.
 */
#include "../lib/snippets.inc"

        .text

SNIPPET do_divide
        divl    %ecx                    # rcx is 0
        ud2
SNIPPET do_breakpoint
        int3
        ud2
SNIPPET do_breakpoint_long
        .byte   0xcd, 3
        ud2
SNIPPET do_overflow
        int     $4
        ud2
SNIPPET do_invalid
        ud2
SNIPPET do_lock_invalid
        .byte   0xf0, 0x90              # lock nop
        ud2
SNIPPET do_avx
        vzeroupper
        ud2
SNIPPET do_rdfsbase
        rdfsbase %rax
        ud2
SNIPPET do_wrgsbase
        wrgsbase %rax
        ud2
SNIPPET do_sysenter
        sysenter
        ud2
SNIPPET do_hlt
        hlt
        ud2
SNIPPET do_cli
        cli
        ud2
SNIPPET do_sti
        sti
        ud2
SNIPPET do_in
        inb     $0x60, %al
        ud2
SNIPPET do_out
        outb    %al, $0xf4
        ud2
SNIPPET do_rdmsr
        rdmsr
        ud2
SNIPPET do_wrmsr
        wrmsr
        ud2
SNIPPET do_write_cr0
        movq    %rax, %cr0
        ud2
SNIPPET do_read_cr3
        movq    %cr3, %rax
        ud2
SNIPPET do_lgdt
        lgdt    (%rsp)
        ud2
SNIPPET do_invlpg
        invlpg  (%rsp)
        ud2
SNIPPET do_swapgs
        swapgs
        ud2
SNIPPET do_sysret
        sysretq
        ud2
SNIPPET do_clts
        clts
        ud2
SNIPPET do_int_80
        int     $0x80
        ud2
SNIPPET do_int_14
        int     $14
        ud2
SNIPPET do_int_timer
        int     $0xef
        ud2
SNIPPET do_bad_selector
        movl    $8, %eax
        movl    %eax, %ds
        ud2
SNIPPET do_far_selector
        movl    $0xfff8, %eax
        movl    %eax, %es
        ud2
SNIPPET do_read
        movb    (%rdi), %al
        int3
SNIPPET do_write
        movb    $0, (%rdi)
        int3
SNIPPET do_rmw
        lock incb (%rdi)
        int3
SNIPPET do_push
        pushq   %rax
        int3
SNIPPET do_jump
        jmp     *%rdi
SNIPPET do_x87
        fninit
        fldcw   (%rdi)                  # all exceptions unmasked
        fld1
        fldz
        fdivrp
        fwait
        ud2
SNIPPET do_sse
        SSE_DIVIDES
SNIPPET do_privileged_flags
        pushfq                          # interrupt flag and I/O privilege cannot be changed
        popq    %rax
        andq    $~0x200, %rax
        orq     $0x3000, %rax
        pushq   %rax
        popfq
        pushfq
        popq    %rax
        int3
SNIPPET do_nothing
        nop
        nop
        nop
        int3
        ud2
/* Two bytes that a test copies to the end of user memory. */
SNIPPET do_syscall_only
        syscall

        .section .note.GNU-stack, "", @progbits
