/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hello: a template for a server. It greets, and counts how often each of its clients was greeted.
 *
 * To make a server of your own, copy this folder under another name, describe the program in
 * user/system.lyk as `hello` is described there, and change the table of methods. A client is
 * another program whose description has the line `cap hello = entry hello.main`; it calls with
 * lk_call1(lk_cap("hello"), HELLO_GREET, n).
 */
#include <lykos/lykos.h>

/* string: a name. Answer: word 1, greetings so far; string: the greeting. */
#define HELLO_GREET 1u

/* Answer: word 1, greetings so far. */
#define HELLO_COUNT 2u

#define NAME_MAX 64u

static uint64_t greetings;
static char received[NAME_MAX];
static char greeting[NAME_MAX + 16];

static enum status hello_op_greet(struct lk_request *rq)
{
    /* What a client sends is checked: the loop has seen to the length, the text is cleaned here. */
    for (size_t i = 0; i < rq->string_len; i++) {
        if (!lk_is_print(rq->string[i])) {
            return STATUS_REQUEST_ERROR;
        }
    }
    rq->out_string_len =
        lk_format(greeting, sizeof(greeting), "Hello, %.*s!", (int)rq->string_len, rq->string);
    rq->out_string = greeting;
    lk_answer1(rq, ++greetings);
    return STATUS_OK;
}

static enum status hello_op_count(struct lk_request *rq)
{
    lk_answer1(rq, greetings);
    return STATUS_OK;
}

static const struct lk_method methods[] = {
    [HELLO_GREET] = { hello_op_greet, .string_min = 1, .string_max = NAME_MAX, .name = "greet" },
    [HELLO_COUNT] = { hello_op_count, .name = "count" },
};

static const struct lk_server server = {
    .methods = methods,
    .method_count = sizeof(methods) / sizeof(methods[0]),
    .buffer = received,
    .buffer_size = sizeof(received),
};

int main(void)
{
    say("ready; I was started with \"%s\"", lk_start->argument);
    lk_serve(&server);
}
