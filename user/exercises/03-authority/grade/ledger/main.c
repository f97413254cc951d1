/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ledger: counts notes. The auditor may erase it.
 */
#include <lykos/gen/ledger_server.h>
#include <lykos/lykos.h>

static uint64_t notes;

enum status ledger_op_enter(struct lk_request *rq, uint64_t *number)
{
    (void)rq;
    *number = ++notes;
    return STATUS_OK;
}

enum status ledger_op_erase(struct lk_request *rq)
{
    if (rq->payload != LEDGER_AUDITOR) {
        return STATUS_NO_ACCESS;
    }
    notes = 0;
    return STATUS_OK;
}

static const struct lk_server server = { LEDGER_SERVER };

int main(void)
{
    lk_serve(&server);
}
