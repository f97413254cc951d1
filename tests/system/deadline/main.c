/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: calls with a deadline, and cancelling them (<lykos/deadline.h>), a library
 * that is made of preemption notification.
 *
 *   cast.c    the caller, its handler, and the server
 *   every.c   the deadline at every instruction of the caller
 *   found.c   every state in which the handler may find the caller
 *   random.c  deadlines and answers at random times, against each other
 */
#include "../lib/sys.h"

const char sys_scenario[] = "deadline";
