/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where messages begin and end. See <lykos/rpc_frame.h>.
 *
 * Another client may begin at the start of each receive buffer. While one possible beginning goes
 * on into a second buffer, that may be a beginning as well, so all that are possible are followed
 * at the same time: one bit for each, which moves up by one place with each byte that fits. Even
 * when one is complete the others are followed on: the first bytes may have been those that a
 * client which went had left behind, and only the last byte the new one's first.
 */
#include <lykos/rpc_frame.h>
#include <lykos/string.h>

#define LENGTH_BYTES 4u

/* AUTH_LIST, with serial 0. */
static const uint8_t new_client[RPC_HEADER_BYTES] = {
    0x00, 0x00, 0x00, 0x1c, /* length */
    0x20, 0x00, 0x80, 0x86, /* program */
    0x00, 0x00, 0x00, 0x01, /* version */
    0x00, 0x00, 0x00, 0x42, /* procedure */
    0x00, 0x00, 0x00, 0x00, /* type, serial, status */
    0x00, 0x00, 0x00, 0x00, /* */
    0x00, 0x00, 0x00, 0x00, /* */
};
#define MATCHES_ALL (1u << (RPC_HEADER_BYTES - 1))

void rpc_frame_init(struct rpc_frame *f, void *memory, size_t size)
{
    *f = (struct rpc_frame){ .memory = memory, .size = size };
}

void rpc_frame_await_client(struct rpc_frame *f)
{
    rpc_frame_init(f, f->memory, f->size);
    f->lost = true;
}

/* Follow the possible beginnings by one byte. */
static void watch(struct rpc_frame *f, uint8_t byte, bool begins)
{
    uint32_t possible = (f->matches << 1) | (begins ? 1u : 0u);

    f->matches = 0;
    for (unsigned i = 0; i < RPC_HEADER_BYTES && possible >> i != 0; i++) {
        if ((possible >> i & 1) != 0 && new_client[i] == byte) {
            f->matches |= 1u << i;
        }
    }
}

/* Step over bytes of this client, at most so many: up to the end of the buffer, or to where another
 * client is complete. They are stored at `to`, if that is not null. Returns how many. */
static uint32_t step(struct rpc_frame *f, struct rpc_input *in, uint32_t most, uint8_t *to)
{
    uint32_t n = in->left < most ? (uint32_t)in->left : most;

    for (uint32_t i = 0; i < n && (in->begins || f->matches != 0); i++) {
        watch(f, in->at[i], in->begins);
        in->begins = false;
        if ((f->matches & MATCHES_ALL) != 0) {
            n = i + 1;
        }
    }
    if (to != NULL) {
        memcpy(to, in->at, n);
    }
    in->at += n;
    in->left -= n;
    return n;
}

static bool client_came(const struct rpc_frame *f)
{
    return (f->matches & MATCHES_ALL) != 0;
}

/* Take bytes of the message up to its byte `until`; those up to `keep` are stored. Returns whether
 * it has come so far, and no other client came. */
static bool take(struct rpc_frame *f, struct rpc_input *in, uint32_t until, uint32_t keep)
{
    while (f->seen < until && in->left > 0 && !client_came(f)) {
        bool store = f->seen < keep;
        uint32_t most = (store ? keep : until) - f->seen;
        uint32_t n = step(f, in, most, store ? f->memory + f->have : NULL);

        f->have += store ? n : 0;
        f->seen += n;
    }
    return f->seen == until && !client_came(f);
}

static uint32_t read_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Nothing is known of what comes, but that it may be the rest of another client's beginning. */
static void lose(struct rpc_frame *f)
{
    uint32_t matches = f->matches;

    rpc_frame_await_client(f);
    f->matches = matches;
}

/* Read on in the messages of this client. NEED_MORE, too, if another came. */
static enum rpc_frame_event read_message(struct rpc_frame *f, struct rpc_input *in)
{
    uint32_t keep;

    if (f->length == 0) {
        if (!take(f, in, LENGTH_BYTES, LENGTH_BYTES)) {
            return RPC_FRAME_NEED_MORE;
        }
        f->length = read_word(f->memory);
        if (f->length < RPC_HEADER_BYTES || f->length > RPC_LENGTH_MAX) {
            lose(f);
            return RPC_FRAME_LOST;
        }
    }
    keep = f->length <= f->size ? f->length : RPC_HEADER_BYTES;
    if (!take(f, in, f->length, keep)) {
        return RPC_FRAME_NEED_MORE;
    }
    f->ready = true;
    return keep == f->length ? RPC_FRAME_MESSAGE : RPC_FRAME_TOO_LONG;
}

/* Another client is there, with its first message whole. Whatever was half read is void. */
static enum rpc_frame_event begin_client(struct rpc_frame *f)
{
    memcpy(f->memory, new_client, RPC_HEADER_BYTES);
    f->length = f->seen = f->have = RPC_HEADER_BYTES;
    f->matches &= ~MATCHES_ALL;
    f->lost = false;
    f->ready = true;
    return RPC_FRAME_NEW_CLIENT;
}

enum rpc_frame_event rpc_frame_feed(struct rpc_frame *f, struct rpc_input *in)
{
    enum rpc_frame_event event = RPC_FRAME_NEED_MORE;

    if (f->ready) {
        f->length = f->seen = f->have = 0;
        f->ready = false;
    }
    if (f->lost) {
        while (in->left > 0 && !client_came(f)) {
            step(f, in, RPC_LENGTH_MAX, NULL);
        }
    } else {
        event = read_message(f, in);
    }
    return client_came(f) ? begin_client(f) : event;
}

bool rpc_frame_check(const struct rpc_frame *f)
{
    if (f->have > f->size || (f->lost && (f->seen != 0 || f->ready))) {
        return false;
    }
    if (f->length == 0) {
        return f->seen < LENGTH_BYTES && f->have == f->seen && !f->ready;
    }
    return f->length >= RPC_HEADER_BYTES && f->length <= RPC_LENGTH_MAX && f->have <= f->seen &&
           (f->ready ? f->seen == f->length : f->seen < f->length);
}
