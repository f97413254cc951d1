/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages of libvirt's remote protocol. See <lykos/rpc.h>.
 */
#include <lykos/rpc.h>
#include <lykos/say.h>
#include <stdarg.h>

/* Not a macro of newlib's that casts away what a function takes: XDR functions are called through
 * these, one for each structure. */
#define CODEC(name, structure)                                                                     \
    bool_t name(XDR *stream, void *data)                                                           \
    {                                                                                              \
        return xdr_##structure(stream, data);                                                      \
    }

CODEC(rpc_codec_error, remote_error)
CODEC(rpc_codec_lifecycle, remote_lifecycle)
static CODEC(codec_header, remote_header)

    /* What has no bytes on the wire. */
    typedef char none;

static bool_t xdr_none(XDR *stream, none *data)
{
    (void)stream;
    (void)data;
    return TRUE;
}

#define RPC_PROCEDURE(name, arguments, result, when)                                               \
    static CODEC(arguments_of_##name, arguments) static CODEC(result_of_##name, result)
#include <lykos/rpc_procedures.def>
#undef RPC_PROCEDURE

const struct rpc_procedure rpc_procedures[RPC_PROCEDURES] = {
#define RPC_PROCEDURE(name_, arguments_, result_, when_)                                           \
    [RPC_##name_] = { .number = REMOTE_##name_,                                                    \
                      .name = #name_,                                                              \
                      .arguments = arguments_of_##name_,                                           \
                      .arguments_size = sizeof(arguments_),                                        \
                      .result = result_of_##name_,                                                 \
                      .result_size = sizeof(result_),                                              \
                      .when = RPC_##when_ },
#include <lykos/rpc_procedures.def>
#undef RPC_PROCEDURE
};

void rpc_error_set(struct rpc_error *e, int32_t code, int32_t domain, const char *format, ...)
{
    va_list args;

    e->code = code;
    e->domain = domain;
    va_start(args, format);
    lk_vformat(e->text, sizeof(e->text), format, args);
    va_end(args);
}

/* A stream over so many bytes. newlib's type for a length is 32 bits wide, and its pointer one to
 * bytes that may be written; a stream that decodes does not write. */
static XDR stream_over(const uint8_t *bytes, size_t n, enum xdr_op op)
{
    XDR stream = { .x_public = NULL };
    u_int length = n < RPC_LENGTH_MAX ? (u_int)n : RPC_LENGTH_MAX;

    xdrmem_create(&stream, (char *)(uintptr_t)bytes, length, op);
    return stream;
}

bool rpc_decode(rpc_codec *codec, void *data, const uint8_t *payload, size_t bytes,
                struct rpc_arena *arena)
{
    XDR stream = stream_over(payload, bytes, XDR_DECODE);

    stream.x_public = (char *)arena; /* see xdr_port.h */
    return codec(&stream, data) != FALSE;
}

void rpc_read_header(const uint8_t *message, remote_header *header)
{
    struct rpc_arena nothing = { .size = 0 };

    rpc_decode(codec_header, header, message, RPC_HEADER_BYTES, &nothing);
}

/* Write a message. False, and nothing to be sent: it does not fit, or cannot be encoded. */
static bool encode(remote_header header, rpc_codec *codec, const void *payload,
                   struct rpc_output *out)
{
    XDR stream = stream_over(out->memory, out->size, XDR_ENCODE);

    out->used = 0;
    header.length = 0;
    /* Encoding does not write what it encodes. */
    if (!codec_header(&stream, &header) || !codec(&stream, (void *)(uintptr_t)payload)) {
        return false;
    }
    header.length = xdr_getpos(&stream);
    out->used = header.length;
    stream = stream_over(out->memory, RPC_HEADER_BYTES, XDR_ENCODE);
    return codec_header(&stream, &header) != FALSE;
}

static remote_header reply_to(const remote_header *call, enum remote_status status)
{
    remote_header reply = *call;

    reply.type = REMOTE_TYPE_REPLY;
    reply.status = status;
    return reply;
}

void rpc_fail(const remote_header *call, const struct rpc_error *error, struct rpc_output *out)
{
    char *text = (char *)(uintptr_t)error->text; /* is not written */
    remote_error payload = {
        .code = error->code,
        .domain = error->domain,
        .message = &text,
        .level = REMOTE_LEVEL_ERROR,
        .int1 = -1,
        .int2 = -1,
    };

    encode(reply_to(call, REMOTE_STATUS_ERROR), rpc_codec_error, &payload, out);
}

bool rpc_answer(const struct rpc_call *call, const void *result, struct rpc_output *out)
{
    const struct rpc_procedure *p = call->procedure;
    struct rpc_error error;

    if (encode(reply_to(&call->header, REMOTE_STATUS_OK), p->result, result, out)) {
        return true;
    }
    rpc_error_set(&error, REMOTE_ERR_INTERNAL, REMOTE_FROM_RPC,
                  "the answer of procedure %d is too long, or cannot be encoded", p->number);
    rpc_fail(&call->header, &error, out);
    return false;
}

bool rpc_event_lifecycle(const remote_lifecycle *event, struct rpc_output *out)
{
    remote_header header = {
        .prog = REMOTE_PROGRAM,
        .vers = REMOTE_VERSION,
        .procedure = REMOTE_DOMAIN_EVENT_LIFECYCLE,
        .type = REMOTE_TYPE_MESSAGE,
    };

    return encode(header, rpc_codec_lifecycle, event, out);
}

bool rpc_call_encode(const struct rpc_procedure *p, uint32_t serial, const void *arguments,
                     struct rpc_output *out)
{
    remote_header header = {
        .prog = REMOTE_PROGRAM,
        .vers = REMOTE_VERSION,
        .procedure = p->number,
        .type = REMOTE_TYPE_CALL,
        .serial = serial,
    };

    return encode(header, p->arguments, arguments, out);
}

/* Keepalive has a program of its own; what it sends is no call. */
static bool is_keepalive(const remote_header *h)
{
    return h->prog == REMOTE_KEEPALIVE_PROGRAM && h->vers == REMOTE_VERSION &&
           h->type == REMOTE_TYPE_MESSAGE;
}

static enum rpc_verdict take_keepalive(const remote_header *h, struct rpc_output *out)
{
    remote_header pong = *h;

    if (h->procedure != REMOTE_KEEPALIVE_PING) {
        return RPC_DROP;
    }
    pong.procedure = REMOTE_KEEPALIVE_PONG;
    pong.serial = 0;
    pong.status = REMOTE_STATUS_OK;
    encode(pong, arguments_of_CONNECT_CLOSE, NULL, out); /* nothing */
    return RPC_ANSWER;
}

/* Find what the call asks for. */
static bool find(const struct rpc_service *service, struct rpc_call *call)
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        if (rpc_procedures[i].number == call->header.procedure && service->handler[i] != NULL) {
            call->procedure = &rpc_procedures[i];
            call->handler = service->handler[i];
            return true;
        }
    }
    return false;
}

/* May a client that has not opened its connection call this? */
static bool may_precede_open(const struct rpc_call *call)
{
    switch (call->procedure->when) {
    case RPC_ANY_TIME:
        return true;
    case RPC_BY_FEATURE:
        return ((const remote_int *)call->arguments)->value == REMOTE_FEATURE_KEEPALIVE;
    case RPC_AFTER_OPEN:
        break;
    }
    return false;
}

static bool decode_arguments(const uint8_t *message, size_t have, struct rpc_call *call)
{
    const struct rpc_procedure *p = call->procedure;

    call->arguments = rpc_arena_alloc(call->arena, p->arguments_size);
    return call->arguments != NULL &&
           rpc_decode(p->arguments, call->arguments, message + RPC_HEADER_BYTES,
                      have - RPC_HEADER_BYTES, call->arena);
}

/* What a message of the type CALL is refused for; true: it is a call. */
static bool take_call(const struct rpc_service *service, bool open, const uint8_t *message,
                      size_t have, struct rpc_call *call, struct rpc_error *error)
{
    const remote_header *h = &call->header;

    if (h->status != REMOTE_STATUS_OK) {
        rpc_error_set(error, REMOTE_ERR_RPC, REMOTE_FROM_RPC, "Unexpected message status %u",
                      h->status);
        return false;
    }
    if (!find(service, call)) {
        rpc_error_set(error, REMOTE_ERR_RPC, REMOTE_FROM_RPC, "unknown procedure: %d",
                      h->procedure);
        return false;
    }
    if (have < h->length) {
        rpc_error_set(error, REMOTE_ERR_RPC, REMOTE_FROM_RPC, "message of %u bytes is too long",
                      h->length);
        return false;
    }
    if (!decode_arguments(message, have, call)) {
        rpc_error_set(error, REMOTE_ERR_RPC, REMOTE_FROM_RPC, "Unable to decode message payload");
        return false;
    }
    if (!open && !may_precede_open(call)) {
        rpc_error_set(error, REMOTE_ERR_INTERNAL, REMOTE_FROM_RPC, "connection not open");
        return false;
    }
    return true;
}

enum rpc_verdict rpc_take(const struct rpc_service *service, bool open, const uint8_t *message,
                          size_t have, struct rpc_arena *arena, struct rpc_call *call,
                          struct rpc_output *out)
{
    struct rpc_error error;
    remote_header *h = &call->header;

    *call = (struct rpc_call){ .arena = arena };
    out->used = 0;
    rpc_read_header(message, h);
    if (is_keepalive(h)) {
        return take_keepalive(h, out);
    }
    if (h->type != REMOTE_TYPE_CALL) {
        return RPC_DROP;
    }
    if (h->prog != REMOTE_PROGRAM || h->vers != REMOTE_VERSION) {
        rpc_error_set(&error, REMOTE_ERR_RPC, REMOTE_FROM_RPC, "Cannot find program %d version %d",
                      (int)h->prog, (int)h->vers);
    } else if (take_call(service, open, message, have, call, &error)) {
        return RPC_CALL;
    }
    rpc_fail(h, &error, out);
    return RPC_ANSWER;
}
