/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ringserver: takes what its client puts into a ring, and outlives it. A loop of notices: those of
 * the ring, and of a clock by which it looks whether the client is there.
 */
#include "ringtest.h"

#define RING_BIT 1u
#define CLOCK_BIT 2u
#define CLOCK_MS 20u
#define BATCH 64u
#define REG_WORK LK_REG_FREE /* and two more */
#define REG_CLIENT (LK_REG_FREE + 3)

static struct lk_ring_tools tools;
static struct lk_ring ring;
static struct lk_ring_share share;
static enum lk_ring_result ended;
static uint64_t right;

/* All that there is; a ring that is over is let go. */
static void drain(void)
{
    uint64_t batch[BATCH];
    enum lk_ring_result result;

    do {
        uint32_t n = lk_ring_take(&ring, batch, BATCH);

        for (uint32_t i = 0; i < n; i++) {
            right += batch[i] == right;
        }
        result = n > 0 ? LK_RING_OK : lk_ring_rest(&ring, 1);
    } while (result == LK_RING_OK);
    if (result != LK_RING_NOTHING) {
        ended = result;
        lk_ring_release(&share);
        lk_drop_cap(REG_CLIENT);
    }
}

static void notice(void *context, uint64_t bits)
{
    (void)context;
    if (share.memory == NULL) {
        return;
    }
    if ((bits & CLOCK_BIT) != 0) {
        lk_ring_lives(&ring);
        lk_notice_in(CLOCK_MS, CLOCK_BIT);
    }
    drain();
}

static enum status test_ring(struct lk_request *rq)
{
    const struct lk_ring_plan plan = {
        .tools = &tools, .size = 8, .count = TEST_COUNT, .bits = RING_BIT, .notice = REG_CLIENT
    };
    enum status s = share.memory != NULL ? STATUS_IN_USE : lk_ring_accept(&ring, &share, &plan, rq);

    if (s == STATUS_OK) {
        right = 0;
        ended = LK_RING_OK;
        lk_ring_rest(&ring, 1);
        lk_notice_in(CLOCK_MS, CLOCK_BIT);
    }
    return s;
}

static enum status test_look(struct lk_request *rq)
{
    lk_answer2(rq, right, ended);
    return STATUS_OK;
}

static enum status test_die(struct lk_request *rq)
{
    (void)rq;
    lk_exit(0);
}

static const struct lk_method methods[] = {
    [TEST_RING] = { test_ring, .words = LK_RING_WORDS, .caps = LK_RING_CAPS, .name = "ring" },
    [TEST_LOOK] = { test_look, .name = "look" },
    [TEST_DIE] = { test_die, .name = "die" },
};

int main(void)
{
    static const struct lk_server server = { .methods = methods,
                                             .method_count = sizeof(methods) / sizeof(methods[0]),
                                             .notice = notice };

    tools = (struct lk_ring_tools){ .space = lk_cap("space"),
                                    .discrim = lk_cap("discrim"),
                                    .endpoint = LK_REG_ENDPOINT,
                                    .work = REG_WORK };
    lk_serve(&server);
}
