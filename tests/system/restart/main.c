/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: every operation and every form of an invocation, thrown away and begun again
 * at each of its acquire points.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "restart";

CASE(nothing, .text = "an invocation that is not watched is not restarted")
{
    CHECK(true);
}
