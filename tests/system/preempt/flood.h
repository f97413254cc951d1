/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A target that counts, and a poster that never stops: for cases about who gets on (flood.c).
 */
#pragma once

#include "trio.h"

/* What the target has counted, deliveries, posts; `over` ends both. */
extern volatile uint64_t done, got, posts;
extern volatile bool over;
void flood_reset(void);

/* The target: as much work as it gets to. */
void counts(void *arg);

/* The poster: the bits in `arg` through register 5, all the time. */
void floods(void *arg);

/* How far the target comes in this time. */
uint64_t count_for(uint64_t ns);
