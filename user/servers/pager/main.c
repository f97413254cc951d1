/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager as a program: what init gives it, by name.
 */
#include "pager.h"

#define OWN_VA 0x20000000ull

int main(void)
{
    struct pager_setup setup = {
        .space = lk_cap("space"),
        .bank = lk_cap("bank"),
        .discrim = lk_cap("discrim"),
        .own_va = OWN_VA,
        .archive = lk_param("archive", 0),
        .archive_bytes = lk_param("archive_bytes", 0),
    };

    pager_run(&setup);
}
