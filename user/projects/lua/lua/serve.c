/* SPDX-License-Identifier: BSD-2-Clause
 *
 * lykos.serve(methods): a server in Lua. `methods` has a function for each number of a method; it
 * is called with the payload of the client's Entry, the words and the string of the request. What
 * it returns is the answer: integers are words, one string is its string; nil and a result code
 * refuse. A function that fails is told on standard error, and its client that there is no
 * answer. */
#include "lykos.h"

#include <lauxlib.h>
#include <lykos/lykos.h>

#define METHODS 1 /* on the stack of the server; above it is what belongs to the last answer */

static char received[LK_MAX_STRING];

/* One result of a method. */
static void add_to_answer(lua_State *L, struct lk_request *rq, int at)
{
    if (lua_type(L, at) == LUA_TSTRING) {
        if (rq->out_string != NULL) {
            luaL_error(L, "a message has one string");
        }
        rq->out_string = lua_tolstring(L, at, &rq->out_string_len);
        if (rq->out_string_len > LK_MAX_STRING) {
            luaL_error(L, "the string is too long for a message");
        }
        return;
    }
    if (rq->out_words == LK_MAX_WORDS - 1) {
        luaL_error(L, "a message has seven words");
    }
    if (!lua_isinteger(L, at)) {
        luaL_error(L, "an answer is made of integers and a string, not %s", luaL_typename(L, at));
    }
    rq->out[++rq->out_words] = (uint64_t)lua_tointeger(L, at);
}

/* Called with the methods and the request; its results are the result code, and what must stay
 * while the answer is sent. */
static int dispatch(lua_State *L)
{
    struct lk_request *rq = lua_touserdata(L, 2);
    int pushed;

    if (lua_geti(L, 1, (lua_Integer)rq->w[0]) != LUA_TFUNCTION) {
        lua_pushinteger(L, STATUS_UNKNOWN_REQUEST);
        return 1;
    }
    lua_replace(L, 2);
    lua_pushinteger(L, (lua_Integer)rq->payload);
    pushed = lykos_push_message(L, rq->w, lk_words(rq->delivery), rq->string, rq->string_len);
    lua_call(L, pushed + 1, LUA_MULTRET);
    if (lua_isnil(L, 2) && lua_isinteger(L, 3)) {
        lua_settop(L, 3);
        return 1;
    }
    for (int i = 2; i <= lua_gettop(L); i++) {
        add_to_answer(L, rq, i);
    }
    lua_pushinteger(L, STATUS_OK);
    lua_replace(L, 1);
    return lua_gettop(L);
}

static enum status failed(lua_State *L, struct lk_request *rq, int why)
{
    const char *text = lua_tostring(L, -1);

    lua_writestringerror("method %s\n", text != NULL ? text : "has failed");
    rq->out_words = 0;
    rq->out_string = NULL;
    rq->out_string_len = 0;
    return why == LUA_ERRMEM ? STATUS_NO_MEMORY : STATUS_REQUEST_ERROR;
}

static enum status serve_one(struct lk_request *rq)
{
    lua_State *L = rq->context;
    int why;

    lua_settop(L, METHODS);
    lua_pushcfunction(L, dispatch);
    lua_pushvalue(L, METHODS);
    lua_pushlightuserdata(L, rq);
    why = lua_pcall(L, 2, LUA_MULTRET, 0);
    return why == LUA_OK ? (enum status)lua_tointeger(L, METHODS + 1) : failed(L, rq, why);
}

int lykos_serve(lua_State *L)
{
    struct lk_server server = {
        .other = serve_one,
        .buffer = received,
        .buffer_size = sizeof(received),
        .context = L,
    };

    luaL_checktype(L, METHODS, LUA_TTABLE);
    lua_settop(L, METHODS);
    luaL_checkstack(L, LUA_MINSTACK, "for an answer");
    lk_serve(&server);
}
