/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealed programs: whoever has one run on data of his own can check that nothing comes out of it
 * except through capabilities that he gave it himself (user/servers/constructor).
 *
 * A *builder* makes a constructor for a program, gives it capabilities that each instance of the
 * program is to have, and seals it: from then on nothing can be added. He hands a *requestor's*
 * Entry to whomever he likes. The *requestor* checks that Entry through an Entry to the server that
 * he has from elsewhere (`cap constructors = entry constructor.main`), never by asking the thing
 * itself, which may be forged. Then he has instances made, which his own bank pays for:
 *
 *      s = lk_constructor_check(constructors, requestor, &check);   check.holes == 0: confined
 *      s = lk_constructor_make(requestor, bank, "2026", control);
 *      lk_program_give(control, "input", input);                    as in <lykos/spawn.h>
 *      lk_program_begin(control);
 *      lk_program_wait(control, &end);
 *
 * The builder sees nothing of the instances, the requestor nothing of their insides.
 *
 * A *hole* is a capability, given by the builder or by the system description, that is not
 * discreet: through it something could come out. What is discreet lk_discreet() says.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Methods of an Entry to the server, `constructor.main`. ---- */

/* string: name of a program of the system description; capability 1: a bank, which pays for what
 * the constructor holds. Answer: the builder's Entry. NOT_FOUND: no such program. REQUEST_ERROR:
 * that is no bank. EXHAUSTED: this client has CONSTRUCTOR_EACH already, or there are CONSTRUCTORS
 * in all. NO_MEMORY: the bank's limit. INVALID_CAP: the bank was closed. */
#define CONSTRUCTORS_NEW 1u

/* capability 1: a requestor's Entry; word 1: n. Answer: word 1, how many holes it has; string: the
 * n-th of them in words, the first being 0, if there are so many. NOT_FOUND: it is none of this
 * server's: forged, or something else. INVALID_CAP: Null, so the constructor is gone.
 * STATE_CHANGED: not sealed yet. REQUEST_ERROR: it is the builder's Entry. */
#define CONSTRUCTORS_CHECK 2u

/* ---- Methods of the builder's Entry. INVALID_CAP: the constructor is gone. ---- */

/* string: a name; capability 1. Each instance finds it under this name. Answer: word 1, 1 if it is
 * a hole, 0 if it is discreet; string: if it is a hole, why. STATE_CHANGED: sealed. IN_USE: there
 * is one of that name. EXHAUSTED: it holds CONSTRUCTOR_CAPS. REQUEST_ERROR: Null, or the name has
 * other than printable characters. */
#define BUILDER_GIVE 1u

/* Seal it. Nothing can be given any more. Sealed already: OK. */
#define BUILDER_SEAL 2u

/* Answer: the requestor's Entry. It is good for nothing before the seal. */
#define BUILDER_REQUESTOR 3u

/* The constructor is gone, and what it held goes back to the bank. What it has made goes on. */
#define BUILDER_CLOSE 4u

/* ---- Method of a requestor's Entry. INVALID_CAP: the constructor is gone. ---- */

/* string: arguments, or empty; capability 1: the bank that pays. An instance is made, and has not
 * begun. Answer: the Entry that controls it (<lykos/programs.h>). It ends when that bank is closed.
 * STATE_CHANGED: not sealed yet. REQUEST_ERROR: that is no bank. NO_MEMORY, IN_USE, EXHAUSTED,
 * string: why it cannot be made. */
#define REQUESTOR_MAKE 1u

#define CONSTRUCTORS 64u     /* at once */
#define CONSTRUCTOR_EACH 16u /* of one client of constructor.main */
#define CONSTRUCTOR_CAPS 8u  /* that one holds: the requestor's must find registers too */
#define CONSTRUCTOR_NAME 28u /* characters of a capability's name, and the NUL */
#define CONSTRUCTOR_ARGS 192u
#define CONSTRUCTOR_WORDS 128u /* of a hole or a reason, with the NUL */

/* ---- Calls. Registers: `constructors` of an Entry to the server, `builder` and `requestor` of
 * those Entries. `words`, which may be NULL, has room for CONSTRUCTOR_WORDS characters: why not, or
 * "". ---- */

/* What a check found. */
struct lk_constructor_check {
    uint64_t holes;                /* 0: confined */
    char words[CONSTRUCTOR_WORDS]; /* about the hole that was asked for, or "" */
};

/* Check a requestor's Entry, and have hole `n` of it in words. The results are those of
 * CONSTRUCTORS_CHECK; all but OK mean: do not use it. */
enum status lk_constructor_check(uint32_t constructors, uint32_t requestor, uint64_t n,
                                 struct lk_constructor_check *out);

/* A constructor for `program`, paid by the bank in register `bank`: its builder's Entry comes to
 * register `builder`. */
enum status lk_constructor_new(uint32_t constructors, const char *program, uint32_t bank,
                               uint32_t builder);

/* Give it what is in register `reg`. *hole (may be NULL): whether that is one. */
enum status lk_constructor_give(uint32_t builder, const char *name, uint32_t reg, bool *hole,
                                char *words);

enum status lk_constructor_seal(uint32_t builder);

/* The requestor's Entry, to register `requestor`. */
enum status lk_constructor_requestor(uint32_t builder, uint32_t requestor);

enum status lk_constructor_close(uint32_t builder);

/* Have an instance made; its control comes to register `control`. */
enum status lk_constructor_make(uint32_t requestor, uint32_t bank, const char *args,
                                uint32_t control, char *words);

/* ---- Discretion. ---- */

/* Can nothing be told to anybody through a capability of this type and with these restrictions,
 * which are those that Discrim names? If not, *why (may be NULL) says so in words, else it is NULL.
 * An Entry to a confined constructor is discreet too, but only the server can see that it is
 * one. */
bool lk_discreet_type(uint64_t type, uint64_t restrictions, const char **why);

/* The same of what is in register `reg`; `discrim` is the register of Discrim. What cannot be
 * classified is not discreet. */
bool lk_discreet(uint32_t discrim, uint32_t reg, const char **why);
