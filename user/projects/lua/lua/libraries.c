/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The libraries that each program in Lua has: Lua's own, and `lykos`. In place of Lua's linit.c, as
 * that file proposes. */
#include "lykos.h"

#include <lauxlib.h>
#include <lualib.h>

static const luaL_Reg libraries[] = {
    { LUA_GNAME, luaopen_base },          { LUA_LOADLIBNAME, luaopen_package },
    { LUA_COLIBNAME, luaopen_coroutine }, { LUA_TABLIBNAME, luaopen_table },
    { LUA_IOLIBNAME, luaopen_io },        { LUA_OSLIBNAME, luaopen_os },
    { LUA_STRLIBNAME, luaopen_string },   { LUA_MATHLIBNAME, luaopen_math },
    { LUA_UTF8LIBNAME, luaopen_utf8 },    { LUA_DBLIBNAME, luaopen_debug },
    { "lykos", luaopen_lykos },
};

void luaL_openlibs(lua_State *L)
{
    for (unsigned i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
}
