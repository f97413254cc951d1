/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The capabilities that the system description grants. For the files description*.c alone.
 */
#pragma once

#include "description_line.h"

/* Read the line, `cap NAME = KIND ...`, as a grant to r->program. */
void grant_read(struct reader *r);

/* Has the program a grant of this name? */
bool grant_named(const struct program *p, const char *name);
