/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the forms of an invocation.
 */
#include "../lib/sys.h"

const char sys_scenario[] = "invoke";

CASE(first, .text = "raw process yields")
{
    obj p = proc_new(PRIO_HIGH);

    raw_do(p, LK_YIELD);
    CHECK(raw_done(p));
}
