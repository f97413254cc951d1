/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of kernel capabilities by call are the same both ways: each with arguments that are
 * right and wrong, and any with any.
 */
#include "requests.h"

/* An operation that is asked for in all forms. Word 1 is one of those that are right, wrong, or
 * right in its lower half only. */
static const struct {
    unsigned target, words, caps;
    uint64_t op, right, wrong;
} operations[] = {
    { Q_GPT, 2, 1, OP_GPT_SWAP_SLOT, 3, 16 },
    { Q_GPT, 2, 0, OP_GPT_GET_SLOT, 3, 16 },
    { Q_GPT, 2, 0, OP_GPT_SET_FLAGS, 1, 4 },
    { Q_GPT, 1, 0, OP_GPT_GET_STATE, 0, 0 },
    { Q_GPT_RO, 2, 1, OP_GPT_SWAP_SLOT, 4, 16 },
    { Q_GPT_WK, 2, 1, OP_GPT_SWAP_SLOT, 4, 16 },
    { Q_GPT_OP, 2, 1, OP_GPT_SWAP_SLOT, 4, 16 },
    { Q_GPT_OP, 2, 0, OP_GPT_GET_SLOT, 3, 16 },
    { Q_GPT_STALE, 2, 1, OP_GPT_SWAP_SLOT, 3, 16 },
    { Q_CAPPAGE, 2, 1, OP_CAPPAGE_SWAP_SLOT, 7, 256 },
    { Q_CAPPAGE_WK, 2, 1, OP_CAPPAGE_SWAP_SLOT, 7, 256 },
    { Q_CAPPAGE_WK, 2, 0, OP_CAPPAGE_GET_SLOT, 1, 256 },
    { Q_PAGE, 2, 0, OP_MEMORY_REDUCE, 2, 16 },
    { Q_PAGE_RO, 1, 0, OP_PAGE_CLEAR, 0, 0 },
    { Q_FAULTED, 2, 0, OP_PROCESS_RESUME, 1, 3 },
    { Q_FAULTED, 2, 0, OP_PROCESS_RESUME, 0, 3 },
    { Q_WAITS, 2, 0, OP_PROCESS_RESUME, 1, 3 },
    { Q_SENDS, 2, 0, OP_PROCESS_RESUME, 0, 3 },
    { Q_DEAD, 2, 0, OP_PROCESS_RESUME, 1, 3 },
    { Q_SELF, 2, 0, OP_PROCESS_RESUME, 1, 3 },
    { Q_WAITS, 2, 0, OP_PROCESS_SET_NOT_SCHEDULABLE, 2, 0 },
    { Q_EQUAL, 2, 0, OP_PROCESS_SET_NOT_SCHEDULABLE, 1, 8 },
    { Q_EQUAL, 2, 0, OP_PROCESS_CLEAR_NOT_SCHEDULABLE, 3, 8 },
    { Q_HIGHER, 2, 0, OP_PROCESS_CLEAR_NOT_SCHEDULABLE, 3, 8 },
    { Q_SELF, 2, 0, OP_PROCESS_CLEAR_NOT_SCHEDULABLE, 3, 8 },
    { Q_WAITS, 2, 1, OP_PROCESS_SWAP_CAP_REG, 5, 32 },
    { Q_WAITS, 2, 1, OP_PROCESS_SWAP_CAP_REG, 31, 0 },
    { Q_SENDS, 2, 1, OP_PROCESS_SWAP_CAP_REG, 5, 32 },
    { Q_SELF, 2, 1, OP_PROCESS_SWAP_CAP_REG, Q_GOT, 32 },
    { Q_SELF, 2, 0, OP_PROCESS_GET_CAP_REG, Q_GPT, 32 },
    { Q_DEAD, 2, 1, OP_PROCESS_SWAP_CAP_REG, 5, 32 },
    { Q_WAITS, 2, 1, OP_PROCESS_SWAP_SLOT, SLOT_BRAND, 10 },
    { Q_WAITS, 2, 1, OP_PROCESS_SWAP_SLOT, SLOT_ADDR_SPACE, SLOT_PROXY_REPLY },
    { Q_FAULTED, 2, 1, OP_PROCESS_SWAP_SLOT, SLOT_HANDLER, 10 },
    { Q_EQUAL, 2, 1, OP_PROCESS_SWAP_SLOT, SLOT_SCHEDULE, 10 },
    { Q_SELF, 2, 1, OP_PROCESS_SWAP_SLOT, SLOT_COHORT, 10 },
    { Q_SELF, 2, 1, OP_PROCESS_SWAP_SLOT, SLOT_REPLY_ENDPOINT, 10 },
    { Q_WAITS, 2, 0, OP_PROCESS_GET_SLOT, SLOT_SCHEDULE, 10 },
    { Q_WAITS, 3, 0, OP_PROCESS_SET_LABEL, 0x61, 0 },
    { Q_WAITS, 2, 0, OP_PROCESS_SET_FS_BASE, 0x7000, LK_USER_END },
    { Q_ENDPOINT, 2, 0, OP_ENDPOINT_SET_ENDPOINT_ID, 66, LK_NOTICE_ID },
    { Q_ENDPOINT, 2, 0, OP_ENDPOINT_MAKE_ENTRY, 67, 1ull << 32 },
    { Q_ENDPOINT, 1, 0, OP_ENDPOINT_GET_STATE, 0, 0 },
    { Q_REPLY, 1, 0, OP_ENDPOINT_GET_STATE, 0, 0 },
    { Q_REPLY, 2, 0, OP_ENDPOINT_SET_ENDPOINT_ID, 68, LK_NOTICE_ID },
    { Q_NOTICE, 2, 0, OP_APPNOTICE_POST, 5, 1ull << 32 },
    { Q_SCHEDULE, 1, 0, OP_SCHEDULE_GET_INFO, 0, 0 },
    { Q_DISCRIM, 1, 1, OP_DISCRIM_CLASSIFY, 0, 0 },
    { Q_DISCRIM, 1, 2, OP_DISCRIM_COMPARE, 0, 0 },
    { Q_DISCRIM, 1, 0, 0, 0, 0 },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* What is sent with it: something of another kind each time. */
static const unsigned gifts[] = { Q_PAGE, 0, Q_GPT_STALE, Q_GPT, Q_ENTRY, Q_SCHEDULE, Q_PAGE_RO };

/* Form by form: numbers of words and capabilities, arguments, and where it receives. */
static struct request request_of(unsigned operation, unsigned form)
{
    unsigned words = operations[operation].words;
    unsigned caps = operations[operation].caps;
    uint64_t right = operations[operation].right;
    unsigned gift = gifts[form % (sizeof(gifts) / sizeof(gifts[0]))];
    struct request r = { .target = operations[operation].target };

    for (unsigned i = 0; i < LK_MAX_WORDS; i++) {
        r.w[i] = 0x1000 + i;
    }
    r.w[0] = operations[operation].op | (form == 17 ? 1ull << 32 : 0);
    r.w[1] = form % 6 == 4     ? operations[operation].wrong
             : form % 12 == 5  ? right | 1ull << 32
             : form % 12 == 11 ? UINT64_MAX
                               : right;
    words = form % 8 == 6 && words > 1 ? words - 1 : form % 8 == 7 ? LK_MAX_WORDS : words;
    caps = form % 10 == 8 && caps > 0 ? caps - 1 : form % 10 == 9 ? LK_MAX_CAPS - 1 : caps;
    r.control =
        LK_CTL(form % 5 == 3 && caps == 0 ? LK_SHAPE_CALL | LK_RSTR : LK_SHAPE_CALL, 0, words);
    if (caps != 0) {
        r.control |= LK_CTL_SENDS(1u + caps, 0, gift, Q_PAGE, Q_GPT);
    }
    r.control |= form % 4 == 0   ? 0
                 : form % 4 == 1 ? LK_CTL_RECVS(Q_GOT, 0, 0, 0)
                 : form % 4 == 2 ? LK_CTL_RECVS(Q_GOT, Q_GOT + 1, 0, Q_GOT + 3)
                                 : LK_CTL_RECVS(0, Q_GOT + 2, 0, 0);
    return r;
}

CASE(operations,
     .text = "an operation by call is the same both ways, whatever words and "
             "capabilities come with it, and whatever it answers into",
     .steady = true, .ms = 600000)
{
    for (unsigned i = 0; i < OPERATIONS; i++) {
        for (unsigned part = 0; part < 2; part++) {
            struct requests q = { .n = 24, .higher = part != 0 };

            sys_at("operation %u, part %u", i, part);
            for (unsigned form = 0; form < q.n; form++) {
                q.r[form] = request_of(i, form);
            }
            requests_both(&q);
        }
    }
}

CASE(operations_watched,
     .text = "so it is if notices or senders wait for who asks, or a debugger looks at it",
     .steady = true, .ms = 600000)
{
    for (unsigned i = 0; i < OPERATIONS; i++) {
        struct requests q = { .n = 6 };

        sys_at("operation %u", i);
        q.notice = i % 4 == 0;
        q.traced = i % 4 == 1;
        q.stepped = i % 4 == 2;
        q.sender = i % 4 == 3;
        for (unsigned n = 0; n < q.n; n++) {
            q.r[n] = request_of(i, n);
        }
        requests_both(&q);
    }
}

/* Operations that are not to be drawn: what they answer has to do with time. */
static bool unfit(unsigned target, uint64_t op)
{
    return (target <= Q_DEAD && op == OP_PROCESS_GET_STATE) ||
           (target == Q_SCHEDCTL && op == OP_SCHEDCTL_SET_SLICE_NOTICE);
}

static struct request random_request(struct rng *rng)
{
    static const uint64_t values[] = { UINT64_MAX,           UINT32_MAX,      1ull << 32, PRIO_HIGH,
                                       NSEC_PER_MSEC * 1000, LK_USER_END - 1, 0x5000 };
    struct request r;

    do {
        r = request_of((unsigned)rng_below(rng, OPERATIONS), (unsigned)rng_below(rng, 24));
        if (rng_below(rng, 2) == 0) {
            r.target = (unsigned)rng_below(rng, Q_TARGETS);
            r.w[0] = rng_below(rng, 20);
        }
        for (unsigned i = 1; i < LK_MAX_WORDS; i++) {
            if (rng_below(rng, 3) != 0) {
                r.w[i] = rng_below(rng, 6) == 0 ? values[rng_below(rng, 7)] : rng_below(rng, 32);
            }
        }
        if (rng_below(rng, 3) == 0) {
            r.control =
                LK_CTL_CALL_CAPS(0, 1 + rng_below(rng, 8), rng_below(rng, 4), rng_below(rng, 32),
                                 rng_below(rng, 32), rng_below(rng, 32), Q_GOT + rng_below(rng, 4),
                                 rng_below(rng, 2) * Q_GOT, rng_below(rng, 2) * (Q_GOT + 2), 0);
        }
    } while (unfit(r.target, r.w[0]));
    return r;
}

CASE(random_operations, .text = "so are random operations, one after the other", .steady = true,
     .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 120 : 30;

    for (uint64_t i = 0; i < rounds; i++) {
        struct requests q = { .n = 8 + (unsigned)rng_below(&rng, REQUESTS - 8) };

        sys_at("play %lu", i);
        q.notice = rng_below(&rng, 8) == 0;
        q.traced = rng_below(&rng, 12) == 0;
        q.stepped = rng_below(&rng, 12) == 0;
        q.sender = rng_below(&rng, 8) == 0;
        q.higher = rng_below(&rng, 2) == 0;
        for (unsigned n = 0; n < q.n; n++) {
            q.r[n] = random_request(&rng);
        }
        requests_both(&q);
    }
}
