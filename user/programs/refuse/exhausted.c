/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is not frames and can be used up all the same: banks, and rows of init's table of programs.
 */
#include "refuse.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

/* ---- init's table: rows are taken by programs that are made, have one bank each, and do not
 * begin. ---- */

uint64_t rows_free(void)
{
    static struct program_info info;
    uint64_t named = 0; /* rows of programs of the description: they stand first */
    uint64_t further = 0;
    uint64_t number = 0;

    for (;; number++) {
        lk_must(programs_info(lk_cap("programs"), number, &number, &info), "the list of programs");
        if (strcmp(info.name, "init") == 0) {
            return number - named - further;
        }
        named += strchr(info.name, '.') == NULL ? 1 : 0;
        further += strchr(info.name, '.') != NULL ? 1 : 0;
    }
}

/* End them. */
static void end_citizens(void)
{
    static struct program_info info;

    for (uint64_t number = 0;; number++) {
        lk_must(programs_info(lk_cap("programs"), number, &number, &info), "the list of programs");
        if (strcmp(info.name, "init") == 0) {
            return;
        }
        if (strncmp(info.name, "citizen.", 8) == 0) {
            programs_destroy(lk_cap("programs"), number, 0);
        }
    }
}

void fill_table(void)
{
    struct outcome out = { "" };

    for (uint64_t n = rows_free(); n > 0; n--) {
        new_one(&out, "citizen");
    }
    if (out.words[0] != '\0') {
        lk_die("filling the table: %s", out.words);
    }
}

void grow_table(struct outcome *out)
{
    new_one(out, "citizen");
}

void empty_table(void)
{
    end_citizens();
}

/* ---- all of it ---- */

/* Take all, see that the next work is told so in words, give all back, and see that it goes well.
 */
static bool short_of(const char *what, uint64_t n, const char *words,
                     void (*work)(struct outcome *out), void (*give_back)(void))
{
    struct outcome out = { "" };

    work(&out);
    say("%lu %s; one more: %s", n, what, out.words);
    give_back();
    if (strstr(out.words, words) == NULL) {
        say("that is not what it is to say");
        return false;
    }
    out.words[0] = '\0';
    come_and_go(&out);
    if (out.words[0] != '\0') {
        say("there is room again, and yet: %s", out.words);
    }
    return out.words[0] == '\0';
}

/* Banks directly below the topmost one, as programs have. They are kept in CapPages, each of which
 * has the one before it in slot 0. */
#define ON_A_SHELF 255u

static uint64_t kept;

/* The bank in REG_NOTICE. */
static void keep_bank(void)
{
    if (kept % ON_A_SHELF == 0) {
        lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_CONTROL), "a shelf");
        lk_must(lk_cappage_swap_slot(REG_CONTROL, 0, REG_SHELF, 0), "the shelf before");
        lk_copy_cap(REG_CONTROL, REG_SHELF);
    }
    lk_must(lk_cappage_swap_slot(REG_SHELF, kept++ % ON_A_SHELF + 1, REG_NOTICE, 0), "the shelf");
}

static void close_banks(void)
{
    while (kept > 0) {
        lk_must(lk_cappage_get_slot(REG_SHELF, --kept % ON_A_SHELF + 1, REG_NOTICE), "the shelf");
        lk_must(lk_bank_close(REG_NOTICE), "closing");
        if (kept % ON_A_SHELF == 0) {
            lk_must(lk_cappage_get_slot(REG_SHELF, 0, REG_CONTROL), "the shelf before");
            lk_must(lk_bank_free(lk_cap("bank"), REG_SHELF), "giving a shelf back");
            lk_copy_cap(REG_CONTROL, REG_SHELF);
        }
    }
}

bool no_more_banks(void)
{
    uint64_t n = 0;

    lk_drop_cap(REG_SHELF);
    while (lk_bank_open(lk_cap("topbank"), "one", 0, REG_NOTICE) == STATUS_OK) {
        keep_bank();
        n++;
    }
    return n > 100 && short_of("banks", n, "a bank: no memory", come_and_go, close_banks);
}

bool no_more_programs(void)
{
    struct outcome out = { "" };
    uint64_t n = 0;

    for (;; n++) {
        new_one(&out, "citizen");
        if (out.words[0] != '\0') {
            break;
        }
    }
    return short_of("programs", n, "as many programs as there can be", grow_table, end_citizens);
}
