/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Plays that were thought of, one for each reason that the fast path has to decline, and plays that
 * nobody thought of.
 */
#include "play.h"

#define WAIT (LK_RECV | LK_CTL_RECVS(REPLY, 0, 0, 0))
#define CALL LK_CTL_CALL(SERVER, 3)
#define ANSWER LK_CTL_REPLY_WAIT(REPLY, 2)

/* The usual: what the fast path is for. */
static struct play usual(void)
{
    return (struct play){
        .server_wait = WAIT,
        .server_priority = PRIO_HIGH,
        .call = CALL,
        .answer = ANSWER,
    };
}

/* Up to `n` registers from `first` on, each once, with one left out if `gap`. */
static uint64_t registers(unsigned shift, unsigned first, unsigned n, bool gap)
{
    uint64_t control = LK_CAPS;

    for (unsigned i = 0; i < n; i++) {
        if (!gap || i != 1) {
            control |= (uint64_t)(first + i) << (shift + LK_CAP_BITS * i);
        }
    }
    return control;
}

CASE(the_usual,
     .text = "a call and its answer are the same both ways, whatever the number of words")
{
    for (uint64_t n = 0; n <= LK_MAX_WORDS + 1; n++) {
        struct play p = usual();

        sys_at("%lu words", n);
        p.call = LK_CTL_CALL(SERVER, n);
        p.answer = LK_CTL_REPLY_WAIT(REPLY, n);
        play_both(&p);
    }
}

CASE(registers_named,
     .text = "so are they with capability registers named on either side, one or more")
{
    for (unsigned n = 0; n <= 2 * LK_MAX_CAPS + 1; n++) {
        struct play p = usual();
        uint64_t got = LK_CTL_RECVS(n / 2 > 0 ? GOT : 0, n / 2 > 1 ? GOT + 1 : 0,
                                    n / 2 > 2 ? GOT + 2 : 0, n / 2 > 3 ? GOT + 3 : 0);

        sys_at("%u registers", n / 2);
        p.call = CALL | got;
        play_both(&p);
        p.call = CALL;
        p.server_wait =
            LK_RECV | LK_CTL_RECVS(n / 2 > 0 ? REPLY : 0, n / 2 > 1 ? REPLY + 1 : 0,
                                   n / 2 > 2 ? REPLY + 2 : 0, n / 2 > 3 ? REPLY + 3 : 0);
        play_both(&p);
        p.server_wait = n % 2 == 0 ? LK_RECV : WAIT;
        play_both(&p);
    }
}

CASE(registers_become_null,
     .text =
         "so is what a register has that is named behind the first, and into which nothing comes")
{
    for (unsigned field = 1; field < LK_MAX_CAPS; field++) {
        for (unsigned reg = 1; reg < LK_CAP_REGS; reg++) {
            struct play p = usual();
            uint64_t got = LK_CAPS | (uint64_t)GOT << LK_RECV_CAP_SHIFT |
                           (uint64_t)reg << (LK_RECV_CAP_SHIFT + LK_CAP_BITS * field);

            sys_at("field %u, register %u", field, reg);
            p.call = CALL | got;
            p.rehearse_wide = true;
            play_both(&p);
            p = usual();
            p.server_wait = WAIT | got;
            p.answer = ANSWER | got;
            p.rehearse_wide = true;
            play_both(&p);
        }
    }
}

CASE(caps_sent,
     .text = "so are they with capabilities sent either way, live or not, into any registers")
{
    for (unsigned gift = 0; gift < GIFTS; gift++) {
        for (unsigned i = 0; i < 2 * 5 * 5; i++) {
            struct play p = usual();
            uint64_t n = i % 5;
            uint64_t m = i / 5 % 5;
            unsigned names = (i + gift) % 5;

            sys_at("gift %u, form %u", gift, i);
            p.call = LK_CTL_CALL(SERVER, 2) | n << LK_NSEND_SHIFT |
                     registers(LK_SEND_CAP_SHIFT + LK_CAP_BITS, GIFT + gift, 3, i % 7 == 0) |
                     registers(LK_RECV_CAP_SHIFT, GOT, names, i % 3 == 0);
            p.answer = LK_CTL(LK_SHAPE_REPLY_WAIT, REPLY, 2) | m << LK_NSEND_SHIFT |
                       registers(LK_SEND_CAP_SHIFT, GIFT + gift, 4, i % 7 == 3) |
                       registers(LK_RECV_CAP_SHIFT, REPLY, 4 - names / 2, i % 4 == 0);
            p.server_wait =
                LK_RECV | registers(LK_RECV_CAP_SHIFT, REPLY, 4 - names / 2, i % 4 == 1);
            if (i >= 5 * 5) {
                p.server_wait |= LK_RSTR;
                p.answer |= LK_RSTR;
                p.answer_lengths = 4096ull << 32;
            }
            p.server_priority = PRIO_HIGH - 1 + gift % 3;
            play_both(&p);
            p.rehearse_wide = n <= 2 && m <= 1;
            play_both(&p);
        }
    }
}

CASE(strings_announced,
     .text = "so are they if a string may be received, and if its limit makes no sense")
{
    static const uint64_t lengths[] = { 0,         5, 100ull << 32, 65536ull << 32, 65537ull << 32,
                                        UINT64_MAX };

    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct play p = usual();

        sys_at("lengths %lx", lengths[i]);
        p.call_lengths = p.answer_lengths = lengths[i];
        play_both(&p);
        p.call |= LK_RSTR;
        play_both(&p);
        p.answer |= LK_RSTR;
        play_both(&p);
        p.answer |= LK_SSTR;
        play_both(&p);
        p = usual();
        p.answer |= LK_RSTR;
        p.answer_lengths = lengths[i];
        play_both(&p);
    }
}

/* A call with a string, and an answer with one, of these lengths and limits. */
static struct play with_strings(uint64_t sent, uint64_t answered, uint64_t limit)
{
    struct play p = usual();

    p.strings = true;
    p.server_wait |= LK_RSTR;
    p.server_limit = limit;
    p.call |= LK_SSTR | LK_RSTR;
    p.call_lengths = sent | limit << 32;
    p.answer |= LK_SSTR | LK_RSTR;
    p.answer_lengths = answered | limit << 32;
    return p;
}

CASE(strings_sent,
     .text =
         "so are they with strings either way: lengths, limits, where they lie, with capabilities",
     .ms = 600000)
{
    static const uint64_t lengths[] = { 0, 1, 8, 100, 4096, 4097, 9000, 65536, 65537 };
    static const unsigned at[] = { 0, 1, 4088, 4096 };

    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (unsigned j = 0; j < 24; j++) {
            struct play p = with_strings(lengths[i], lengths[(i + j) % 9],
                                         j % 3 == 0 ? 65536 : lengths[(i + j / 3) % 9]);

            sys_at("length %lu, form %u", lengths[i], j);
            p.from_at = at[j % 4];
            p.to_at = at[j / 4 % 4];
            p.rehearse_wide = j % 2 == 0;
            if (j % 4 == 1) {
                p.call |= 2ull << LK_NSEND_SHIFT |
                          registers(LK_SEND_CAP_SHIFT + LK_CAP_BITS, GIFT, 1, false) |
                          registers(LK_RECV_CAP_SHIFT, GOT, 2, false);
                p.answer |=
                    1ull << LK_NSEND_SHIFT | registers(LK_SEND_CAP_SHIFT, GIFT + 1, 1, false);
            }
            if (j % 4 == 2) {
                p.server_wait |= registers(LK_RECV_CAP_SHIFT, REPLY, 4, false);
            }
            if (j % 5 == 1) {
                p.call &= ~(uint64_t)LK_RSTR;
                p.call_lengths &= UINT32_MAX;
            }
            if (j % 5 == 2) {
                p.server_wait &= ~(uint64_t)LK_RSTR;
            }
            if (j % 5 == 3) {
                p.answer &= ~(uint64_t)LK_SSTR;
            }
            play_both(&p);
        }
    }
}

CASE(after_a_gift, .text = "a call without capabilities gives none, whatever was sent before it")
{
    struct play p = usual();

    p.rehearse_wide = true;
    p.call |= 2ull << LK_NSEND_SHIFT | registers(LK_SEND_CAP_SHIFT + LK_CAP_BITS, GIFT, 1, false);
    p.server_wait |= registers(LK_RECV_CAP_SHIFT, REPLY, 4, false);
    p.answer |= 1ull << LK_NSEND_SHIFT | registers(LK_SEND_CAP_SHIFT, GIFT + 1, 1, false) |
                registers(LK_RECV_CAP_SHIFT, REPLY, 4, false);
    p.then = CALL;
    play_both(&p);
    p.then = CALL | registers(LK_RECV_CAP_SHIFT, GOT, 1, false);
    play_both(&p);
}

CASE(server_states, .text = "whatever state the server is in")
{
    for (unsigned i = 0; i < 12; i++) {
        struct play p = usual();

        sys_at("state %u", i);
        p.server_wait = i == 0 ? 0 : i == 1 ? WAIT | LK_CLOSED : i == 2 ? WAIT | LK_CLOSED : WAIT;
        p.server_id = i == 1 ? SERVER_ID : i == 3 ? LK_NOTICE_ID : SERVER_ID + 1;
        if (i == 3) {
            p.server_wait = WAIT | LK_CLOSED;
        }
        p.server_priority = i == 4 ? PRIO_HIGH - 1 : i == 5 ? PRIO_HIGH + 1 : PRIO_HIGH;
        p.server_held = i == 6;
        p.server_unscheduled = i == 7;
        p.server_notice = i == 8;
        p.server_fpu = i == 9;
        p.blocked_on_server = i == 10 ? 2 : 0;
        if (i == 10) {
            p.server_wait = 0;
        }
        p.answer = i < 4 || i == 10 ? 0 : ANSWER;
        play_both(&p);
    }
}

CASE(client_states, .text = "whatever state the client is in, and whatever its reply endpoint")
{
    for (unsigned i = 0; i < 11; i++) {
        struct play p = usual();

        sys_at("state %u", i);
        p.reply = i < 5 ? (enum reply_endpoint)i : FIT;
        p.client_notice = i == 5;
        p.client_traced = i == 6;
        p.client_fpu = i == 7 || i == 10;
        p.server_fpu = i == 10;
        p.blocked_on_client = i == 8 ? 2 : 0;
        p.answer = i >= 1 && i <= 4 ? 0 : i == 6 ? 0 : ANSWER;
        play_both(&p);
    }
}

CASE(changes, .text = "whatever was noted for the fast path and is not true any more")
{
    for (unsigned i = NO_CHANGE; i < CHANGES; i++) {
        for (unsigned j = 0; j < 6; j++) {
            struct play p = usual();

            sys_at("change %u, form %u", i, j);
            p.change = (enum change)i;
            p.late = j % 2 != 0;
            p.server_priority = PRIO_HIGH - 1 + j / 2;
            play_both(&p);
        }
    }
}

CASE(targets, .text = "whatever is called")
{
    static const unsigned targets[] = { 0, SERVER, STALE, KERNEL, EMPTY, GOT, 31 };

    for (unsigned i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        for (unsigned j = 0; j < 4; j++) {
            struct play p = usual();

            sys_at("target %u, form %u", targets[i], j);
            p.call = LK_CTL(j < 2 ? LK_SHAPE_CALL : LK_SHAPE_REPLY_WAIT, targets[i], 1 + j) |
                     (j % 2 != 0 ? LK_CTL_RECVS(GOT, 0, 0, 0) : 0);
            p.answer = 0;
            play_both(&p);
        }
    }
}

CASE(senders_wait, .text = "a server that answers takes the next caller that waits, both ways")
{
    for (unsigned i = 0; i < 3; i++) {
        struct play p = usual();

        p.server_wait = 0; /* it waits in its answer only: the first shape of it is a plain wait */
        p.blocked_on_server = i;
        p.answer = WAIT;
        play_both(&p);
        p.blocked_on_server = 0;
        p.blocked_on_client = i;
        p.server_wait = WAIT;
        p.call = LK_CTL(LK_SHAPE_REPLY_WAIT, SERVER, 1); /* one-way, then it serves its own */
        p.answer = ANSWER;
        play_both(&p);
    }
}

CASE(posts, .text = "a post is the same both ways, whatever waits for it, and whatever its bits")
{
    static const uint64_t bits[] = { 1, 0x8000, 0xf0ff, 0x0f00, 0xffff, UINT64_MAX, 1ull << 32 };

    for (unsigned i = 0; i < 10; i++) {
        for (unsigned j = 0; j < 2 * sizeof(bits) / sizeof(bits[0]); j++) {
            struct play p = usual();

            sys_at("state %u, post %u", i, j);
            p.server_priority = i < 7 ? PRIO_HIGH : PRIO_HIGH + 1;
            p.server_wait =
                i == 0   ? 0
                : i == 1 ? WAIT | LK_CLOSED
                : i == 2 ? WAIT | LK_CLOSED
                : i == 7 ? WAIT | LK_CLOSED
                : i == 8 ? LK_RECV | LK_RSTR | registers(LK_RECV_CAP_SHIFT, REPLY, 4, j % 3 == 0)
                         : WAIT;
            p.server_id = i == 2 || i == 7 ? LK_NOTICE_ID : SERVER_ID;
            p.server_held = i == 4;
            p.server_notice = i == 5;
            p.client_notice = i == 6;
            p.call = LK_CTL_CALL(NOTICE + j % 2, j == 3 ? 1 : 2 + j % 3);
            p.post = bits[j / 2];
            p.times = j % 4;
            p.answer = i == 0 ? WAIT : 0; /* then it has them */
            play_both(&p);
        }
    }
}

CASE(random_plays, .text = "random plays are the same with the fast path and without", .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 300 : 75;

    for (uint64_t i = 0; i < rounds; i++) {
        struct play p = usual();
        uint64_t control = 0xff | 31ull << LK_TARGET_SHIFT | 7ull << LK_NWORDS_SHIFT |
                           0xfffffull << LK_RECV_CAP_SHIFT | 7ull << LK_NSEND_SHIFT;

        sys_at("play %lu", i);
        if (rng_below(&rng, 3) == 0) {
            p.server_wait = WAIT | (rng_below(&rng, 2) == 0 ? LK_CLOSED : 0);
            p.server_id = SERVER_ID + rng_below(&rng, 2);
        }
        p.server_priority = PRIO_HIGH - 1 + (unsigned)rng_below(&rng, 3);
        p.server_held = rng_below(&rng, 12) == 0;
        p.server_notice = rng_below(&rng, 12) == 0;
        p.client_notice = rng_below(&rng, 8) == 0;
        p.server_fpu = rng_below(&rng, 4) == 0;
        p.client_fpu = rng_below(&rng, 4) == 0;
        p.server_fs_base = rng_below(&rng, 4) == 0 ? 0x5000 : 0;
        p.client_fs_base = rng_below(&rng, 4) == 0 ? 0x6000 : 0;
        p.blocked_on_client = rng_below(&rng, 6) == 0;
        if (rng_below(&rng, 6) == 0) {
            p.reply = (enum reply_endpoint)rng_below(&rng, 5);
        }
        for (unsigned n = (unsigned)rng_below(&rng, 3); n > 0; n--) { /* a bit or two changed */
            p.call ^= 1ull << rng_below(&rng, 60) & control;
            p.answer ^= 1ull << rng_below(&rng, 60) & control;
        }
        if (rng_below(&rng, 4) == 0) {
            p.call = LK_CTL(LK_SHAPE_REPLY_WAIT, SERVER, rng_below(&rng, 9)) |
                     LK_CTL_RECVS(GOT, 0, 0, 0);
        }
        if (rng_below(&rng, 5) == 0) {
            p.server_wait = rng_below(&rng, 3) == 0 ? WAIT : WAIT | LK_CLOSED;
            p.call = LK_CTL_CALL(NOTICE + rng_below(&rng, 8) / 7, 1 + rng_below(&rng, 4));
            p.post = rng_next(&rng) >> rng_below(&rng, 64);
            p.times = (unsigned)rng_below(&rng, 3);
            p.answer = rng_below(&rng, 2) == 0 ? WAIT : 0;
        }
        if (rng_below(&rng, 4) == 0) {
            p.call |= 2ull << LK_NSEND_SHIFT | (GIFT + rng_below(&rng, GIFTS))
                                                   << (LK_SEND_CAP_SHIFT + LK_CAP_BITS);
            p.call |= registers(LK_RECV_CAP_SHIFT, GOT, (unsigned)rng_below(&rng, 5), false);
        }
        if (p.answer != 0 && rng_below(&rng, 4) == 0) {
            p.answer |= 1ull << LK_NSEND_SHIFT | (GIFT + rng_below(&rng, GIFTS))
                                                     << LK_SEND_CAP_SHIFT;
        }
        if (p.server_wait != 0 && rng_below(&rng, 4) == 0) {
            p.server_wait |= registers(LK_RECV_CAP_SHIFT, REPLY, 4, rng_below(&rng, 3) == 0);
        }
        p.rehearse_wide = p.server_wait != 0 && p.answer != 0 && rng_below(&rng, 2) == 0;
        p.call_lengths = rng_below(&rng, 4) == 0 ? rng_next(&rng) >> 15 : 0;
        p.answer_lengths = rng_below(&rng, 4) == 0 ? rng_next(&rng) >> 15 : 0;
        play_both(&p);
    }
    EQ(kernel_check(), 0);
}
