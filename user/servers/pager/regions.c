/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Regions; see regions.h. What init says is checked all the same: a wrong word here would be a
 * fault of the pager itself later.
 */
#include "regions.h"

static bool whole_pages(uint64_t address)
{
    return address % PAGER_PAGE == 0;
}

/* All of the file's part lies in the archive, and the region has room for it. */
static bool image_valid(const struct pager_region *r, uint64_t archive, uint64_t archive_bytes)
{
    return r->file_bytes <= r->end - r->start &&
           (r->file_bytes == 0 || (r->file >= archive && r->file - archive < archive_bytes &&
                                   r->file_bytes <= archive_bytes - (r->file - archive)));
}

static bool stacks_valid(const struct pager_region *r)
{
    return r->each >= 2 * PAGER_PAGE && (r->each & (r->each - 1)) == 0 &&
           (r->end - r->start) % r->each == 0;
}

/* No page is both written and executed. */
static bool restr_valid(uint32_t restr)
{
    return restr == LK_RO || restr == LK_NX || restr == (LK_RO | LK_NX);
}

bool regions_valid(const struct pager_region *region, unsigned count, uint64_t archive,
                   uint64_t archive_bytes)
{
    uint64_t from = LK_USER_MIN;

    if (count > PAGER_REGIONS) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        const struct pager_region *r = &region[i];

        if (r->start < from || r->start >= r->end || r->end > PAGER_SPACE_END ||
            !whole_pages(r->start) || !whole_pages(r->end) || !restr_valid(r->restr)) {
            return false;
        }
        if (r->kind != PAGER_ZERO &&
            !(r->kind == PAGER_IMAGE && image_valid(r, archive, archive_bytes)) &&
            !(r->kind == PAGER_STACKS && stacks_valid(r))) {
            return false;
        }
        from = r->end;
    }
    return true;
}

const struct pager_region *region_find(const struct pager_region *region, unsigned count,
                                       uint64_t address)
{
    for (unsigned i = 0; i < count && address >= region[i].start; i++) {
        if (address < region[i].end) {
            return &region[i];
        }
    }
    return NULL;
}

static struct page_plan image_plan(const struct pager_region *region, uint64_t at)
{
    struct page_plan plan = { .source = PAGE_ZEROS };

    if (at >= region->file_bytes) {
        return plan;
    }
    plan.from = region->file + at;
    plan.bytes = region->file_bytes - at;
    if (plan.bytes >= PAGER_PAGE) {
        plan.bytes = PAGER_PAGE;
    }
    plan.source = plan.bytes == PAGER_PAGE && whole_pages(plan.from) ? PAGE_SHARED : PAGE_FILLED;
    return plan;
}

struct page_plan region_plan(const struct pager_region *region, uint64_t page)
{
    uint64_t at = page - region->start;

    if (region->kind == PAGER_IMAGE) {
        return image_plan(region, at);
    }
    if (region->kind == PAGER_STACKS && at % region->each < PAGER_PAGE) {
        return (struct page_plan){ .source = PAGE_NONE };
    }
    return (struct page_plan){ .source = PAGE_ZEROS };
}

unsigned region_leaf_restr(const struct pager_region *region, uint64_t address)
{
    uint64_t leaf = address & ~(PAGER_LEAF - 1);

    return leaf >= region->start && region->end - leaf >= PAGER_LEAF ? region->restr & LK_NX : 0;
}

bool region_discardable(const struct pager_region *region, uint64_t start, uint64_t bytes)
{
    return (region->kind == PAGER_ZERO || region->kind == PAGER_STACKS) && whole_pages(start) &&
           whole_pages(bytes) && bytes > 0 && bytes <= PAGER_DISCARD_MOST &&
           bytes <= region->end - start;
}
