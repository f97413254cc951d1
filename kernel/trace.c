/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The trace ring: the last 1,024 events, overwritten in a circle. There is one ring, since only CPU
 * 0 runs.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/trace.h>

struct trace_ring trace_ring;

/* What happens in every entry, or nearly. */
#define TRACE_FREQUENT                                                                             \
    (1u << TRACE_SYSCALL | 1u << TRACE_IRQ | 1u << TRACE_TIMER | 1u << TRACE_SWITCH)
#define TRACE_EVERYTHING ((1u << TRACE_EVENTS) - 1)

uint32_t trace_mask = TRACE_EVERYTHING & ~TRACE_FREQUENT;

void trace_all(bool on)
{
    cpu_self()->tracing = on;
    trace_mask = on ? TRACE_EVERYTHING : TRACE_EVERYTHING & ~TRACE_FREQUENT;
}

void trace_record(enum trace_event e, uint64_t a, uint64_t b)
{
    const struct cpu *cpu = cpu_self();

    trace_ring.record[trace_ring.count++ % TRACE_RECORDS] = (struct trace_record){
        .cycles = arch_cycles(),
        .process = cpu->current == NULL ? 0 : object_oid(cpu->current),
        .event = e,
        .a = a,
        .b = b,
    };
}

const struct trace_record *trace_last(unsigned back)
{
    return back < trace_ring.count && back < TRACE_RECORDS
               ? &trace_ring.record[(trace_ring.count - 1 - back) % TRACE_RECORDS]
               : NULL;
}

void trace_dump(unsigned n)
{
    static const char *const names[] = TRACE_NAMES;

    while (n > 0) {
        const struct trace_record *r = trace_last(--n);

        if (r != NULL) {
            nsec_t at = arch_now() - arch_cycles_to_ns(arch_cycles() - r->cycles);

            log_raw("  [%4lu.%09lu] process %08x  %-8s %lx %lx\n", at / 1000000000, at % 1000000000,
                    r->process, r->event < TRACE_EVENTS ? names[r->event] : "?", r->a, r->b);
        }
    }
}
