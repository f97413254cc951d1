/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the RPC library on Lykos, as it is linked into a program there. What it
 * does with every kind of message is tested on the build machine (tests/unit/user_rpc*.c); here it
 * is that newlib's XDR, compiled for Lykos, does the same.
 */
#include "../lib/sys.h"

#include <lykos/rpc.h>

const char sys_scenario[] = "rpc";

#define HEADER(length, procedure, type, serial, status)                                            \
    0, 0, 0, length, 0x20, 0, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 0, procedure, 0, 0, 0, type, 0, 0, 0,  \
        serial, 0, 0, 0, status
#define ECHO 0, 0, 0, 4, 'e', 'c', 'h', 'o'
#define UUID 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16

static uint8_t memory[RPC_CALL_MAX] __attribute__((aligned(8)));
static uint8_t arena_memory[RPC_ARENA_BYTES] __attribute__((aligned(8)));
static uint8_t sent[1024] __attribute__((aligned(8)));

static struct rpc_frame frame;
static struct rpc_arena arena;
static struct rpc_call call;
static struct rpc_output out;

static bool lookup(void *client, const struct rpc_call *c, void *result, struct rpc_error *error)
{
    const remote_text *name = c->arguments;
    remote_dom *found = result;

    (void)client;
    if (strcmp(name->text, "echo") != 0) {
        rpc_error_set(error, REMOTE_ERR_NO_DOMAIN, REMOTE_FROM_DOMAIN, "no domain '%s'",
                      name->text);
        return false;
    }
    found->dom =
        (remote_domain){ .name = rpc_arena_text(c->arena, "echo"), .uuid = { UUID }, .id = 7 };
    return true;
}

static const struct rpc_service service = { .handler = { [RPC_DOMAIN_LOOKUP_BY_NAME] = lookup } };

/* Feed one message, byte by byte, and carry out what it asks for. */
static void serve(const uint8_t *bytes, size_t n)
{
    remote_dom result = { .dom = { .id = 0 } };
    struct rpc_error error;
    bool done;

    rpc_frame_init(&frame, memory, sizeof(memory));
    for (size_t i = 0; i < n; i++) {
        struct rpc_input in = rpc_input(bytes + i, 1);

        EQ(rpc_frame_feed(&frame, &in), i + 1 < n ? RPC_FRAME_NEED_MORE : RPC_FRAME_MESSAGE);
    }
    rpc_arena_init(&arena, arena_memory, sizeof(arena_memory));
    out = (struct rpc_output){ .memory = sent, .size = sizeof(sent) };
    if (rpc_take(&service, true, frame.memory, frame.have, &arena, &call, &out) == RPC_CALL) {
        done = call.handler(NULL, &call, &result, &error);
        if (done) {
            CHECK(rpc_answer(&call, &result, &out));
        } else {
            rpc_fail(&call.header, &error, &out);
        }
    }
}

static void answer_is(const uint8_t *bytes, size_t n)
{
    EQ(out.used, n);
    EQ(memcmp(sent, bytes, n), 0);
}

CASE(answer, .text = "a call is decoded, carried out, and answered")
{
    static const uint8_t message[] = { HEADER(36, 23, 0, 9, 0), ECHO };
    static const uint8_t wanted[] = { HEADER(56, 23, 1, 9, 0), ECHO, UUID, 0, 0, 0, 7 };

    serve(message, sizeof(message));
    answer_is(wanted, sizeof(wanted));
}

CASE(error, .text = "a call that fails is answered with its error")
{
    static const uint8_t message[] = { HEADER(36, 23, 0, 9, 0), 0, 0, 0, 1, 'x', 0, 0, 0 };
    static const uint8_t wanted[] = { HEADER(92, 23, 1, 9, 1),
                                      0,
                                      0,
                                      0,
                                      42,
                                      0,
                                      0,
                                      0,
                                      20,
                                      0,
                                      0,
                                      0,
                                      1,
                                      0,
                                      0,
                                      0,
                                      13,
                                      'n',
                                      'o',
                                      ' ',
                                      'd',
                                      'o',
                                      'm',
                                      'a',
                                      'i',
                                      'n',
                                      ' ',
                                      '\'',
                                      'x',
                                      '\'',
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      2,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      255,
                                      255,
                                      255,
                                      255,
                                      255,
                                      255,
                                      255,
                                      255,
                                      0,
                                      0,
                                      0,
                                      0 };

    serve(message, sizeof(message));
    answer_is(wanted, sizeof(wanted));
}

CASE(undecodable, .text = "a string that is longer than the message, and any cut, is an error")
{
    uint8_t message[] = { HEADER(36, 23, 0, 9, 0), ECHO };

    for (uint8_t n = 28; n < 36; n++) {
        message[3] = n;
        serve(message, n);
        EQ(sent[31], REMOTE_ERR_RPC);
        EQ(memcmp(sent + 44, "Unable to decode", 16), 0);
    }
    message[3] = 36;
    for (unsigned i = 28; i < 32; i++) {
        message[i] = 0xff;
        serve(message, 36);
        EQ(sent[31], REMOTE_ERR_RPC);
        EQ(memcmp(sent + 44, "Unable to decode", 16), 0);
    }
}
