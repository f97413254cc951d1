/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: who runs, for how long, and how exact the clock is. Times are those of the
 * virtual clock and CPU times, so the results are the same however busy the machine is.
 *
 *   slices.c     round robin among equals, and what becomes of what is left of a slice
 *   fairness.c   sends and calls, beside an equal that only computes
 *   priority.c   priorities, and the order of yielding
 *   change.c     schedules that are set, changed, taken away and rescinded
 *   setup.c      making schedules
 *   time.c       CPU time, sleeping, no ticks
 *   preempt.c    preemption at random moments changes no result
 *   share.c      workers that note when they get the CPU
 */
#include "../lib/sys.h"

const char sys_scenario[] = "schedule";
