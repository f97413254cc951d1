/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the trace ring as SysCtl.readTrace shows it, and what is in it. A reader
 * misses nothing without being told; while the trace is on, each entry, switch and message is
 * there, with who did it and to whom.
 *
 *   read.c     positions, pieces, what is lost
 *   events.c   what is recorded
 *   look.c     what both use
 */
#include "ring.h"

const char sys_scenario[] = "tracering";
