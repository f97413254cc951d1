/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is shown of a program: its state, and what it holds, in words.
 */
#ifndef INIT_LISTING_H
#define INIT_LISTING_H

#include <lykos/programs.h>

#include <stdbool.h>
#include <stddef.h>

/* State of program `i`; the one behind the last is init itself. */
void listing_info(unsigned i, struct program_info *out);

/* The process with this label that a program has made, if init can find it: sets *program, and *out,
 * in which the label is the name. */
bool listing_inside(const char *label, unsigned *program, struct program_info *out);

/* Line `n` about the slots and capability registers of program `i`, into `out`. False: there are no
 * more. */
bool listing_cap(unsigned i, unsigned n, char *out, size_t size);

#endif
