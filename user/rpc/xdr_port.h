/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What newlib's XDR asks of the system it is compiled for. Included before each of its files, whose
 * functions all call the stream `xdrs`: so memory comes from the arena of that very stream
 * (rpc_decode() puts it into x_public), and nothing is shared between two streams. Memory that is
 * wanted for nothing but encoding is not asked for: only XDR_DECODE allocates.
 */
#pragma once

#include <lykos/rpc_arena.h>

#define XDR_ARENA ((struct rpc_arena *)(void *)xdrs->x_public)

#define mem_alloc(bytes) rpc_arena_alloc(XDR_ARENA, bytes)
#define mem_free(at, bytes) ((void)0) /* all of the arena is freed at once */
#define errno (XDR_ARENA->error)

/* newlib's own shifts a byte into the sign bit of an int, which C does not define. */
#define ntohl(word) __builtin_bswap32(word)
#define htonl(word) __builtin_bswap32(word)
