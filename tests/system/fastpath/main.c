/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the fast path does exactly what the long way does.
 *
 * Whatever is played here is played twice, with the fast path on and off, and all that can be seen
 * of it is compared. A play (play.h) is a call and its answer, all registers set from outside;
 * plays.c has those that were thought of, and random ones. What is longer is a function (twice.h):
 * faults and what their handlers do (handling.h), requests to kernel capabilities (requests.h),
 * tables that change (maps.c), proxied messages (proxied.h), and programs, which go on by
 * themselves (programs.h). turns.c looks at whom calls go to.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "fastpath";
