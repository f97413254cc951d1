/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The trace ring: one fixed record per event, always compiled in. System calls that do not take the
 * fast path, faults, blocks, kernel errors, restarts, notices, holds and deferrals are always
 * recorded; switches, interrupts and messages that waited while SysCtl.setTrace is on, which keeps
 * everything from the fast path.
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

/* The last events, overwritten in a circle. There is one ring, since only one CPU runs so far. */
#define TRACE_RECORDS 8192u
struct trace_ring {
    uint64_t end; /* TRACE_BYTES for each event ever recorded */
    struct trace_record record[TRACE_RECORDS];
};
extern struct trace_ring trace_ring;

/* Those that are recorded while trace_all(true) only. */
#define TRACE_FREQUENT                                                                             \
    (1u << TRACE_IRQ | 1u << TRACE_TIMER | 1u << TRACE_SWITCH | 1u << TRACE_MESSAGE |              \
     1u << TRACE_WAKE)
void trace_all(bool on);

#define TRACE_COUNT (trace_ring.end / TRACE_BYTES) /* events ever recorded */

/* A new record, of an event of process `p`. `end` is read by itself, so that it is counted where it
 * stands. */
static ALWAYS_INLINE struct trace_record *trace_new(const struct process *p, uint32_t e)
{
    uint64_t at = *(const volatile uint64_t *)&trace_ring.end % sizeof(trace_ring.record);
    struct trace_record *r = (struct trace_record *)((uint8_t *)trace_ring.record + at);

    trace_ring.end += TRACE_BYTES;
    arch_stamp(&r->cycles);
    r->process = object_oid(p);
    r->event = e;
    return r;
}

/* Put an event of the current process there; trace_event() does if it is to be recorded. Callable
 * from anywhere. */
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
