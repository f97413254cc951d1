/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls to the space bank (<lykos/bank.h>), which may begin again at any moment: whose call got
 * lost asks once more.
 */
#include <lykos/bank.h>
#include <lykos/invoke.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

/* Carry out `msg` until it is answered by a server that lives. *lost: a server may have done it and
 * not answered. */
static enum status ask(struct lk_msg *msg, bool *lost)
{
    const uint64_t control = msg->control;
    const uint64_t w[3] = { msg->w[0], msg->w[1], msg->w[2] }; /* no request has more */

    *lost = false;
    for (unsigned tries = 0;; tries++) {
        enum status s = lk_invoke(msg);
        bool away = s == STATUS_INVALID_CAP && lk_kind(msg->delivery) == LK_KIND_RESULT;

        if (!away && s != STATUS_INVOKEE_GONE) {
            return s; /* a server's own answer, also that the bank is closed */
        }
        if (s == STATUS_INVOKEE_GONE) { /* there was one a moment ago */
            *lost = true;
            tries = 0;
        }
        if (!lk_bank_await(tries)) {
            return s;
        }
        msg->control = control;
        msg->w[0] = w[0];
        msg->w[1] = w[1];
        msg->w[2] = w[2];
    }
}

static enum status ask_words(uint32_t bank, uint64_t method, uint64_t w1, uint64_t w2)
{
    struct lk_msg msg = { .control = LK_CTL_CALL(bank, 3), .w = { method, w1, w2 } };
    bool lost;

    return ask(&msg, &lost);
}

/* A capability in register `arg` is given up. The server that did not answer may have destroyed
 * what it names: then it is no longer the bank's. */
static enum status give_up(uint32_t bank, uint64_t method, uint32_t arg)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(bank, 1, 1, arg, 0, 0, 0, 0, 0, 0),
        .w = { method },
    };
    bool lost;
    enum status s = ask(&msg, &lost);

    return s == STATUS_REQUEST_ERROR && lost ? STATUS_OK : s;
}

/* A struct bank_info is the answer. */
static enum status ask_info(uint32_t bank, uint64_t method, uint64_t n, struct bank_info *out)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL(bank, 2) | LK_RSTR,
        .w = { method, n },
        .buffer = out,
        .buffer_size = sizeof(*out),
    };
    bool lost;

    return ask(&msg, &lost);
}

enum status lk_bank_make_some(uint32_t bank, uint64_t type, unsigned count, const uint32_t *reg)
{
    uint32_t r[LK_MAX_CAPS] = { 0 };
    bool lost;

    for (unsigned i = 0; i < count && i < LK_MAX_CAPS; i++) {
        r[i] = reg[i];
    }
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(bank, 3, 0, 0, 0, 0, r[0], r[1], r[2], r[3]),
        .w = { BANK_ALLOCATE, type, count },
    };

    return ask(&msg, &lost);
}

enum status lk_bank_make(uint32_t bank, uint64_t type, uint32_t reg)
{
    const uint32_t regs[LK_MAX_CAPS] = { reg };

    return lk_bank_make_some(bank, type, 1, regs);
}

enum status lk_bank_free(uint32_t bank, uint32_t reg)
{
    return give_up(bank, BANK_FREE, reg);
}

enum status lk_bank_range(uint32_t bank, uint64_t frames, uint32_t reg)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(bank, 2, 0, 0, 0, 0, reg, 0, 0, 0),
        .w = { BANK_RANGE, frames },
    };
    bool lost;

    return ask(&msg, &lost);
}

enum status lk_bank_free_range(uint32_t bank, uint32_t reg)
{
    return give_up(bank, BANK_FREE_RANGE, reg);
}

enum status lk_bank_open(uint32_t bank, const char *name, uint64_t limit, uint32_t reg)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(bank, 2, 0, 0, 0, 0, reg, 0, 0, 0),
        .w = { BANK_OPEN, limit },
        .string = name,
        .string_len = (uint32_t)strnlen(name, BANK_NAME - 1),
    };
    bool lost;

    msg.control |= LK_SSTR;
    return ask(&msg, &lost);
}

enum status lk_bank_close(uint32_t bank)
{
    struct lk_msg msg = { .control = LK_CTL_CALL(bank, 1), .w = { BANK_CLOSE } };
    bool lost;
    enum status s = ask(&msg, &lost);

    return s == STATUS_INVALID_CAP && lost ? STATUS_OK : s;
}

enum status lk_bank_reduce(uint32_t bank, uint32_t reg)
{
    struct lk_msg msg = {
        .control = LK_CTL_CALL_CAPS(bank, 1, 0, 0, 0, 0, reg, 0, 0, 0),
        .w = { BANK_REDUCE },
    };
    bool lost;

    return ask(&msg, &lost);
}

enum status lk_bank_info(uint32_t bank, struct bank_info *out)
{
    return ask_info(bank, BANK_INFO, 0, out);
}

enum status lk_bank_hide(uint32_t bank)
{
    return ask_words(bank, BANK_HIDE, 0, 0);
}

enum status lk_bank_set_limit(uint32_t bank, uint64_t limit)
{
    return ask_words(bank, BANK_SET_LIMIT, limit, 0);
}

enum status lk_bank_object(uint32_t bank, uint64_t type, uint64_t *n, uint32_t reg)
{
    enum status s = STATUS_WOULD_BLOCK;

    while (s == STATUS_WOULD_BLOCK) {
        struct lk_msg msg = {
            .control = LK_CTL_CALL_CAPS(bank, 3, 0, 0, 0, 0, reg, 0, 0, 0),
            .w = { BANK_OBJECT, type, *n },
        };
        bool lost;

        s = ask(&msg, &lost);
        if (s == STATUS_OK || s == STATUS_WOULD_BLOCK) {
            *n = msg.w[1];
        }
    }
    return s;
}

enum status lk_bank_list(uint32_t bank, uint64_t n, struct bank_info *out)
{
    return ask_info(bank, BANK_LIST, n, out);
}
