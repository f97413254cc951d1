/* SPDX-License-Identifier: BSD-2-Clause
 *
 * embrace: a deadlock to look at with `lykos waits` (docs/debugging.md). It calls the server
 * embraced and gives it a capability to call back through; embraced does, before it answers, while
 * embrace waits for that answer and for nothing else. A third one, bystander, calls embrace and
 * waits behind them. A real server keeps such a caller for later, or sends without waiting.
 *
 *      run embrace
 */
#include <lykos/gen/embrace.h>
#include <lykos/gen/embraced.h>
#include <lykos/lykos.h>

#define REG_WAY_BACK LK_REG_SCRATCH

/* As the bystander: an honest client of a server that does not answer. */
static int stand_by(void)
{
    return embrace_who(lk_cap("embrace"), 0) == STATUS_OK ? 0 : 1;
}

int main(void)
{
    if (strcmp(lk_start->argument, "bystander") == 0) {
        return stand_by();
    }
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, 7, REG_WAY_BACK), "the way back");
    say("calling embraced");
    say("answered with %u", (unsigned)embraced_help(lk_cap("embraced"), REG_WAY_BACK));
    return 0;
}
