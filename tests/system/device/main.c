/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: ports and interrupt lines.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "device";
