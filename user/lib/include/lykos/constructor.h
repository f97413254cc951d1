/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealed programs: whoever has one run on data of his own can check that nothing comes out of it
 * except through capabilities that he gave it himself (user/servers/constructor;
 * user/idl/constructor.idl describes its interfaces).
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
 *      lk_program_run(control, &end);
 *
 * The builder sees nothing of the instances, the requestor nothing of their insides.
 *
 * A *hole* is a capability, given by the builder or by the system description, that is not
 * discreet: through it something could come out. What is discreet lk_discreet() says.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/discreet.h>
#include <lykos/gen/builder.h>
#include <lykos/gen/constructors.h>
#include <lykos/gen/requestor.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Calls with texts that end in a NUL; the others are builder_seal(), builder_requestor() and
 * builder_close(). Registers: `constructors` of an Entry to the server, `builder` and `requestor`
 * of those Entries. `words`, which may be NULL, has room for CONSTRUCTORS_WORDS characters: why
 * not, or "". ---- */

/* What a check found. */
struct lk_constructor_check {
    uint64_t holes;                 /* 0: confined */
    char words[CONSTRUCTORS_WORDS]; /* about the hole that was asked for, or "" */
};

/* Check a requestor's Entry, and have hole `n` of it in words. The results are those of
 * Constructors.check; all but OK mean: do not use it. */
enum status lk_constructor_check(uint32_t constructors, uint32_t requestor, uint64_t n,
                                 struct lk_constructor_check *out);

/* A constructor for `program`, paid by the bank in register `bank`: its builder's Entry comes to
 * register `builder`. */
enum status lk_constructor_new(uint32_t constructors, const char *program, uint32_t bank,
                               uint32_t builder);

/* Give it what is in register `reg`. *hole (may be NULL): whether that is one. */
enum status lk_constructor_give(uint32_t builder, const char *name, uint32_t reg, bool *hole,
                                char *words);

/* Have an instance made; its control comes to register `control`. */
enum status lk_constructor_make(uint32_t requestor, uint32_t bank, const char *args,
                                uint32_t control, char *words);
