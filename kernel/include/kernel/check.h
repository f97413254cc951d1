/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel looking at itself: every invariant of docs/invariants.md that can be tested, and a
 * hash of all stored state. Always linked into the kernel, for SysCtl.check and for restart
 * injection; they stand in tests/kernel/check/, because nothing else in the kernel uses them. Slow:
 * they pass over everything there is.
 */
#ifndef KERNEL_CHECK_H
#define KERNEL_CHECK_H

#include <kernel/types.h>

struct endpoint;
struct process;
struct timer_heap;

/* All of the below. Like each of them: logs what is broken, and returns how much is. */
unsigned check_all(void);

/* INV-OBJ-n, and those of its kind, of every object. */
unsigned object_check_all(void);
/* INV-PROC-n */
unsigned process_check(const struct process *p);
/* INV-EP-n */
unsigned endpoint_check(const struct endpoint *ep);
/* INV-MAP-n, of all tables; the second: INV-MAP-4 alone, which the first looks at too. */
unsigned space_check(void);
unsigned depend_check(void);
/* INV-IRQ-n */
unsigned irq_check(void);
/* INV-TIMER */
unsigned timer_check(const struct timer_heap *h);

/* Hash of the stored state of all objects, as users can tell it: for restart injection. */
uint64_t object_state_hash(void);

/* Run the self-tests of tests/kernel whose names match, the first one always. The status for
 * arch_exit(): 0 if all passed and there was one. */
unsigned selftest_run(const char *pattern) WARN_UNUSED;

#endif
