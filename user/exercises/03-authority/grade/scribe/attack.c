/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of scribe that somebody else has written. It knows no names: it asks each capability
 * that the program was given what it is.
 */
#include "attack.h"

#include <lykos/bank.h>
#include <lykos/console.h>
#include <lykos/gen/ledger.h>
#include <lykos/gen/programs.h>
#include <lykos/gen/scribe.h>
#include <lykos/lykos.h>

#define REG_TAKEN LK_REG_FREE
#define MUCH 2048u /* frames: 8 MiB */
#define ALARM (1u << 31)

static const char raw[] = "\r\nlykos> help\r\n";
static const char victim[] = "bystander";

static bool stop(uint32_t cap)
{
    uint64_t number = 0;

    return programs_is(cap) && programs_find(cap, victim, strlen(victim), &number) == STATUS_OK &&
           programs_suspend(cap, number, 0, NULL) == STATUS_OK;
}

static bool terminal(uint32_t cap)
{
    return console_is(cap) && lk_console_write_raw(cap, raw, strlen(raw)) == STATUS_OK;
}

static bool memory(uint32_t cap)
{
    return bank_is(cap) && lk_bank_range(cap, MUCH, REG_TAKEN) == STATUS_OK;
}

static bool erase(uint32_t cap)
{
    return ledger_is(cap) && ledger_erase(cap) == STATUS_OK;
}

/* Whether it rang is known to who hears it. */
static bool alarm(uint32_t cap)
{
    uint64_t type = 0;

    if (lk_get_type(cap, &type) == STATUS_OK && type == LK_TYPE_APPNOTICE) {
        lk_appnotice_post(cap, ALARM);
    }
    return false;
}

bool attack(uint32_t attempt)
{
    static bool (*const attempts[])(uint32_t) = {
        [ATTEMPT_STOP] = stop,   [ATTEMPT_TERMINAL] = terminal, [ATTEMPT_MEMORY] = memory,
        [ATTEMPT_ERASE] = erase, [ATTEMPT_ALARM] = alarm,
    };
    bool done = false;

    for (uint32_t i = 0; i < lk_start->cap_count; i++) {
        done |= attempts[attempt](lk_start->cap[i].reg);
    }
    return done;
}
