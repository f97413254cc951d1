/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupt lines: the table behind IrqCtl and IrqWait (cap/irqctl.c, cap/irqwait.c), and what
 * happens when a line fires.
 */
#include <kernel/cpu.h>
#include <kernel/irq.h>
#include <kernel/log.h>
#include <kernel/notice.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

struct irq_line irq_lines[ARCH_IRQ_LINES] = { [0 ... ARCH_IRQ_LINES - 1] = { .count = 1 } };

struct irq_line *irq_of_cap(const struct cap *c)
{
    struct irq_line *line;

    if (c->type != CAP_IRQWAIT || c->payload >= ARCH_IRQ_LINES) {
        return NULL;
    }
    line = &irq_lines[c->payload];
    return line->allocated && line->count == c->count ? line : NULL;
}

/* An entry: a line has fired. The port has masked it; it stays so until it is acknowledged, or for
 * good if there is nobody to tell. */
void kernel_interrupt(unsigned line)
{
    txn_begin();
    cpu_self()->stats.interrupts++;
    trace_event(TRACE_IRQ, line, 0);
    txn_commit();
    if (line >= ARCH_IRQ_LINES || !app_notice_post(&irq_lines[line].notice, irq_lines[line].bits)) {
        log_limited(LOG_WARN, "interrupt line %u: nobody to tell, the line stays masked", line);
    }
    sched_exit();
}
