/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Dispatch that tools/lykos-idl has made, of the interface Every (tests/idl/every.idl), against
 * requests that are not as the description says: none of them reaches a function of the server.
 * tests/fuzz/dispatch/one.c has the server.
 */
#include "unit.h"

#include "tests/fuzz/dispatch/one.h"

#include <abi/invoke.h>
#include <lykos/gen/every.h>
#include <lykos/start.h>
#include <string.h>

/* A good request of each kind, which the tests then spoil. */
static struct dispatch_request good(uint64_t method)
{
    struct dispatch_request r = { .w = { method }, .words = 1, .caps = 1 };

    switch (method) {
    case NAMED_RENAME:
        memcpy(r.string, "wolf", r.string_len = 4);
        break;
    case EVERY_ADD:
        r.words = 3;
        r.w[1] = 5;
        r.w[2] = 6;
        break;
    case EVERY_SIZES:
        r.words = 8;
        break;
    case EVERY_VALUES:
        r.words = 5;
        r.w[3] = GAP_ONE;
        break;
    case EVERY_MOVE:
        r.words = 2;
        r.string_len = sizeof(struct thing);
        break;
    case EVERY_ATTACH:
        r.words = 2;
        r.caps = 4;
        r.type[0] = LK_TYPE_PAGE;
        r.type[1] = LK_TYPE_NULL;
        r.type[2] = LK_TYPE_ENTRY;
        break;
    case EVERY_KEEP:
        r.caps = 2;
        r.string_len = 4;
        break;
    case EVERY_HINT:
        r.words = 2;
        r.caps = 2;
        r.type[0] = LK_TYPE_PAGE;
        break;
    case EVERY_AWAIT:
    case EVERY_FILL:
        r.words = 2;
        break;
    default:
        break;
    }
    return r;
}

/* It reaches its function, once. */
static void taken(const struct dispatch_request *r, const char *what)
{
    dispatch_send(r);
    CHECK_SAY(dispatch_seen.calls == 1 && dispatch_seen.method == r->w[0],
              "%s: method %llu, %u calls", what, (unsigned long long)r->w[0], dispatch_seen.calls);
}

/* It reaches none, and is answered so. */
static void refused(const struct dispatch_request *r, enum status as, const char *what)
{
    struct dispatch_answer a = dispatch_send(r);

    CHECK_SAY(dispatch_seen.calls == 0 && a.answered && a.w[0] == as,
              "%s: method %llu, %u calls, status %llu", what, (unsigned long long)r->w[0],
              dispatch_seen.calls, (unsigned long long)a.w[0]);
}

TEST(idl_good, "a request that is as described reaches the function of its method")
{
    static const uint64_t methods[] = { NAMED_RENAME, EVERY_ADD,   EVERY_SIZES,   EVERY_VALUES,
                                        EVERY_MOVE,   EVERY_TOTAL, EVERY_ATTACH,  EVERY_KEEP,
                                        EVERY_AWAIT,  EVERY_HINT,  EVERY_NOTHING, EVERY_FILL };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct dispatch_request r = good(methods[i]);

        taken(&r, "good");
    }
}

TEST(idl_unknown, "a method that is not described is an unknown request")
{
    static const uint64_t methods[] = { 2, 3, 14, 254, 256, 1ull << 32 | EVERY_ADD, UINT64_MAX };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct dispatch_request r = good(EVERY_ADD);

        r.w[0] = methods[i];
        refused(&r, STATUS_UNKNOWN_REQUEST, "no such method");
    }
}

TEST(idl_get_type, "method 0 is answered with the number of the interface, by the dispatch itself")
{
    struct dispatch_request r = good(OP_GET_TYPE);
    struct dispatch_answer a = dispatch_send(&r);

    CHECK_EQUAL(dispatch_seen.calls, 0);
    CHECK_EQUAL(a.w[0], STATUS_OK);
    CHECK_EQUAL(a.w[1], EVERY_INTERFACE);
    CHECK(EVERY_INTERFACE != NAMED_INTERFACE && EVERY_INTERFACE > LK_TYPES);
}

TEST(idl_shared,
     "the dispatch of one interface of several has no buffer, and says how long it must be")
{
    CHECK_EQUAL(dispatch_shared.method_count, EVERY_METHODS);
    CHECK_EQUAL(dispatch_shared.interface, EVERY_INTERFACE);
    CHECK(dispatch_shared.methods[EVERY_ADD].fn != NULL && dispatch_shared.discrim != NULL);
    CHECK(dispatch_shared.buffer == NULL && dispatch_shared.buffer_size == 0);
    CHECK_EQUAL(dispatch_longest, 8 * sizeof(struct place));
}

TEST(idl_message, "a message that is filled in and not sent is that of the call")
{
    static const char name[] = "wolf";
    struct lk_msg msg;
    char old[16];

    memset(&msg, 0xaa, sizeof(msg));
    named_rename_message(&msg, 5, name, 4, old, sizeof(old));
    CHECK_EQUAL(msg.control, LK_CTL_CALL(5, 1) | LK_SSTR | LK_RSTR);
    CHECK_EQUAL(msg.w[0], NAMED_RENAME);
    CHECK(msg.string == name && msg.string_len == 4);
    CHECK(msg.buffer == old && msg.buffer_size == sizeof(old));

    every_attach_message(&msg, 5, 77, 11, 12, 13, 14, 15);
    CHECK_EQUAL(msg.control, LK_CTL_CALL_CAPS(5, 2, 3, 11, 12, 13, 14, 15, 0, 0));
    CHECK_EQUAL(msg.w[0], EVERY_ATTACH);
    CHECK_EQUAL(msg.w[1], 77);
    CHECK(msg.string == NULL && msg.buffer == NULL);

    every_sizes_message(&msg, 5, 1, 2, 3, -4, -5, -6, -7);
    CHECK_EQUAL(msg.control, LK_CTL_CALL(5, 8));
    CHECK_EQUAL(msg.w[3], 3);
    CHECK_EQUAL(msg.w[4], (uint64_t)-4);
}

TEST(idl_counts, "too few words or capabilities are refused, more are not looked at")
{
    static const struct {
        uint64_t method;
        unsigned words, caps;
    } least[] = { { EVERY_ADD, 3, 0 },   { EVERY_SIZES, 8, 0 }, { EVERY_VALUES, 5, 0 },
                  { EVERY_MOVE, 2, 0 },  { EVERY_KEEP, 1, 2 },  { EVERY_ATTACH, 2, 4 },
                  { EVERY_AWAIT, 2, 0 }, { EVERY_HINT, 2, 2 },  { EVERY_FILL, 2, 0 } };

    for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
        struct dispatch_request r = good(least[i].method);

        r.words = 8;
        r.caps = 4;
        taken(&r, "more than enough");
        for (r.words = 1; r.words < least[i].words; r.words++) {
            refused(&r, STATUS_REQUEST_ERROR, "too few words");
        }
        r.words = 8;
        for (r.caps = 1; r.caps < least[i].caps; r.caps++) {
            refused(&r, STATUS_REQUEST_ERROR, "too few capabilities");
        }
    }
}

/* Word n of a method may be `low` to `high`, and what is next to them may not. */
static void limits(uint64_t method, unsigned n, int64_t low, int64_t high)
{
    struct dispatch_request r = good(method);

    r.w[n] = (uint64_t)low;
    taken(&r, "least");
    CHECK_EQUAL(dispatch_seen.word[n - 1], low);
    r.w[n] = (uint64_t)high;
    taken(&r, "largest");
    CHECK_EQUAL(dispatch_seen.word[n - 1], high);
    r.w[n] = (uint64_t)low - 1;
    refused(&r, STATUS_REQUEST_ERROR, "below the least");
    r.w[n] = (uint64_t)high + 1;
    refused(&r, STATUS_REQUEST_ERROR, "above the largest");
    r.w[n] = (uint64_t)low | 1ull << 40;
    if (low >= 0) {
        refused(&r, STATUS_REQUEST_ERROR, "good but for its upper half");
    }
}

TEST(idl_ranges, "a word that is no number of its type is refused")
{
    limits(EVERY_SIZES, 1, 0, UINT8_MAX);
    limits(EVERY_SIZES, 2, 0, UINT16_MAX);
    limits(EVERY_SIZES, 3, 0, UINT32_MAX);
    limits(EVERY_SIZES, 4, INT8_MIN, INT8_MAX);
    limits(EVERY_SIZES, 5, INT16_MIN, INT16_MAX);
    limits(EVERY_SIZES, 6, INT32_MIN, INT32_MAX);
    limits(EVERY_MOVE, 1, INT32_MIN, INT32_MAX);
    limits(EVERY_ATTACH, 1, 0, UINT32_MAX);
    limits(EVERY_AWAIT, 1, 0, UINT8_MAX);
    limits(EVERY_FILL, 1, 0, UINT16_MAX);
}

TEST(idl_values, "a bool, an enum and flags have the values that are described, and no others")
{
    struct dispatch_request r = good(EVERY_VALUES);

    limits(EVERY_VALUES, 1, 0, 1);
    limits(EVERY_VALUES, 2, MATTER_WOOD, MATTER_GOLD);
    limits(EVERY_VALUES, 3, GAP_ONE, GAP_ONE);
    limits(EVERY_VALUES, 3, GAP_MANY, GAP_MANY);
    for (uint64_t bits = 0; bits <= UINT16_MAX + 1; bits++) {
        r.w[4] = bits;
        dispatch_send(&r);
        CHECK_EQUAL(dispatch_seen.calls,
                    (bits & ~(uint64_t)(MANNER_FAST | MANNER_WELL | MANNER_CHEAP)) == 0);
    }
}

TEST(idl_strings, "a string that is too short, too long or cut off is refused")
{
    static const struct {
        uint64_t method;
        size_t low, high, step;
    } lengths[] = { { NAMED_RENAME, 1, 16, 1 },
                    { EVERY_MOVE, sizeof(struct thing), sizeof(struct thing), 1 },
                    { EVERY_TOTAL, 0, 8 * sizeof(struct place), sizeof(struct place) },
                    { EVERY_KEEP, 4, 64, 1 },
                    { EVERY_HINT, 0, 8, 1 } };

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct dispatch_request r = good(lengths[i].method);

        for (size_t n = 0; n <= DISPATCH_STRING; n++) {
            r.string_len = n;
            memset(r.string, (int)n, n);
            if (n >= lengths[i].low && n <= lengths[i].high && n % lengths[i].step == 0) {
                taken(&r, "right length");
                CHECK_EQUAL(dispatch_seen.string_len, n);
                CHECK(memcmp(dispatch_seen.string, r.string, n) == 0);
            } else {
                refused(&r, STATUS_REQUEST_ERROR, "wrong length");
            }
        }
    }
}

/* Capability 1 + n may have the types of a mask, and no others. */
static void typed(uint64_t method, unsigned n, uint32_t mask)
{
    for (uint32_t type = 0; type < LK_TYPES + 2; type++) {
        struct dispatch_request r = good(method);

        r.type[n] = type;
        if (type < LK_TYPES && (mask >> type & 1) != 0) {
            taken(&r, "right type");
            CHECK_EQUAL(dispatch_seen.cap[n], LK_REG_ARG + n);
        } else {
            refused(&r, STATUS_REQUEST_ERROR, "wrong type");
        }
    }
}

TEST(idl_types, "a capability of another type is refused, and any if types cannot be asked")
{
    struct dispatch_request r = good(EVERY_ATTACH);

    typed(EVERY_ATTACH, 0,
          1u << LK_TYPE_GPT | 1u << LK_TYPE_PAGE | 1u << LK_TYPE_CAPPAGE | 1u << LK_TYPE_WINDOW |
              1u << LK_TYPE_LOCALWINDOW | 1u << LK_TYPE_DEVICEPAGE);
    typed(EVERY_ATTACH, 1, 1u << LK_TYPE_APPNOTICE | 1u << LK_TYPE_NULL);
    typed(EVERY_ATTACH, 2, 1u << LK_TYPE_ENTRY);
    typed(EVERY_HINT, 0, 1u << LK_TYPE_PAGE);
    dispatch_without_discrim(true);
    refused(&r, STATUS_REQUEST_ERROR, "no Discrim");
    r = good(EVERY_KEEP);
    taken(&r, "any type, without Discrim");
    dispatch_without_discrim(false);
}

TEST(idl_answers, "words, strings and capabilities that a function gives are in the answer")
{
    struct dispatch_request r = good(EVERY_VALUES);
    struct dispatch_answer a;

    r.w[1] = 1;
    r.w[2] = MATTER_IRON;
    r.w[3] = GAP_MANY;
    r.w[4] = MANNER_CHEAP;
    a = dispatch_send(&r);
    CHECK_EQUAL(a.words, 5);
    CHECK(a.w[0] == STATUS_OK && a.w[1] == 0 && a.w[2] == MATTER_IRON && a.w[3] == GAP_MANY);
    CHECK(a.w[4] == MANNER_CHEAP && a.caps == 0 && a.string == NULL);

    r = good(NAMED_RENAME);
    a = dispatch_send(&r);
    CHECK_EQUAL(a.string_len, strlen(DISPATCH_GIVES));
    CHECK(memcmp(a.string, DISPATCH_GIVES, a.string_len) == 0);

    r = good(EVERY_MOVE);
    memcpy(r.string, (const struct thing[]){ { .at = { 3, 4 }, .name = "stone" } }, r.string_len);
    a = dispatch_send(&r);
    CHECK_EQUAL(a.string_len, sizeof(struct thing));
    CHECK(memcmp(a.string, r.string, a.string_len) == 0);

    r = good(EVERY_SIZES);
    r.w[4] = (uint64_t)-100;
    a = dispatch_send(&r);
    CHECK_EQUAL(a.w[1], (uint64_t)-100);

    r = good(EVERY_ATTACH);
    a = dispatch_send(&r);
    CHECK_EQUAL(a.caps, 2);

    r = good(EVERY_FILL);
    r.w[1] = 500;
    a = dispatch_send(&r);
    CHECK_EQUAL(a.string_len, 500);
}

TEST(idl_errors, "an error of the interface is the result, above those of the kernel")
{
    struct dispatch_request r = good(EVERY_ADD);

    dispatch_result = EVERY_UNWILLING;
    CHECK_EQUAL(dispatch_send(&r).w[0], 65);
    dispatch_result = NAMED_SECRET;
    CHECK_EQUAL(dispatch_send(&r).w[0], 64);
    dispatch_result = STATUS_OK;
    CHECK(NAMED_SECRET >= (enum status)LK_STATUS_COUNT);
}

TEST(idl_silent,
     "a one-way method, a kept caller and a send without a reply capability get no answer")
{
    struct dispatch_request r = good(EVERY_HINT);

    CHECK(!dispatch_send(&r).answered);
    r = good(EVERY_AWAIT);
    CHECK(!dispatch_send(&r).answered);
    r = good(EVERY_ADD);
    r.caps = 0;
    CHECK(!dispatch_send(&r).answered);
    CHECK_EQUAL(dispatch_seen.calls, 1);
    r = good(EVERY_HINT);
    r.w[1] = 0x10;
    refused(&r, STATUS_REQUEST_ERROR, "a call of a one-way method with wrong arguments");
}

TEST(idl_random, "whatever is sent, the dispatch does what a plain reading of the description says")
{
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds && unit_failures() == 0; i++) {
        uint8_t bytes[120];
        size_t n = unit_random(sizeof(bytes));

        for (size_t k = 0; k < n; k++) {
            bytes[k] = (uint8_t)unit_random(256);
        }
        dispatch_one(bytes, n);
    }
}
