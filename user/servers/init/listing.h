/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is shown of a program: its state, and what it holds, in words.
 */
#pragma once

#include "instances.h"

#include <stdbool.h>
#include <stddef.h>

/* State of instance `i`; the one behind the last is init itself. */
void listing_info(uint32_t i, struct program_info *out);

/* The process with this label that a program has made, if init can find it: sets *program, and
 * *out, in which the label is the name. */
bool listing_inside(const char *label, uint32_t *program, struct program_info *out);

/* Frames of memory that instance `i` takes up, and that it may take up (0: no limit). Both are left
 * as they are if it has none, or is not there. */
void listing_memory(uint32_t i, uint64_t *now, uint64_t *most);

/* Line `n` about the slots and capability registers of program `i`, into `out`. False: there are no
 * more. */
bool listing_cap(uint32_t i, unsigned n, char *out, size_t size);

/* The type of the capability that the n-th grant of a program of the description makes, and "NAME =
 * WORDS" about it; LK_TYPE_NULL if what it names is the instance's own. False: it has no more. */
bool listing_grant(uint32_t program, uint64_t n, uint64_t *type, char *out, size_t size);

/* Part of the picture of the address space of instance `i`, the one behind the last being init
 * itself: see picture_part(). Returns how many bytes; 0: it does not run. */
size_t listing_space(uint32_t i, uint64_t *position, char *out, size_t size);
