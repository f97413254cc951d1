/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The properties of a program in the system description. For the files description*.c alone.
 */
#pragma once

#include "description_line.h"

/* Read the line as a property of r->program. */
void property_read(struct reader *r);
