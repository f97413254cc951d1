/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Is a capability that a stranger handed over the real one? Who calls an Entry waits until its
 * server answers, and a forger's never does. So a server that is given, say, a bank to take memory
 * from looks first whether it is an Entry to the same endpoint as the bank that it knows.
 *
 * Only CapBits tells: Discrim compares whole capabilities, with the protected payload, which is
 * another one for each bank. Nothing is invoked but CapBits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What an Entry names. */
struct lk_entry_id {
    uint64_t
        endpoint; /* the same for all valid Entries to one endpoint, and for no others; never 0 */
    uint32_t payload; /* the low 32 bits of its protected payload */
};

/* Look at the Entry in register `reg`; `capbits` is the register of CapBits. False: what is there
 * is no Entry, or Null, or there is no CapBits. *out may be NULL. */
bool lk_entry_look(uint32_t capbits, uint32_t reg, struct lk_entry_id *out);

/* Do registers `a` and `b` hold Entries to one endpoint? */
bool lk_same_server(uint32_t capbits, uint32_t a, uint32_t b);
