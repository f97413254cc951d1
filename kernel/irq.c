/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupt lines: the table behind IrqCtl and IrqWait, and what happens when a line fires.
 */
#include <kernel/check.h>
#include <kernel/cpu.h>
#include <kernel/irq.h>
#include <kernel/log.h>
#include <kernel/notice.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

static struct irq_line lines[ARCH_IRQ_LINES];

void irq_init(void)
{
    for (unsigned i = 0; i < ARCH_IRQ_LINES; i++) {
        lines[i] = (struct irq_line){ .count = 1 };
    }
}

static unsigned line_number(const struct irq_line *line)
{
    return (unsigned)(line - lines);
}

struct irq_line *irq_of_cap(const struct cap *c)
{
    struct irq_line *line;

    if (c->type != CAP_IRQWAIT || c->payload >= ARCH_IRQ_LINES) {
        return NULL;
    }
    line = &lines[c->payload];
    return line->allocated && line->count == c->count ? line : NULL;
}

bool irq_cap_valid(const struct cap *c)
{
    return irq_of_cap(c) != NULL;
}

bool irq_can_allocate(unsigned line)
{
    return arch_irq_usable(line) && !lines[line].allocated && lines[line].count != UINT32_MAX;
}

struct cap irq_allocate(unsigned line)
{
    ASSERT_AFTER_COMMIT();
    lines[line].allocated = true;
    return (struct cap){ .type = CAP_IRQWAIT, .payload = line, .count = lines[line].count };
}

void irq_release(unsigned line)
{
    ASSERT_AFTER_COMMIT();
    if (lines[line].allocated) {
        arch_irq_mask(line);
        lines[line] = (struct irq_line){ .count = lines[line].count + 1 };
    }
}

void irq_bind(struct irq_line *line, const struct cap *notice, uint32_t bits)
{
    ASSERT_AFTER_COMMIT();
    cap_copy(&line->notice, notice);
    line->bits = bits;
    if (notice->type == CAP_NULL) {
        arch_irq_mask(line_number(line));
    } else {
        arch_irq_unmask(line_number(line));
    }
}

void irq_acknowledge(struct irq_line *line)
{
    ASSERT_AFTER_COMMIT();
    arch_irq_unmask(line_number(line));
}

/* An entry: a line has fired. The port has masked it; it stays so until it is acknowledged, or for
 * good if there is nobody to tell. */
void kernel_interrupt(unsigned line)
{
    txn_begin();
    cpu_self()->stats.interrupts++;
    trace_event(TRACE_IRQ, line, 0);
    txn_commit();
    if (line >= ARCH_IRQ_LINES || !app_notice_post(&lines[line].notice, lines[line].bits)) {
        log_limited(LOG_WARN, "interrupt line %u: nobody to tell, the line stays masked", line);
    }
    sched_exit();
}

unsigned irq_check(void)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < ARCH_IRQ_LINES; i++) {
        const struct irq_line *l = &lines[i];

        if (l->notice.type != CAP_NULL && !l->allocated) {
            log_line(LOG_ERROR, "INV-IRQ-1: line %u is bound but not allocated", i);
            failed++;
        }
        if (l->count == 0) {
            log_line(LOG_ERROR, "INV-IRQ-2: line %u has count 0", i);
            failed++;
        }
    }
    return failed;
}
