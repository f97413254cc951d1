/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The structures of remote.x on the wire: each against bytes that were written by hand, there and
 * back, cut off at every byte, and in every arena that is too small.
 */
#include "rpc_kit.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static uint8_t sent[KIT_BYTES] __attribute__((aligned(8)));

/* Decode from memory that ends where the bytes end, into an arena of so many. */
static bool decode(const struct kit_sample *s, const uint8_t *bytes, size_t n, size_t arena_size,
                   struct kit_bytes *again)
{
    void *arena_memory = malloc(arena_size);
    uint8_t *exact = malloc(n);
    struct rpc_arena arena;
    void *value;
    bool good;

    memcpy(exact, bytes, n);
    rpc_arena_init(&arena, arena_memory, arena_size);
    value = rpc_arena_alloc(&arena, s->size);
    good = value != NULL && rpc_decode(s->codec, value, exact, n, &arena);
    if (good) {
        XDR stream;

        xdrmem_create(&stream, (char *)again->at, sizeof(again->at), XDR_ENCODE);
        good = s->codec(&stream, value) == TRUE;
        again->n = xdr_getpos(&stream);
    }
    CHECK(good || arena_size > 4000 || arena.error != 0 || value == NULL);
    free(exact);
    free(arena_memory);
    return good;
}

static void check_sample(const struct kit_sample *s, rpc_codec *codec, size_t size)
{
    struct kit_bytes b = kit_hex(s->hex), again;
    size_t enough = 0;
    XDR stream;

    CHECK_EQUAL(s->size, size);
    xdrmem_create(&stream, (char *)sent, sizeof(sent), XDR_ENCODE);
    CHECK_SAY(codec(&stream, s->value), "%s cannot be encoded", s->name);
    CHECK_SAY(kit_same(sent, xdr_getpos(&stream), s->hex), "%s is encoded wrong", s->name);

    CHECK_SAY(decode(s, b.at, b.n, KIT_BYTES, &again), "%s cannot be decoded", s->name);
    CHECK_SAY(kit_same(again.at, again.n, s->hex), "%s is decoded wrong", s->name);
    for (size_t i = 0; i < b.n; i++) {
        CHECK_SAY(!decode(s, b.at, i, KIT_BYTES, &again), "%s of %zu bytes", s->name, i);
    }
    while (!decode(s, b.at, b.n, enough, &again)) {
        enough++;
    }
    CHECK(enough <= RPC_ARENA_FOR(b.n) && enough >= s->size);
    CHECK(kit_same(again.at, again.n, s->hex));
}

TEST(rpc_codec_arguments, "every procedure's arguments are what the protocol says, there and back")
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        check_sample(kit_arguments(i), rpc_procedures[i].arguments,
                     rpc_procedures[i].arguments_size);
    }
}

TEST(rpc_codec_results, "every procedure's result is what the protocol says, there and back")
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        check_sample(kit_result(i), rpc_procedures[i].result, rpc_procedures[i].result_size);
    }
}

TEST(rpc_codec_others, "error and event are what the protocol says, there and back")
{
    check_sample(kit_error(), rpc_codec_error, sizeof(remote_error));
    check_sample(kit_lifecycle(), rpc_codec_lifecycle, sizeof(remote_lifecycle));
}

TEST(rpc_codec_lengths, "lengths on the wire that are known agree")
{
    /* VIRSH's figures: a domain "echo", node info, domain info. */
    CHECK_EQUAL(kit_hex(kit_arguments(RPC_DOMAIN_DESTROY)->hex).n, 28);
    CHECK_EQUAL(kit_hex(kit_result(RPC_NODE_GET_INFO)->hex).n, 160);
    CHECK_EQUAL(kit_hex(kit_result(RPC_DOMAIN_GET_INFO)->hex).n, 32);
}

/* The name of a structure as in remote.x, or "none". */
static bool is_named(const struct kit_sample *s, const char *name)
{
    return strcmp(strncmp(s->name, "remote_", 7) == 0 ? s->name + 7 : s->name, name) == 0;
}

TEST(rpc_codec_table, "each procedure has the number, arguments and result of the protocol")
{
    static const struct {
        int32_t number;
        const char *arguments, *result;
    } table[] = {
        { 1, "open", "none" },
        { 2, "none", "none" },
        { 3, "none", "text" },
        { 4, "none", "u64" },
        { 6, "none", "node_info" },
        { 12, "dom", "none" },
        { 15, "dom", "int" },
        { 16, "dom", "domain_info" },
        { 19, "dom", "text" },
        { 21, "max", "names" },
        { 22, "int", "dom" },
        { 23, "text", "dom" },
        { 24, "uuid", "dom" },
        { 25, "none", "int" },
        { 27, "dom_flags", "none" },
        { 28, "dom", "none" },
        { 33, "dom", "none" },
        { 34, "dom", "none" },
        { 37, "max", "ids" },
        { 51, "none", "int" },
        { 59, "none", "text" },
        { 60, "int", "int" },
        { 66, "none", "auth_list" },
        { 110, "none", "text" },
        { 121, "dom", "security_label" },
        { 122, "none", "security_model" },
        { 150, "dom", "int" },
        { 151, "dom", "int" },
        { 157, "none", "u64" },
        { 183, "dom_flags", "int" },
        { 203, "flags", "text" },
        { 212, "dom_flags", "domain_state" },
        { 234, "dom_flags", "none" },
        { 245, "dom_flags", "none" },
        { 273, "list_all", "domains" },
        { 316, "register_any", "int" },
        { 317, "int", "none" },
        { 360, "none", "none" },
        { 361, "none", "none" },
        { 426, "dom_flags", "messages" },
    };

    CHECK_EQUAL(sizeof(table) / sizeof(table[0]), RPC_PROCEDURES);
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        CHECK_EQUAL(rpc_procedures[i].number, table[i].number);
        CHECK(is_named(kit_arguments(i), table[i].arguments));
        CHECK(is_named(kit_result(i), table[i].result));
    }
}

TEST(rpc_arena, "an arena gives zeroed, aligned memory up to its end, and then an error")
{
    uint8_t *memory = malloc(64);
    struct rpc_arena a;
    uint8_t *first, *second;

    memset(memory, 0xff, 64);
    rpc_arena_init(&a, memory, 63); /* the last 7 cannot be used */
    first = rpc_arena_alloc(&a, 9);
    second = rpc_arena_alloc(&a, 40);
    CHECK_EQUAL(second - first, 16);
    CHECK(first[8] == 0 && second[39] == 0 && a.error == 0);
    CHECK(rpc_arena_alloc(&a, 1) == NULL);
    CHECK(a.error != 0);
    rpc_arena_reset(&a);
    CHECK(a.error == 0);
    CHECK(rpc_arena_alloc(&a, SIZE_MAX) == NULL);
    CHECK(rpc_arena_alloc(&a, 57) == NULL);
    CHECK(strcmp(rpc_arena_text(&a, "text"), "text") == 0);
    CHECK(rpc_arena_alloc(&a, 48) == first + 8);
    CHECK(rpc_arena_text(&a, "") == NULL);
    free(memory);
}
