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
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#define KERNEL_IMAGE_BASE 0xffffffff80000000
#define KERNEL_DEVICE_BASE 0xffffffffc0000000
#define KERNEL_DEVICE_BYTES 0x800000

/* Sizes of stacks; below each lies a guard page of 4096 bytes. */
#define STACK_GUARD 4096
#define KERNEL_STACK_SIZE 16384
#define IST_STACK_SIZE 8192
#define STACKS 1 /* CPUs that have stacks: CPU 0 runs, the others stay parked */

#ifndef __ASSEMBLER__
#include <kernel/boot_info.h>
#include <kernel/types.h>

/* Physical address of the kernel's top table. Its entries 256 to 511 belong into the top table of
 * every space: they never change after boot. Its lower half is empty, so it is also the space of
 * those who have none. */
extern kpa_t kernel_root;

/* Boot only. Build the final tables in memory taken from `boot` (marked there as reserved) and
 * switch to them. */
void paging_init(struct boot_info *boot);

/* Boot only. Map `n` bytes of device memory, or of firmware tables outside RAM: uncached, never
 * executable. What lies wholly in RAM is answered from the direct map. NULL: no room is left, or
 * the range makes no sense. */
void *arch_map_device(kpa_t pa, size_t n);

/* Does [pa, pa + n) lie wholly in RAM, so that arch_kva() reaches it? */
bool paging_in_ram(kpa_t pa, uint64_t n);

/* The stacks for exceptions that must not trust the stack they come on. */
enum ist_stack { IST_DF, IST_NMI, IST_MCE, IST_STACKS };

/* First address above a stack of a CPU; cpu < STACKS. */
uint64_t kernel_stack_top(unsigned cpu);
uint64_t ist_stack_top(unsigned cpu, enum ist_stack which);

/* Which stack has a guard page at `address`, in words; NULL: it is none of them. For the double
 * fault report. */
const char *paging_guard_name(uint64_t address);

/* Walk the kernel's tables: lower half empty, nothing for users, nothing both writable and
 * executable, image and guard pages as they should be. Logs each failure; returns their number. For
 * the self-tests. */
unsigned paging_check(void);

/* Port entry from the boot code: sets the machine up and goes on to kernel_main(). On CPU 0's
 * kernel stack, interrupts off, final page tables, CR0.WP, EFER.NXE, CR4.PAE and PGE on, boot's GDT
 * and IDT still loaded. */
NORETURN void arch_main(const struct boot_info *boot);
#endif

#endif
