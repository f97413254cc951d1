/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of interrupt lines: who holds one, and that giving it back takes every capability to
 * it away.
 */
#include "selftest.h"
#include "tests/kernel/check/check.h"

#include <kernel/irq.h>
#include <kernel/operations.h>

/* An operation of IrqCtl on a line, as a transaction of its own; its capability into *c. */
static enum status line_op(enum status (*op)(struct invocation *), unsigned line, struct cap *c)
{
    static struct invocation inv;
    uint64_t word[LK_MAX_WORDS] = { 0, line };
    enum status status;

    txn_begin();
    inv.word = word;
    status = op(&inv);
    *c = inv.out_cap[0];
    return status;
}

SELFTEST(irq_lines, "a line has one holder, and releasing it makes its capabilities Null")
{
    unsigned line = 0;
    struct cap first;
    struct cap second;

    while (line < ARCH_IRQ_LINES && line_op(irqctl_op_allocate, line, &first) != STATUS_OK) {
        line++;
    }
    if (line == ARCH_IRQ_LINES) {
        selftest_skip("no interrupt line is usable");
        return;
    }
    CHECK(cap_live(&first));
    CHECK_EQUAL(line_op(irqctl_op_allocate, line, &second), STATUS_IN_USE);
    CHECK_EQUAL(line_op(irqctl_op_release, line, &second), STATUS_OK);
    CHECK(!cap_live(&first));
    CHECK_EQUAL(line_op(irqctl_op_allocate, line, &second), STATUS_OK);
    CHECK(cap_live(&second) && !cap_live(&first));
    CHECK_EQUAL(line_op(irqctl_op_release, line, &first), STATUS_OK);
    CHECK(!cap_live(&second));
    CHECK_EQUAL(irq_check(), 0);
}

SELFTEST(irq_bad_caps, "capabilities to lines that do not exist are Null")
{
    struct cap c = { .type = CAP_IRQWAIT, .payload = ARCH_IRQ_LINES, .count = 1 };

    CHECK(!cap_live(&c));
    c.payload = UINT32_MAX;
    CHECK(!cap_live(&c));
    c.payload = 0;
    c.count = 0;
    CHECK(!cap_live(&c));
}
