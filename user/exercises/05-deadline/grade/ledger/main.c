/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ledger: sees whether what should be whole is.
 */
#include <lykos/gen/ledger_server.h>
#include <lykos/lykos.h>

static uint64_t closed, mistakes;
static bool is_open;

enum status ledger_op_open(struct lk_request *rq)
{
    (void)rq;
    mistakes += is_open;
    is_open = true;
    return STATUS_OK;
}

enum status ledger_op_close(struct lk_request *rq)
{
    (void)rq;
    mistakes += !is_open;
    closed++;
    is_open = false;
    return STATUS_OK;
}

enum status ledger_op_look(struct lk_request *rq, uint64_t *closed_out, uint64_t *mistakes_out,
                           bool *is_open_out)
{
    (void)rq;
    *closed_out = closed;
    *mistakes_out = mistakes;
    *is_open_out = is_open;
    return STATUS_OK;
}

static const struct lk_server server = { LEDGER_SERVER };

int main(void)
{
    lk_serve(&server);
}
