/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making instances out of capabilities.
 */
#pragma once

#include "instances.h"
#include "source.h"

/* Find and check the file of a program of the description, once. Why it is refused, or NULL. */
const char *build_check(unsigned program);

/* Frames that a program takes up that is loaded as a whole, without the pager. It was checked. */
uint64_t build_frames(unsigned program);

/* Where the bank is that pays for an instance whose row says `paid`, while it is made: where
 * requests have capability 1. */
#define BUILD_REG_PAYER LK_REG_ARG

/* The three steps of making one. A job is made step by step, all its instances each time, so that
 * they may name each other in any order. False: `why` says why not; the instance is to be taken
 * apart.
 *
 * First its bank (or the purse that it has already) and its objects. */
bool build_objects(uint32_t i, struct trouble *why);

/* Then its memory, with its arguments in it. */
bool build_memory(uint32_t i, struct trouble *why);

/* Then what it is granted. A grant that cannot be made leaves its register Null, and is told: the
 * program may well be of use without it. False: there is no memory for a Range or bank. */
bool build_grants(uint32_t i, struct trouble *why);

/* And its first instruction. */
bool build_begin(uint32_t i, struct trouble *why);

/* Its name and register for one more capability, which is in register `reg`, given before it
 * begins. EXHAUSTED: there is no register left; IN_USE: it has one of that name. */
enum status build_give(uint32_t i, const char *name, uint32_t reg);

/* Where the memory of instance `i` comes from; its bank comes to REG_BANK. */
struct source build_source(uint32_t i);

/* One more number with a name in a start block. */
void build_add_param(struct lk_start *start, const char *name, uint64_t value);

/* Tell the pager of the space of an instance. */
enum status build_tell_pager(uint32_t i);
