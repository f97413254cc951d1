/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What becomes of messages (user/rpc/rpc.c): the known-good ones, and each row of the table of what
 * libvirtd does with those that are not as they should be.
 */
#include "rpc_kit.h"
#include "tests/fuzz/rpc/one.h"
#include "unit.h"

#include <lykos/say.h>
#include <stdlib.h>
#include <string.h>

#define UNDECODABLE "Unable to decode message payload"

static struct kit_taken t;

static struct kit_bytes call_of(unsigned i)
{
    return kit_call(rpc_procedures[i].number, kit_arguments(i)->hex);
}

static void take(bool open, const struct kit_bytes *message)
{
    kit_take(&t, &rpc_one_service, open, message);
}

TEST(rpc_auth_list, "the first call of every client, and its answer")
{
    struct kit_bytes b = kit_hex("0000001c 20008086 00000001 00000042 00000000 00000000 00000000");
    u_int none = 0;
    remote_auth_list list = { .types = { 1, &none } };

    take(false, &b);
    CHECK_EQUAL(t.verdict, RPC_CALL);
    CHECK(t.call.procedure == &rpc_procedures[RPC_AUTH_LIST]);
    CHECK(rpc_answer(&t.call, &list, &t.out));
    CHECK(kit_same(t.sent, t.out.used,
                   "00000024 20008086 00000001 00000042 00000001 00000000 00000000 "
                   "00000001 00000000"));
    list.types.types_len = 0;
    CHECK(rpc_answer(&t.call, &list, &t.out));
    CHECK(kit_same(t.sent, t.out.used,
                   "00000020 20008086 00000001 00000042 00000001 00000000 00000000 00000000"));
}

TEST(rpc_open, "the call that opens, with a name, an empty name, and without one")
{
    static const struct {
        const char *payload, *name;
    } cases[] = {
        { "00000001 0000000f 6c796b6f 733a2f2f 2f737973 74656d00 00000000", "lykos:///system" },
        { "00000001 00000000 00000001", "" },
        { "00000000 00000001", NULL },
    };

    for (unsigned i = 0; i < 3; i++) {
        struct kit_bytes b = kit_call(1, cases[i].payload);
        remote_open *args;

        take(false, &b);
        CHECK_EQUAL(t.verdict, RPC_CALL);
        args = t.call.arguments;
        CHECK_EQUAL(args->flags, i != 0);
        CHECK((args->name == NULL) == (cases[i].name == NULL));
        CHECK(args->name == NULL || strcmp(*args->name, cases[i].name) == 0);
        CHECK(rpc_answer(&t.call, "", &t.out));
        CHECK(kit_same(t.sent, t.out.used,
                       "0000001c 20008086 00000001 00000001 00000001 00000005 00000000"));
    }
}

TEST(rpc_every_call, "every procedure is recognised, decoded, and answered under its own header")
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        struct kit_bytes b = call_of(i), wanted;
        struct rpc_output encoded;
        uint8_t copy[KIT_BYTES] __attribute__((aligned(8)));

        take(true, &b);
        CHECK_EQUAL(t.verdict, RPC_CALL);
        CHECK(t.call.procedure == &rpc_procedures[i]);
        CHECK(t.call.handler == rpc_one_service.handler[i]);
        CHECK_EQUAL(t.out.used, 0);
        encoded = (struct rpc_output){ .memory = copy, .size = sizeof(copy) };
        CHECK(rpc_call_encode(t.call.procedure, 5, t.call.arguments, &encoded));
        CHECK(encoded.used == b.n && memcmp(copy, b.at, b.n) == 0);

        CHECK(rpc_answer(&t.call, kit_result(i)->value, &t.out));
        wanted = kit_call(rpc_procedures[i].number, kit_result(i)->hex);
        kit_set_word(&wanted, 4, 1); /* a reply */
        CHECK(t.out.used == wanted.n && memcmp(t.sent, wanted.at, wanted.n) == 0);
    }
}

TEST(rpc_error_bytes, "an error is the smallest payload that virsh understands")
{
    struct kit_bytes b = kit_call(23, "00000001 78000000");
    struct rpc_error e;

    take(true, &b);
    CHECK_EQUAL(t.verdict, RPC_CALL);
    rpc_error_set(&e, 42, 20, "no '%s'", "x");
    rpc_fail(&t.call.header, &e, &t.out);
    CHECK(kit_same(t.sent, t.out.used,
                   "00000054 20008086 00000001 00000017 00000001 00000005 00000001 "
                   "0000002a 00000014 00000001 00000006 6e6f2027 78270000 00000002 00000000 "
                   "00000000 00000000 00000000 ffffffff ffffffff 00000000"));
}

TEST(rpc_error_longest, "the longest text of an error still fits, and a longer one is cut off")
{
    struct kit_bytes b = kit_call(2, "");
    char text[600];
    struct rpc_error e;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    take(true, &b);
    rpc_error_set(&e, 1, 7, "%s", text);
    CHECK_EQUAL(strlen(e.text), RPC_TEXT_MAX);
    t.out.size = RPC_ERROR_BYTES;
    rpc_fail(&t.call.header, &e, &t.out);
    CHECK_EQUAL(t.out.used, RPC_ERROR_BYTES);
}

TEST(rpc_unknown_program, "unknown program or version: an error under the caller's own")
{
    static const uint32_t programs[][2] = {
        { 0x20008087u, 1 }, { 0x00068000u, 1 }, { 0, 1 },
        { 0xffffffffu, 1 }, { 0x20008085u, 1 }, { 0x6b656570u, 1 },
        { 0x20008086u, 0 }, { 0x20008086u, 2 }, { 0x20008086u, 0xffffffffu },
    };

    for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        struct kit_bytes b = call_of(i);
        char text[100];

        kit_set_word(&b, 1, programs[i][0]);
        kit_set_word(&b, 2, programs[i][1]);
        lk_format(text, sizeof(text), "Cannot find program %d version %d", (int)programs[i][0],
                  (int)programs[i][1]);
        for (unsigned open = 0; open < 2; open++) {
            take(open, &b);
            CHECK(kit_is_error(&t, &b, 39, text));
        }
    }
}

TEST(rpc_other_types, "what is not a call is dropped, whatever else is wrong with it")
{
    static const uint32_t types[] = { 1, 2, 3, 4, 5, 6, 0x7fffffffu, 0x80000000u, 0xffffffffu };

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (unsigned wrong = 0; wrong < 7; wrong++) {
            struct kit_bytes b = call_of(RPC_DOMAIN_DESTROY);

            kit_set_word(&b, 4, types[i]);
            if (wrong != 0 && wrong != 4) {
                kit_set_word(&b, wrong, 0x77777777u);
                kit_seal(&b);
            }
            take(true, &b);
            CHECK_EQUAL(t.verdict, RPC_DROP);
            CHECK_EQUAL(t.out.used, 0);
        }
    }
}

TEST(rpc_status, "a call with a status is refused")
{
    static const uint32_t status[] = { 1, 2, 3, 0x80000000u, 0xffffffffu };

    for (unsigned i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
        struct kit_bytes b = call_of(RPC_DOMAIN_DESTROY);
        char text[100];

        kit_set_word(&b, 6, status[i]);
        lk_format(text, sizeof(text), "Unexpected message status %u", status[i]);
        take(true, &b);
        CHECK(kit_is_error(&t, &b, 39, text));
    }
}

static void check_unknown(const struct rpc_service *service, int32_t number)
{
    struct kit_bytes b = kit_call(number, "");
    char text[100];

    lk_format(text, sizeof(text), "unknown procedure: %d", number);
    kit_take(&t, service, true, &b);
    CHECK(kit_is_error(&t, &b, 39, text));
    kit_take(&t, service, false, &b);
    CHECK(kit_is_error(&t, &b, 39, text));
}

TEST(rpc_unknown_procedure, "a procedure that is not known, or not handled, is said to be unknown")
{
    static const struct rpc_service nothing;
    unsigned next = 0;

    for (int32_t number = -3; number < 500; number++) {
        if (next < RPC_PROCEDURES && rpc_procedures[next].number == number) {
            check_unknown(&nothing, number);
            next++;
        } else {
            check_unknown(&rpc_one_service, number);
        }
    }
    CHECK_EQUAL(next, RPC_PROCEDURES);
    check_unknown(&rpc_one_service, INT32_MAX);
    check_unknown(&rpc_one_service, INT32_MIN);
}

TEST(rpc_cut_off,
     "arguments that are cut off at any byte do not decode, and nothing is carried out")
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        struct kit_bytes whole = call_of(i), b = whole;

        for (b.n = RPC_HEADER_BYTES; b.n < whole.n; b.n++) {
            kit_seal(&b);
            take(true, &b);
            CHECK(kit_is_error(&t, &b, 39, UNDECODABLE));
            take(false, &b);
            CHECK(kit_is_error(&t, &b, 39, UNDECODABLE));
        }
    }
}

TEST(rpc_long_strings, "a string that says it is longer than the packet does not decode")
{
    static const uint32_t lengths[] = { 5,           8,           0x100,       4194303,
                                        4194304,     4194305,     0x7fffffffu, 0x80000000u,
                                        0xfffffffcu, 0xfffffffeu, 0xffffffffu };

    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct kit_bytes name = kit_call(23, "00000004 6563686f");
        struct kit_bytes open = kit_call(1, "00000001 00000004 6563686f");

        kit_set_word(&name, 7, lengths[i]);
        take(true, &name);
        CHECK(kit_is_error(&t, &name, 39, UNDECODABLE));
        kit_set_word(&open, 8, lengths[i]);
        take(false, &open);
        CHECK(kit_is_error(&t, &open, 39, UNDECODABLE));
    }
}

TEST(rpc_string_bytes, "a string ends at a NUL in it, and its padding may be anything")
{
    struct kit_bytes b = kit_call(23, "00000005 61620063 64ffffff");
    struct kit_bytes unpadded = kit_call(23, "00000005 61620063 64");

    take(true, &b);
    CHECK_EQUAL(t.verdict, RPC_CALL);
    CHECK(strcmp(((remote_text *)t.call.arguments)->text, "ab") == 0);
    take(true, &unpadded);
    CHECK(kit_is_error(&t, &unpadded, 39, UNDECODABLE));
}

TEST(rpc_left_over, "bytes after the arguments are ignored")
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        struct kit_bytes b = call_of(i);

        for (unsigned more = 1; more < 9; more++) {
            kit_append(&b, kit_hex("ee"));
            kit_seal(&b);
            take(true, &b);
            CHECK_EQUAL(t.verdict, RPC_CALL);
        }
    }
}

TEST(rpc_before_open, "before CONNECT_OPEN there is little that a client may call")
{
    static const struct {
        uint32_t feature;
        bool may;
    } features[] = { { 10, true }, { 14, false }, { 15, false }, { 0, false }, { 9, false } };

    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        struct kit_bytes b = call_of(i); /* feature 10 */
        int32_t number = rpc_procedures[i].number;

        take(false, &b);
        if (number == 66 || number == 60 || number == 1 || number == 2) {
            CHECK_EQUAL(t.verdict, RPC_CALL);
        } else {
            CHECK(kit_is_error(&t, &b, 1, "connection not open"));
        }
    }
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        struct kit_bytes b = kit_call(60, "00000000");

        kit_set_word(&b, 7, features[i].feature);
        take(false, &b);
        CHECK(features[i].may ? t.verdict == RPC_CALL
                              : kit_is_error(&t, &b, 1, "connection not open"));
        take(true, &b);
        CHECK_EQUAL(t.verdict, RPC_CALL);
    }
}

TEST(rpc_order, "of several mistakes in a message the first in the table is the one answered")
{
    struct kit_bytes b = kit_call(12, "00000004");

    take(false, &b); /* not open, and undecodable */
    CHECK(kit_is_error(&t, &b, 39, UNDECODABLE));
    kit_set_word(&b, 0, 1000); /* and too long */
    take(false, &b);
    CHECK(kit_is_error(&t, &b, 39, "message of 1000 bytes is too long"));
    kit_set_word(&b, 3, 5); /* and unknown */
    take(false, &b);
    CHECK(kit_is_error(&t, &b, 39, "unknown procedure: 5"));
    kit_set_word(&b, 6, 1); /* and with a status */
    take(false, &b);
    CHECK(kit_is_error(&t, &b, 39, "Unexpected message status 1"));
    kit_set_word(&b, 2, 3); /* and of another version */
    take(false, &b);
    CHECK(kit_is_error(&t, &b, 39, "Cannot find program 536903814 version 3"));
    kit_set_word(&b, 4, 1); /* and no call */
    take(false, &b);
    CHECK_EQUAL(t.verdict, RPC_DROP);
}

TEST(rpc_too_long, "a message that was skipped is answered under its own serial")
{
    struct kit_bytes b = call_of(RPC_DOMAIN_LOOKUP_BY_NAME);

    b.n = RPC_HEADER_BYTES;
    kit_set_word(&b, 0, RPC_LENGTH_MAX);
    kit_set_word(&b, 5, 0xfedcba98u);
    take(true, &b);
    CHECK(kit_is_error(&t, &b, 39, "message of 33554436 bytes is too long"));
}

TEST(rpc_keepalive, "PING is answered with PONG, open or not; other keepalive is dropped")
{
    struct kit_bytes b = kit_hex("0000001c 6b656570 00000001 00000001 00000002 00000000 00000000");

    for (unsigned open = 0; open < 2; open++) {
        take(open, &b);
        CHECK_EQUAL(t.verdict, RPC_ANSWER);
        CHECK(kit_same(t.sent, t.out.used,
                       "0000001c 6b656570 00000001 00000002 00000002 00000000 00000000"));
    }
    for (uint32_t procedure = 0; procedure < 9; procedure++) {
        kit_set_word(&b, 3, procedure);
        take(true, &b);
        CHECK_EQUAL(t.verdict, procedure == 1 ? RPC_ANSWER : RPC_DROP);
    }
    kit_set_word(&b, 3, 1);
    kit_set_word(&b, 2, 2);
    take(true, &b);
    CHECK_EQUAL(t.verdict, RPC_DROP);
}

TEST(rpc_small_arena, "an arena that is too small is an error that is answered")
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        struct kit_bytes b = call_of(i);
        bool enough = false;

        for (size_t size = 0; size <= RPC_ARENA_FOR(b.n); size += RPC_ARENA_ALIGN) {
            void *memory = malloc(size);

            rpc_arena_init(&t.arena, memory, size);
            t.out = (struct rpc_output){ .memory = t.sent, .size = sizeof(t.sent) };
            t.verdict = rpc_take(&rpc_one_service, true, b.at, b.n, &t.arena, &t.call, &t.out);
            CHECK(t.verdict == RPC_CALL ? t.arena.error == 0
                                        : kit_is_error(&t, &b, 39, UNDECODABLE));
            CHECK(size == 0 ? t.verdict != RPC_CALL : !enough || t.verdict == RPC_CALL);
            enough = t.verdict == RPC_CALL;
            free(memory);
        }
        CHECK(enough);
    }
}

TEST(rpc_no_room, "a result that does not fit, or cannot be encoded, is answered with an error")
{
    static remote_domain many[REMOTE_DOMAINS_MAX + 1];
    static char name[] = "spin1";
    static uint8_t room[800000] __attribute__((aligned(8)));
    struct kit_bytes b = call_of(RPC_CONNECT_LIST_ALL_DOMAINS);
    remote_domains list = { .domains = { REMOTE_DOMAINS_MAX, many } };
    const char *const text = "the answer of procedure 273 is too long, or cannot be encoded";

    for (unsigned i = 0; i <= REMOTE_DOMAINS_MAX; i++) {
        many[i].name = name;
    }
    take(true, &b);
    t.out = (struct rpc_output){ .memory = room, .size = sizeof(room) };
    CHECK(rpc_answer(&t.call, &list, &t.out));
    CHECK_EQUAL(t.out.used, 28 + 4 + 32 * REMOTE_DOMAINS_MAX + 4);

    for (unsigned i = 0; i < 3; i++) {
        take(true, &b);
        t.out = (struct rpc_output){ .memory = t.sent, .size = RPC_ERROR_BYTES };
        list.domains.domains_len = i == 0 ? REMOTE_DOMAINS_MAX : 1;
        if (i == 1) {
            list.domains.domains_len = REMOTE_DOMAINS_MAX + 1; /* more than the protocol allows */
            t.out = (struct rpc_output){ .memory = room, .size = sizeof(room) };
        } else if (i == 2) {
            many[0].name = NULL;
        }
        CHECK(!rpc_answer(&t.call, &list, &t.out));
        memcpy(t.sent, t.out.memory, t.out.used);
        t.verdict = RPC_ANSWER;
        CHECK(kit_is_error(&t, &b, 1, text));
    }
}

TEST(rpc_event, "an event is a message without serial")
{
    const remote_lifecycle *event = kit_lifecycle()->value;

    t.out = (struct rpc_output){ .memory = t.sent, .size = sizeof(t.sent) };
    CHECK(rpc_event_lifecycle(event, &t.out));
    CHECK(kit_same(t.sent, t.out.used,
                   "00000044 20008086 00000001 0000013e 00000002 00000000 00000000 "
                   "00000009 00000004 6563686f 00112233 44556677 8899aabb ccddeeff 00000007 "
                   "00000003 00000000"));
    for (size_t size = 0; size < 68; size++) {
        t.out.size = size;
        CHECK(!rpc_event_lifecycle(event, &t.out));
        CHECK_EQUAL(t.out.used, 0);
    }
}
