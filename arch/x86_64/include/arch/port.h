/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the x86-64 port tell each other. Nothing outside arch/x86_64 includes this.
 */
#pragma once

#include <kernel/arch.h>

/* --- cpu.c --- */

/* What the CPU has, from CPUID. Const after boot. */
struct cpu_features {
    bool smap, hypervisor, tsc_deadline;
};
extern struct cpu_features cpu_features;

/* The data of CPU 0, and GS base, through which it is found. */
void cpu_data_init(void);
/* Look at CPUID; a CPU without what the kernel cannot do without ends here in words. Then control
 * registers and the registers of `syscall`. */
void cpu_init(void);

/* --- gdt.c: descriptor tables --- */

/* Descriptors, task state and segments of a CPU. Clears the GS base. */
void gdt_init(unsigned id);
void idt_init(void);

/* --- fpu.c --- */
void fpu_init(void);
/* The FPU's part of going to another process, if one of the two uses it. For arch_resume(). */
void fpu_switch(struct process *to);
/* The current process used the FPU and must not yet: let it. */
void fpu_first_use(void);

/* --- acpi.c --- */

/* Where the I/O APIC is, and how its lines are wired: as the firmware says, or as usual where it
 * says nothing. */
extern kpa_t ioapic_at;
extern struct line_wiring {
    bool active_low, level;
} line_wiring[ARCH_IRQ_LINES];

/* Read the tables behind the root pointer at `rsdp`; 0: the loader named none. */
void acpi_init(kpa_t rsdp);

/* --- apic.c --- */
void apic_init(void);
void apic_eoi(void);
/* An interrupt of the line came in. Acknowledges it. Should the kernel be told? */
bool apic_line_arrived(unsigned line);
/* The timer, which counts down from `count` and then interrupts, 0: never; where it is. */
void apic_timer_start(uint32_t count);
uint32_t apic_timer_count(void);
/* From now on it interrupts when the time-stamp counter reaches what is in MSR_TSC_DEADLINE. */
void apic_timer_by_deadline(void);

/* --- clock.c --- */
void clock_init(void);
/* For assembly: the time is what was counted since boot times this 32.32 number. */
extern uint64_t clock_tsc_at_boot, clock_ns_per_cycle;
/* The timer went off. Has the time come for which it was armed? If not, it is set again. */
bool clock_timer_fired(void);

/* --- uart.c --- */
void uart_init(void);
