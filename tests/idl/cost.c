/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The same method by hand and by what tools/lykos-idl makes, for the test idl/cost, which compiles
 * this as a program of Lykos is compiled and counts instructions: hand_... is compared with
 * made_... for a client, with pair_take_..., the generated part, and pair_op_... for a server. The
 * server's functions are not inlined, so that what is counted does not depend on their length.
 */
#include <lykos/gen/pair_server.h>

#define NOINLINE __attribute__((noinline))

enum status hand_call(uint32_t cap, uint64_t a, uint64_t b, uint64_t *sum);
enum status made_call(uint32_t cap, uint64_t a, uint64_t b, uint64_t *sum);
enum status made_call_small(uint32_t cap, uint32_t a, uint32_t b, uint32_t *sum);
enum status hand_take(struct lk_request *rq);

uint64_t total;

enum status hand_call(uint32_t cap, uint64_t a, uint64_t b, uint64_t *sum)
{
    struct lk_in in = lk_call2(cap, PAIR_ADD, a, b);

    *sum = in.w[1];
    return (enum status)in.w[0];
}

enum status made_call(uint32_t cap, uint64_t a, uint64_t b, uint64_t *sum)
{
    uint64_t got;
    enum status s = pair_add(cap, a, b, &got);

    *sum = got;
    return s;
}

enum status made_call_small(uint32_t cap, uint32_t a, uint32_t b, uint32_t *sum)
{
    uint32_t got;
    enum status s = pair_add_small(cap, a, b, &got);

    *sum = got;
    return s;
}

enum status hand_take(struct lk_request *rq)
{
    total += rq->w[1] + rq->w[2];
    lk_answer1(rq, total);
    return STATUS_OK;
}

NOINLINE enum status pair_op_add(struct lk_request *rq, uint64_t a, uint64_t b, uint64_t *sum)
{
    (void)rq;
    total += a + b;
    *sum = total;
    return STATUS_OK;
}

NOINLINE enum status pair_op_add_small(struct lk_request *rq, uint32_t a, uint32_t b, uint32_t *sum)
{
    (void)rq;
    total += a + b;
    *sum = (uint32_t)total;
    return STATUS_OK;
}

const struct lk_server server = { PAIR_SERVER };
