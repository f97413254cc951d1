/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One run with foreign bytes. They are fed as a connection's would be, each buffer and each message
 * in memory of exactly its size, and everything that comes out is compared with a plain reading of
 * the same bytes that knows nothing of XDR, arenas and states:
 *
 *   - the same messages come, at the same places, whatever the buffers;
 *   - each CALL gets exactly one reply, with its program, version, procedure and serial, and with
 *     the error that user/rpc/include/lykos/rpc.h says, or it is carried out; PING gets PONG;
 *     anything else gets nothing;
 *   - what was decoded, encoded, and decoded again is the same;
 *   - at the end, whatever came before, a new client is heard.
 *
 * data[0]: bit 0: the connection is open, bits 1 and 2: memory for a message, bit 3: the frame is
 * told that the client went, bits 4 and 5: memory for arguments, 0: enough. data[1], modulo 8: how
 * many bytes follow that say how long the buffers are, in turn (none: all in one). Then the bytes.
 */
#include "one.h"

#include <lykos/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 4096u

#define MUST(e)                                                                                    \
    do {                                                                                           \
        if (!(e)) {                                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #e);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* --- A plain reading. */

static const uint8_t auth_list[28] = {
    0, 0, 0, 0x1c, 0x20, 0, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 0, 0x42
};

struct reading {
    const uint8_t *bytes;
    size_t n;
    bool begins[BYTES_MAX]; /* a buffer starts here */
    size_t at;              /* read so far */
    bool lost;
    const uint8_t *message; /* the last one */
    size_t length;
};

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What comes next in the messages of this client, and where it ends. */
static enum rpc_frame_event read_message(const struct reading *r, size_t memory, size_t *end)
{
    size_t length;

    *end = r->n;
    if (r->lost || r->n - r->at < 4) {
        return RPC_FRAME_NEED_MORE;
    }
    length = word(r->bytes + r->at);
    if (length < 28 || length > 33554436) {
        *end = r->at + 4;
        return RPC_FRAME_LOST;
    }
    if (r->n - r->at < length) {
        return RPC_FRAME_NEED_MORE;
    }
    *end = r->at + length;
    return length > memory ? RPC_FRAME_TOO_LONG : RPC_FRAME_MESSAGE;
}

/* What comes next: that, or another client not behind it. */
static enum rpc_frame_event read_next(struct reading *r, size_t memory)
{
    size_t end;
    enum rpc_frame_event event = read_message(r, memory, &end);

    for (size_t q = r->at + 1; q <= end; q++) {
        if (q >= 28 && r->begins[q - 28] && memcmp(r->bytes + q - 28, auth_list, 28) == 0) {
            event = RPC_FRAME_NEW_CLIENT;
            end = q;
            r->at = q - 28;
        }
    }
    r->lost = event == RPC_FRAME_LOST || (r->lost && event == RPC_FRAME_NEED_MORE);
    if (event != RPC_FRAME_NEED_MORE) {
        r->message = r->bytes + r->at;
        r->length = end - r->at;
        r->at = end;
    }
    return event;
}

/* What each procedure takes: i a word, s a string, u 16 bytes, ? the next one or not. */
static const char *signature(uint32_t procedure)
{
    switch (procedure) {
    case 1:
        return "?si";
    case 2:
    case 3:
    case 4:
    case 6:
    case 25:
    case 51:
    case 59:
    case 66:
    case 110:
    case 122:
    case 157:
    case 360:
    case 361:
        return "";
    case 12:
    case 15:
    case 16:
    case 19:
    case 28:
    case 33:
    case 34:
    case 121:
    case 150:
    case 151:
        return "sui";
    case 27:
    case 183:
    case 212:
    case 234:
    case 245:
    case 426:
        return "suii";
    case 21:
    case 22:
    case 37:
    case 60:
    case 203:
    case 317:
        return "i";
    case 23:
        return "s";
    case 24:
        return "u";
    case 273:
        return "ii";
    case 316:
        return "i?d";
    default:
        return NULL;
    }
}

/* Are there arguments like this? d: a domain. */
static bool fits(const uint8_t **at, size_t *left, const char *sig)
{
    for (; *sig != '\0'; sig++) {
        size_t need = *sig == 'u' ? 16 : 4;
        uint64_t more = 0;

        if (*sig == 'd') {
            if (!fits(at, left, "sui")) {
                return false;
            }
            continue;
        }
        if (*left < need) {
            return false;
        }
        if (*sig == '?' && word(*at) == 0) {
            sig++;
        } else if (*sig == 's') {
            more = ((uint64_t)word(*at) + 3) / 4 * 4;
        }
        *at += need;
        *left -= need;
        if (more > *left) {
            return false;
        }
        *at += more;
        *left -= more;
    }
    return true;
}

static const char undecodable[] = "Unable to decode message payload";

/* What is to become of a message: the text of an error, "" to be carried out, "PONG", or null: not
 * answered. */
static const char *verdict_on(const uint8_t *m, size_t length, size_t have, bool open)
{
    uint32_t program = word(m + 4), version = word(m + 8), procedure = word(m + 12);
    const char *sig = signature(procedure);
    const uint8_t *at = m + 28;
    size_t left = have - 28;

    if (word(m + 16) != 0) {
        bool ping = program == 0x6b656570 && version == 1 && procedure == 1 && word(m + 16) == 2;

        return ping ? "PONG" : NULL;
    }
    if (program != 0x20008086 || version != 1) {
        return "Cannot find program ";
    }
    if (word(m + 24) != 0) {
        return "Unexpected message status ";
    }
    if (sig == NULL) {
        return "unknown procedure: ";
    }
    if (have < length) {
        return "message of ";
    }
    if (!fits(&at, &left, sig)) {
        return undecodable;
    }
    if (!open && procedure != 66 && procedure != 1 && procedure != 2 &&
        !(procedure == 60 && word(m + 28) == 10)) {
        return "connection not open";
    }
    return "";
}

/* --- What is compared with it. */

static bool handler(void *client, const struct rpc_call *call, void *result,
                    struct rpc_error *error)
{
    (void)client;
    (void)call;
    (void)result;
    (void)error;
    return true;
}

const struct rpc_service rpc_one_service = { {
#define RPC_PROCEDURE(name, arguments, result, when) [RPC_##name] = handler,
#include <lykos/rpc_procedures.def>
#undef RPC_PROCEDURE
} };

struct sent {
    uint8_t *memory;
    struct rpc_output out;
};

static struct sent room_for(size_t n)
{
    struct sent s = { .memory = malloc(n) };

    s.out = (struct rpc_output){ .memory = s.memory, .size = n };
    return s;
}

/* A structure decoded from payload, written as a call of `p`, and decoded again is the same. */
static void check_twice(const struct rpc_procedure *p, const void *arguments)
{
    struct sent first = room_for(BYTES_MAX + RPC_HEADER_BYTES), second = first;
    void *memory = malloc(RPC_ARENA_FOR(BYTES_MAX));
    struct rpc_arena arena;
    void *again;

    second = room_for(BYTES_MAX + RPC_HEADER_BYTES);
    rpc_arena_init(&arena, memory, RPC_ARENA_FOR(BYTES_MAX));
    MUST(rpc_call_encode(p, 1, arguments, &first.out));
    again = rpc_arena_alloc(&arena, p->arguments_size);
    MUST(rpc_decode(p->arguments, again, first.memory + RPC_HEADER_BYTES,
                    first.out.used - RPC_HEADER_BYTES, &arena));
    MUST(rpc_call_encode(p, 1, again, &second.out));
    MUST(first.out.used == second.out.used);
    MUST(memcmp(first.memory, second.memory, first.out.used) == 0);
    free(first.memory);
    free(second.memory);
    free(memory);
}

/* Answer a call with a result that is made of its payload, if that can be one. */
static bool answer(struct rpc_call *call, const uint8_t *payload, size_t n, struct rpc_output *out)
{
    const struct rpc_procedure *p = call->procedure;
    size_t size = 40 * BYTES_MAX;
    void *memory = malloc(size);
    struct rpc_arena arena;
    void *result;
    bool is_one, sent;

    rpc_arena_init(&arena, memory, size);
    result = rpc_arena_alloc(&arena, p->result_size);
    is_one = rpc_decode(p->result, result, payload, n, &arena);
    if (!is_one) {
        memset(result, 0, p->result_size); /* nor is a half decoded one */
    }
    sent = rpc_answer(call, result, out);
    MUST(sent || !is_one);
    free(memory);
    return sent;
}

/* A reply to m, with this status; with an error, this is how its text begins. */
static void check_reply(const uint8_t *m, const struct rpc_output *out, uint32_t status,
                        const char *text)
{
    const uint8_t *reply = out->memory;
    uint32_t code = strcmp(text, "connection not open") == 0 ? 1 : 39;

    MUST(out->used >= 28 && out->used % 4 == 0 && word(reply) == out->used);
    MUST(memcmp(reply + 4, m + 4, 12) == 0);
    MUST(word(reply + 16) == 1);
    MUST(memcmp(reply + 20, m + 20, 4) == 0);
    MUST(word(reply + 24) == status);
    if (status == 1 && text[0] != '\0') {
        MUST(word(reply + 28) == code && word(reply + 32) == 7);
        MUST(memcmp(reply + 44, text, strlen(text)) == 0);
    }
}

/* A message that came, of which the first `have` bytes are there. */
static void check_message(const uint8_t *m, size_t length, const uint8_t *memory, size_t have,
                          size_t arena_size, bool *open)
{
    static const uint8_t pong[] = { 0, 0, 0, 28, 0x6b, 0x65, 0x65, 0x70, 0, 0, 0, 1, 0, 0,
                                    0, 2, 0, 0,  0,    2,    0,    0,    0, 0, 0, 0, 0, 0 };
    const char *wanted = verdict_on(m, length, have, *open);
    uint8_t *exact = malloc(have);
    void *arena_memory = malloc(arena_size);
    struct sent s = room_for(BYTES_MAX + RPC_ERROR_BYTES);
    struct rpc_arena arena;
    struct rpc_call call;
    enum rpc_verdict verdict;

    MUST(have <= length && memcmp(m, memory, have) == 0);
    memcpy(exact, memory, have);
    rpc_arena_init(&arena, arena_memory, arena_size);
    verdict = rpc_take(&rpc_one_service, *open, exact, have, &arena, &call, &s.out);
    if (arena.error != 0) {
        MUST(arena_size < RPC_ARENA_FOR(have) || strcmp(wanted, undecodable) == 0);
        wanted = undecodable;
    }
    if (wanted == NULL) {
        MUST(verdict == RPC_DROP && s.out.used == 0);
    } else if (strcmp(wanted, "PONG") == 0) {
        MUST(verdict == RPC_ANSWER && s.out.used == 28);
        MUST(memcmp(s.memory, pong, 28) == 0);
    } else if (wanted[0] != '\0') {
        MUST(verdict == RPC_ANSWER);
        check_reply(m, &s.out, 1, wanted);
        MUST(s.out.used <= RPC_ERROR_BYTES);
    } else {
        MUST(verdict == RPC_CALL && s.out.used == 0 && call.handler == handler);
        check_twice(call.procedure, call.arguments);
        check_reply(m, &s.out, answer(&call, exact + 28, have - 28, &s.out) ? 0 : 1, "");
        *open = word(m + 12) == 1 || (*open && word(m + 12) != 66 && word(m + 12) != 2);
    }
    free(exact);
    free(arena_memory);
    free(s.memory);
}

/* --- The run. */

/* How long the next buffer is. */
static size_t next_size(const uint8_t *sizes, size_t count, size_t i, size_t left)
{
    size_t n = count == 0 ? left : sizes[i % count] + 1u;

    return n < left ? n : left;
}

static void feed_buffer(struct rpc_frame *f, struct reading *r, size_t at, size_t n,
                        size_t arena_size, bool *open)
{
    uint8_t *exact = malloc(n);
    struct rpc_input in = rpc_input(exact, n);
    enum rpc_frame_event event;

    memcpy(exact, r->bytes + at, n);
    while ((event = rpc_frame_feed(f, &in)) != RPC_FRAME_NEED_MORE) {
        MUST(rpc_frame_check(f));
        MUST(event == read_next(r, f->size));
        MUST(r->at == at + n - in.left); /* as soon as it is there */
        if (event == RPC_FRAME_LOST || event == RPC_FRAME_NEW_CLIENT) {
            *open = false;
        }
        if (event != RPC_FRAME_LOST) {
            check_message(r->message, r->length, f->memory, f->have,
                          arena_size != 0 ? arena_size : RPC_ARENA_FOR(f->have), open);
        }
    }
    MUST(rpc_frame_check(f) && in.left == 0);
    free(exact);
}

/* Another client is heard, at its last byte. */
static void check_heard(struct rpc_frame *f)
{
    struct rpc_input in = rpc_input(auth_list, sizeof(auth_list));
    enum rpc_frame_event event, last = RPC_FRAME_NEED_MORE;
    size_t left = 0;

    while ((event = rpc_frame_feed(f, &in)) != RPC_FRAME_NEED_MORE) {
        last = event;
        left = in.left;
    }
    MUST(last == RPC_FRAME_NEW_CLIENT && left == 0);
}

void rpc_one(const uint8_t *data, size_t n)
{
    static const size_t memories[] = { RPC_CALL_MAX, 28, 64, 201 };
    static const size_t arenas[] = { 0, 8, 40, 55 };
    static struct reading r;
    struct rpc_frame f;
    uint8_t *memory;
    size_t count;
    bool open;

    if (n < 2 || n < 2 + (count = data[1] % 8u) || n > BYTES_MAX) {
        return;
    }
    open = (data[0] & 1) != 0;
    memory = malloc(memories[data[0] / 2 % 4]);
    rpc_frame_init(&f, memory, memories[data[0] / 2 % 4]);
    r = (struct reading){ .bytes = data + 2 + count, .n = n - 2 - count };
    for (size_t at = 0, i = 0; at < r.n; i++) {
        r.begins[at] = true;
        at += next_size(data + 2, count, i, r.n - at);
    }
    for (size_t at = 0, i = 0; at < r.n; i++) {
        size_t size = next_size(data + 2, count, i, r.n - at);

        feed_buffer(&f, &r, at, size, arenas[data[0] / 16 % 4], &open);
        at += size;
    }
    MUST(read_next(&r, f.size) == RPC_FRAME_NEED_MORE);
    MUST(f.lost == r.lost);
    if ((data[0] & 8) != 0) {
        rpc_frame_await_client(&f);
    }
    check_heard(&f);
    free(memory);
}
