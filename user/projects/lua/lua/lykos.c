/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The library `lykos`: what a program in Lua may do on Lykos is what it holds capabilities for, and
 * they have the names that the description of the system gives them. */
#include "lykos.h"

#include "files.h"

#include <lauxlib.h>
#include <lykos/connect.h>
#include <lykos/lykos.h>

static char answer[LK_MAX_STRING];

/* nil, the result code in words, the result code. */
static int refused(lua_State *L, uint64_t code)
{
    luaL_pushfail(L);
    lua_pushstring(L, lk_status_text(code));
    lua_pushinteger(L, (lua_Integer)code);
    return 3;
}

int lykos_push_message(lua_State *L, const uint64_t *words, unsigned count, const char *string,
                       size_t length)
{
    int pushed = 0;

    luaL_checkstack(L, LK_MAX_WORDS + 1, "too many words");
    for (unsigned i = 1; i < count; i++, pushed++) {
        lua_pushinteger(L, (lua_Integer)words[i]);
    }
    if (length > 0) {
        lua_pushlstring(L, string, length);
        pushed++;
    }
    return pushed;
}

static uint32_t register_of(lua_State *L, int argument)
{
    const char *name = luaL_checkstring(L, argument);
    uint32_t reg = lk_cap(name);

    if (reg == 0) {
        luaL_error(L, "the description gives no capability '%s'", name);
    }
    return reg;
}

/* Put the arguments from `first` on into the message: integers are words, one string is its
 * string. */
static void fill(lua_State *L, struct lk_msg *msg, uint32_t reg, int first)
{
    unsigned words = 1;

    for (int i = first; i <= lua_gettop(L); i++) {
        if (lua_type(L, i) == LUA_TSTRING) {
            size_t length;

            luaL_argcheck(L, msg->string == NULL, i, "a message has one string");
            msg->string = lua_tolstring(L, i, &length);
            luaL_argcheck(L, length > 0 && length <= LK_MAX_STRING, i, "1 to 65536 bytes");
            msg->string_len = (uint32_t)length;
        } else {
            luaL_argcheck(L, words < LK_MAX_WORDS, i, "a message has seven words");
            msg->w[words++] = (uint64_t)luaL_checkinteger(L, i);
        }
    }
    msg->control = LK_CTL_CALL(reg, words) | LK_RSTR | (msg->string != NULL ? LK_SSTR : 0);
}

/* lykos.call(name, method, ...): the words of the answer and its string; or nil, text, code. */
static int call(lua_State *L)
{
    struct lk_msg msg = { .buffer = answer, .buffer_size = sizeof(answer) };
    uint32_t reg = register_of(L, 1);

    msg.w[0] = (uint64_t)luaL_checkinteger(L, 2);
    fill(L, &msg, reg, 3);
    if (lk_invoke(&msg) != STATUS_OK) {
        return refused(L, msg.w[0]);
    }
    return lykos_push_message(L, msg.w, lk_words(msg.delivery), answer,
                              lk_string_length(msg.delivery));
}

/* lykos.connect(name): the server was begun again: have an Entry to the new one. */
static int connect(lua_State *L)
{
    enum status s = lk_connect(luaL_checkstring(L, 1));

    if (s != STATUS_OK) {
        return refused(L, s);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* lykos.now(): nanoseconds since boot. */
static int now(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lk_now());
    return 1;
}

/* lykos.sleep_ms(n) */
static int sleep_ms(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 1);
    enum status s;

    luaL_argcheck(L, n >= 0, 1, "a time before now");
    s = lk_sleep_ms((uint64_t)n);
    if (s != STATUS_OK) {
        return refused(L, s);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* lykos.param(name, otherwise): a number that the description gives. */
static int param(lua_State *L)
{
    lua_pushinteger(
        L, (lua_Integer)lk_param(luaL_checkstring(L, 1), (uint64_t)luaL_optinteger(L, 2, 0)));
    return 1;
}

/* lykos.status(code): a result code in words. */
static int status(lua_State *L)
{
    lua_pushstring(L, lk_status_text((uint64_t)luaL_checkinteger(L, 1)));
    return 1;
}

/* lykos.scripts(): the names of the files that there are. */
static int list_scripts(lua_State *L)
{
    lua_createtable(L, (int)script_count, 0);
    for (unsigned i = 0; i < script_count; i++) {
        lua_pushstring(L, scripts[i].name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    { "call", call },         { "connect", connect },      { "now", now },
    { "param", param },       { "scripts", list_scripts }, { "serve", lykos_serve },
    { "sleep_ms", sleep_ms }, { "status", status },        { NULL, NULL },
};

int luaopen_lykos(lua_State *L)
{
    luaL_newlib(L, functions);
    lua_pushstring(L, lk_name());
    lua_setfield(L, -2, "name");
    return 1;
}
