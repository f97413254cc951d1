/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the programs of the benchmark agree on.
 *
 *   bench          measures: it is the client, the poster of notices, the one that faults, and the
 *                  sender S of what stops others
 *   bench_peer     in another space, of the same priority: the server, the fault handler, the other
 *                  one that yields; a second one, of lower priority, is the server of bench_target
 *   bench_high     in a third space, of higher priority: woken by notices and by an interrupt, like
 *                  a driver
 *   bench_target   T: stopped, and let go on
 *   bench_handler  R: told of T, of higher priority than all of these
 *   bench_touch    begun by bench when it is needed: touches memory that it has not touched yet
 *
 * Word 0 of a request is one of the methods below. In between, bench_peer runs the loop of one
 * measurement, which answers nothing but that measurement's rounds and leaves at the first message
 * that is none.
 */
#pragma once

#include <lykos/lykos.h>

/* ---- bench_peer ---- */
#define BENCH_BEGIN 1u /* word 1: one of the loops; word 2: what stands beside the loop */
#define BENCH_END 2u
#define BENCH_ROUND 3u

enum bench_loop {
    LOOP_0W,
    LOOP_KIT, /* as the server loop of the library waits: four registers, and a string */
    LOOP_4W,
    LOOP_8W,
    LOOP_1CAP,
    LOOP_STRING, /* word 2: bytes, and in the upper half where in a page they are to arrive */
    LOOP_FPU,    /* with a value in xmm15 that must still be there when it runs again */
    LOOP_FAULT,
    LOOP_FAULT_CALL,
    LOOP_YIELD, /* word 2: how many yields */
    LOOP_WAKE,  /* wakes bench before it answers */
    LOOP_STUBS, /* BenchStub, in the library's loop; word 2: 1 by generated dispatch, 0 by hand */
};

#define BENCH_STRING_MOST 65536u
#define BENCH_STRING_BYTE(i) ((char)((i)*7u + (i) / 4096u)) /* what is in byte i of each */

/* ---- bench_high, bench_target, bench_handler ---- */

/* Answer: word 1, the sum of the times at which it ran after what is measured; word 2, their
 * number. Both begin again at 0. */
#define BENCH_TAKE 4u

/* ---- bench_high ---- */
#define BENCH_LISTEN 5u /* word 1: 1, the interrupt comes; 0, it does not */

#define BENCH_BIT_NOTICE 1u /* posted by bench */
#define BENCH_BIT_IRQ 2u    /* by the interrupt line */

/* ---- bench_target: BENCH_BEGIN ----
 *
 * word 1: what it is doing when it is stopped; word 2: how often it is. Each time, and once more at
 * the end, it has bench sent a BENCH_ROUND. */
enum target_state {
    TARGET_READY, /* it computes */
    TARGET_WAITS  /* it is in a closed wait for the answer of its server */
};

/* ---- bench_handler: BENCH_BEGIN ----
 *
 * word 1: 1, what is measured ends with it; 0, it does not. BENCH_ROUND: the target is to be
 * stopped by hand. */

/* What bench_touch (../bench_touch/bench_touch.idl) says first, with an Entry to itself. */
#define BENCH_HERE 6u

/* The keyboard controller: command 0xd2 makes it take the next byte written to its data port for
 * one that came from the keyboard, and raise the keyboard's interrupt. So there is an interrupt at
 * an instruction that is known, on every PC, on a line that nobody else uses here. */
#define KEYBOARD_DATA 0x60u
#define KEYBOARD_COMMAND 0x64u
#define KEYBOARD_STATUS 0x64u
#define KEYBOARD_HAS_OUTPUT 1u
#define KEYBOARD_BUSY 2u
#define KEYBOARD_READ_MODE 0x20u
#define KEYBOARD_WRITE_MODE 0x60u
#define KEYBOARD_MODE_IRQ 1u
#define KEYBOARD_PRETEND 0xd2u

/* The time-stamp counter. Under tools/bench it counts instructions. */
static inline uint64_t bench_ticks(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* What happened of which ticks do not tell the price: the kernel's counters. */
struct events {
    uint64_t entries, cr3_writes, invalidations, interrupts;
};
static inline struct events events_now(uint32_t sysctl)
{
    struct events e = { 0 };

    lk_sysctl_get_stats(sysctl, &e.entries, &e.cr3_writes, &e.invalidations, NULL, &e.interrupts,
                        NULL, NULL);
    return e;
}

/* Marks in the instruction stream for tools/bench-plugin.c, which looks at every instruction: from
 * MARK_BEGIN to MARK_END what is executed counts; MARK_NEXT ends a measurement. From
 * MARK_ROUND_BEGIN to MARK_ROUND_END is one round, of which only the cache lines count; a
 * measurement that has such rounds takes its cache lines from them, others from MARK_BEGIN to
 * MARK_END. Each is a nop with a number in it. */
#define BENCH_MARK(n)                                                                              \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long 0x4c4b0000 + " #n : : : "memory")
#define MARK_BEGIN() BENCH_MARK(1)
#define MARK_END() BENCH_MARK(2)
#define MARK_NEXT() BENCH_MARK(3)
#define MARK_ROUND_BEGIN() BENCH_MARK(4)
#define MARK_ROUND_END() BENCH_MARK(5)

/* xmm15, by hand: user code is compiled without SSE, so nothing else touches it. */
static inline void bench_set_xmm(uint64_t value)
{
    __asm__ volatile("movq %0, %%xmm15" : : "r"(value));
}
static inline uint64_t bench_get_xmm(void)
{
    uint64_t value;

    __asm__ volatile("movq %%xmm15, %0" : "=r"(value));
    return value;
}
