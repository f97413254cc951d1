/* SPDX-License-Identifier: BSD-2-Clause
 *
 * domainhold: a part of domaintest. Sets a hold of idle2 that is not the one of `suspend`, as a
 * program does that stops another by hand, or clears it.
 */
#include <lykos/lykos.h>

int main(void)
{
    bool clear = strcmp(lk_start->argument, "clear") == 0;
    enum status s = clear ? lk_process_clear_not_schedulable(lk_cap("idle2"), LK_HOLD_BY_HAND, NULL)
                          : lk_process_set_not_schedulable(lk_cap("idle2"), LK_HOLD_BY_HAND, NULL);

    return s == STATUS_OK ? 0 : 1;
}
