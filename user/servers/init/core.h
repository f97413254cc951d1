/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The two servers that everything else stands on: the bank and the pager.
 *
 * init makes them out of its reserve and begins them again when they die. What must outlive them is
 * init's: their endpoints, so that Entries to them stay good, and the pages of the bank's state.
 * The pager is told again of all the spaces.
 *
 * init calls them, and waits for their answers. So that it never waits for a dead one, their faults
 * are told to the *warden*, a second process in init's space, of higher priority, that does one
 * thing: it destroys the one that faulted. Then init's call is answered with INVOKEE_GONE, init
 * begins the server again, and asks again.
 */
#pragma once

#include "instances.h"

#include <lykos/pager.h>

#define CORE_PROGRAMS 2u /* the bank and the pager */

/* Notice bit that the warden posts to init. */
#define CORE_NOTICE 1u

/* Make the reserve, the shelf, the warden, and begin bank and pager. False: `why` says why not. */
bool core_begin(struct trouble *why);

/* Where init's own memory comes from. */
const struct source *core_own_source(void);

/* Is it the bank or the pager? */
bool core_is(uint32_t i);

/* Begin again whoever of the two is dead. Returns whether one was. Keeps all work registers. */
bool core_revive(void);

/* A bank or a pager answered so: is it worth to ask again, since it was dead and is no more? */
bool core_asks_again(enum status s);

/* The warden ended instance `i` because of a fault. Too many of these in a time, and the machine is
 * halted, in words, instead of beginning it again. Called by the warden, all else here by init. */
void core_faulted(uint32_t i);

/* Destroy the process of one of the two, if it is not dead already. It is begun again at once. */
void core_kill(uint32_t i);

/* ---- for build.c: what is different for the two ---- */

/* The Endpoint with this ID of an instance that is being built, into register `reg`. */
enum status core_endpoint(const struct source *from, uint32_t i, uint64_t id, uint32_t reg);

/* Whom it tells of its faults. */
enum status core_fault_entry(uint32_t i, uint32_t reg);

/* What only they are granted: the frames of the machine, a bank without a bank above. */
enum status core_frames(uint32_t i, uint32_t reg);
enum status core_own_bank(uint32_t i, uint32_t reg);

/* What only they have in their space, whose root is in REG_ROOT. */
bool core_map(const struct source *from, uint32_t i, struct trouble *why);

/* What only they find in their start block. */
void core_params(uint32_t i, struct lk_start *start);

/* ---- the pager ---- */

/* Tell it of the space of instance `i`, and put its Entry into slot 15 of the root. */
enum status core_pager_add(uint32_t i, const struct pager_region *region, unsigned n);

/* A memory fault of instance `i` was passed on. True: because the pager did not know the space:
 * there was no memory for it when it was begun again, and now there is. The process is to try
 * again. */
bool core_tell_again(uint32_t i);

/* The space is gone. */
void core_pager_remove(uint32_t i);

/* The Entry by which instance `i` may ask the pager for itself, into register `reg`. */
enum status core_pager_entry(uint32_t i, uint32_t reg);
