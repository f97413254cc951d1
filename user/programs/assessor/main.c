/* SPDX-License-Identifier: BSD-2-Clause
 *
 * assessor: the program that the office offers, sealed or not (user/programs/taxman). It assesses a
 * tax, and on the way does what it can to let the office know the figures. The argument says by
 * which means, since some of them end it.
 */
#include "../taxman/tax.h"

#include <lykos/bank.h>
#include <lykos/constructor.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define METHODS 24u /* more than any capability has */
#define REG_GOT LK_REG_FREE
#define REG_MINE (LK_REG_FREE + 1)

static volatile uint64_t tries;

/* ---- Its work. ---- */

/* Map what it was given under a name. Nothing happens if it was not. */
static void map(const char *name, unsigned slot)
{
    if (lk_cap_optional(name) != 0) {
        lk_gpt_swap_slot(lk_cap("space"), slot, lk_cap(name), 0);
    }
}

static uint64_t tax_of(const struct tax_table *table, uint64_t income)
{
    uint64_t tax = 0;
    uint64_t from = 0;

    for (uint64_t i = 0; i < table->brackets && income > from; i++) {
        uint64_t upto = income < table->bracket[i].upto ? income : table->bracket[i].upto;

        tax += (upto - from) * table->bracket[i].percent / 100;
        from = upto;
    }
    return tax;
}

static void assess(void)
{
    const struct tax_table *table = (const struct tax_table *)TAX_AT(TAX_SLOT_TABLE);
    const struct tax_figures *figures = (const struct tax_figures *)TAX_AT(TAX_SLOT_FIGURES);
    struct tax_result *result = (struct tax_result *)TAX_AT(TAX_SLOT_RESULT);
    uint64_t tax = 0;

    for (uint64_t i = 0; i < figures->count; i++) {
        tax += tax_of(table, figures->income[i]);
    }
    result->tax = tax;
    result->tries = tries;
}

/* ---- Its mischief. ---- */

/* Send the secret through a register, as every method there might be, without waiting. */
static void tell(uint32_t reg)
{
    for (uint64_t method = 0; method < METHODS; method++) {
        struct lk_msg msg = {
            .control =
                LK_CTL(LK_SEND | LK_SSTR, reg, 8) | LK_CTL_SENDS(2, LK_REG_SELF, REG_MINE, 0, 0),
            .w = { method, TAX_SECRET, TAX_SECRET, TAX_SECRET, TAX_SECRET, TAX_SECRET },
            .string = TAX_SECRET_TEXT,
            .string_len = sizeof(TAX_SECRET_TEXT) - 1,
        };

        if (reg == LK_REG_EXIT && (method == PROGRAM_EXIT || method == PROGRAM_FAIL)) {
            continue; /* these are for the end */
        }
        lk_invoke(&msg);
        tries++;
    }
}

/* Whatever is in a slot of the capability in register `from`: tell that; and put something
 * there. */
static void tell_within(uint32_t from, unsigned slots)
{
    for (unsigned slot = 0; slot < slots; slot++) {
        if (lk_cappage_get_slot(from, slot, REG_GOT) ==
            STATUS_OK) { /* the same operation of a GPT */
            tell(REG_GOT);
        }
        lk_cappage_swap_slot(from, slot, REG_MINE, 0);
        tries++;
    }
}

/* All that can be tried without being ended for it. Its own Process and reply endpoint are its own
 * affair, and the page for the result is written last. */
static void tell_all(void)
{
    lk_copy_cap(LK_REG_SELF, REG_MINE);
    for (uint32_t reg = LK_REG_ENDPOINT; reg < LK_REG_FREE; reg++) {
        tell(reg);
    }
    tell_within(lk_cap("shelf"), 16);
    tell_within(lk_cap("drawer"), DRAWERS);
}

static void write_to(uint64_t address)
{
    *(volatile uint64_t *)address = TAX_SECRET;
}

/* A page of the office that is fetched out of the drawer and mapped afresh. */
static void write_fetched(void)
{
    lk_cappage_get_slot(lk_cap("drawer"), DRAWER_NOTES, REG_GOT);
    lk_gpt_swap_slot(lk_cap("space"), TAX_SLOT_SHELF, REG_GOT, 0);
    write_to(TAX_AT(TAX_SLOT_SHELF));
}

/* Have the kernel's log say the secret: as the name of a process that makes mistakes, and that has
 * a fault which nobody handles, at an address of its choice. */
static void write_log(void)
{
    lk_process_set_label(LK_REG_SELF, TAX_SECRET, 0);
    lk_process_set_flags(LK_REG_SELF, 0);
    for (unsigned i = 0; i < 3; i++) {
        lk_process_get_slot(LK_REG_SELF, TAX_SECRET, REG_GOT);
    }
    lk_process_swap_slot(LK_REG_SELF, SLOT_HANDLER, 0, 0);
    write_to(TAX_SECRET & ~7ull);
}

/* A part, made from a constructor that was in it, that does not do anything by which it would end.
 * Returns the result. */
static int make_part(void)
{
    struct lk_program_end end;
    enum status s = lk_constructor_make(lk_cap("inside"), lk_cap("bank"), "nothing", REG_GOT, NULL);

    return s == STATUS_OK ? (int)lk_program_run(REG_GOT, &end) : 1000;
}

static void write_shelf(unsigned slot)
{
    write_to(TAX_AT(TAX_SLOT_SHELF) + slot * 4096ull);
}

int main(void)
{
    const char *how = lk_start->argument;

    map("table", TAX_SLOT_TABLE);
    map("figures", TAX_SLOT_FIGURES);
    map("result", TAX_SLOT_RESULT);
    map("shelf", TAX_SLOT_SHELF);
    if (strcmp(how, "the table") == 0) {
        write_to(TAX_AT(TAX_SLOT_TABLE));
    } else if (strcmp(how, "the notes") == 0) {
        write_shelf(SHELF_NOTES);
    } else if (strcmp(how, "the window") == 0) {
        write_shelf(SHELF_WINDOW);
    } else if (strcmp(how, "the local window") == 0) {
        write_shelf(SHELF_LOCAL);
    } else if (strcmp(how, "the handler") == 0) {
        write_shelf(SHELF_NOTHING);
    } else if (strcmp(how, "a fetched page") == 0) {
        write_fetched();
    } else if (strcmp(how, "its bank") == 0) {
        lk_bank_close(lk_cap("bank"));
    } else if (strcmp(how, "a part") == 0) {
        return make_part();
    } else if (strcmp(how, "nothing") == 0) {
        return 0;
    } else if (strcmp(how, "the log") == 0) {
        write_log();
    } else {
        tell_all();
        assess();
    }
    return (int)(TAX_SECRET & 0x7fff); /* and how it ended says it too */
}
