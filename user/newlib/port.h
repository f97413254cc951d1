/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of this folder.
 */
#pragma once

/* Locks of newlib's own have this rank or a higher one (<lykos/lock.h>). */
#define NEWLIB_RANK 10

/* From now on the heap grows by pages that are there. */
void newlib_memory_begin(void);

/* The lines that are being written, to standard output and error (files.c), have a lock each. */
#define NEWLIB_LINES 2u
void newlib_line_lock(unsigned line);
void newlib_line_unlock(unsigned line);

/* What was written and is no whole line yet goes to the console as it is. */
void newlib_flush(void);
