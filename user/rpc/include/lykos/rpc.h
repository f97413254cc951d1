/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages of libvirt's remote protocol, as a server sees them: what a message asks for, what can
 * be answered without asking anybody, and the encoding of answers. Without system calls and without
 * state: all that a function works with is given to it, so any number of threads may call them at
 * once, each with arguments of its own.
 *
 *     switch (rpc_take(&service, client->open, frame->memory, frame->have, &arena, &call, &out)) {
 *     case RPC_DROP:
 *         break;
 *     case RPC_ANSWER:
 *         (send out)
 *         break;
 *     case RPC_CALL:
 *         rpc_answer(&call, call.handler(client, &call, result, &error) ? result : NULL, ...);
 *     }
 *
 * Layouts are in remote.x, the list of procedures in rpc_procedures.def. Data is XDR (RFC 4506);
 * what libvirtd does with a message that is not as it should be is done here, too.
 */
#pragma once

#include <lykos/rpc_arena.h>
#include <lykos/rpc_frame.h>
#include <remote.h>

/* Memory that the arguments of a call of so many bytes take up at most, and of RPC_CALL_MAX. */
#define RPC_ARENA_FOR(bytes) (2u * (bytes) + 512u)
#define RPC_ARENA_BYTES RPC_ARENA_FOR(RPC_CALL_MAX)

/* The text of an error, at most; and what its message takes up. */
#define RPC_TEXT_MAX 255u
#define RPC_ERROR_BYTES (RPC_HEADER_BYTES + 48u + RPC_TEXT_MAX + 1u)

/* The place of each procedure in tables; its number is another matter. */
enum rpc_procedure_index {
#define RPC_PROCEDURE(name, arguments, result, when) RPC_##name,
#include <lykos/rpc_procedures.def>
#undef RPC_PROCEDURE
    RPC_PROCEDURES
};

/* When a client may call it: see rpc_procedures.def. */
enum rpc_when { RPC_ANY_TIME, RPC_AFTER_OPEN, RPC_BY_FEATURE };

/* Encodes or decodes (the stream says which) one structure of remote.x. */
typedef bool_t rpc_codec(XDR *stream, void *data);

/* One procedure, and what it takes and gives. */
struct rpc_procedure {
    int32_t number;
    const char *name;
    rpc_codec *arguments;
    size_t arguments_size; /* of the structure, in bytes; not 0 */
    rpc_codec *result;
    size_t result_size;
    enum rpc_when when;
};

/* By enum rpc_procedure_index, and so in the order of their numbers but for the gaps. */
extern const struct rpc_procedure rpc_procedures[RPC_PROCEDURES];

/* Why a call failed. Kept by value, so that it holds no memory. */
struct rpc_error {
    int32_t code;                /* enum remote_error_code */
    int32_t domain;              /* enum remote_error_domain */
    char text[RPC_TEXT_MAX + 1]; /* a whole sentence: the user is shown this and nothing else */
};

/* printf-like (<lykos/say.h>); what is too long is cut off. */
void rpc_error_set(struct rpc_error *e, int32_t code, int32_t domain, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct rpc_call;

/* Carry out one call, all of whose arguments are decoded. `result` is zero, and of the procedure's
 * result_size; what it points to may come from the arena of the call. False: nothing was done, or
 * not all of it, and *error says why. */
typedef bool (*rpc_handler)(void *client, const struct rpc_call *call, void *result,
                            struct rpc_error *error);

/* What a server can do. No handler: the procedure is unknown there. */
struct rpc_service {
    rpc_handler handler[RPC_PROCEDURES];
};

/* A call to be carried out. */
struct rpc_call {
    remote_header header;
    const struct rpc_procedure *procedure;
    rpc_handler handler;
    void *arguments;         /* a structure of remote.x, in the arena */
    struct rpc_arena *arena; /* of this message; for the result, too */
};

/* Where a message to be sent is put. */
struct rpc_output {
    uint8_t *memory; /* aligned to 4 bytes */
    size_t size;     /* at least RPC_ERROR_BYTES, so that there is room to say what is wrong */
    size_t used;     /* out: length of the message */
};

enum rpc_verdict {
    RPC_DROP,   /* nothing is to be done, and nothing to be answered */
    RPC_ANSWER, /* *out is to be sent, and that is all */
    RPC_CALL,   /* *call is to be carried out and answered once, with rpc_answer() or rpc_fail() */
};

/* Look at a message: `have` bytes at `message`, which is aligned to 4 bytes; less than its header
 * says if it was too long to be kept (RPC_FRAME_TOO_LONG), at least the header. `open`: the client
 * has opened its connection. In this order, the first that applies:
 *
 *   PING                                        PONG; other keepalive messages are dropped
 *   neither CALL nor known program and version  dropped
 *   unknown program or version                  error 39, under that program and version
 *   not a CALL                                  dropped
 *   status not 0                                error 39
 *   unknown procedure                           error 39, "unknown procedure: ..."
 *   too long                                    error 39
 *   arguments do not decode                     error 39, "Unable to decode message payload"
 *   not before CONNECT_OPEN                     error 1, "connection not open"
 *
 * What follows the arguments is ignored. Arguments that take more than the arena has do not decode;
 * one of RPC_ARENA_FOR(have) bytes is enough for all that do. */
enum rpc_verdict rpc_take(const struct rpc_service *service, bool open, const uint8_t *message,
                          size_t have, struct rpc_arena *arena, struct rpc_call *call,
                          struct rpc_output *out);

/* The answer to a call. A result that cannot be sent (too long for the memory or the protocol, or a
 * string that is null) is answered with error 1 instead: then false. */
bool rpc_answer(const struct rpc_call *call, const void *result, struct rpc_output *out);

/* The answer to a call that failed. Takes at most RPC_ERROR_BYTES. */
void rpc_fail(const remote_header *call, const struct rpc_error *error, struct rpc_output *out);

/* DOMAIN_EVENT_LIFECYCLE, which nobody asked for. False: it does not fit. */
bool rpc_event_lifecycle(const remote_lifecycle *event, struct rpc_output *out);

/* For clients and tests: a call, and what came. rpc_read_header() reads the first RPC_HEADER_BYTES;
 * rpc_decode() a structure (whose memory is zero) from the payload. False: does not fit; does not
 * decode. */
bool rpc_call_encode(const struct rpc_procedure *p, uint32_t serial, const void *arguments,
                     struct rpc_output *out);
void rpc_read_header(const uint8_t *message, remote_header *header);
bool rpc_decode(rpc_codec *codec, void *data, const uint8_t *payload, size_t bytes,
                struct rpc_arena *arena);

/* The structures that are not named by a procedure. */
rpc_codec rpc_codec_error;
rpc_codec rpc_codec_lifecycle;
