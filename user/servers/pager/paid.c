/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the pager asks of banks. It does not use <lykos/bank.h>'s calls: those wait for a bank that
 * begins again also where it answered that it was closed, and while the pager waits nobody is
 * served. Here the two are told apart: a server that is gone sends no message.
 */
#include "pager.h"

#include <lykos/bank.h>
#include <lykos/time.h>

#define TRIES 50u /* waits for the next server, of TRY_MS each */
#define TRY_MS 4u

/* Did no server answer? Then wait a little for another one, unless that was often enough. `tries`
 * counts. */
static bool ask_again(const struct lk_in *in, unsigned *tries)
{
    bool lost =
        in->w[0] == STATUS_INVOKEE_GONE; /* it took the request: the next is there, or not */
    bool none = in->w[0] == STATUS_INVALID_CAP && lk_kind(in->delivery) == LK_KIND_RESULT;

    if ((!lost && !none) || *tries == TRIES) {
        return false;
    }
    ++*tries;
    return lost || lk_sleep_ms(TRY_MS) == STATUS_OK;
}

enum status paid_make(uint32_t bank, uint64_t type, uint32_t reg)
{
    unsigned tries = 0;
    struct lk_in in;

    do {
        in = lk_call_ctl2(LK_CTL_CALL_CAPS(bank, 3, 0, 0, 0, 0, reg, 0, 0, 0), BANK_ALLOCATE, type,
                          1);
    } while (ask_again(&in, &tries));
    return (enum status)in.w[0];
}

enum status paid_range(uint32_t bank, uint64_t frames, uint32_t reg)
{
    unsigned tries = 0;
    struct lk_in in;

    do {
        in = lk_call_ctl1(LK_CTL_CALL_CAPS(bank, 2, 0, 0, 0, 0, reg, 0, 0, 0), BANK_RANGE, frames);
    } while (ask_again(&in, &tries));
    return (enum status)in.w[0];
}

enum status paid_free(uint32_t bank, uint32_t reg)
{
    unsigned tries = 0;
    struct lk_in in;

    do {
        in = lk_call_ctl0(LK_CTL_CALL_CAPS(bank, 1, 1, reg, 0, 0, 0, 0, 0, 0), BANK_FREE);
    } while (ask_again(&in, &tries));
    return (enum status)in.w[0];
}
