/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's own half of the address space, and its stacks.
 *
 *      0xffff800000000000  direct map: all RAM, RW and NX; what aliases the kernel's text and
 * rodata is read-only 0xffffffff80000000  the image, as boot/kernel.ld lays it out: text RX, rodata
 * R, data RW; stacks with guard pages 0xffffffffc0000000  device memory that was asked for, RW, NX,
 * uncached
 *
 * Everything else there, and the whole lower half, is unmapped.
 */
#pragma once

#define KERNEL_IMAGE_BASE 0xffffffff80000000
#define KERNEL_DEVICE_BASE 0xffffffffc0000000
#define KERNEL_DEVICE_BYTES 0x800000

/* Sizes of stacks; below each lies a guard page of 4096 bytes. */
#define STACK_GUARD 4096
#define KERNEL_STACK_SIZE 16384
#define STACKS 1 /* CPUs that have stacks: CPU 0 runs, the others stay parked */

#ifndef __ASSEMBLER__
#include <arch/vectors.h>
#include <kernel/boot_info.h>
#include <kernel/types.h>

/* The end of what the early page tables of boot.S show. */
#define EARLY_MAPPED (4ull << 30)

/* Bounds of the parts of the image (boot/kernel.ld). */
extern const uint8_t kernel_text_start[], kernel_text_end[], kernel_rodata_start[],
    kernel_rodata_end[], kernel_data_start[], kernel_bss_end[];

/* Boot only. Build the final tables in memory taken from `boot` (and named there) and switch to
 * them. */
void paging_init(struct boot_info *boot);

/* Boot only. Map `n` bytes of device memory, or of firmware tables outside RAM: uncached, never
 * executable. What lies wholly in RAM is answered from the direct map. NULL: no room is left, or
 * the range makes no sense. */
void *arch_map_device(kpa_t pa, size_t n);

/* A stack above its guard page, which is unmapped. */
struct guarded_stack {
    uint8_t guard[STACK_GUARD];
    uint8_t stack[KERNEL_STACK_SIZE];
};
extern struct guarded_stack kernel_stacks[STACKS * STACKS_PER_CPU]; /* known to boot.S */

/* First address above a stack of a CPU; cpu < STACKS; `which` is STACK_... of <arch/vectors.h>. */
uint64_t stack_top(unsigned cpu, unsigned which);

/* The stack that has this address, maybe in its guard page; NULL: none of them. */
const struct guarded_stack *stack_at(uint64_t address);

/* From the boot code, which is on CPU 0's kernel stack, with interrupts off and CR0.WP, EFER.NXE,
 * CR4.PAE and PGE on. First what it takes to say something: console, panic, exceptions. */
void arch_begin(void);
/* Then, on the final page tables, the rest of the machine, and on to kernel_main(). */
NORETURN void arch_main(const struct boot_info *boot);
#endif
