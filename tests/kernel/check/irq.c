/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: interrupt lines.
 */
#include "invariant.h"

#include <kernel/irq.h>

unsigned irq_check(void)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < ARCH_IRQ_LINES; i++) {
        const struct irq_line *l = &irq_lines[i];

        INVARIANT(l->notice.type == CAP_NULL || l->allocated,
                  "INV-IRQ-1 broken: line %u is bound but not allocated", i);
        INVARIANT(l->count != 0, "INV-IRQ-2 broken: line %u has count 0", i);
    }
    return failed;
}
