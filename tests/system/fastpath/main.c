/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the fast path of messages does exactly what the long way does.
 *
 * Each play (play.h) runs twice, with the fast path on and off, and every register and every
 * capability register of all processes in it is compared. turns.c looks at whom calls go to.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "fastpath";
