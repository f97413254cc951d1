/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: strings. Lengths, alignments, truncation, and whose fault a missing page
 * is.
 *
 *   move.c    what arrives
 *   fault.c   pages that are not there, on either side
 *   kernel.c  strings of kernel operations
 */
#include "../lib/sys.h"

const char sys_scenario[] = "string";
