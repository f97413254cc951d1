/* SPDX-License-Identifier: BSD-2-Clause
 *
 * intruder: a test of the server `constructor` (user/servers/constructor) and of what init does for
 * it. As a builder and as a requestor it asks for what it should not get, and for what cannot be:
 * each must be answered with the right result, and nothing may be lost. What is behind a seal is
 * tried by user/programs/taxman.
 */
#include "intruder.h"

#include <lykos/bank.h>
#include <lykos/connect.h>
#include <lykos/genuine.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

static unsigned wrong;

void equal(uint64_t got, uint64_t wanted, const char *what)
{
    if (got != wanted) {
        say("WRONG: %s: %lu, not %lu", what, got, wanted);
        wrong++;
    }
}

void is(enum status got, enum status wanted, const char *what)
{
    if (got != wanted) {
        say("WRONG: %s: %s, not %s", what, lk_status_text(got), lk_status_text(wanted));
        wrong++;
    }
}

enum status new_of(const char *program, uint32_t bank)
{
    return lk_constructor_new(lk_cap("constructors"), program, bank, REG_BUILDER);
}

enum status check_of(uint32_t reg, struct lk_constructor_check *out)
{
    return lk_constructor_check(lk_cap("constructors"), reg, 0, out);
}

void open_bank(uint32_t above, uint64_t limit, uint32_t reg)
{
    lk_must(lk_bank_open(above, "intruder", limit, reg), "a bank");
}

uint64_t used_by(uint32_t bank)
{
    struct bank_info info = { .used = 0 };

    lk_must(lk_bank_info(bank, &info), "looking at a bank");
    return info.used;
}

void build(bool sealed)
{
    lk_must(new_of("assessor", REG_BANK), "a constructor");
    lk_must(builder_requestor(REG_BUILDER, REG_REQUESTOR), "a requestor's Entry");
    if (sealed) {
        lk_must(builder_seal(REG_BUILDER), "the seal");
    }
}

/* ---- Who builds. ---- */

static void try_new(void)
{
    static const uint32_t limits[] = { 1, 2 };

    is(new_of("nobody", REG_BANK), STATUS_NOT_FOUND, "a program that is not there");
    is(new_of("assessor.99", REG_BANK), STATUS_NOT_FOUND, "an instance for a program");
    is(new_of("", REG_BANK), STATUS_REQUEST_ERROR, "no name");
    is(new_of("a-name-of-seventeen", REG_BANK), STATUS_REQUEST_ERROR, "a long name");
    is(new_of("assessor", 0), STATUS_REQUEST_ERROR, "Null for a bank");
    is(new_of("assessor", REG_FORGED), STATUS_REQUEST_ERROR, "a forged bank");
    is(new_of("assessor", lk_cap("constructors")), STATUS_REQUEST_ERROR, "another server's Entry");
    is(new_of("assessor", lk_cap("discrim")), STATUS_REQUEST_ERROR, "no Entry for a bank");
    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        enum status s;

        open_bank(lk_cap("bank"), limits[i], REG_WORK);
        s = new_of("assessor", REG_WORK);
        is(s, limits[i] == 1 ? STATUS_NO_MEMORY : STATUS_OK, "a bank with few frames");
        equal(used_by(REG_WORK), s == STATUS_OK ? 2 : 0, "frames that such a bank pays");
        lk_must(lk_bank_close(REG_WORK), "closing it");
        is(new_of("assessor", REG_WORK), STATUS_INVALID_CAP, "a bank that was closed");
    }
}

/* As many as one client can have, and one more. */
static void try_many(void)
{
    unsigned n = 0;

    while (new_of("assessor", REG_BANK) == STATUS_OK && n < CONSTRUCTORS_MOST) {
        lk_must(lk_cappage_swap_slot(REG_MANY, n++, REG_BUILDER, 0), "keeping it");
    }
    equal(n, CONSTRUCTORS_EACH, "constructors of one client");
    is(new_of("assessor", REG_BANK), STATUS_EXHAUSTED, "one more");
    lk_must(lk_cappage_get_slot(REG_MANY, 0, REG_WORK), "the first");
    is(builder_close(REG_WORK), STATUS_OK, "closing one");
    is(builder_close(REG_WORK), STATUS_INVALID_CAP, "closing it again");
    is(new_of("assessor", REG_BANK), STATUS_OK, "one in its place");
    lk_must(lk_bank_close(REG_BANK), "closing the bank that pays for all of them");
    is(builder_seal(REG_BUILDER), STATUS_INVALID_CAP, "one whose bank was closed");
    open_bank(lk_cap("bank"), 0, REG_BANK);
    is(new_of("assessor", REG_BANK), STATUS_OK, "one, now that they are gone");
    is(builder_close(REG_BUILDER), STATUS_OK, "closing it");
}

static void try_give(void)
{
    char name[] = "?";
    uint64_t n = 0;
    bool hole = true;

    build(false);
    is(lk_constructor_give(REG_BUILDER, "table", REG_PAGE, &hole, NULL), STATUS_OK, "a page");
    equal(hole, false, "holes of a page that is read-only");
    is(lk_constructor_give(REG_BUILDER, "table", REG_PAGE, NULL, NULL), STATUS_IN_USE,
       "a name twice");
    is(lk_constructor_give(REG_BUILDER, "null", 0, NULL, NULL), STATUS_REQUEST_ERROR, "Null");
    is(lk_constructor_give(REG_BUILDER, "", REG_PAGE, NULL, NULL), STATUS_REQUEST_ERROR, "no name");
    is(lk_constructor_give(REG_BUILDER, "two\nlines", REG_PAGE, NULL, NULL), STATUS_REQUEST_ERROR,
       "a name of two lines");
    is(lk_constructor_give(REG_BUILDER, "twenty-eight-characters-long", REG_PAGE, NULL, NULL),
       STATUS_REQUEST_ERROR, "a name that is too long");
    is((enum status)lk_call0(REG_BUILDER, BUILDER_GIVE).w[0], STATUS_REQUEST_ERROR,
       "no name and no capability");
    is((enum status)lk_call0(REG_BUILDER, 99).w[0], STATUS_UNKNOWN_REQUEST, "no such method");
    is((enum status)lk_call0(REG_REQUESTOR, BUILDER_SEAL).w[0], STATUS_UNKNOWN_REQUEST,
       "to seal it as a requestor");
    for (unsigned i = 1; i < CONSTRUCTORS_CAPS; i++) {
        name[0] = (char)('a' + i);
        is(lk_constructor_give(REG_BUILDER, name, REG_FORGED, &hole, NULL), STATUS_OK, "an Entry");
        equal(hole, true, "holes of an Entry");
    }
    is(lk_constructor_give(REG_BUILDER, "more", REG_PAGE, NULL, NULL), STATUS_EXHAUSTED,
       "too many");
    is(builder_seal(REG_BUILDER), STATUS_OK, "the seal");
    is(builder_seal(REG_BUILDER), STATUS_OK, "the seal once more");
    is(lk_constructor_give(REG_BUILDER, "late", REG_PAGE, NULL, NULL), STATUS_STATE_CHANGED,
       "a capability behind the seal");
    is(lk_bank_object(REG_BANK, LK_TYPE_CAPPAGE, &n, REG_WORK), STATUS_NOT_FOUND,
       "what holds them, through the bank that pays");
    n = 0;
    is(lk_bank_object(REG_BANK, LK_TYPE_ENDPOINT, &n, REG_WORK), STATUS_NOT_FOUND,
       "its Endpoint, through that bank");
    lk_must(builder_close(REG_BUILDER), "closing it");
    equal(used_by(REG_BANK), 0, "frames that it cost, behind it");
}

/* ---- Who requests. ---- */

static void try_check(void)
{
    struct lk_constructor_check check;

    build(true);
    for (uint32_t reg = 0; reg < LK_CAP_REGS; reg++) {
        uint64_t type = LK_TYPE_NULL;
        enum status s = check_of(reg, &check);

        lk_must(lk_discrim_classify(lk_cap("discrim"), reg, &type, NULL), "looking at a register");
        is(s,
           reg == REG_REQUESTOR   ? STATUS_OK
           : reg == REG_BUILDER   ? STATUS_REQUEST_ERROR
           : type == LK_TYPE_NULL ? STATUS_INVALID_CAP
                                  : STATUS_NOT_FOUND,
           "checking what is in a register");
    }
    is((enum status)lk_call1(lk_cap("constructors"), CONSTRUCTORS_CHECK, 0).w[0],
       STATUS_REQUEST_ERROR, "checking nothing");
    is((enum status)lk_call0(lk_cap("constructors"), 99).w[0], STATUS_UNKNOWN_REQUEST,
       "no such method");
    is(lk_constructor_check(lk_cap("constructors"), REG_REQUESTOR, UINT64_MAX, &check), STATUS_OK,
       "a hole with a large number");
    equal(strlen(check.words), 0, "words about it");
    lk_must(builder_close(REG_BUILDER), "closing it");
    is(check_of(REG_REQUESTOR, &check), STATUS_INVALID_CAP, "checking one that is gone");
}

enum status make_with(uint32_t bank, const char *args)
{
    return lk_constructor_make(REG_REQUESTOR, bank, args, REG_CONTROL, NULL);
}

static void try_make(void)
{
    struct lk_constructor_check check;
    char why[CONSTRUCTORS_WORDS];

    build(false);
    is(make_with(REG_PAYER, ""), STATUS_STATE_CHANGED, "an instance before the seal");
    lk_must(lk_constructor_give(REG_BUILDER, "pager", REG_PAGE, NULL, NULL), "a name of init's");
    lk_must(builder_seal(REG_BUILDER), "the seal");
    is(lk_constructor_make(REG_REQUESTOR, REG_PAYER, "", REG_CONTROL, why), STATUS_IN_USE,
       "a name that all programs use");
    equal(strcmp(why, "pager cannot be given") == 0, true, "words about it");
    equal(used_by(REG_PAYER), 0, "frames that it cost");
    lk_must(builder_close(REG_BUILDER), "closing it");
    build(true);
    is(make_with(0, ""), STATUS_REQUEST_ERROR, "Null pays");
    is(make_with(REG_FORGED, ""), STATUS_REQUEST_ERROR, "a forged bank pays");
    is(make_with(REG_REQUESTOR, ""), STATUS_REQUEST_ERROR, "the constructor pays");
    for (unsigned limit = 1; limit < 12; limit++) {
        enum status s;

        lk_must(lk_bank_set_limit(REG_PAYER, limit), "a limit");
        s = make_with(REG_PAYER, "");
        if (s == STATUS_OK) {
            lk_must(control_kill(REG_CONTROL), "its end");
            break;
        }
        is(s, STATUS_NO_MEMORY, "a bank over its limit pays");
        equal(used_by(REG_PAYER), 0, "frames that it cost in vain");
    }
    lk_must(lk_bank_set_limit(REG_PAYER, 0), "no limit");
    equal(used_by(REG_PAYER), 0, "frames, behind all of them");
    is(check_of(REG_REQUESTOR, &check), STATUS_OK, "a check");
    lk_must(lk_bank_close(REG_BANK), "closing the builder's bank behind it");
    is(make_with(REG_PAYER, ""), STATUS_INVALID_CAP,
       "an instance of one that was checked and is gone");
    open_bank(lk_cap("bank"), 0, REG_BANK);
}

/* The depth of a bank is limited. */
static void try_deep(void)
{
    lk_copy_cap(REG_PAYER, REG_WORK);
    while (lk_bank_open(REG_WORK, "deep", 0, REG_CONTROL) == STATUS_OK) {
        lk_copy_cap(REG_CONTROL, REG_WORK);
    }
    is(new_of("assessor", REG_WORK), STATUS_OUT_OF_RANGE, "the deepest bank pays a constructor");
    build(true);
    is(make_with(REG_WORK, ""), STATUS_NO_MEMORY, "the deepest bank pays");
    lk_must(lk_bank_close(REG_PAYER), "closing them");
    open_bank(lk_cap("bank"), 0, REG_PAYER);
    lk_must(builder_close(REG_BUILDER), "closing it");
}

/* ---- Ends. ---- */

/* The instance closes the bank that pays for it, while somebody waits for its end. */
static void try_closed(void)
{
    struct lk_program_end end;

    build(true);
    open_bank(REG_PAYER, 0, REG_WORK);
    is(make_with(REG_WORK, "its bank"), STATUS_OK, "an instance");
    lk_must(lk_program_give(REG_CONTROL, "bank", REG_WORK), "the bank that pays for it");
    is(lk_program_run(REG_CONTROL, &end), STATUS_INVOKEE_GONE, "waiting while the bank is closed");
    is(control_kill(REG_CONTROL), STATUS_INVALID_CAP, "ending it");
    equal(used_by(REG_PAYER), 0, "frames, behind it");
    is(make_with(REG_WORK, ""), STATUS_NO_MEMORY, "a bank that was closed pays");
    lk_must(builder_close(REG_BUILDER), "closing it");
}

/* A confined program with a part that is confined too: the outer one makes the inner one. */
static void try_inside(void)
{
    struct lk_constructor_check check;
    struct lk_program_end end;
    bool hole = true;

    build(true);
    lk_copy_cap(REG_REQUESTOR, REG_WORK);
    build(false);
    is(lk_constructor_give(REG_BUILDER, "inside", REG_WORK, &hole, NULL), STATUS_OK, "a part");
    equal(hole, false, "holes of a part that is confined");
    lk_must(builder_seal(REG_BUILDER), "the seal");
    is(check_of(REG_REQUESTOR, &check), STATUS_OK, "a check");
    equal(check.holes, 0, "holes");
    is(make_with(REG_PAYER, "a part"), STATUS_OK, "an instance");
    open_bank(REG_PAYER, 0, REG_WORK);
    lk_must(lk_program_give(REG_CONTROL, "bank", REG_WORK), "a bank for its part");
    is(lk_program_run(REG_CONTROL, &end), STATUS_OK, "waiting for both");
    equal(end.value, STATUS_OK, "what became of the part");
    lk_must(lk_bank_close(REG_BANK), "closing both");
    lk_must(lk_bank_close(REG_WORK), "closing the part's bank");
    open_bank(lk_cap("bank"), 0, REG_BANK);
    equal(used_by(REG_PAYER), 0, "frames, behind both");
}

/* ---- init, without the server. ---- */

struct lk_in ask_init(uint64_t method, uint32_t cap, const char *string)
{
    uint64_t control = LK_CTL_CALL_CAPS(lk_cap("programs"), 1, 1, cap, 0, 0, REG_CONTROL, 0, 0, 0);

    return lk_call_send0(control | LK_SSTR, method, string, strlen(string));
}

uint64_t find_program(const char *name)
{
    struct lk_in in = ask_init(PROGRAMS_FIND, 0, name);

    lk_must((enum status)in.w[0], name);
    return in.w[1];
}

static void try_init(void)
{
    struct lk_in in = ask_init(PROGRAMS_NEW_PAID, REG_FORGED, "assessor");

    is((enum status)in.w[0], STATUS_REQUEST_ERROR, "init, with a forged bank");
    in = ask_init(PROGRAMS_NEW_PAID, 0, "assessor");
    is((enum status)in.w[0], STATUS_REQUEST_ERROR, "init, with Null");
    in = ask_init(PROGRAMS_NEW_PAID, REG_PAYER, "nobody");
    is((enum status)in.w[0], STATUS_NOT_FOUND, "init, with no such program");
    in = ask_init(PROGRAMS_NEW_PAID, REG_PAYER, "assessor");
    is((enum status)in.w[0], STATUS_OK, "init, an instance");
    is(programs_restart(lk_cap("programs"), in.w[1], NULL, 0, NULL), STATUS_REQUEST_ERROR,
       "to begin it again");
    lk_must(control_kill(REG_CONTROL), "its end");
    is(programs_grant(lk_cap("programs"), find_program("assessor"), 99, NULL, NULL, 0, NULL),
       STATUS_NOT_FOUND, "a grant behind the last");
    is(programs_grant(lk_cap("programs"), UINT64_MAX, 0, NULL, NULL, 0, NULL), STATUS_OUT_OF_RANGE,
       "a grant of no program");
}

/* The server ends and is begun again: constructors are gone, instances are not. */
static void try_server_ends(void)
{
    struct lk_constructor_check check;
    struct lk_program_end end;
    unsigned tries = 0;
    enum status s;

    build(true);
    lk_must(make_with(REG_PAYER, ""), "an instance");
    lk_copy_cap(REG_CONTROL, REG_WORK);
    lk_must(programs_kill(lk_cap("programs"), find_program("constructor")), "ending the server");
    is(builder_seal(REG_BUILDER), STATUS_INVALID_CAP, "the builder's Entry");
    is(make_with(REG_PAYER, ""), STATUS_INVALID_CAP, "the requestor's Entry");
    do {
        s = check_of(REG_REQUESTOR, &check);
        if (tries > 0) {
            break;
        }
    } while (lk_came_back(lk_cap("constructors"), s, &tries));
    is(s, STATUS_INVALID_CAP, "checking at the next server what the old one made");
    is(lk_program_run(REG_WORK, &end), STATUS_OK, "the instance's end");
    equal(end.how, PROGRAM_ENDED_FAULT, "how it ended"); /* it has no figures */
    lk_must(lk_bank_close(REG_BANK), "closing what the old server made");
    open_bank(lk_cap("bank"), 0, REG_BANK);
    is(new_of("assessor", REG_BANK), STATUS_OK, "a constructor of the next server");
    lk_must(builder_close(REG_BUILDER), "closing it");
}

int main(void)
{
    static void (*const all[])(void) = { try_new,    try_many,       try_give,  try_check,
                                         try_make,   try_deep,       try_init,  try_closed,
                                         try_inside, try_grants,     try_waits, try_stale,
                                         try_midway, try_server_ends };

    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, 0, REG_FORGED), "a forged Entry");
    open_bank(lk_cap("bank"), 0, REG_PAYER);
    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_PAGE, REG_PAGE), "a page");
    lk_must(lk_memory_reduce(REG_PAGE, LK_RO, REG_PAGE), "the page, read-only");
    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_MANY), "a capability page");
    open_bank(lk_cap("bank"), 0, REG_BANK);
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        all[i]();
    }
    equal(used_by(REG_PAYER) + used_by(REG_BANK), 0, "frames that are still paid");
    say("%u answers were wrong", wrong);
    return wrong == 0 ? 0 : 1;
}
