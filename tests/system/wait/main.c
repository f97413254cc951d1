/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: who waits where, who is served first, and what becomes of those who wait
 * when what they wait for changes.
 *
 *   order.c    order of service in open and closed waits
 *   change.c   endpoints and recipients that change or go away while senders wait
 *   turns.c    several endpoints of one receiver
 *   mass.c     thousands of them
 *   endless.c  waits that would never end, and the words about them in the log
 */
#include "../lib/sys.h"

const char sys_scenario[] = "wait";
