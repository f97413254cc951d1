/* SPDX-License-Identifier: BSD-2-Clause
 *
 * embraced: the server of embrace, which makes the mistake: it calls its client before it answers.
 */
#include "../embrace/embrace.h"

#include <lykos/lykos.h>

static uint64_t helped;

static enum status help(struct lk_request *rq)
{
    struct lk_in in = lk_call1(LK_REG_ARG, EMBRACE_WHO, ++helped);

    (void)rq;
    return (enum status)in.w[0];
}

static const struct lk_method methods[] = {
    [EMBRACE_HELP] = { help, .caps = 1, .name = "help" },
};
static const struct lk_server server = {
    .methods = methods,
    .method_count = sizeof(methods) / sizeof(methods[0]),
};

int main(void)
{
    lk_serve(&server);
}
