/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: processes. What a holder of a Process capability sees and does.
 *
 *   registers.c  reading and writing registers, of processes in every state
 *   holds.c      not schedulable
 *   faults.c     every fault, with its exact code
 *   handler.c    who is told of a fault, and what becomes of it
 *   debug.c      single step, trap on system call
 *   trap.c       trap on system call, of calls that last
 *   fpu.c        floating-point state
 *   schedule.c   who runs
 */
#include "../lib/sys.h"

const char sys_scenario[] = "process";
