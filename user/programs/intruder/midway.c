/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An instance is being made, and meanwhile the bank that pays for it is closed, or the builder's
 * bank is, or the server is killed: sooner or later, in steps of a microsecond, from before it
 * begins until after its end. Nothing may be lost, and everybody must go on.
 *
 * This program asks without waiting for the answer, and wakes up at a priority above all of them
 * but init's.
 */
#include "intruder.h"

#include <lykos/bank.h>
#include <lykos/connect.h>
#include <lykos/lykos.h>
#include <lykos/programs.h>
#include <lykos/time.h>

#define STEP_NSEC 1000ull
#define STEPS 250u

enum victim { VICTIM_PAYER, VICTIM_BUILDER, VICTIM_SERVER, VICTIMS };

static const char *const victims[VICTIMS] = { "the payer's bank", "the builder's bank",
                                              "the server" };

/* Ask for an instance, and do not wait for it. */
static void begin_make(void)
{
    struct lk_msg msg = {
        .control = LK_CTL(LK_SEND | LK_SSTR, REG_REQUESTOR, 1) |
                   LK_CTL_SENDS(2, REG_FORGED, REG_MANY, 0, 0),
        .w = { REQUESTOR_MAKE },
        .string = "nothing",
        .string_len = sizeof("nothing") - 1,
    };

    lk_must(lk_invoke(&msg), "asking for an instance");
}

static void end_victim(enum victim victim)
{
    if (victim == VICTIM_SERVER) {
        programs_kill(lk_cap("programs"), find_program("constructor"));
    } else {
        bank_close(victim == VICTIM_PAYER ? REG_MANY : REG_BANK);
    }
}

/* Bring everything back to where it was. Returns whether an instance was there to the end. */
static bool clean_up(enum victim victim)
{
    bool made;

    lk_sleep_ms(1); /* all that is under way comes to its end */
    made = victim != VICTIM_PAYER && used_by(REG_MANY) > 0;
    if (victim != VICTIM_PAYER) {
        lk_must(lk_bank_close(REG_MANY), "closing the payer's bank");
    }
    if (victim != VICTIM_BUILDER) {
        lk_must(lk_bank_close(REG_BANK), "closing the builder's bank");
    }
    if (victim == VICTIM_SERVER) {
        lk_must(lk_connect("constructors"), "the next server");
    }
    ask_init(PROGRAMS_NEW_PAID, 0, ""); /* init looks which are no more */
    open_bank(lk_cap("bank"), 0, REG_BANK);
    equal(used_by(REG_PAYER), 0, "frames, behind that");
    return made;
}

/* Once, after so many nanoseconds. */
static bool try_after(enum victim victim, uint64_t nsec)
{
    build(false);
    lk_must(lk_constructor_give(REG_BUILDER, "table", REG_PAGE, NULL, NULL), "a page");
    lk_must(builder_seal(REG_BUILDER), "the seal");
    open_bank(REG_PAYER, 0, REG_MANY);
    begin_make();
    lk_sleep_until(lk_now() + nsec);
    end_victim(victim);
    return clean_up(victim);
}

void try_midway(void)
{
    open_bank(lk_cap("bank"), 0, REG_OTHER);
    raise_priority(LK_REG_SELF, PRIORITY_ABOVE_BANK);
    lk_copy_cap(REG_WORK, REG_OWN); /* its own schedule */
    for (enum victim victim = 0; victim < VICTIMS; victim++) {
        unsigned made = 0;

        for (unsigned n = 0; n < STEPS; n++) {
            made += try_after(victim, n * STEP_NSEC) ? 1 : 0;
        }
        if (victim != VICTIM_PAYER && (made == 0 || made == STEPS)) {
            say("%s: %u of %u were made", victims[victim], made, STEPS);
            equal(0, 1, "the time was not right: it must be before and after the end");
        }
    }
    lk_must(lk_process_swap_slot(LK_REG_SELF, SLOT_SCHEDULE, REG_OWN, 0), "its own schedule");
    lk_must(lk_bank_close(REG_OTHER), "closing the bank of the schedule");
}
