/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names for interrupt vectors and segment selectors. Used by C and assembly.
 */
#pragma once

/* Exceptions, by the names of the manuals. */
#define EXC_DE 0  /* divide error */
#define EXC_DB 1  /* debug: single step */
#define EXC_NMI 2 /* non-maskable interrupt */
#define EXC_BP 3  /* int3 */
#define EXC_OF 4  /* int 4 */
#define EXC_BR 5  /* bound range */
#define EXC_UD 6  /* invalid instruction */
#define EXC_NM 7  /* FPU not available */
#define EXC_DF 8  /* double fault */
#define EXC_TS 10 /* invalid task segment */
#define EXC_NP 11 /* segment not present */
#define EXC_SS 12 /* stack segment */
#define EXC_GP 13 /* general protection */
#define EXC_PF 14 /* page fault */
#define EXC_MF 16 /* x87 error */
#define EXC_AC 17 /* alignment check */
#define EXC_MC 18 /* machine check */
#define EXC_XM 19 /* SSE error */

/* The old interrupt controllers are moved out of the way of the exceptions, and masked. */
#define VECTOR_PIC 0x20
#define VECTOR_PIC_COUNT 16
/* Global system interrupt n of the I/O APIC. */
#define VECTOR_LINE 0x30
#define VECTOR_LINE_COUNT 24
#define VECTOR_TIMER 0xe0
#define VECTOR_APIC_ERROR 0xfe
#define VECTOR_SPURIOUS 0xff

/* The stacks of a CPU: the kernel's, and those for exceptions that must not trust the stack they
 * come on, by their numbers in the task state segment. */
#define STACK_KERNEL 0
#define STACK_DOUBLE_FAULT 1
#define STACK_NMI 2
#define STACK_MACHINE_CHECK 3
#define STACKS_PER_CPU 4

/* Selectors. `syscall` and `sysret` want this order; the place at 0x18 is that of 32-bit user code,
 * which there is none of. */
#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_SYSRET_BASE 0x1b
#define SEL_USER_DATA 0x23
#define SEL_USER_CODE 0x2b
#define SEL_TSS 0x30

/* Bits of the flags register. */
#define RFLAGS_ONE 0x2
#define RFLAGS_TF 0x100
#define RFLAGS_IF 0x200
#define RFLAGS_DF 0x400
#define RFLAGS_IOPL 0x3000
#define RFLAGS_NT 0x4000
#define RFLAGS_RF 0x10000
#define RFLAGS_AC 0x40000
#define RFLAGS_ID 0x200000
#define RFLAGS_ARITHMETIC 0x8d5 /* CF PF AF ZF SF OF */

#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
