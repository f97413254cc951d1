/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of IrqWait: one interrupt line.
 */
#include <kernel/irq.h>
#include <kernel/operations.h>

/* Bind the line to a notice, or with Null unbind it. */
void irqwait_op_bind(struct invocation *inv)
{
    irq_bind(irq_of_cap(&inv->cap), &inv->arg[1], (uint32_t)inv->word[1]);
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
