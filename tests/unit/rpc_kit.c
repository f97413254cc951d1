/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For the tests of user/rpc. See rpc_kit.h.
 */
#include "rpc_kit.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kit_bytes kit_hex(const char *text)
{
    struct kit_bytes b = { .n = 0 };
    unsigned byte, times;
    int used;

    for (; *text != '\0'; text++) {
        if (*text == ' ') {
            continue;
        }
        if (*text == '*') {
            sscanf(text, "*%u%n", &times, &used);
            for (unsigned i = 1; i < times; i++) {
                memcpy(b.at + b.n, b.at + b.n - 4, 4);
                b.n += 4;
            }
            text += used - 1;
            continue;
        }
        sscanf(text, "%2x", &byte);
        b.at[b.n++] = (uint8_t)byte;
        text++;
    }
    return b;
}

void kit_append(struct kit_bytes *to, struct kit_bytes more)
{
    memcpy(to->at + to->n, more.at, more.n);
    to->n += more.n;
}

uint32_t kit_word(const struct kit_bytes *b, size_t i)
{
    const uint8_t *p = b->at + 4 * i;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void kit_set_word(struct kit_bytes *b, size_t i, uint32_t value)
{
    for (unsigned k = 0; k < 4; k++) {
        b->at[4 * i + k] = (uint8_t)(value >> (24 - 8 * k));
    }
}

void kit_seal(struct kit_bytes *b)
{
    kit_set_word(b, 0, (uint32_t)b->n);
}

bool kit_same(const uint8_t *bytes, size_t n, const char *hex)
{
    struct kit_bytes wanted = kit_hex(hex);
    bool same = wanted.n == n && memcmp(wanted.at, bytes, n) == 0;

    if (!same) {
        printf("# wanted %s\n# is    ", hex);
        for (size_t i = 0; i < n; i++) {
            printf("%s%02x", i % 4 == 0 ? " " : "", bytes[i]);
        }
        printf("\n");
    }
    return same;
}

struct kit_bytes kit_call(int32_t number, const char *payload)
{
    struct kit_bytes b = kit_hex("00000000 20008086 00000001 00000000 00000000 00000005 00000000");

    kit_set_word(&b, 3, (uint32_t)number);
    kit_append(&b, kit_hex(payload));
    kit_seal(&b);
    return b;
}

void kit_take(struct kit_taken *t, const struct rpc_service *service, bool open,
              const struct kit_bytes *message)
{
    uint8_t *exact = malloc(message->n);

    memcpy(exact, message->at, message->n);
    rpc_arena_init(&t->arena, t->memory, RPC_ARENA_FOR(message->n));
    t->out = (struct rpc_output){ .memory = t->sent, .size = sizeof(t->sent) };
    t->verdict = rpc_take(service, open, exact, message->n, &t->arena, &t->call, &t->out);
    free(exact);
}

bool kit_is_error(const struct kit_taken *t, const struct kit_bytes *message, int32_t code,
                  const char *text)
{
    struct kit_bytes sent = { .n = t->out.used };
    size_t words = (strlen(text) + 3) / 4;
    bool good = t->verdict == RPC_ANSWER && sent.n == RPC_ERROR_BYTES - 256 + 4 * words;

    memcpy(sent.at, t->sent, sent.n);
    good &= kit_word(&sent, 0) == sent.n;
    for (unsigned i = 1; i <= 3; i++) { /* program, version, procedure */
        good &= kit_word(&sent, i) == kit_word(message, i);
    }
    good &= kit_word(&sent, 4) == 1 && kit_word(&sent, 6) == 1; /* reply, error */
    good &= kit_word(&sent, 5) == kit_word(message, 5);         /* serial */
    good &= kit_word(&sent, 7) == (uint32_t)code && kit_word(&sent, 8) == 7;
    good &= kit_word(&sent, 9) == 1 && kit_word(&sent, 10) == strlen(text);
    good &= memcmp(sent.at + 44, text, strlen(text)) == 0;
    good &= kit_word(&sent, 11 + words) == 2; /* level */
    if (!good) {
        printf("# wanted error %d '%s'; verdict %d, code %u, '%.*s'\n", code, text, (int)t->verdict,
               kit_word(&sent, 7), (int)kit_word(&sent, 10), (const char *)sent.at + 44);
    }
    return good;
}

/* --- structures with values in them. */

#define ECHO "00000004 6563686f 00112233 44556677 8899aabb ccddeeff "
#define UUID "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
/* A domain of 28 bytes, as VIRSH's example; and one whose name is padded. */
#define DOMAIN_ECHO                                                                                \
    {                                                                                              \
        .name = (char[]){ "echo" }, .uuid = UUID, .id = 7                                          \
    }
#define DOMAIN_A                                                                                   \
    {                                                                                              \
        .name = (char[]){ "a" }, .uuid = UUID, .id = -1                                            \
    }
#define HEX_A "00000001 61000000 00112233 44556677 8899aabb ccddeeff ffffffff "

typedef char none;

static bool_t codec_none(XDR *stream, void *data)
{
    (void)stream;
    (void)data;
    return TRUE;
}

/* The codec of each structure is reached by a type that fits, as in rpc.c. */
#define SAMPLE(type, hex_, ...)                                                                    \
    static type value_of_##type = __VA_ARGS__;                                                     \
    static bool_t codec_of_##type(XDR *stream, void *data)                                         \
    {                                                                                              \
        return xdr_##type(stream, data);                                                           \
    }                                                                                              \
    static const struct kit_sample sample_##type = { #type, codec_of_##type, sizeof(type),         \
                                                     &value_of_##type, hex_ };

static none value_of_none;
static const struct kit_sample sample_none = { "none", codec_none, sizeof(none), &value_of_none,
                                               "" };

static remote_string some_name = (char[]){ "lykos:///system" };
static remote_string some_message = (char[]){ "no such domain" };
static remote_string messages[] = { (char[]){ "ab" }, (char[]){ "" } };
static remote_domain domains[] = { DOMAIN_ECHO, DOMAIN_A };
static remote_domain a_domain = DOMAIN_A;
static u_int auth_types[] = { 0 };
static int ids[] = { 1, 2, 300 };

SAMPLE(remote_open, "00000001 0000000f 6c796b6f 733a2f2f 2f737973 74656d00 00000001",
       { .name = &some_name, .flags = 1 })
SAMPLE(remote_text, "00000005 4c796b6f 73000000", { .text = (char[]){ "Lykos" } })
SAMPLE(remote_u64, "00000001 00000002", { .value = 0x100000002ull })
SAMPLE(remote_node_info,
       "00000078 00000038 00000036 0000002d 00000036 00000034 00000000*26 00000000 00040000 "
       "00000001 00000002 00000003 00000004 00000005 00000006",
       { .model = "x86-64",
         .memory = 262144,
         .cpus = 1,
         .mhz = 2,
         .nodes = 3,
         .sockets = 4,
         .cores = 5,
         .threads = 6 })
SAMPLE(remote_dom, ECHO "00000007", { .dom = DOMAIN_ECHO })
SAMPLE(remote_dom_flags, HEX_A "80000001", { .dom = DOMAIN_A, .flags = 0x80000001u })
SAMPLE(remote_int, "0000000a", { .value = 10 })
SAMPLE(remote_flags, "00000003", { .flags = 3 })
SAMPLE(remote_max, "00004000", { .max = 16384 })
SAMPLE(remote_uuid, "00112233 44556677 8899aabb ccddeeff", { .uuid = UUID })
SAMPLE(remote_domain_info,
       "00000001 00000000 00000100 00000000 00000080 00000001 00000002 00000003",
       { .state = 1, .max_memory = 256, .memory = 128, .vcpus = 1, .cpu_time = 0x200000003ull })
SAMPLE(remote_domain_state, "00000005 00000002", { .state = 5, .reason = 2 })
SAMPLE(remote_ids, "00000003 00000001 00000002 0000012c", { .ids = { 3, ids } })
SAMPLE(remote_names, "00000002 00000002 61620000 00000000", { .names = { 2, messages } })
SAMPLE(remote_auth_list, "00000001 00000000", { .types = { 1, auth_types } })
SAMPLE(remote_security_model, "00000002 00000061 00000062 00000000",
       { .model = { 2, (char[]){ "ab" } } })
SAMPLE(remote_security_label, "00000001 00000063 00000001",
       { .label = { 1, (char[]){ "c" } }, .enforcing = 1 })
SAMPLE(remote_list_all, "00000001 00000003", { .need_results = 1, .flags = 3 })
SAMPLE(remote_domains, "00000002 " ECHO "00000007 " HEX_A "00000002",
       { .domains = { 2, domains }, .count = 2 })
SAMPLE(remote_register_any, "00000000 00000001 " HEX_A, { .event = 0, .dom = &a_domain })
SAMPLE(remote_messages, "00000002 00000002 61620000 00000000", { .messages = { 2, messages } })
SAMPLE(remote_lifecycle, "00000009 " ECHO "00000007 00000003 00000000",
       { .callback = 9, .dom = DOMAIN_ECHO, .event = 3, .detail = 0 })
SAMPLE(remote_error,
       "0000002a 00000014 00000001 0000000e 6e6f2073 75636820 646f6d61 696e0000 00000002 00000000 "
       "00000000 00000000 00000000 ffffffff ffffffff 00000000",
       { .code = 42, .domain = 20, .message = &some_message, .level = 2, .int1 = -1, .int2 = -1 })

const struct kit_sample *kit_arguments(enum rpc_procedure_index i)
{
    static const struct kit_sample *const of[] = {
#define RPC_PROCEDURE(name, arguments, result, when) [RPC_##name] = &sample_##arguments,
#include <lykos/rpc_procedures.def>
#undef RPC_PROCEDURE
    };

    return of[i];
}

const struct kit_sample *kit_result(enum rpc_procedure_index i)
{
    static const struct kit_sample *const of[] = {
#define RPC_PROCEDURE(name, arguments, result, when) [RPC_##name] = &sample_##result,
#include <lykos/rpc_procedures.def>
#undef RPC_PROCEDURE
    };

    return of[i];
}

const struct kit_sample *kit_error(void)
{
    return &sample_remote_error;
}

const struct kit_sample *kit_lifecycle(void)
{
    return &sample_remote_lifecycle;
}
