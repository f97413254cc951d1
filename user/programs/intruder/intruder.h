/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of `intruder` share.
 */
#pragma once

#include <lykos/constructor.h>
#include <lykos/invoke.h>
#include <lykos/start.h>

/* Capability registers, behind those that have names. */
enum {
    REG_OWN = 16, /* its own schedule, while it has another one */
    REG_BANK,     /* a bank of the builder's */
    REG_PAYER,    /* one of the requestor's */
    REG_BUILDER,
    REG_REQUESTOR,
    REG_FORGED, /* an Entry to this program, which never answers */
    REG_PAGE,   /* a Page, read-only */
    REG_CONTROL = LK_REG_FREE,
    REG_MANY, /* CapPage */
    REG_WORK,
    REG_OTHER, /* work, too */
};

/* ---- main.c ---- */

/* Count it, and say so, if a result is not what it should be. */
void equal(uint64_t got, uint64_t wanted, const char *what);
void is(enum status got, enum status wanted, const char *what);

/* A constructor, paid by the bank in register `bank`: the builder's Entry comes to REG_BUILDER. */
enum status new_of(const char *program, uint32_t bank);

/* Check the requestor's Entry in register `reg`; about the first hole in words. */
enum status check_of(uint32_t reg, struct lk_constructor_check *out);

/* A constructor for the assessor in REG_BUILDER, paid by REG_BANK; its requestor's Entry in
 * REG_REQUESTOR. */
void build(bool sealed);

/* An instance of the one in REG_REQUESTOR; its control comes to REG_CONTROL. */
enum status make_with(uint32_t bank, const char *args);

/* A bank below the one in register `above`. */
void open_bank(uint32_t above, uint64_t limit, uint32_t reg);

/* Frames that a bank pays, with those below it. */
uint64_t used_by(uint32_t bank);

/* Ask init.programs, with a capability and a string; what it answers comes to REG_CONTROL. */
struct lk_in ask_init(uint64_t method, uint32_t cap, const char *string);

/* The number of a program, which there is. */
uint64_t find_program(const char *name);

/* ---- paid.c ---- */

/* What init says of the capabilities that the description gives; what it does if one of them cannot
 * be given to an instance that somebody else pays for. */
void try_grants(void);

/* Waiting for such an instance, often, and when nothing more can be paid. */
void try_waits(void);

/* ---- stale.c ---- */

/* Entries to a constructor while the bank that pays for it is being closed. */
void try_stale(void);

#define PRIORITY_ABOVE_BANK 192u /* that of the bank is 190 */

/* Give a process another schedule, paid by the bank in REG_OTHER; what it had comes to REG_WORK. */
void raise_priority(uint32_t process, uint64_t priority);

/* ---- midway.c ---- */

/* The bank that pays for an instance is closed while it is made, or the builder's is, or the server
 * is killed. */
void try_midway(void);
