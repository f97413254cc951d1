/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of this folder.
 */
#pragma once

/* Locks of newlib's own have this rank or a higher one (<lykos/lock.h>). */
#define NEWLIB_RANK 10

/* From now on the heap grows by pages that are there. */
void newlib_memory_begin(void);

/* What was written and is no whole line yet goes to the console as it is. */
void newlib_flush(void);
