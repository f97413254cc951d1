/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory for one message: what is decoded from it, and what its answer is made of. It is handed out
 * from a piece of memory of the caller's, from the beginning on, and given back all at once. When
 * it is used up there is no more: so a message costs bounded memory, whatever it says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is handed out is aligned to so many bytes. */
#define RPC_ARENA_ALIGN 8u

struct rpc_arena {
    uint8_t *memory; /* const after init */
    size_t size;     /* in bytes; const after init */
    size_t used;     /* in bytes, a multiple of RPC_ARENA_ALIGN, at most size */
    int error;       /* not 0: more was asked for than there was */
};

/* Use `size` bytes at `memory`, aligned to RPC_ARENA_ALIGN. */
void rpc_arena_init(struct rpc_arena *a, void *memory, size_t size);

/* Memory of so many bytes, all zero. Null, and a->error set, if there is not so much left. */
void *rpc_arena_alloc(struct rpc_arena *a, size_t bytes);

/* A copy of a text, with the zero that ends it. Null as above. */
char *rpc_arena_text(struct rpc_arena *a, const char *text);

/* Take everything back. */
void rpc_arena_reset(struct rpc_arena *a);
