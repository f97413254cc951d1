/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the fast path of messages does exactly what the long way does.
 *
 * Each case runs the same twice, with the fast path on and off, and compares every register and
 * every capability register of all processes in it.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "fastpath";
