/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One method, served by generated dispatch (bench_stub.idl) and by the same written by hand, in the
 * library's server loop.
 */
#include "stubs.h"

#include "../bench/bench.h"

#include <lykos/gen/bench_stub_server.h>

/* Not inlined into its dispatch: as a function is that does more. */
__attribute__((noinline)) enum status bench_stub_op_add(struct lk_request *rq, uint64_t a,
                                                        uint64_t b, uint64_t *sum)
{
    (void)rq;
    *sum = a + b;
    return STATUS_OK;
}

static enum status add_by_hand(struct lk_request *rq)
{
    lk_answer1(rq, rq->w[1] + rq->w[2]);
    return STATUS_OK;
}

static const struct lk_method by_hand[] = {
    [BENCH_STUB_ADD] = { .fn = add_by_hand, .words = 2 },
};
static const struct lk_server hand = {
    .methods = by_hand,
    .method_count = sizeof(by_hand) / sizeof(by_hand[0]),
};
static const struct lk_server generated = { BENCH_STUB_SERVER };

void stubs_serve(bool by_generated_dispatch)
{
    const struct lk_server *server = by_generated_dispatch ? &generated : &hand;
    struct lk_msg msg;

    lk_serve_begin(server, &msg);
    msg.control |= LK_CTL(LK_SEND, LK_REG_CALLER, 1);
    msg.w[0] = STATUS_OK;
    for (;;) {
        lk_invoke(&msg);
        if (lk_kind(msg.delivery) != LK_KIND_MESSAGE || msg.w[0] != BENCH_STUB_ADD) {
            return;
        }
        lk_serve_step(server, &msg);
    }
}
