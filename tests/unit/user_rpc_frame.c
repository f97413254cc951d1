/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where messages begin and end (user/rpc/frame.c). Every buffer that is fed ends where its memory
 * does, so that reading beyond it is seen.
 */
#include "rpc_kit.h"
#include "unit.h"

#include "tests/fuzz/rpc/one.h"

#include <lykos/rpc_frame.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT "0000001c 20008086 00000001 00000042 00000000 00000000 00000000"
#define CALL "0000001c 20008086 00000001 00000042 00000000 00000001 00000000"
#define OTHER "00000020 20008086 00000001 00000003 00000000 00000009 00000000 01020304"
#define SIZE 64u

static uint8_t memory[SIZE] __attribute__((aligned(8)));

static struct rpc_frame frame(void)
{
    struct rpc_frame f;

    rpc_frame_init(&f, memory, sizeof(memory));
    return f;
}

/* What is fed, and what comes, as letters: m, t, l, n for the events; and the last message. */
static char events[100];
static struct kit_bytes last;
static uint32_t last_length;

static void feed(struct rpc_frame *f, const uint8_t *bytes, size_t n)
{
    uint8_t *exact = malloc(n);
    struct rpc_input in = rpc_input(exact, n);
    enum rpc_frame_event event;
    size_t count = strlen(events);

    memcpy(exact, bytes, n);
    while ((event = rpc_frame_feed(f, &in)) != RPC_FRAME_NEED_MORE) {
        CHECK(rpc_frame_check(f));
        CHECK(count + 1 < sizeof(events));
        events[count++] = "?mtln"[event];
        events[count] = '\0';
        last_length = f->length;
        last.n = f->have;
        memcpy(last.at, f->memory, f->have);
    }
    CHECK(rpc_frame_check(f));
    CHECK_EQUAL(in.left, 0);
    free(exact);
}

static void feed_hex(struct rpc_frame *f, const char *hex)
{
    struct kit_bytes b = kit_hex(hex);

    feed(f, b.at, b.n);
}

static bool came(const char *wanted)
{
    bool same = strcmp(events, wanted) == 0;

    CHECK_SAY(same, "wanted '%s', came '%s'", wanted, events);
    events[0] = '\0';
    return same;
}

TEST(rpc_frame_whole, "messages in one buffer come out one at a time, in their order")
{
    struct kit_bytes b = kit_hex(CALL OTHER CLIENT "0000");
    struct rpc_frame f = frame();
    struct rpc_input in = rpc_input(b.at, b.n);

    CHECK_EQUAL(rpc_frame_feed(&f, &in), RPC_FRAME_MESSAGE);
    CHECK(kit_same(f.memory, f.have, CALL));
    CHECK_EQUAL(in.left, 28 + 32 + 2);
    CHECK_EQUAL(rpc_frame_feed(&f, &in), RPC_FRAME_MESSAGE);
    CHECK(kit_same(f.memory, f.have, OTHER));
    CHECK_EQUAL(rpc_frame_feed(&f, &in), RPC_FRAME_MESSAGE);
    CHECK_EQUAL(rpc_frame_feed(&f, &in), RPC_FRAME_NEED_MORE);
    CHECK_EQUAL(in.left, 0);
    feed_hex(&f, "001c 20008086 00000001 00000042 00000000 00000000 00000000");
    came("m");
    CHECK(kit_same(last.at, last.n, CLIENT));
}

TEST(rpc_frame_any_split, "messages are the same however they are cut into buffers")
{
    struct kit_bytes b = kit_hex(OTHER CALL);

    for (size_t i = 0; i <= b.n; i++) {
        for (size_t k = i; k <= b.n; k++) {
            struct rpc_frame f = frame();

            feed(&f, b.at, i);
            feed(&f, b.at + i, k - i);
            feed(&f, b.at + k, b.n - k);
            came("mm");
            CHECK(kit_same(last.at, last.n, CALL));
        }
    }
}

TEST(rpc_frame_one_byte, "one byte at a time is as good")
{
    struct kit_bytes b = kit_hex(CALL OTHER);
    struct rpc_frame f = frame();

    for (size_t i = 0; i < b.n; i++) {
        feed(&f, b.at + i, 1);
        if (i == 26) {
            came("");
        } else if (i == 27) {
            came("m");
            CHECK(kit_same(last.at, last.n, CALL));
        }
    }
    came("m");
    CHECK(kit_same(last.at, last.n, OTHER));
}

TEST(rpc_frame_bad_length, "a length below 28 or above 33554436 is the end of this client")
{
    static const char *const bad[] = { "00000000", "00000001", "0000001b", "02000005",
                                       "7fffffff", "80000000", "ffffffff", "1c000000" };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rpc_frame f = frame();

        feed_hex(&f, CLIENT);
        came("n");
        feed_hex(&f, bad[i]);
        came("l");
        feed_hex(&f, "20008086 00000001");
        feed_hex(&f, OTHER);
        came("");
        feed_hex(&f, CLIENT);
        came("n");
    }
}

TEST(rpc_frame_long, "what is too long for the memory is skipped, but for its header")
{
    struct kit_bytes b = kit_hex("00000041 20008086 00000001 0000000c 00000000 00000007 00000000");

    memset(b.at + b.n, 0xee, 65 - b.n);
    b.n = 65;
    kit_append(&b, kit_hex(OTHER));
    for (size_t i = 0; i <= b.n; i++) {
        struct rpc_frame f = frame();
        bool cut = i < 65;

        feed(&f, b.at, i);
        if (cut) {
            came("");
        }
        feed(&f, b.at + i, b.n - i);
        came("tm");
        CHECK(kit_same(last.at, last.n, OTHER));
    }
    struct rpc_frame f = frame();

    feed(&f, b.at, 65);
    came("t");
    CHECK(kit_same(last.at, last.n,
                   "00000041 20008086 00000001 0000000c 00000000 00000007 00000000"));
    CHECK_EQUAL(last_length, 65);
    kit_set_word(&b, 0, 64);
    f = frame();
    feed(&f, b.at, 64);
    came("m");
    CHECK_EQUAL(last.n, 64);
}

TEST(rpc_frame_longest, "the longest legal message is skipped to its end, and what follows is seen")
{
    static const uint8_t zero[65536];
    struct rpc_frame f = frame();
    size_t left = RPC_LENGTH_MAX - 28;

    feed_hex(&f, "02000004 20008086 00000001 0000000c 00000000 00000007 00000000");
    while (left > 0) {
        size_t n = left < sizeof(zero) ? left : sizeof(zero);

        came("");
        feed(&f, zero, n);
        left -= n;
    }
    came("t");
    CHECK_EQUAL(last.n, 28);
    CHECK_EQUAL(last_length, RPC_LENGTH_MAX);
    feed_hex(&f, OTHER);
    came("m");
}

TEST(rpc_frame_lost, "lost, it ignores everything but a new client at the start of a buffer")
{
    struct rpc_frame f = frame();

    feed_hex(&f, "00000000");
    came("l");
    feed_hex(&f, OTHER);
    feed_hex(&f, "00" CLIENT); /* not at the start */
    feed_hex(&f, OTHER CLIENT);
    feed_hex(&f, "0000001c 20008086 00000001 00000042 00000000 00000001 00000000"); /* serial 1 */
    feed_hex(&f, "0000001c 20008086 00000001 00000001 00000000 00000000 00000000"); /* OPEN */
    feed_hex(&f, "00000000");
    came("");
    feed_hex(&f, CLIENT OTHER);
    came("nm");
    CHECK(kit_same(last.at, last.n, OTHER));
    feed_hex(&f, "ffffffff" CLIENT); /* not in the buffer in which it was lost */
    came("l");
    feed_hex(&f, CLIENT);
    came("n");
    CHECK(kit_same(last.at, last.n, CLIENT));
}

TEST(rpc_frame_client_split, "a new client is known however its first message is split")
{
    struct kit_bytes b = kit_hex(CLIENT);

    for (size_t i = 1; i < b.n; i++) {
        for (size_t k = i; k < b.n; k++) {
            struct rpc_frame f = frame();

            rpc_frame_await_client(&f);
            feed(&f, b.at, i);
            feed(&f, b.at + i, k - i);
            came("");
            feed(&f, b.at + k, b.n - k);
            came("n");
            /* An earlier beginning that came to nothing does not hide it. */
            rpc_frame_await_client(&f);
            feed(&f, b.at, k);
            feed(&f, b.at, i);
            feed(&f, b.at + i, b.n - i);
            /* (The zeros it begins with may be those that the earlier one ends with.) */
            came(k < 25 ? "n" : k == 25 ? "nln" : "nn");
        }
    }
}

TEST(rpc_frame_client_after_half, "a client that goes in the middle of a length hides no other")
{
    for (size_t i = 1; i < 4; i++) {
        struct rpc_frame f = frame();

        feed(&f, (const uint8_t[]){ 0, 0, 0 }, i);
        feed_hex(&f, CLIENT OTHER);
        came("lnm");
    }
}

TEST(rpc_frame_client_in_message, "a client that goes in the middle of a message hides no other")
{
    struct kit_bytes b = kit_hex(OTHER), longer = b;

    kit_set_word(&longer, 0, 1000);
    for (size_t i = 4; i < b.n; i++) {
        struct rpc_frame f = frame();

        feed(&f, longer.at, i);
        came("");
        feed_hex(&f, CLIENT OTHER);
        came("nm");
        CHECK(kit_same(last.at, last.n, OTHER));
        /* If the other's first bytes make the message whole, that comes before. */
        feed(&f, b.at, i);
        feed_hex(&f, CLIENT OTHER);
        CHECK(events[0] == (i == 4 ? 'n' : 'm'));
        CHECK(strcmp(events + strlen(events) - 2, "nm") == 0);
        events[0] = '\0';
        CHECK(kit_same(last.at, last.n, OTHER));
    }
}

TEST(rpc_frame_await_client, "what a client that went had begun is forgotten")
{
    struct rpc_frame f = frame();

    feed_hex(&f, "00000020 20008086");
    rpc_frame_await_client(&f);
    feed_hex(&f, "00000001 00000003 00000000 00000009 00000000 01020304");
    came("");
    feed_hex(&f, CLIENT);
    came("n");
    rpc_frame_await_client(&f);
    feed_hex(&f, OTHER);
    came("");
}

TEST(rpc_frame_random, "framing and answers of random bytes are as a plain reading of them says")
{
    static uint8_t bytes[600];
    uint64_t rounds = unit_rounds(3000);

    unit_random_seed(unit_seed(41));
    for (uint64_t round = 0; round < rounds; round++) {
        size_t n = (size_t)unit_random(sizeof(bytes));
        size_t at = 0;

        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)unit_random(unit_once_in(3) ? 256 : 3);
        }
        /* Among it, headers with at most a few words changed. */
        for (at = (size_t)unit_random(8); at + 60 < n; at += 28 + (size_t)unit_random(40)) {
            struct kit_bytes b = kit_hex(unit_once_in(4) ? CLIENT : OTHER);

            kit_set_word(&b, 0, 28 + (uint32_t)unit_random(60));
            kit_set_word(&b, 3, (uint32_t)unit_random(70));
            if (unit_once_in(4)) {
                kit_set_word(&b, (size_t)unit_random(7), (uint32_t)unit_random(UINT32_MAX));
            }
            memcpy(bytes + at, b.at, 28);
        }
        rpc_one(bytes, n);
    }
}
