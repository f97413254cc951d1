/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the space bank (user/servers/bank), its own sources run as a process.
 *
 *   methods.c  every method and every error
 *   close.c    closing: bounded pieces, from within, closers who go
 *   again.c    the server destroyed at random moments
 *   kept.c     copies of Ranges that are kept when they are given back
 *   random.c   random allocate and free of everything, and what a pair costs
 */
#include "../lib/sys.h"

const char sys_scenario[] = "bank";
