/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The trace ring: one fixed record per event, always compiled in. Faults, blocks, kernel errors,
 * restarts, notices, holds and deferrals are always recorded; entries, switches and messages that
 * waited while SysCtl.setTrace is on, which keeps everything from the fast path.
 */
#pragma once

#include <kernel/cpu.h>
#include <traceevents.h> /* names of the events; both from kernel/abi/codes.idl */

/* One event, as SysCtl.readTrace shows it. `cycles` is the time, in units of arch_cycles(). */
struct trace_record {
    uint64_t cycles;
    uint32_t process; /* oid of the current process, 0 idle */
    uint32_t event;   /* enum trace_event; from bit 8, of TRACE_SWITCH: s.word of who ran before */
    uint64_t a, b;
};
#define TRACE_BYTES sizeof(struct trace_record)

/* The last events, overwritten in a circle. There is one ring, since one CPU runs so far. */
#define TRACE_RECORDS 8192u
struct trace_ring {
    uint64_t count; /* events ever recorded */
    struct trace_record record[TRACE_RECORDS];
};
extern struct trace_ring trace_ring;

/* Those that happen in every entry, or nearly, are recorded while trace_all(true) only. */
#define TRACE_FREQUENT                                                                             \
    (1u << TRACE_SYSCALL | 1u << TRACE_IRQ | 1u << TRACE_TIMER | 1u << TRACE_SWITCH |              \
     1u << TRACE_MESSAGE | 1u << TRACE_WAKE)
void trace_all(bool on);

/* Put an event into the ring of this CPU; trace_event() does if it is to be recorded. Callable from
 * anywhere. */
void trace_record(uint32_t e, uint64_t a, uint64_t b);
static ALWAYS_INLINE void trace_event(enum trace_event e, uint64_t a, uint64_t b)
{
    if (!(TRACE_FREQUENT & 1u << e) || cpu_self()->tracing) {
        trace_record(e, a, b);
    }
}

/* The CPU is about to leave the kernel, with the trace on: record who runs, if that is another than
 * before. */
void trace_leave(void);

/* Print the last `n` events through log_raw, oldest first. */
void trace_dump(unsigned n);
