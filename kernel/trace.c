/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The trace ring: the last 1,024 events, overwritten in a circle. There is one ring, since only CPU
 * 0 runs.
 */
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/trace.h>

#define TRACE_RECORDS 1024u

static uint64_t count; /* events ever recorded */
static struct trace_record ring[TRACE_RECORDS];

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

    ring[count++ % TRACE_RECORDS] = (struct trace_record){
        .cycles = arch_cycles(),
        .process = cpu->current == NULL ? 0 : object_oid(cpu->current),
        .event = (uint16_t)e,
        .cpu = (uint16_t)cpu->id,
        .a = a,
        .b = b,
    };
}

const struct trace_record *trace_last(unsigned back)
{
    return back < count && back < TRACE_RECORDS ? &ring[(count - 1 - back) % TRACE_RECORDS] : NULL;
}

void trace_dump(unsigned n)
{
    static const char *const names[TRACE_EVENTS] = {
        [TRACE_NONE] = "none",       [TRACE_SYSCALL] = "syscall", [TRACE_FAULT] = "fault",
        [TRACE_BLOCK] = "block",     [TRACE_RESULT] = "result",   [TRACE_NOTICE] = "notice",
        [TRACE_IRQ] = "irq",         [TRACE_TIMER] = "timer",     [TRACE_SWITCH] = "switch",
        [TRACE_RESTART] = "restart", [TRACE_RESCIND] = "rescind", [TRACE_HOLD] = "hold",
        [TRACE_DEFER] = "defer",     [TRACE_PROXY] = "proxy",
    };

    while (n > 0) {
        const struct trace_record *r = trace_last(--n);

        if (r != NULL) {
            nsec_t at = arch_now() - arch_cycles_to_ns(arch_cycles() - r->cycles);

            log_raw("  [%4lu.%09lu] process %08x  %-8s %lx %lx\n", at / 1000000000, at % 1000000000,
                    r->process, r->event < TRACE_EVENTS ? names[r->event] : "?", r->a, r->b);
        }
    }
}
