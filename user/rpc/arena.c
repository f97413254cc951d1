/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory for one message. See <lykos/rpc_arena.h>.
 */
#include <lykos/rpc_arena.h>
#include <lykos/string.h>

#define ERROR_NO_MEMORY 12 /* as newlib's XDR says it, too */

void rpc_arena_init(struct rpc_arena *a, void *memory, size_t size)
{
    *a = (struct rpc_arena){ .memory = memory, .size = size - size % RPC_ARENA_ALIGN };
}

void *rpc_arena_alloc(struct rpc_arena *a, size_t bytes)
{
    uint8_t *found = a->memory + a->used;

    if (bytes > a->size - a->used) {
        a->error = ERROR_NO_MEMORY;
        return NULL;
    }
    /* Does not overflow, nor go over the end: size and used are multiples. */
    a->used += (bytes + RPC_ARENA_ALIGN - 1) / RPC_ARENA_ALIGN * RPC_ARENA_ALIGN;
    memset(found, 0, bytes);
    return found;
}

char *rpc_arena_text(struct rpc_arena *a, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = rpc_arena_alloc(a, bytes);

    if (copy != NULL) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

void rpc_arena_reset(struct rpc_arena *a)
{
    a->used = 0;
    a->error = 0;
}
