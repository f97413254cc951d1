/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proxied messages are the same both ways, whoever is how, and whatever is sent.
 */
#include "proxied.h"

CASE(proxies,
     .text = "a proxied message is the same both ways, whatever its target and its "
             "receiver do",
     .steady = true, .ms = 600000)
{
    static const uint64_t sends[] = {
        LK_CTL(LK_SEND | LK_BLOCK, 0, 3),
        LK_CTL(LK_SEND, 0, 2),
        LK_CTL(LK_SEND | LK_RECV | LK_BLOCK, 0, 4) | LK_CTL_RECVS(X_GOT, 0, 0, 0),
        LK_CTL_CALL(0, 1),
        LK_CTL(LK_SEND | LK_RECV, 0, 2),
        LK_CTL(LK_SEND | LK_RECV | LK_BLOCK, 0, 8),
        LK_CTL(LK_SEND | LK_RECV, 0, 3) | LK_CTL_RECVS(X_GOT, 0, 0, 0),
    };

    for (unsigned t = T_OPEN; t < TARGETS; t++) {
        for (unsigned r = R_WAITS; r < RECEIVERS; r++) {
            for (unsigned i = 0; i < sizeof(sends) / sizeof(sends[0]); i++) {
                struct proxied p = proxied_usual();

                sys_at("target %u, receiver %u, form %u", t, r, i);
                p.target = (enum target)t;
                p.receiver = (enum receiver)r;
                p.send = sends[i];
                p.after = (enum after)((t + r + i) % AFTERS);
                p.receiver_priority = PRIO_HIGH - 1 + (t + i) % 3;
                p.sender_priority = PRIO_HIGH - 1 + (r + i) % 3;
                proxied_both(&p);
            }
        }
    }
}

CASE(proxies_from, .text = "so is it whoever sends: with notices, a debugger, a call made before",
     .steady = true, .ms = 600000)
{
    for (unsigned i = 0; i < 4 * 4 * 3; i++) {
        struct proxied p = proxied_usual();

        sys_at("form %u", i);
        p.send = i / 12 == 0   ? LK_CTL_CALL(0, 1)
                 : i / 12 == 1 ? LK_CTL(LK_SEND | LK_RECV, 0, 2)
                 : i / 12 == 2
                     ? LK_CTL(LK_SEND | LK_RECV, 0, 2) | LK_CTL_RECVS(X_GOT, 0, 0, 0)
                     : LK_CTL(LK_SEND | LK_RECV | LK_RSTR, 0, 2) | LK_CTL_RECVS(X_GOT, 0, 0, 0);
        p.after = (enum after)(i % 3 + 1);
        p.sender_bits = i / 3 % 4 == 1;
        p.flags = i / 3 % 4 == 2 ? LK_FLAG_TRAP_SYSCALL : 0;
        p.calls_before = i / 3 % 4 == 3;
        p.receiver_priority = PRIO_HIGH + i % 2;
        p.lengths = 64ull << 32;
        proxied_both(&p);
    }
}

CASE(proxies_after,
     .text = "so is what the receiver does then: fetches, answers, lets the target "
             "go on, and waits in one invocation",
     .steady = true, .ms = 600000)
{
    for (unsigned i = 0; i < AFTERS * 3 * 2; i++) {
        for (unsigned j = 0; j < 6; j++) {
            struct proxied p = proxied_usual();

            sys_at("form %u, %u", i, j);
            p.after = (enum after)(i % AFTERS);
            p.receiver_priority = PRIO_HIGH - 1 + i / AFTERS % 3;
            p.send = i / AFTERS / 3 != 0 ? LK_CTL_CALL(0, 1) : p.send;
            p.target = j % 2 == 0 ? T_OPEN : j == 1 ? T_HELD : j == 3 ? T_CLOSED : T_FAULT;
            p.senders = j == 2;
            p.receiver_bits = j == 3;
            p.bits = j == 4;
            p.target_bits = j == 5;
            p.hold = j == 2 ? LK_HOLD_SUSPEND : j == 5 ? LK_HOLDS : LK_HOLD_PROXY;
            proxied_both(&p);
        }
    }
}

CASE(proxies_sent, .text = "so is it whatever is sent: words, capabilities, strings",
     .steady = true, .ms = 600000)
{
    for (unsigned i = 0; i < 4 * 9; i++) {
        struct proxied p = proxied_usual();
        bool call = i % 2 != 0;
        unsigned n = i % 5;

        sys_at("form %u", i);
        p.send = LK_CTL(call ? LK_SHAPE_CALL : LK_SEND | LK_BLOCK, 0, 1 + i % 8);
        if (n != 0) {
            p.send |= call ? LK_CTL_SENDS(n, 0, X_GIFT, X_GIFT + 1, X_GIFT + 2)
                           : LK_CTL_SENDS(n, X_GIFT + i % 4, X_GIFT, X_GIFT + 1, X_GIFT + 2);
        }
        if (i % 3 == 1) {
            p.send |= LK_SSTR;
            p.lengths = i % 2 == 0 ? 40 : 64;
        }
        if (i % 4 >= 2) {
            p.wait |= LK_RSTR;
            p.release |= LK_RSTR;
            p.wait_limit = i % 8 == 2 ? 30 : 128;
        }
        if (i % 9 == 4) {
            p.wait = LK_RECV | LK_CTL_RECVS(X_GOT, 0, 0, 0);
            p.release = LK_CTL_RECVS(X_GOT, 0, 0, 0);
        }
        if (i % 9 == 5) {
            p.wait = LK_RECV;
        }
        p.after = call ? A_FETCH : A_RELEASE_AND_WAIT;
        p.receiver_fpu = i % 7 == 3;
        p.receiver_fs = i % 7 == 4 ? 0x6000 : 0;
        proxied_both(&p);
    }
}

CASE(random_proxies, .text = "so are random proxied messages", .steady = true, .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 160 : 40;
    uint64_t control =
        0xff | 7ull << LK_NWORDS_SHIFT | 0xfffffull << LK_RECV_CAP_SHIFT | 7ull << LK_NSEND_SHIFT;

    for (uint64_t i = 0; i < rounds; i++) {
        struct proxied p = proxied_usual();

        sys_at("play %lu", i);
        p.target = (enum target)rng_below(&rng, TARGETS);
        p.receiver = rng_below(&rng, 2) == 0 ? R_WAITS : (enum receiver)rng_below(&rng, RECEIVERS);
        p.after = (enum after)rng_below(&rng, AFTERS);
        p.receiver_priority = PRIO_HIGH - 1 + (unsigned)rng_below(&rng, 3);
        p.sender_priority = PRIO_HIGH - 1 + (unsigned)rng_below(&rng, 3);
        p.target_priority = PRIO_HIGH - 1 + (unsigned)rng_below(&rng, 3);
        if (rng_below(&rng, 2) == 0) {
            p.send = LK_CTL_CALL(0, 1 + rng_below(&rng, 8));
        }
        if (rng_below(&rng, 3) == 0) {
            p.send ^= 1ull << rng_below(&rng, 64) & control;
        }
        if (rng_below(&rng, 3) == 0) {
            p.wait ^= 1ull << rng_below(&rng, 64) & control;
        }
        if (rng_below(&rng, 3) == 0) {
            p.release ^= 1ull << rng_below(&rng, 64) & control;
        }
        p.lengths = rng_below(&rng, 65) | (rng_below(&rng, 2) * 128) << 32;
        p.wait_limit = rng_below(&rng, 129);
        p.wait_id = rng_below(&rng, 4) == 0 ? OTHER_ID : RECEIVER_ID;
        p.hold = rng_below(&rng, 6) == 0 ? rng_below(&rng, 9) : LK_HOLD_PROXY;
        p.bits = rng_below(&rng, 8) == 0;
        p.receiver_bits = rng_below(&rng, 8) == 0;
        p.target_bits = rng_below(&rng, 8) == 0;
        p.senders = rng_below(&rng, 6) == 0;
        p.receiver_fpu = rng_below(&rng, 8) == 0;
        p.receiver_fs = rng_below(&rng, 8) == 0 ? 0x6000 : 0;
        proxied_both(&p);
    }
}
