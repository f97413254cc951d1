/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of scribe that somebody else has written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Try it with every capability that there is. True: it was done. */
bool attack(uint32_t attempt);
