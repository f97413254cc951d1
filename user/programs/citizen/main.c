/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One of a crowd (user/programs/crowd): tells whoever made it where it can be reached, and answers.
 * With the argument "leave" it ends at once.
 */
#include <lykos/lykos.h>

#define REG_ENTRY LK_REG_FREE

/* Word 1: a number. Answer: it and one more, and how often this one was asked. */
static enum status citizen_ask(struct lk_request *rq)
{
    static uint64_t asked;

    lk_answer2(rq, rq->w[1] + 1, ++asked);
    return STATUS_OK;
}

static const struct lk_method methods[] = { [1] = {
                                                .fn = citizen_ask, .words = 1, .name = "ask" } };
static const struct lk_server server = { .methods = methods, .method_count = 2 };

int main(void)
{
    uint32_t crowd = lk_cap("crowd");

    if (strcmp(lk_start->argument, "leave") == 0) {
        return 7;
    }
    lk_must(lk_endpoint_make_entry(LK_REG_ENDPOINT, 0, REG_ENTRY), "an Entry to this one");
    lk_call_ctl0(LK_CTL_CALL_CAPS(crowd, 1, 1, REG_ENTRY, 0, 0, 0, 0, 0, 0), 1);
    lk_serve(&server);
}
