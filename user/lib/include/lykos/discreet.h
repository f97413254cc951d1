/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Discretion: through which capabilities nothing can be told to anybody (<lykos/constructor.h>).
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

/* Can nothing be told to anybody through a capability of this type and with these restrictions,
 * which are those that Discrim names? If not, *why (may be NULL) says so in words, else it is NULL.
 * An Entry to a confined constructor is discreet too, but only the server can see that it is
 * one. */
bool lk_discreet_type(uint64_t type, uint64_t restrictions, const char **why);

/* The same of what is in register `reg`; `discrim` is the register of Discrim. What cannot be
 * classified is not discreet. */
bool lk_discreet(uint32_t discrim, uint32_t reg, const char **why);
