/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Strings that arrive.
 */
#include "string_pair.h"

/* One string, both orders of arrival in turn. */
static void move(struct string_pair *p, uint64_t from, uint64_t to, uint64_t n, uint64_t limit)
{
    static unsigned turn;
    uint64_t moved = n < limit ? n : limit;

    sys_at("%lu bytes, limit %lu, from offset %lx to offset %lx", n, limit, from, to);
    fill_receiver();
    if (turn++ % 2 == 0) {
        string_receive(p, to, limit);
        string_send(p, LK_SEND | (turn % 4 < 2 ? LK_BLOCK : 0), from, n);
    } else {
        string_send(p, LK_SEND | LK_BLOCK, from, n);
        EQ(proc_wait_kind(p->a), LK_WAIT_SENDING);
        string_receive(p, to, limit);
    }
    EQ(raw_result(p->a).rdi, STATUS_OK);
    string_delivered(p, moved, n > limit);
    string_moved(from, to, moved);
}

CASE(lengths, .text = "strings of 0 bytes to 64 KiB arrive whole, and nothing else is written")
{
    static const uint64_t lengths[] = { 0,    1,    7,    8,    9,     15,    63,    4087, 4095,
                                        4096, 4097, 8191, 8192, 12289, 65528, 65535, 65536 };
    struct string_pair p = string_pair_new();

    fill_sender(1);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        move(&p, 0, 0, lengths[i], LK_MAX_STRING);
        move(&p, 0, 0, lengths[i], lengths[i]);
        move(&p, 4095, 1, lengths[i], lengths[i]);
        move(&p, 3, 4090, lengths[i], LK_MAX_STRING);
    }
}

CASE(alignments, .text = "every alignment of both sides, also across page boundaries")
{
    struct string_pair p = string_pair_new();

    fill_sender(2);
    for (uint64_t from = 0; from < 8; from++) {
        for (uint64_t to = 0; to < 8; to++) {
            move(&p, from, to, 100 + from, 300);
            move(&p, 4096 - from, 4096 - to, 37, 300);
            move(&p, from, 4096 - to, 4100, 9000);
            move(&p, 8192 - from, to, 4100, 9000);
        }
    }
}

CASE(truncation, .text = "a string longer than the receiver's limit is cut, and the receiver told")
{
    struct string_pair p = string_pair_new();
    static const uint64_t limits[] = { 0, 1, 7, 4095, 4096, 4097, 65535 };

    fill_sender(3);
    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        move(&p, 5, 9, limits[i] + 1, limits[i]);
        move(&p, 4090, 4091, LK_MAX_STRING, limits[i]);
    }
}

CASE(no_receive_string, .text = "a receiver that takes no string is told that there was one")
{
    struct string_pair p = string_pair_new();

    fill_sender(4);
    fill_receiver();
    raw_do(p.b, LK_RECV);
    string_send(&p, LK_SEND | LK_BLOCK, 0, 100);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, 0, true);
    string_moved(0, 0, 0);
}

CASE(no_send_string, .text = "lengths in r9 mean nothing without the bits that announce strings")
{
    struct string_pair p = string_pair_new();
    struct lk_regs r = raw_regs(LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1));

    fill_receiver();
    string_receive(&p, 0, 500);
    r.r10 = SENDER_VA;
    r.r9 = UINT64_MAX;
    raw_go(p.a, &r);
    EQ(raw_result(p.a).rdi, STATUS_OK);
    string_delivered(&p, 0, false);
    string_moved(0, 0, 0);
}

CASE(call_with_strings, .text = "a call carries a string out and one back")
{
    struct string_pair p = string_pair_new();
    struct lk_regs r = raw_regs(LK_CTL_CALL(REG_TARGET, 1) | LK_SSTR | LK_RSTR);

    proc_reply_endpoint(p.a, 9);
    map_page(p.a_space, SENDER_VA, p.a_page[0], 0); /* the answer is received here */
    map_page(p.a_space, SENDER_VA + PAGE, p.a_page[1], 0);
    fill_sender(5);
    fill_receiver();
    raw_do(p.b, LK_RECV); /* let go what it was */
    r.r10 = SENDER_VA + 3 * PAGE + 11;
    r.r9 = 5000 | 8000ull << 32;
    r.rbp = SENDER_VA + 77;
    {
        struct lk_regs s = raw_regs(LK_RECV | LK_RSTR | LK_CTL_RECVS(9, 0, 0, 0));

        s.rbp = RECEIVER_VA + 1;
        s.r9 = 6000ull << 32;
        raw_go(p.b, &s);
    }
    raw_go(p.a, &r);
    string_delivered(&p, 5000, false);
    string_moved(3 * PAGE + 11, 1, 5000);
    r = raw_regs(LK_CTL(LK_SEND | LK_SSTR, 9, 1));
    r.r10 = RECEIVER_VA;
    r.r9 = 5001;
    raw_go(p.b, &r);
    EQ(raw_result(p.b).rdi, STATUS_OK);
    EQ(lk_string_length(raw_result(p.a).rax), 5001);
    CHECK(memcmp(sender_bytes() + 77, receiver_bytes(), 5001) == 0);
}

CASE(same_page, .text = "a string within one page, sender and receiver in one space, overlapping")
{
    obj a = proc_new(PRIO_HIGH);
    obj b = proc_new(PRIO_HIGH);
    obj e = endpoint_new(b, 1, false);
    static uint8_t bytes[256], want[256];
    struct lk_regs r = raw_regs(LK_RECV | LK_RSTR);

    proc_cap(a, REG_TARGET, entry_new(e, 0));
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    memcpy(want, bytes, sizeof(want));
    memmove(want + 20, bytes + 3, 150);
    r.rbp = (uint64_t)bytes + 20;
    r.r9 = 200ull << 32;
    raw_go(b, &r);
    r = raw_regs(LK_CTL(LK_SEND | LK_SSTR, REG_TARGET, 1));
    r.r10 = (uint64_t)bytes + 3;
    r.r9 = 150;
    raw_go(a, &r);
    EQ(lk_string_length(raw_result(b).rax), 150);
    CHECK(memcmp(bytes, want, sizeof(bytes)) == 0);
}

CASE(random, .text = "random lengths, limits and places")
{
    struct string_pair p = string_pair_new();
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : 60;

    fill_sender(sys_options.seed);
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t n = rng_below(&rng, i % 2 == 0 ? LK_MAX_STRING + 1 : 9000);
        uint64_t limit = rng_below(&rng, 3) == 0 ? rng_below(&rng, n + 1) : LK_MAX_STRING;

        move(&p, rng_below(&rng, 2 * PAGE), rng_below(&rng, 2 * PAGE), n, limit);
    }
}
