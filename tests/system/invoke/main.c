/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the forms of an invocation. What travels in which register, what is left in
 * every other, what is refused and how.
 *
 *   shapes.c     every way to send and receive between two processes, in one space and in two
 *   kernel.c     the same against kernel capabilities
 *   caps.c       capabilities that travel
 *   malformed.c  control words that make no sense
 *   pseudo.c     copy capability, yield, FS base
 *   null.c       what the log says of a Null
 *   errors.c     result codes, type by type
 */
#include "../lib/sys.h"

const char sys_scenario[] = "invoke";
