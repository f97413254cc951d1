/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: calls and their replies. A reply capability works once, for its own call,
 * whoever holds it, however many copies there are, and whatever happened in between.
 *
 *   oneshot.c   used, copied, stale and foreign reply capabilities
 *   sleep.c     the answer of the clock
 *   gone.c      callers and servers that go away
 */
#include "../lib/sys.h"

const char sys_scenario[] = "reply";
