/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scribe: enters notes into the ledger, keeps a page for each of the first NOTES of them, and rings
 * the bell. What it needs: the ledger, a bank of so many pages, the clock, the bell.
 */
#include "attack.h"

#include <lykos/bank.h>
#include <lykos/gen/ledger.h>
#include <lykos/gen/scribe_server.h>
#include <lykos/lykos.h>

#define NOTES 12u
#define REG_PAGE LK_REG_FREE
#define BELL 1u

static unsigned pages;

enum status scribe_op_note(struct lk_request *rq, const char *text, size_t text_len,
                           uint64_t *number, uint64_t *time)
{
    enum status s = STATUS_OK;

    (void)rq;
    if (pages == NOTES) {
        return STATUS_EXHAUSTED;
    }
    s = lk_bank_make(lk_cap("bank"), LK_TYPE_PAGE, REG_PAGE);
    if (s == STATUS_OK) {
        s = ledger_enter(lk_cap("ledger"), number);
    }
    if (s != STATUS_OK) {
        return s;
    }
    pages++;
    *time = lk_now();
    say("note %lu: %.*s", *number, (int)text_len, text);
    return lk_appnotice_post(lk_cap("bell"), BELL);
}

enum status scribe_op_attack(struct lk_request *rq, enum attempt what, bool *done)
{
    (void)rq;
    *done = attack(what);
    return STATUS_OK;
}

static const struct lk_server server = { SCRIBE_SERVER };

int main(void)
{
    lk_serve(&server);
}
