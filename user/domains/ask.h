/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the handlers ask of init (<lykos/programs.h>), and how they say that it cannot be done.
 */
#pragma once

#include "domain.h"

#include <abi/gen.h>

/* Programs in short from *position on, which is set to where to go on: PROGRAM_BRIEFS at most. How
 * many came in *n, 0: that was all. */
enum status ask_list(uint64_t *position, struct program_brief *out, unsigned *n);

/* The program in this life, and perhaps (not NULL) its memory. NOT_FOUND: it is no more. */
struct domain_memory {
    uint64_t now, most; /* frames of 4 KiB; most 0: no limit */
};
enum status ask_life(struct domain_key key, struct program_brief *out,
                     struct domain_memory *memory);

/* The program of that name, whatever it does. */
enum status ask_name(const char *name, struct program_brief *out);

/* Have this done to the program in exactly this life. */
enum domain_wish { WISH_SUSPEND, WISH_RESUME, WISH_DESTROY };
enum status ask_control(enum domain_wish wish, struct domain_key key);

/* The machine. */
struct domain_machine {
    uint64_t cpus, present, frames;
};
enum status ask_machine(struct domain_machine *out);

/* What happened from *position on, PROGRAM_CHANGES_MOST at most; .. */
enum status ask_changes(uint64_t *position, uint64_t *missed, struct program_change *out,
                        unsigned *n);

/* .. and where to say that there is more. */
enum status ask_watch(uint32_t notice, uint64_t bits);

/* An error about a domain, printf-like; always false. */
bool fail(struct rpc_error *error, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* init answered so, and it should not. */
bool fail_init(struct rpc_error *error, enum status s);

/* That program is no domain now: it is a part of another one, and does not run. */
bool fail_part(struct rpc_error *error, const struct program_brief *b);

/* The domain that a client means, by its uuid alone: never the next one of that name or number.
 * False: it is no more, and *error says so. */
bool find_domain(const remote_domain *dom, struct program_brief *b, struct domain_memory *memory,
                 struct rpc_error *error);

/* A domain for an answer, its name in the arena. False: there is no memory. */
bool answer_domain(const struct rpc_call *call, const struct program_brief *b, remote_domain *out,
                   struct rpc_error *error);
