/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts of check_all(). Each logs what is broken, and returns how much is.
 */
#pragma once

#include <kernel/check.h>
#include <kernel/types.h>

struct endpoint;
struct process;
struct timer_heap;

/* INV-OBJ-n, and those of its kind, of every object. */
unsigned object_check_all(void);
/* INV-PROC-n */
unsigned process_check(const struct process *p);
/* INV-EP-n */
unsigned endpoint_check(const struct endpoint *ep);
/* INV-FAST-n: part of the two before. */
unsigned fast_check_process(const struct process *p);
unsigned fast_check_endpoint(const struct endpoint *ep);
/* INV-MAP-n, of all tables; the second: INV-MAP-4 alone, which the first looks at too. */
unsigned space_check(void);
unsigned depend_check(void);
/* INV-IRQ-n */
unsigned irq_check(void);
/* INV-TIMER */
unsigned timer_check(const struct timer_heap *h);
