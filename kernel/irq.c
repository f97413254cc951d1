/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupt lines: the table behind IrqCtl and IrqWait, and what happens when a line fires.
 */
#include <kernel/cpu.h>
#include <kernel/irq.h>
#include <kernel/log.h>
#include <kernel/notice.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

struct irq_line irq_lines[ARCH_IRQ_LINES];

void irq_init(void)
{
    for (unsigned i = 0; i < ARCH_IRQ_LINES; i++) {
        irq_lines[i] = (struct irq_line){ .count = 1 };
    }
}

struct irq_line *irq_of_cap(const struct cap *c)
{
    struct irq_line *line;

    if (c->type != CAP_IRQWAIT || c->payload >= ARCH_IRQ_LINES) {
        return NULL;
    }
    line = &irq_lines[c->payload];
    return line->allocated && line->count == c->count ? line : NULL;
}

bool irq_can_allocate(unsigned line)
{
    return arch_irq_usable(line) && !irq_lines[line].allocated &&
           irq_lines[line].count != UINT32_MAX;
}

struct cap irq_allocate(unsigned line)
{
    ASSERT_AFTER_COMMIT();
    irq_lines[line].allocated = true;
    return (struct cap){ .type = CAP_IRQWAIT, .payload = line, .count = irq_lines[line].count };
}

void irq_release(unsigned line)
{
    ASSERT_AFTER_COMMIT();
    if (irq_lines[line].allocated) {
        arch_irq_mask(line);
        irq_lines[line] = (struct irq_line){ .count = irq_lines[line].count + 1 };
    }
}

void irq_bind(struct irq_line *line, const struct cap *notice, uint32_t bits)
{
    ASSERT_AFTER_COMMIT();
    cap_copy(&line->notice, notice);
    line->bits = bits;
    if (notice->type == CAP_NULL) {
        arch_irq_mask((unsigned)(line - irq_lines));
    } else {
        arch_irq_unmask((unsigned)(line - irq_lines));
    }
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
