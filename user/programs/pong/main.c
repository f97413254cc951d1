/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pong: answers ping. As small as a server can be.
 */
#include <lykos/gen/pong_server.h>
#include <lykos/lykos.h>

enum status pong_op_ping(struct lk_request *rq, uint64_t n, uint64_t *next)
{
    (void)rq;
    *next = n + 1;
    return STATUS_OK;
}

static const struct lk_server server = { PONG_SERVER };

int main(void)
{
    lk_serve(&server);
}
