/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A step that must succeed. A file of its own, so that only who uses it has the tables of names.
 */
#include <lykos/names.h>
#include <lykos/start.h>

void lk_must(enum status s, const char *what)
{
    if (s != STATUS_OK) {
        lk_die("%s: %s", what, lk_status_text(s));
    }
}
