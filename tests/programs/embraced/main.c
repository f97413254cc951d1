/* SPDX-License-Identifier: BSD-2-Clause
 *
 * embraced: the server of embrace, which makes the mistake: it calls its client before it answers.
 */
#include <lykos/gen/embrace.h>
#include <lykos/gen/embraced_server.h>
#include <lykos/lykos.h>

static uint64_t helped;

enum status embraced_op_help(struct lk_request *rq, uint32_t back)
{
    struct lk_in in = lk_call1(back, EMBRACE_WHO, ++helped);

    (void)rq;
    return (enum status)in.w[0];
}

static const struct lk_server server = { EMBRACED_SERVER };

int main(void)
{
    lk_serve(&server);
}
