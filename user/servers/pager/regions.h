/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Regions: what they may be, and what belongs at an address. No capability is touched here.
 */
#pragma once

#include <lykos/pager.h>
#include <stdbool.h>

#define PAGER_PAGE 4096ull
#define PAGER_LEAF 0x10000ull /* bytes of address below one GPT of l2v 12 */

/* What belongs at a page address. */
enum page_source {
    PAGE_NONE,   /* nothing: the guard page of a stack */
    PAGE_ZEROS,  /* a page of zeros */
    PAGE_SHARED, /* the archive's own page, at `from` */
    PAGE_FILLED  /* `bytes` bytes from `from`, then zeros */
};

struct page_plan {
    enum page_source source;
    uint64_t from;
    uint64_t bytes;
};

/* Are these regions that a space may have? The archive lies in [archive, archive + archive_bytes)
 * of the pager's own space. What is checked here is not looked at again. */
bool regions_valid(const struct pager_region *region, unsigned count, uint64_t archive,
                   uint64_t archive_bytes);

/* The region that the address lies in, or null. */
const struct pager_region *region_find(const struct pager_region *region, unsigned count,
                                       uint64_t address);

/* What belongs at a page address of the region. */
struct page_plan region_plan(const struct pager_region *region, uint64_t page);

/* The restriction that the GPT of the PAGER_LEAF bytes around the address can have: LK_NX, if all
 * of them lie in the region and it has that. Then its pages need none of their own, and the bank
 * takes them back. (LK_RO would keep the pager itself from changing the GPT.) */
unsigned region_leaf_restr(const struct pager_region *region, uint64_t address);

/* May [start, start + bytes) be given back? */
bool region_discardable(const struct pager_region *region, uint64_t start, uint64_t bytes);
