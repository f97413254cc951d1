/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The system description as a whole, once all lines are read. For the files description*.c alone.
 */
#pragma once

#include "description_line.h"

/* Resolve the names in all grants, give each program what it does not say, and tell what does not
 * go together. */
void description_resolve(struct reader *r);
