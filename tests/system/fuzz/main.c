/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: processes that invoke whatever they hold with whatever comes to mind.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "fuzz";
