/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between main.c and wire.c.
 */
#pragma once

#include "kit.h"

#define R_WIRE R_I /* of the case: AppNotice to the initial thread, one bit for each port */

#define PIECES 64u
#define WIRE_OUT 65536u

/* Something that the dispatcher is to read. */
struct piece {
    enum dispatch_news news;
    uint64_t session;
    bool begins;
    size_t bytes;
    uint8_t data[DISPATCH_CHUNK];
};

/* One port. The case writes all but `read` and, of what comes back, `got` and `room`. */
struct wire {
    struct piece piece[PIECES];
    volatile uint64_t put, read; /* pieces so far */
    volatile uint64_t is_void;   /* data before this piece is void */
    volatile uint64_t session;
    volatile bool open;
    volatile size_t room; /* for so many bytes more */
    volatile size_t got;
    uint8_t out[WIRE_OUT] __attribute__((aligned(8)));
};

static inline const struct piece *wire_piece(const struct wire *w)
{
    return &w->piece[w->read % PIECES];
}

extern const struct dispatch_transport wire_transport;

void wire_reset(void);
