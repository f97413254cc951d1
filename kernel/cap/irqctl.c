/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of IrqCtl: hand out interrupt lines and take them back.
 */
#include <kernel/irq.h>
#include <kernel/operations.h>

/* Take a line that is not the kernel's, nobody's, not retired. */
enum status irqctl_op_allocate(struct invocation *inv)
{
    unsigned line = (unsigned)inv->word[1];
    struct irq_line *l = &irq_lines[line];

    if (!arch_irq_usable(line) || l->allocated || l->count == UINT32_MAX) {
        return STATUS_IN_USE;
    }

    txn_commit();

    l->allocated = true;
    inv->out_cap[0] = (struct cap){ .type = CAP_IRQWAIT, .payload = line, .count = l->count };
    return STATUS_OK;
}

/* Give a line back, or take it away: whoever held its IrqWait holds Null. A line that is nobody's
 * stays so. */
enum status irqctl_op_release(struct invocation *inv)
{
    unsigned line = (unsigned)inv->word[1];

    if (!arch_irq_usable(line)) {
        return STATUS_IN_USE;
    }

    txn_commit();

    if (irq_lines[line].allocated) {
        arch_irq_mask(line);
        irq_lines[line] = (struct irq_line){ .count = irq_lines[line].count + 1 };
    }
    return STATUS_OK;
}
