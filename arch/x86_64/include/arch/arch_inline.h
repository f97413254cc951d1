/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The inline part of the contract in <kernel/arch.h>, for x86-64: the direct map, the way to this
 * CPU's data, the time-stamp counter, and port I/O. Included by <kernel/arch.h> only.
 */
#pragma once

#include <kernel/types.h>

struct cpu;

/* All physical memory, and what is mapped by arch_map_device(), appears from here on. */
#define ARCH_DIRECT_MAP 0xffff800000000000ull

/* Address at which the kernel sees the physical address `pa`. */
static inline void *arch_kva(kpa_t pa)
{
    return (void *)(ARCH_DIRECT_MAP + pa);
}

/* The physical address of `kva`, which came from arch_kva(). */
static inline kpa_t arch_kpa(const void *kva)
{
    return (kpa_t)((uint64_t)kva - ARCH_DIRECT_MAP);
}

/* Data of this CPU: the first field of struct cpu points to itself. It never changes while the
 * kernel runs. */
static inline struct cpu *arch_cpu(void)
{
    struct cpu *cpu;

    __asm__("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* The time-stamp counter, of which the clock is made. */
static inline uint64_t arch_cycles(void)
{
    return __builtin_ia32_rdtsc();
}

/* The same, written down in halves, as they come. */
static inline void arch_stamp(uint64_t *to)
{
    __asm__ volatile("rdtsc\n\tmovl %%eax, (%1)\n\tmovl %%edx, 4(%1)"
                     : "=m"(*to)
                     : "r"(to)
                     : "eax", "edx");
}

/* Copy, and fill, `n` words of 8 bytes, upwards, at any alignment. */
static inline void arch_copy_words(void *to, const void *from, size_t n)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
static inline void arch_fill_words(void *to, uint64_t word, size_t n)
{
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(word) : "memory");
}

/* Read 1, 2 or 4 bytes from a port. */
static inline uint64_t arch_in(uint16_t port, unsigned width)
{
    uint32_t value = 0;

    if (width == 1) {
        __asm__ volatile("inb %1, %b0" : "+a"(value) : "Nd"(port) : "memory");
    } else if (width == 2) {
        __asm__ volatile("inw %1, %w0" : "+a"(value) : "Nd"(port) : "memory");
    } else {
        __asm__ volatile("inl %1, %0" : "+a"(value) : "Nd"(port) : "memory");
    }
    return value;
}

/* Write 1, 2 or 4 bytes to a port. */
static inline void arch_out(uint16_t port, unsigned width, uint32_t value)
{
    if (width == 1) {
        __asm__ volatile("outb %b0, %1" : : "a"(value), "Nd"(port) : "memory");
    } else if (width == 2) {
        __asm__ volatile("outw %w0, %1" : : "a"(value), "Nd"(port) : "memory");
    } else {
        __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
    }
}
