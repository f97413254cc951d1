/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting programs and seeing what became of them; see refuse.h.
 */
#include "refuse.h"

#include <lykos/constructor.h>
#include <lykos/lykos.h>
#include <lykos/spawn.h>

#define ENDED 1u
#define TIMER 0x80000000u
#define PATIENCE_MS 5000u
#define LOOK_MS 10u
#define NO_NUMBER UINT64_MAX

void wrong(struct outcome *out, const char *what, enum status s)
{
    if (out->words[0] == '\0' && s != STATUS_OK) {
        lk_format(out->words, sizeof(out->words), "%s: %s", what, lk_status_text(s));
    }
}

/* The `n` words of an answer, if it has any, or the status. */
static void wrong_words(struct outcome *out, const char *what, enum status s, const char *words,
                        size_t n)
{
    if (s == STATUS_OK) {
        return;
    }
    if (n == 0) {
        wrong(out, what, s);
    } else if (out->words[0] == '\0') {
        lk_format(out->words, sizeof(out->words), "%.*s", (int)n, words);
    }
}

/* The one that REG_CONTROL controls. */
static bool is_there;
static uint64_t its_number;

/* Ask init for one. `bank`: the register of the bank that is to pay, or 0. */
static void ask_for_one(struct outcome *out, const char *what, uint32_t bank)
{
    uint32_t programs = lk_cap("programs");
    char words[128];
    size_t n = 0;
    enum status s = bank != 0 ? programs_new_paid(programs, what, strlen(what), bank, &its_number,
                                                  words, sizeof(words), &n, REG_CONTROL)
                              : programs_new(programs, what, strlen(what), &its_number, words,
                                             sizeof(words), &n, REG_CONTROL);

    wrong_words(out, what, s, words, n);
    is_there = s == STATUS_OK;
}

uint64_t new_one(struct outcome *out, const char *what)
{
    ask_for_one(out, what, 0);
    return its_number;
}

void new_paid(struct outcome *out, const char *what, uint32_t bank)
{
    if (out->words[0] == '\0') {
        ask_for_one(out, what, bank);
    }
}

void new_sealed(struct outcome *out, const char *args, uint32_t bank)
{
    char words[CONSTRUCTORS_WORDS];
    enum status s;

    if (out->words[0] != '\0') {
        return;
    }
    s = lk_constructor_make(REG_REQUESTOR, bank, args, REG_CONTROL, words);
    is_there = s == STATUS_OK;
    its_number = NO_NUMBER;
    wrong(out, words[0] != '\0' ? words : "an instance", s);
}

void kill_control(void)
{
    if (is_there) {
        control_kill(REG_CONTROL);
        lk_drop_cap(REG_CONTROL);
        is_there = false;
    }
}

/* How a program ended. Status 0 is well. */
static void judge_end(struct outcome *out, uint64_t how, uint64_t value, const char *words)
{
    if (out->words[0] != '\0' || (how == PROGRAM_ENDED_EXIT && value == 0)) {
        return;
    }
    if (how == PROGRAM_ENDED_EXIT) {
        lk_format(out->words, sizeof(out->words), "it was told: %s",
                  lk_status_text((enum status)value));
    } else {
        lk_copy_text(out->words, sizeof(out->words), words);
    }
}

void judge_result(struct outcome *out, uint64_t number)
{
    char words[128];
    uint64_t how = PROGRAM_ENDED_NOT;
    uint64_t value = 0;
    size_t n = 0;
    enum status s =
        programs_result(lk_cap("programs"), number, &how, &value, words, sizeof(words) - 1, &n);

    words[n] = '\0';
    if (s == STATUS_OK) {
        judge_end(out, how, value, words);
    } else {
        wrong(out, "asking for its end", s);
    }
}

void begin(struct outcome *out)
{
    if (out->words[0] == '\0') {
        wrong(out, "its begin", lk_program_begin(REG_CONTROL));
    }
}

void await_end(struct outcome *out)
{
    struct lk_program_end end = { .words = "" };
    enum status s;

    if (out->words[0] != '\0') {
        return;
    }
    s = lk_program_wait(REG_CONTROL, &end);
    is_there = false;
    if (s == STATUS_INVALID_CAP) { /* it has ended already */
        judge_result(out, its_number);
    } else {
        wrong(out, "waiting for its end", s);
        judge_end(out, end.how, end.value, end.words);
    }
}

/* ---- the first instance ---- */

uint64_t number_of(const char *name)
{
    uint64_t number = 0;

    lk_must(programs_find(lk_cap("programs"), name, strlen(name), &number), name);
    return number;
}

void start_first(struct outcome *out, const char *name)
{
    char words[128];
    size_t n = 0;
    uint64_t number = number_of(name);
    enum status s;

    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, ENDED, REG_NOTICE), "a notice");
    s = programs_start(lk_cap("programs"), number, PROGRAM_FOREGROUND, ENDED, "", 0, REG_NOTICE,
                       words, sizeof(words), &n);
    wrong_words(out, name, s, words, n);
}

bool await_bits(uint64_t bits)
{
    uint64_t seen;

    lk_notice_in(PATIENCE_MS, TIMER);
    do {
        seen = lk_park();
    } while ((seen & (bits | TIMER)) == 0);
    lk_notice_cancel();
    return (seen & bits) != 0;
}

void await_first(struct outcome *out, const char *name)
{
    if (out->words[0] != '\0') {
        return;
    }
    if (!await_bits(ENDED)) {
        lk_die("%s does not end", name);
    }
    judge_result(out, number_of(name));
}

enum status kill_first(const char *name)
{
    return programs_kill(lk_cap("programs"), number_of(name));
}

enum status restart_first(const char *name, struct outcome *why)
{
    char words[128];
    size_t n = 0;
    enum status s = programs_restart(lk_cap("programs"), number_of(name), words, sizeof(words), &n);

    if (why != NULL) {
        wrong_words(why, name, s, words, n);
    }
    return s;
}

void end_first(const char *name)
{
    programs_destroy(lk_cap("programs"), number_of(name), 0);
}

/* Is it there? Sets *waits: it is to be begun again. */
static bool looks_alive(const char *name, bool *waits)
{
    static struct program_info info;

    lk_must(programs_info(lk_cap("programs"), number_of(name), NULL, &info), name);
    *waits = info.waits_to_restart != 0;
    return info.running != 0;
}

void await_restarted(const char *name)
{
    bool waits = true;

    while (!looks_alive(name, &waits) && waits) {
        lk_sleep_ms(LOOK_MS);
    }
}

bool await_running(const char *name)
{
    bool waits;

    for (unsigned waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
        if (looks_alive(name, &waits)) {
            return true;
        }
        lk_sleep_ms(LOOK_MS);
    }
    return false;
}

void come_and_go(struct outcome *out)
{
    for (unsigned i = 0; i < COMERS; i++) {
        new_one(out, "tenant leave");
        begin(out);
        await_end(out);
    }
}
