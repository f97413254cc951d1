/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where messages begin and end on one connection. Bytes are fed as they come, in receive buffers of
 * any size, and whole messages come out, one at a time:
 *
 *     struct rpc_input in = rpc_input(buffer, bytes);
 *
 *     while ((event = rpc_frame_feed(&frame, &in)) != RPC_FRAME_NEED_MORE) {
 *         ...
 *     }
 *
 * Who does not want another message yet does not call again, and keeps `in`: nothing is lost.
 *
 * A message that is longer than the memory given for it is skipped up to its end; of it there is
 * the header. A length that the protocol does not allow would be a reason to hang up, but a guest
 * cannot hang up a virtio-serial port, and where the next message begins is not known. From then
 * on all is ignored until a new client begins.
 *
 * A new client is known by what every client sends first, AUTH_LIST with serial 0, at the start of
 * a receive buffer (QEMU begins a new buffer for a new client), be it split over several buffers.
 * It is seen at any time, also in the middle of a message, for a client may have gone there. One
 * that sends this within a message of its own, at the start of a buffer, harms nobody but itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the header, and so the least length of a message; the most that libvirt allows. */
#define RPC_HEADER_BYTES 28u
#define RPC_LENGTH_MAX 33554436u

/* The usual memory for a message: a longer call is refused. Names and URIs of many times the usual
 * length fit. */
#define RPC_CALL_MAX 16384u

enum rpc_frame_event {
    RPC_FRAME_NEED_MORE,  /* all bytes are used up */
    RPC_FRAME_MESSAGE,    /* a whole message */
    RPC_FRAME_TOO_LONG,   /* a message that was skipped; its header is there */
    RPC_FRAME_LOST,       /* a bad length. Said once; what this client has left behind is to go */
    RPC_FRAME_NEW_CLIENT, /* a whole message: the AUTH_LIST of a client that begins here */
};

/* A receive buffer, or what is left of it. */
struct rpc_input {
    const uint8_t *at;
    size_t left;
    bool begins; /* `at` is the start of the receive buffer */
};

/* State of one connection. `memory` belongs to the caller; the rest may be looked at.
 *
 * INV-FRAME-1  have <= size, and have <= seen.
 * INV-FRAME-2  length is 0, and less than its 4 bytes came; or RPC_HEADER_BYTES..RPC_LENGTH_MAX.
 * INV-FRAME-3  seen < length, or seen == length if the message is ready.
 * INV-FRAME-4  lost: nothing is ready, and nothing was read. */
struct rpc_frame {
    uint8_t *memory;  /* const after init */
    size_t size;      /* of it; const after init */
    uint32_t length;  /* of the message that is coming or ready; 0: not known yet */
    uint32_t seen;    /* bytes of it that came */
    uint32_t have;    /* bytes of it in memory */
    bool ready;       /* it is whole, and was given to the caller */
    bool lost;        /* waits for another client */
    uint32_t matches; /* bit i: the last i + 1 bytes may be the beginning of another client */
};

/* A new connection. `memory` is aligned to 4 bytes and has room for at least RPC_HEADER_BYTES. */
void rpc_frame_init(struct rpc_frame *f, void *memory, size_t size);

/* Go on with the next bytes. After MESSAGE, TOO_LONG and NEW_CLIENT, `have` bytes are in memory
 * until the next call: all of the message, or its header. */
enum rpc_frame_event rpc_frame_feed(struct rpc_frame *f, struct rpc_input *in);

/* One client went, and another may be there already: what was read so far is void, and what comes
 * is ignored until the other begins. To be called whenever a port was closed, before what was
 * received later is fed: or else the new client's bytes may complete a message of the old one. */
void rpc_frame_await_client(struct rpc_frame *f);

/* A receive buffer that has just come. */
static inline struct rpc_input rpc_input(const uint8_t *bytes, size_t n)
{
    return (struct rpc_input){ .at = bytes, .left = n, .begins = true };
}

/* Test of the invariants: true if they hold. */
bool rpc_frame_check(const struct rpc_frame *f);
