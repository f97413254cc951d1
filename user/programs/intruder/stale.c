/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Entries to a constructor whose bank is being closed. That takes a while if the bank gave much,
 * and for so long they are there still. Meanwhile the server may use the place of that constructor
 * for another one; no Entry to the old one may be taken for one to the new.
 *
 * For this the bank must go on by pieces while this program and the server run: for the time of the
 * test both have a higher priority than it.
 */
#include "intruder.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define MANY 1500u /* processes: they are destroyed first, a few at a time */
#define PRIORITY_SERVER 195u
#define SLICE 10000000u

enum { KEPT_BUILDER, KEPT_REQUESTOR, KEPT_SCHEDULE, KEPT_OWN_SCHEDULE };

static void keep(unsigned place, uint32_t reg)
{
    lk_must(lk_cappage_swap_slot(REG_MANY, place, reg, 0), "keeping it");
}

static void get_kept(unsigned place, uint32_t reg)
{
    lk_must(lk_cappage_get_slot(REG_MANY, place, reg), "what was kept");
}

void raise_priority(uint32_t process, uint64_t priority)
{
    lk_must(lk_bank_make(REG_OTHER, LK_TYPE_SCHEDULE, REG_WORK), "a schedule");
    lk_must(lk_schedctl_set_up(lk_cap("schedctl"), priority, SLICE, 1, REG_WORK), "a schedule");
    lk_must(lk_process_swap_slot(process, SLOT_SCHEDULE, REG_WORK, REG_WORK), "its schedule");
}

static void lower(uint32_t process, unsigned place)
{
    get_kept(place, REG_WORK);
    lk_must(lk_process_swap_slot(process, SLOT_SCHEDULE, REG_WORK, 0), "its own schedule");
}

static uint64_t type_of(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    lk_must(lk_discrim_classify(lk_cap("discrim"), reg, &type, NULL), "looking at a register");
    return type;
}

/* The bank in REG_WORK begins to be closed. */
static void begin_close(void)
{
    struct lk_msg msg = { .control = LK_CTL(LK_SEND, REG_WORK, 1), .w = { BANK_CLOSE } };

    lk_must(lk_invoke(&msg), "asking for the end of a bank");
    is((enum status)lk_call0(REG_WORK, BANK_INFO).w[0], STATUS_INVALID_CAP, "a bank that closes");
}

/* What the old Entries are good for, while another constructor is made, one with a hole. */
static void try_meanwhile(void)
{
    struct lk_constructor_check check;

    is(builder_close(REG_BUILDER), STATUS_OK, "closing the constructor, too");
    lk_must(new_of("gossip", REG_BANK), "another constructor");
    lk_must(builder_seal(REG_BUILDER), "its seal");
    is(check_of(REG_REQUESTOR, &check), STATUS_NOT_FOUND, "checking the old one");
    is(make_with(REG_PAYER, "nothing"), STATUS_INVALID_CAP, "an instance of the old one");
    is((enum status)lk_call1(REG_REQUESTOR, CONSTRUCTORS_CHECK, 0).w[0], STATUS_INVALID_CAP,
       "the server itself, through the old one");
    get_kept(KEPT_BUILDER, REG_WORK);
    is(builder_seal(REG_WORK), STATUS_INVALID_CAP, "the old builder's Entry");
    is(builder_close(REG_WORK), STATUS_INVALID_CAP, "closing the new one with it");
    is(builder_seal(REG_BUILDER), STATUS_OK, "the new one, behind all that");
}

void try_stale(void)
{
    uint32_t server = lk_cap("server");

    open_bank(lk_cap("bank"), 0, REG_WORK);
    for (unsigned i = 0; i < MANY; i++) {
        lk_must(lk_bank_make(REG_WORK, LK_TYPE_PROCESS, REG_OTHER), "a process");
    }
    lk_must(new_of("assessor", REG_WORK), "a constructor");
    lk_must(builder_requestor(REG_BUILDER, REG_REQUESTOR), "a requestor's Entry");
    lk_must(builder_seal(REG_BUILDER), "the seal");
    keep(KEPT_BUILDER, REG_BUILDER);
    keep(KEPT_REQUESTOR, REG_WORK);
    open_bank(lk_cap("bank"), 0, REG_OTHER);
    raise_priority(server, PRIORITY_SERVER);
    keep(KEPT_SCHEDULE, REG_WORK);
    raise_priority(LK_REG_SELF, PRIORITY_ABOVE_BANK);
    keep(KEPT_OWN_SCHEDULE, REG_WORK);
    get_kept(KEPT_REQUESTOR, REG_WORK);
    begin_close();
    try_meanwhile();
    equal(type_of(REG_REQUESTOR), LK_TYPE_ENTRY, "the Entry was there all the time");
    lower(server, KEPT_SCHEDULE);
    lower(LK_REG_SELF, KEPT_OWN_SCHEDULE);
    lk_must(lk_bank_close(REG_OTHER), "closing the bank of the schedules");
    equal(type_of(REG_REQUESTOR), LK_TYPE_NULL, "the Entry when the bank is closed");
    lk_must(builder_close(REG_BUILDER), "closing the other constructor");
}
