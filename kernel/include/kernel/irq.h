/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Interrupt lines. A line belongs to the holder of its IrqWait capability, which binds it to a
 * notice. An interrupt masks the line and posts the notice; the holder serves the device and
 * acknowledges, which unmasks the line. So a level-triggered line that nobody serves stays quiet.
 */
#pragma once

#include <kernel/arch.h>
#include <kernel/cap.h>

/* INV-IRQ-1  bound (notice not Null)  =>  allocated.
 * INV-IRQ-2  count > 0: the count of an IrqWait capability is never that of "no object". */
struct irq_line {
    uint32_t count; /* an IrqWait with another count is Null */
    bool allocated;
    struct cap notice; /* AppNotice that it is bound to, or Null */
    uint32_t bits;     /* what is posted */
};

extern struct irq_line irq_lines[ARCH_IRQ_LINES]; /* only IrqCtl and IrqWait write one */

/* The line behind an IrqWait capability, or NULL if that is not valid. */
struct irq_line *irq_of_cap(const struct cap *c);
