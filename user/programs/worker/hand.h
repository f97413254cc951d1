/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The hand of a worker: a thread of its own making, in a Range that its bank lent it. It receives
 * strings into pages that are not there, and uses memory that is made when it is touched. A thread
 * that init did not make must get on like any other when the pager dies under it.
 */
#pragma once

#include <stdint.h>

/* Make the hand and let it begin. With an odd `seed` its Range is of a bank that is hidden from
 * those above it. Ends the program in words if that fails. */
void hand_begin(uint64_t seed);

/* Have the hand take a string that `n` tells from others, and see that all of it arrived. It
 * returns when the hand has answered. Ends the program in words if something is wrong. */
void hand_use(uint64_t n);
