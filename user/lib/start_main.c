/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What runs between the start of a program, or of a member of its team, and its own functions. A C
 * library has its own (user/newlib/begin.c), which then stands in place of this one.
 */
#include <lykos/start.h>
#include <lykos/team.h>

void lk_member_begins(unsigned place)
{
    (void)place;
}

int lk_main(void)
{
    return main();
}
