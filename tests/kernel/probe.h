/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking into hardware page tables, for the self-tests and for the unit tests.
 */
#ifndef TESTS_KERNEL_PROBE_H
#define TESTS_KERNEL_PROBE_H

#include <kernel/process.h>

/* What the hardware tables of `p` grant at an address now (0: nothing mapped), as
 * ACCESS_ bits, and the physical page. Never more than the walk grants. */
unsigned space_probe(struct process *p, uva_t address, kpa_t *page);

#endif
