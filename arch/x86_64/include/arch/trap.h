/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between entry.S and trap.c.
 */
#pragma once

#include <kernel/types.h>

/* What entry.S leaves on the stack of an exception or interrupt that came while the kernel ran. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;            /* error: 0 where the vector has none */
    uint64_t rip, cs, rflags, rsp, ss; /* pushed by the processor */
};

/* One entry of the table of vectors in entry.S. */
struct vector {
    uint64_t entry;
    uint16_t number;
    uint16_t ist; /* STACK_... */
    uint16_t dpl; /* 3: user level may call it by `int` */
    uint16_t reserved;
};
STATIC_ASSERT(sizeof(struct vector) == 16, "known to entry.S");
extern const struct vector vector_table[];
extern const uint64_t vector_count;

/* From user level: registers are in cpu->current->regs, the stack is fresh. */
NORETURN void trap_from_user(uint64_t vector, uint64_t error);
/* From the kernel: an interrupt while idle, or else a bug. */
NORETURN void trap_from_kernel(const struct trap_frame *frame);
/* On a stack of its own, from anywhere: double fault, NMI, machine check, and the debug exception,
 * which is the only one from which it may return. */
void trap_dire(const struct trap_frame *frame);

/* The frame of the exception that this CPU dies of, for arch_panic_dump(); NULL: none. */
extern const struct trap_frame *trap_dying;

/* Where `syscall` enters, and the exits (entry.S, switch.S). */
void entry_syscall(void);
