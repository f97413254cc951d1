/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The locks of a program (<lykos/lock.h>), as they stand in its memory: who has them, who waits for
 * them, how long they were held. The program is not asked, so it may hang.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Note the time, to know later how fast the time-stamp counter runs. Once, when init begins. */
void locks_begin(void);

/* The text about one lock of instance `i`, which runs, or about the last times that locks were
 * held; whole lines, not terminated. *position: 0 at first; then where to go on, 0 at the end.
 * Returns the bytes. */
size_t locks_part(uint32_t i, uint64_t *position, char *out, size_t size);
