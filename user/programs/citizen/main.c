/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One of a crowd (user/programs/crowd): tells whoever made it where it can be reached, and answers.
 * With the argument "leave" it ends at once.
 */
#include <lykos/gen/citizen_server.h>
#include <lykos/gen/crowd.h>
#include <lykos/lykos.h>

#define REG_ENTRY LK_REG_FREE

enum status citizen_op_ask(struct lk_request *rq, uint64_t n, uint64_t *next, uint64_t *asked)
{
    static uint64_t count;

    (void)rq;
    *next = n + 1;
    *asked = ++count;
    return STATUS_OK;
}

static const struct lk_server server = { CITIZEN_SERVER };

int main(void)
{
    if (strcmp(lk_start->argument, "leave") == 0) {
        return 7;
    }
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, 0, REG_ENTRY), "an Entry to this one");
    crowd_here(lk_cap("crowd"), REG_ENTRY);
    lk_serve(&server);
}
