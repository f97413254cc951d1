/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel looking at itself: every invariant of docs/invariants.md that can be tested, and a
 * hash of all stored state. Always linked into the kernel, for SysCtl.check and for restart
 * injection; they stand in tests/kernel/check/, because nothing else in the kernel uses them. Slow:
 * they pass over everything there is.
 */
#pragma once

#include <kernel/types.h>

/* Each invariant of tests/kernel/check/check.h. Logs what is broken, and returns how much is. */
unsigned check_all(void);

/* Hash of the stored state of all objects, as users can tell it: for restart injection. */
uint64_t object_state_hash(void);

/* Run the self-tests of tests/kernel whose names match, the first one always. The status for
 * arch_exit(): 0 if all passed and there was one. */
unsigned selftest_run(const char *pattern) WARN_UNUSED;
