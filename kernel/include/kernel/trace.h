/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The trace ring: one fixed record per event, always compiled in. Faults, blocks, kernel errors,
 * notices and slow-path entries are always recorded; the rest while SysCtl.setTrace is on.
 */
#pragma once

#include <kernel/types.h>
#include <traceevents.h> /* enum trace_event: what happened, from kernel/abi */

/* One event. `cycles` is the time, in units of arch_cycles(). */
struct trace_record {
    uint64_t cycles;
    uint32_t process; /* oid of the current process, 0 idle */
    uint32_t event;   /* enum trace_event */
    uint64_t a, b;
};

/* The last events, overwritten in a circle. There is one ring, since one CPU runs so far. */
#define TRACE_RECORDS 1024u
struct trace_ring {
    uint64_t count; /* events ever recorded */
    struct trace_record record[TRACE_RECORDS];
};
extern struct trace_ring trace_ring;

/* Which events are recorded: bit n for event n. Those of every entry only while trace_all(true). */
extern uint32_t trace_mask;
void trace_all(bool on);

/* Put an event into the ring of this CPU; trace_event() does if it is to be recorded. Callable from
 * anywhere. */
void trace_record(enum trace_event e, uint64_t a, uint64_t b);
static ALWAYS_INLINE void trace_event(enum trace_event e, uint64_t a, uint64_t b)
{
    if (trace_mask & 1u << e) {
        trace_record(e, a, b);
    }
}

/* Print the last `n` events through log_raw, oldest first. */
void trace_dump(unsigned n);

/* The record `back` events before the latest of this CPU, 0 the latest; NULL: there was none, or it
 * is gone. */
const struct trace_record *trace_last(unsigned back);
