/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checking the archive that the boot loader gave, before init is loaded from it. Nothing here
 * trusts a byte of it, changes anything, or needs more than the bytes themselves.
 */
#pragma once

#include <abi/archive.h>
#include <kernel/types.h>

/* What is wrong, in words, with the archive of at most `bytes` bytes at `h` (aligned to a page)?
 * NULL: nothing: it is whole, and what it says of init can be done, with all of the program within
 * [low, high). Its entries are init's to check. */
const char *archive_mistake(const struct lk_archive_header *h, uint64_t bytes, uva_t low,
                            uva_t high) WARN_UNUSED;
