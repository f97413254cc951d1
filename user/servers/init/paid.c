/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Instances that somebody else pays for; see paid.h.
 */
#include "paid.h"

#include "programs.h"
#include "registers.h"

#include <lykos/bank.h>
#include <lykos/stubs.h>

#define WITNESS_REG 1u /* register of a witness that holds the reply capability */

static bool any; /* since the last sweep that found none */

void paid_begin(uint32_t i)
{
    instance(i)->paid = true;
    any = true;
}

enum status paid_make_witness(uint32_t i)
{
    enum status s;

    if (!instance(i)->paid) {
        return STATUS_OK;
    }
    s = lk_bank_make(REG_BANK, LK_TYPE_PROCESS, REG_WORK);
    return s == STATUS_OK ? shelf_put(i, SHELF_WITNESS, REG_WORK) : s;
}

enum status paid_watch(uint32_t i, uint32_t caller)
{
    enum status s;

    if (!instance(i)->paid) {
        return STATUS_OK;
    }
    s = shelf_get(i, SHELF_WITNESS, REG_WORK);
    return s == STATUS_OK ? lk_process_swap_cap_reg(REG_WORK, WITNESS_REG, caller, 0) : s;
}

void paid_release(uint32_t i)
{
    if (instance(i)->paid && shelf_get(i, SHELF_WITNESS, REG_WORK) == STATUS_OK &&
        cap_there(REG_WORK)) {
        lk_process_swap_cap_reg(REG_WORK, WITNESS_REG, 0, 0);
    }
}

bool paid_forsaken(uint32_t i)
{
    if (!instance(i)->exists || !instance(i)->paid ||
        (shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK && cap_there(REG_PROCESS))) {
        return false;
    }
    programs_end(i, PROGRAM_ENDED_DESTROYED, 0, "the bank that paid for it was closed", true);
    return true;
}

void paid_sweep(void)
{
    static bool under_way;
    bool found = false;

    if (under_way || !any) {
        return;
    }
    under_way = true;
    for (uint32_t k = 0; k < instance_count(); k++) {
        found |= instance(k)->exists && instance(k)->paid;
        paid_forsaken(k);
    }
    any = found;
    under_way = false;
}
