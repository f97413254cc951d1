/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of IrqWait: one interrupt line.
 */
#include <kernel/irq.h>
#include <kernel/operations.h>

/* Bind the line to a notice, which unmasks it, or with Null unbind it, which masks it. */
void irqwait_op_bind(struct invocation *inv)
{
    struct irq_line *line = irq_of_cap(&inv->cap);

    cap_copy(&line->notice, &inv->arg[1]);
    line->bits = (uint32_t)inv->word[1];
    if (line->notice.type == CAP_NULL) {
        arch_irq_mask(inv->cap.payload);
    } else {
        arch_irq_unmask(inv->cap.payload);
    }
}

/* Served: let the next interrupt come. */
enum status irqwait_op_acknowledge(struct invocation *inv)
{
    if (irq_of_cap(&inv->cap)->notice.type == CAP_NULL) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    arch_irq_unmask(inv->cap.payload);
    return STATUS_OK;
}
