/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs in short, for who asks about many of them, and whom the asker needs. No server is asked,
 * so it takes little time.
 */
#pragma once

#include "instances.h"

/* What there is from *position on, 0 at first, up to `most`; *position is where to go on. `asker`
 * is the payload of the Entry that was asked. Returns how many; 0: that was all. */
unsigned brief_list(uint64_t asker, uint64_t *position, struct program_brief *out, unsigned most);

/* The one with this number. False: there is none. */
bool brief_of(uint64_t asker, uint64_t number, struct program_brief *out);
