/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of this program.
 */
#pragma once

#include <stdbool.h>

/* One more check; if it is wrong, a line says where. Members may call it. */
void check(bool right, const char *what, const char *file, int line);
#define CHECK(e) check((e), #e, __FILE__, __LINE__)

/* The next of a row of random numbers. */
unsigned random_next(unsigned *state);

/* memory.c, threads.c: checks. */
void check_memory(unsigned seed);
void check_exhaustion(void);
void check_threads(unsigned seed);

/* A thread that is in no team uses the library where there is one: it ends the program. */
void end_by_stranger(void);
