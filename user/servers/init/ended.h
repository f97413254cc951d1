/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How an instance ended, and who is told.
 */
#pragma once

#include "instances.h"

/* Note how an instance ended. */
void ended_note(struct instance *in, unsigned how, uint64_t value, const char *words);

/* Instance `i` ends because `with`, of the same job, does, in these words. */
void ended_note_along(uint32_t i, uint32_t with, const char *words);

/* Tell whoever wanted to know, and answer whoever waits. */
void ended_tell(uint32_t i);
