/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Building the address space of a program: a tree of GPTs, four bits of the address at each level,
 * 4 GiB in all.
 *
 * init reaches a page that it fills through its scratch window, one page at a time. Pages that a
 * program may only read and that lie in the archive as they are to be are not copied: the program
 * gets a read-only capability to the archive's page.
 */
#pragma once

#include "source.h"

#include <stddef.h>

#define SPACE_PAGE 4096u
#define SPACE_END 0x100000000ull

/* How many GPTs hold the pages of [low, high) and nothing else, at most, the root not counted. */
uint64_t space_gpts_for(uint64_t low, uint64_t high);

/* Make an empty space: its root into REG_ROOT. */
enum status space_begin(const struct source *from);

/* Put the memory capability in register `reg` at a page address of the space in REG_ROOT. */
enum status space_insert(const struct source *from, uint64_t address, uint32_t reg);

/* A new page into REG_PAGE, that holds `bytes` bytes of `data` from byte `skip` on and zeros
 * elsewhere. */
enum status space_make_page(const struct source *from, size_t skip, const void *data, size_t bytes);

/* See the Page in register `reg` at LK_INIT_SCRATCH_VA; 0: see nothing there. */
enum status space_show(uint32_t reg);

/* A new page of zeros at an address of init's own space, whose lowest 4 GiB are built as those of
 * the programs are. Uses REG_ROOT. */
enum status space_grow_own(const struct source *from, uint64_t address);

/* REG_ROOT or REG_LEAF have been used otherwise. */
void space_forget(void);

/* Put a new page there that holds `bytes` bytes of `data` from byte `skip` on and zeros elsewhere,
 * with the restrictions LK_RO and LK_NX as given. */
enum status space_insert_page(const struct source *from, uint64_t address, size_t skip,
                              const void *data, size_t bytes, unsigned restrictions);

/* Put a page of the archive there, read-only and with these restrictions. `data` is where init sees
 * it. */
enum status space_insert_shared(const struct source *from, uint64_t address, const void *data,
                                unsigned restrictions);
