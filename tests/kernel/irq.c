/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of interrupt lines: who holds one, and that giving it back takes every capability to
 * it away.
 */
#include "selftest.h"
#include "tests/kernel/check/check.h"

#include <kernel/irq.h>

/* A line that may be allocated; ARCH_IRQ_LINES: there is none. */
static unsigned some_line(void)
{
    for (unsigned i = 0; i < ARCH_IRQ_LINES; i++) {
        if (irq_can_allocate(i)) {
            return i;
        }
    }
    return ARCH_IRQ_LINES;
}

SELFTEST(irq_lines, "a line has one holder, and releasing it makes its capabilities Null")
{
    unsigned line = some_line();
    struct cap first;
    struct cap second;

    if (line == ARCH_IRQ_LINES) {
        selftest_skip("no interrupt line is usable");
        return;
    }
    txn_commit();
    first = irq_allocate(line);
    CHECK(cap_live(&first));
    CHECK(!irq_can_allocate(line));
    irq_release(line);
    CHECK(!cap_live(&first));
    second = irq_allocate(line);
    CHECK(cap_live(&second) && !cap_live(&first));
    irq_release(line);
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
