/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: storage and address spaces.
 *
 *   range.c   making and destroying objects
 *   lent.c    Ranges that are lent, and taken back
 *   pages.c   operations of memory capabilities
 *   walk.c    what an address means: guards, l2v, restrictions
 *   change.c  what was mapped is gone when it changes
 *   random.c  random trees and random changes, against a walk of the test's own
 *   pool.c    more hardware page tables wanted than there are
 */
#include "../lib/sys.h"

const char sys_scenario[] = "memory";
