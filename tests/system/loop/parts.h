/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A loop for the cases of this scenario, and a record of what it called.
 */
#pragma once

#include "../locks/team.h"
#include <lykos/loop.h>

#define SOURCES 8
#define MSEC NSEC_PER_MSEC

extern struct lk_loop loop;
extern struct lk_source source[SOURCES];
extern struct lk_lock server; /* rank 1 */

/* A new team, and a loop whose thread is the case. */
void loop_new(void);

/* A new team, and a loop that is run by member 0, of this priority. */
void loop_new_member(unsigned priority);

/* A round that does not wait: one source beside those above is ready. */
void round_now(void);

/* Add source[i], with the callback record(). */
void add_notice(unsigned i, uint32_t bits);
void add_timer(unsigned i, uint64_t time, uint64_t period);
void add_ready(unsigned i);
/* With this callback, and record_removed(). */
void add_with(unsigned i, lk_loop_callback *callback);

/* Notes which source was called, and why: "i:why", the latter in hex; or "-i". */
lk_loop_callback record;
lk_loop_removed record_removed;

/* That is what was noted since the last time, in this order; then all is forgotten. */
#define CALLED(want) called(__FILE__, __LINE__, (want))
void called(const char *file, int line, const char *want);
/* So much was noted since then. */
extern volatile unsigned noted;
