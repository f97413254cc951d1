/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The library `lykos` of Lua. */
#pragma once

#include <lua.h>

int luaopen_lykos(lua_State *L);

/* lykos.serve (serve.c). */
int lykos_serve(lua_State *L);

/* Push what a message carries: words from number 1 on, then its string, if it is not empty. Returns
 * how many values that is. */
int lykos_push_message(lua_State *L, const uint64_t *words, unsigned count, const char *string,
                       size_t length);
