/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What init does for the server `constructor`: it says what the description gives a program, and
 * makes instances that somebody else pays for. Here it is asked without the server.
 */
#include "intruder.h"

#include <lykos/bank.h>
#include <lykos/lykos.h>
#include <lykos/programs.h>
#include <lykos/spawn.h>
#include <lykos/string.h>

#define WAITS 200u
#define FORGOTTEN_ID 0x2000u

static enum status new_paid(const char *what)
{
    return (enum status)ask_init(PROGRAMS_NEW_PAID, REG_PAYER, what).w[0];
}

/* ---- Grants. ---- */

/* May a grant in these words, "NAME = WORDS", be called one of the program's own? */
static bool is_own(const char *program, const char *words)
{
    static const char *const kinds[] = { "entry", "notice", "process" };
    const char *what = strchr(words, '=');
    char start[40];

    if (what == NULL) {
        return false;
    }
    what += 2;
    if (strcmp(what, "space") == 0 || strcmp(what, "schedule") == 0 ||
        strcmp(what, "process self") == 0) {
        return true;
    }
    for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        lk_format(start, sizeof(start), "%s %s", kinds[k], program);
        if (strncmp(what, start, strlen(start)) == 0) {
            return true;
        }
    }
    return false;
}

/* The grants of one program. False: there is no such program. */
static bool look_at_grants(uint64_t number)
{
    char name[PROGRAM_NAME_MAX];
    char words[CONSTRUCTORS_WORDS];
    uint32_t programs = lk_cap("programs");
    uint64_t type = LK_TYPE_NULL;
    size_t len = 0;
    enum status s;

    programs_name(programs, number, name, sizeof(name) - 1, &len);
    name[len] = '\0';
    for (uint64_t n = 0;; n++) {
        s = programs_grant(programs, number, n, &type, words, sizeof(words) - 1, &len);
        if (s != STATUS_OK) {
            return s == STATUS_NOT_FOUND;
        }
        words[len] = '\0';
        if (type == LK_TYPE_NULL && !is_own(name, words)) {
            say("%s: %s", name, words);
            equal(0, 1, "a capability that is not the program's own, and is said to be");
        }
    }
}

/* The console's interrupt line is taken: another console would go without it. */
static void try_taken(void)
{
    char words[128] = "";

    is(programs_new_paid(lk_cap("programs"), "console", strlen("console"), REG_PAYER, NULL, words,
                         sizeof(words) - 1, NULL, REG_CONTROL),
       STATUS_NO_MEMORY, "one whose capability another one has");
    equal(strncmp(words, "console: capability irq: ", 25) == 0, true, "words about it");
    equal(used_by(REG_PAYER), 0, "frames that it cost");
}

void try_grants(void)
{
    uint64_t number = 0;

    while (look_at_grants(number)) {
        number++;
    }
    equal(number > find_program("intruder"), true, "programs whose grants were looked at");
    try_taken();
}

/* ---- Waiting. ---- */

/* Ask for the end of the one that REG_CONTROL controls, and be gone. */
static void wait_and_go(void)
{
    struct lk_msg msg = {
        .control = LK_CTL(LK_SEND, REG_CONTROL, 1) | LK_CTL_SENDS(1, REG_OTHER, 0, 0, 0),
        .w = { CONTROL_WAIT },
    };

    lk_must(lk_bank_make(lk_cap("bank"), LK_TYPE_ENDPOINT, REG_WORK), "an Endpoint");
    lk_must(lk_endpoint_set_endpoint_id(REG_WORK, FORGOTTEN_ID), "its ID");
    lk_must(lk_endpoint_set_recipient(REG_WORK, LK_REG_SELF), "its recipient");
    lk_must(lk_endpoint_make_entry(REG_WORK, 0, REG_OTHER), "its Entry");
    lk_must(lk_invoke(&msg), "asking for an end");
    lk_must(lk_bank_free(lk_cap("bank"), REG_WORK), "giving the Endpoint back");
}

void try_waits(void)
{
    struct lk_program_end end;
    uint64_t used;

    is(new_paid("assessor nothing"), STATUS_OK, "an instance");
    used = used_by(REG_PAYER);
    for (unsigned i = 0; i < WAITS; i++) {
        wait_and_go();
    }
    equal(used_by(REG_PAYER), used, "frames behind many who waited");
    lk_must(lk_bank_set_limit(REG_PAYER, used), "a limit");
    is(lk_program_run(REG_CONTROL, &end), STATUS_OK, "waiting when nothing more can be paid");
    equal(end.how, PROGRAM_ENDED_FAULT, "how it ended"); /* it found no memory */
    lk_must(lk_bank_set_limit(REG_PAYER, 0), "no limit");
    equal(used_by(REG_PAYER), 0, "frames, behind it");
}
