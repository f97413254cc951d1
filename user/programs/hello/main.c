/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hello: a template for a server. It greets, and counts how often each of its clients was greeted.
 *
 * To make a server of your own, copy this folder under another name, describe its interface as
 * hello.idl does, and the program in user/system.lyk as `hello` is described there. A client is
 * another program whose description has the line `cap hello = entry hello.main`; it includes
 * <lykos/gen/hello.h> and calls hello_greet(lk_cap("hello"), ...).
 */
#include <lykos/gen/hello_server.h>
#include <lykos/lykos.h>

static uint64_t greetings;
static char text[80];

enum status hello_op_greet(struct lk_request *rq, const char *name, size_t name_len,
                           uint64_t *greetings_out, const char **greeting, size_t *greeting_len)
{
    (void)rq;
    /* What a client sends is checked: the dispatch has seen to the length, the text is cleaned
     * here. */
    for (size_t i = 0; i < name_len; i++) {
        if (!lk_is_print(name[i])) {
            return STATUS_REQUEST_ERROR;
        }
    }
    *greeting_len = lk_format(text, sizeof(text), "Hello, %.*s!", (int)name_len, name);
    *greeting = text;
    *greetings_out = ++greetings;
    return STATUS_OK;
}

enum status hello_op_count(struct lk_request *rq, uint64_t *greetings_out)
{
    (void)rq;
    *greetings_out = greetings;
    return STATUS_OK;
}

static const struct lk_server server = { HELLO_SERVER };

int main(void)
{
    say("ready; I was started with \"%s\"", lk_start->argument);
    lk_serve(&server);
}
