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

/* The words of an answer, if it has any, or the status. */
static void wrong_words(struct outcome *out, const char *what, const struct lk_msg *msg,
                        const char *words)
{
    size_t n = lk_string_length(msg->delivery);

    if (msg->w[0] == STATUS_OK) {
        return;
    }
    if (n == 0) {
        wrong(out, what, (enum status)msg->w[0]);
    } else if (out->words[0] == '\0') {
        lk_format(out->words, sizeof(out->words), "%.*s", (int)n, words);
    }
}

/* The one that REG_CONTROL controls. */
static bool is_there;
static uint64_t its_number;

/* It was asked for: what was the answer? Its number, if it was made by init, is word 1. */
static void take_answer(struct outcome *out, const char *what, const struct lk_msg *msg,
                        const char *words)
{
    wrong_words(out, what, msg, words);
    is_there = msg->w[0] == STATUS_OK;
    its_number = msg->w[1];
}

/* Ask init for one. `bank`: the register of the bank that is to pay, or 0. */
static void ask_for_one(struct outcome *out, uint64_t method, const char *what, uint32_t bank)
{
    char words[128];
    struct lk_msg msg = {
        .control =
            LK_CTL_CALL_CAPS(lk_cap("programs"), 1, bank != 0, bank, 0, 0, REG_CONTROL, 0, 0, 0),
        .w = { method },
        .string = what,
        .string_len = (uint32_t)strlen(what),
        .buffer = words,
        .buffer_size = sizeof(words),
    };

    msg.control |= LK_SSTR;
    msg.control |= LK_RSTR;
    lk_invoke(&msg);
    take_answer(out, what, &msg, words);
}

uint64_t new_one(struct outcome *out, const char *what)
{
    ask_for_one(out, PROGRAMS_NEW, what, 0);
    return its_number;
}

void new_paid(struct outcome *out, const char *what, uint32_t bank)
{
    if (out->words[0] == '\0') {
        ask_for_one(out, PROGRAMS_NEW_PAID, what, bank);
    }
}

void new_sealed(struct outcome *out, const char *args, uint32_t bank)
{
    char words[CONSTRUCTOR_WORDS];
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
        lk_program_kill(REG_CONTROL);
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
    struct lk_msg msg = {
        .control = LK_CTL_CALL(lk_cap("programs"), 2) | LK_RSTR,
        .w = { PROGRAMS_RESULT, number },
        .buffer = words,
        .buffer_size = sizeof(words) - 1,
    };

    lk_invoke(&msg);
    words[lk_string_length(msg.delivery)] = '\0';
    if (msg.w[0] == STATUS_OK) {
        judge_end(out, msg.w[1], msg.w[2], words);
    } else {
        wrong(out, "asking for its end", (enum status)msg.w[0]);
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
    struct lk_in in = lk_call_send0(LK_CTL_CALL(lk_cap("programs"), 1) | LK_SSTR, PROGRAMS_FIND,
                                    name, strlen(name));

    lk_must((enum status)in.w[0], name);
    return in.w[1];
}

void start_first(struct outcome *out, const char *name)
{
    char words[128];
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(lk_cap("programs"), 4, 1, REG_NOTICE, 0, 0, 0, 0, 0, 0),
        .w = { PROGRAMS_START, number_of(name), PROGRAM_FOREGROUND, ENDED },
        .buffer = words,
        .buffer_size = sizeof(words),
    };

    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, ENDED, REG_NOTICE), "a notice");
    msg.control |= LK_RSTR;
    lk_invoke(&msg);
    wrong_words(out, name, &msg, words);
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

enum status ask_about(uint64_t method, const char *name, struct outcome *why)
{
    char words[128];
    struct lk_msg msg = {
        .control = LK_CTL_CALL(lk_cap("programs"), 2) | LK_RSTR,
        .w = { method, number_of(name) },
        .buffer = words,
        .buffer_size = sizeof(words),
    };
    enum status s = lk_invoke(&msg);

    if (why != NULL) {
        wrong_words(why, name, &msg, words);
    }
    return s;
}

void end_first(const char *name)
{
    ask_about(PROGRAMS_DESTROY, name, NULL);
}

/* Is it there? Sets *waits: it is to be begun again. */
static bool looks_alive(const char *name, bool *waits)
{
    static struct program_info info;
    struct lk_in in = lk_call_recv1(LK_CTL_CALL(lk_cap("programs"), 2) | LK_RSTR, PROGRAMS_INFO,
                                    number_of(name), &info, sizeof(info));

    lk_must((enum status)in.w[0], name);
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
