/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: restart injection. Every operation, and every form of a message, is thrown
 * away at its first acquire point, at its second, and so on, and must come to the same end as if
 * nothing had been. The kernel itself compares all stored state before it throws a call away, and
 * panics if the call had changed any.
 *
 *   inject.c            a run, and comparing two
 *   operations.c        operations of kernel capabilities
 *   rest.c              those on what is in use, and that nothing was left out
 *   messages.c          messages between processes
 *   proxy_pair.c        a target, its receiver, and what may be in the way of a notification
 *   proxy.c             preemption notification: sends
 *   proxy_operations.c  and operations
 *   middle.c            the same in the middle of others
 */
#include "../lib/sys.h"

const char sys_scenario[] = "restart";
