/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The caller C, a worker that makes calls with a deadline when it is told; its handler R, a worker
 * with the library's loop; the server V, a raw process, which takes a request and answers when the
 * case says so.
 */
#pragma once

#include "../lib/sys.h"

#include <lykos/deadline.h>

#define BUFFER_SIZE 64u

/* One call. */
struct order {
    uint64_t word;  /* word 1 of the request; its answer has it too */
    uint64_t until; /* deadline */
    void *buffer;   /* for the string of the answer; null: none wanted */
};

struct cast {
    struct lk_deadline own;
    struct order order;
    volatile uint64_t ordered, done;
    volatile enum status result;
    volatile uint64_t answer; /* word 1 of the answer */

    struct worker c, r;
    obj v, v_endpoint;
    obj cancel;      /* ProxyEntry of C */
    obj cancel_post; /* proxy notice of C */
};

void cast_begin(struct cast *cast, unsigned priority_c);

/* C makes the call: it begins as soon as the CPU is its. */
void order(struct cast *cast, uint64_t word, uint64_t until);
bool is_done(const struct cast *cast);
/* C goes on to the end of the call; its result. */
enum status finish(struct cast *cast);

/* From now on C stops before each of its instructions, or not any more. */
void step_begin(const struct cast *cast);
void step_end(const struct cast *cast);
/* It executes one. False: it waits in a system call instead. */
bool step(const struct cast *cast);

/* V is ready to take a request; it has one; it answers it, without blocking: the result of that. */
void v_waits(const struct cast *cast);
bool v_has_request(const struct cast *cast);
enum status v_answers(const struct cast *cast, uint64_t word);

/* C calls V once more, without a deadline, and gets the right answer. */
void all_is_well(struct cast *cast);
