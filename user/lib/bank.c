/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls to the space bank (<lykos/bank.h>), which may begin again at any moment: whose call got
 * lost asks once more.
 */
#include <lykos/bank.h>
#include <lykos/invoke.h>
#include <lykos/string.h>

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

/* A capability is given up. The server that did not answer may have destroyed
 * what it names: then it is no longer the bank's. */
static enum status give_up(struct lk_msg *msg)
{
    bool lost;
    enum status s = ask(msg, &lost);

    return s == STATUS_REQUEST_ERROR && lost ? STATUS_OK : s;
}

enum status lk_bank_make_some(uint32_t bank, uint64_t type, unsigned count, const uint32_t *reg)
{
    uint32_t r[LK_MAX_CAPS] = { 0 };
    struct lk_msg msg;
    bool lost;

    for (unsigned i = 0; i < count && i < LK_MAX_CAPS; i++) {
        r[i] = reg[i];
    }
    bank_allocate_message(&msg, bank, type, count, r[0], r[1], r[2], r[3]);
    return ask(&msg, &lost);
}

enum status lk_bank_make(uint32_t bank, uint64_t type, uint32_t reg)
{
    const uint32_t regs[LK_MAX_CAPS] = { reg };

    return lk_bank_make_some(bank, type, 1, regs);
}

enum status lk_bank_free(uint32_t bank, uint32_t reg)
{
    struct lk_msg msg;

    bank_free_message(&msg, bank, reg);
    return give_up(&msg);
}

enum status lk_bank_range(uint32_t bank, uint64_t frames, uint32_t reg)
{
    struct lk_msg msg;
    bool lost;

    bank_range_message(&msg, bank, frames, reg);
    return ask(&msg, &lost);
}

enum status lk_bank_free_range(uint32_t bank, uint32_t reg)
{
    struct lk_msg msg;

    bank_free_range_message(&msg, bank, reg);
    return give_up(&msg);
}

enum status lk_bank_open(uint32_t bank, const char *name, uint64_t limit, uint32_t reg)
{
    struct lk_msg msg;
    bool lost;

    bank_open_message(&msg, bank, limit, name, strnlen(name, BANK_NAME - 1), reg);
    return ask(&msg, &lost);
}

enum status lk_bank_close(uint32_t bank)
{
    struct lk_msg msg;
    bool lost;

    bank_close_message(&msg, bank);
    enum status s = ask(&msg, &lost);

    return s == STATUS_INVALID_CAP && lost ? STATUS_OK : s;
}

enum status lk_bank_reduce(uint32_t bank, uint32_t reg)
{
    struct lk_msg msg;
    bool lost;

    bank_reduce_message(&msg, bank, reg);
    return ask(&msg, &lost);
}

enum status lk_bank_info(uint32_t bank, struct bank_info *out)
{
    struct lk_msg msg;
    bool lost;

    bank_info_message(&msg, bank, out);
    return ask(&msg, &lost);
}

enum status lk_bank_hide(uint32_t bank)
{
    struct lk_msg msg;
    bool lost;

    bank_hide_message(&msg, bank);
    return ask(&msg, &lost);
}

enum status lk_bank_set_limit(uint32_t bank, uint64_t limit)
{
    struct lk_msg msg;
    bool lost;

    bank_set_limit_message(&msg, bank, limit);
    return ask(&msg, &lost);
}

enum status lk_bank_object(uint32_t bank, uint64_t type, uint64_t *n, uint32_t reg)
{
    enum status s = STATUS_WOULD_BLOCK;

    while (s == STATUS_WOULD_BLOCK) {
        struct lk_msg msg;
        bool lost;

        bank_object_message(&msg, bank, type, *n, reg);
        s = ask(&msg, &lost);
        if (s == STATUS_OK || s == STATUS_WOULD_BLOCK) {
            *n = msg.w[1];
        }
    }
    return s;
}

enum status lk_bank_list(uint32_t bank, uint64_t n, struct bank_info *out)
{
    struct lk_msg msg;
    bool lost;

    bank_list_message(&msg, bank, n, out);
    return ask(&msg, &lost);
}
