/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: notices. Bits that add up and are never lost, when they are delivered and
 * when they are not, and the clock's.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "notice";
