/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The inline part of the contract in <kernel/arch.h>, for the build machine: "physical memory" is
 * an arena, in which address 0 is its first byte. There is one CPU.
 */
#pragma once

#include <kernel/types.h>

struct cpu;

extern uint8_t *host_arena; /* see host.h */
extern struct cpu *const host_cpu;

static inline void *arch_kva(kpa_t pa)
{
    return host_arena + pa;
}

static inline kpa_t arch_kpa(const void *kva)
{
    return (kpa_t)((const uint8_t *)kva - host_arena);
}

static inline struct cpu *arch_cpu(void)
{
    return host_cpu;
}

/* The fake clock: one cycle is one nanosecond. It stands still unless a test moves it. */
extern uint64_t host_clock;

static inline uint64_t arch_cycles(void)
{
    return host_clock;
}

static inline void arch_stamp(uint64_t *to)
{
    *to = host_clock;
}

/* Ports: reads give what was written last. */
extern uint32_t host_ports[65536];

static inline uint64_t arch_in(uint16_t port, unsigned width)
{
    return width == 4 ? host_ports[port] : host_ports[port] & ((1u << (8 * width)) - 1);
}

static inline void arch_out(uint16_t port, unsigned width, uint32_t value)
{
    (void)width;
    host_ports[port] = value;
}

/* Copy, and fill, `n` words of 8 bytes, upwards, at any alignment. Bytes, so that the sanitizers
 * see every one. */
static inline void arch_copy_words(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < 8 * n; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
}
static inline void arch_fill_words(void *to, uint64_t word, size_t n)
{
    for (size_t i = 0; i < 8 * n; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)(word >> 8 * (i % 8));
    }
}
