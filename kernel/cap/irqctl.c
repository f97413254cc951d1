/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of IrqCtl: hand out interrupt lines and take them back.
 */
#include <kernel/irq.h>
#include <kernel/operations.h>

/* Take a line. */
enum status irqctl_op_allocate(struct invocation *inv)
{
    unsigned line = (unsigned)inv->word[1];

    if (!irq_can_allocate(line)) {
        return STATUS_IN_USE;
    }

    txn_commit();

    inv->out_cap[0] = irq_allocate(line);
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

    irq_release(line);
    return STATUS_OK;
}
