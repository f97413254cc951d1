/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The trace ring: the last events, overwritten in a circle. There is one ring, since only CPU 0
 * runs. Whoever holds SysCtl reads it by positions, counted since boot, and so sees what it missed.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/trace.h>

struct trace_ring trace_ring;

void trace_all(bool on)
{
    cpu_self()->tracing = on;
    cpu_self()->traced = NULL;
}

void trace_record(uint32_t e, uint64_t a, uint64_t b)
{
    struct trace_record *r = trace_new(cpu_self()->current, e);

    r->a = a;
    r->b = b;
}

void trace_leave(void)
{
    struct cpu *cpu = cpu_self();
    const struct process *old = cpu->traced, *p = cpu->current;

    if (p != old) {
        trace_record(TRACE_SWITCH | (old == NULL ? 0 : old->s.word << 8),
                     p == NULL ? 0 : p->label[0], p == NULL ? 0 : p->label[1]);
        cpu->traced = cpu->current;
    }
}

void trace_dump(unsigned n)
{
    static const char *const names[] = TRACE_NAMES;

    for (uint64_t i = TRACE_COUNT > n ? TRACE_COUNT - n : 0; i < TRACE_COUNT; i++) {
        const struct trace_record *r = &trace_ring.record[i % TRACE_RECORDS];

        log_raw("  %12lu ns ago: process %08x  %-8s %lx %lx\n",
                arch_cycles_to_ns(arch_cycles() - r->cycles), r->process, names[(uint8_t)r->event],
                r->a, r->b);
    }
}
