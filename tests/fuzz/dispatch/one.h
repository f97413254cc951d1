/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A server of the interface Every (tests/idl/every.idl) on the build machine: its dispatch is what
 * tools/lykos-idl makes, its functions write down what they are called with. For the unit tests of
 * the dispatch and for the fuzzer.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/server.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISPATCH_STRING 80u /* bytes: more than any method takes */

/* A request as it comes from the kernel. */
struct dispatch_request {
    uint64_t w[LK_MAX_WORDS]; /* word 0 is the method */
    unsigned words;           /* that mean something, 1..8 */
    unsigned caps;            /* 0..4, the reply capability among them */
    uint32_t type[3];         /* of capabilities 1..3 */
    uint8_t string[DISPATCH_STRING];
    size_t string_len;
};

/* What came of it. */
struct dispatch_answer {
    bool answered; /* there was something sent */
    uint64_t w[LK_MAX_WORDS];
    unsigned words;
    unsigned caps;
    const void *string;
    size_t string_len;
};

/* What the server's functions saw: which was called last, how often one was, its arguments. */
struct dispatch_seen {
    unsigned calls;
    uint64_t method;
    uint64_t word[7]; /* signed ones with their sign */
    uint8_t string[DISPATCH_STRING];
    size_t string_len;
    uint32_t cap[3];
};

extern struct dispatch_seen dispatch_seen;

/* The server as a program has it that has several interfaces; and its longest string. */
extern const struct lk_server dispatch_shared;
extern const unsigned dispatch_longest;

/* What the functions return. */
extern enum status dispatch_result;

/* What functions that give a string give: the bytes, and how many. */
#define DISPATCH_GIVES "what is given"

/* Let the server have it. */
struct dispatch_answer dispatch_send(const struct dispatch_request *request);

/* The same with the server's other parts: without the name of a Discrim; and a message without a
 * description, as a server with a table of its own has it. */
void dispatch_without_discrim(bool without);

/* What a plain reading of the description says of a request: OK if a function is to be called. */
enum status dispatch_expected(const struct dispatch_request *request);

/* One run with foreign bytes: a request of them, and does what comes of it agree with that reading?
 * Ends the program if not. */
void dispatch_one(const uint8_t *data, size_t n);
