/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting and ending programs.
 */
#pragma once

#include "instances.h"

/* Notice bit by which the clock says that somebody is to be begun again. */
#define PROGRAMS_DUE_NOTICE 2u

/* Start the programs that the description starts at boot. How many run now. */
unsigned programs_boot(void);

/* Make instance `i`, which is new, and the first ones of the programs that it needs and that do not
 * exist, as a job; none has begun yet. False: `why` says why not, and it is free again. args: NULL
 * for those of the description. */
bool programs_make(uint32_t i, uint64_t flags, const char *args, struct trouble *why);

/* The job of instance `i` ends with that of the program with this payload at init.programs, unless
 * that is one that is started at boot. False: the program of that payload is no more. */
bool programs_set_parent(uint32_t i, uint64_t payload);

/* Let the job begin. False: it could not, and is gone. */
bool programs_begin(uint32_t i, struct trouble *why);

/* An instance ends, or is not begun again if it is about to be and this is `for_good`: the job it
 * belongs to is destroyed, its memory given back, whoever waits is answered and whoever wanted to
 * know is told. If the program is one that is begun again, it is, at once or after a while: unless
 * `for_good`. */
void programs_end(uint32_t i, unsigned how, uint64_t value, const char *words, bool for_good);

/* An instance faulted. Begun again if that is its way; else it stays as it is, to be looked at.
 * True: it stays. */
bool programs_fault(uint32_t i, uint64_t code, const char *words);

/* Does it stand in a fault, to be looked at? Then it answers nobody. */
bool programs_stands(uint32_t i);

/* End an instance and begin it again, whatever its description says. */
enum status programs_renew(uint32_t i, struct trouble *why);

/* Begin those whose time has come. */
void programs_due(void);

/* Remember the reply capability in register `caller` until instance `i` has ended. IN_USE: somebody
 * waits already. */
enum status programs_wait(uint32_t i, uint32_t caller);
