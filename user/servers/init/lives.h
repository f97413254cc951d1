/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lives of programs: numbers that are used once, a bounded log of what happened to whom, and who
 * wants to be told that there is something new in it. <lykos/programs.h> says what a life is.
 */
#pragma once

#include "instances.h"

/* Instance `i` has begun: a new life, which is logged. */
void life_begin(uint32_t i);

/* It has ended, in this way (PROGRAM_ENDED_..), which is logged; nothing if it had not begun. */
void life_end(uint32_t i, unsigned how);

/* Something else happened to it: PROGRAM_SUSPENDED, PROGRAM_RESUMED or PROGRAM_CRASHED. Nothing if
 * it has not begun. */
void life_change(uint32_t i, unsigned what);

/* What happened since *position, which is set to where to go on; PROGRAM_CHANGES_END: only that.
 * Up to PROGRAM_CHANGES_MOST of them in `out`, *n how many, *missed how many are lost before them.
 * False: there is no such position yet. */
bool lives_read(uint64_t *position, uint64_t *missed, struct program_change *out, unsigned *n);

/* Post the bits to the AppNotice in register `notice` when there is something new; 0: no more. For
 * the program with this payload at init.programs, once. EXHAUSTED: as many watch as may. */
enum status lives_watch(uint64_t payload, uint32_t notice, uint64_t bits);

/* Tell who watches, if there is something new. Uses REG_PAGE only, so that an answer that is about
 * to be sent stays whole. */
void lives_tell(void);
