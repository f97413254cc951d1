/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager's regions: which are accepted, and what belongs at an address, against a second way to
 * say it.
 */
#include "unit.h"

#include "user/servers/pager/regions.c"

#include <string.h>

#define ARCHIVE 0x10000000ull
#define ARCHIVE_BYTES 0x123456ull

static struct pager_region good[4];

static void set_good(void)
{
    good[0] = (struct pager_region){ .start = 0x400000,
                                     .end = 0x403000,
                                     .kind = PAGER_IMAGE,
                                     .restr = LK_RO,
                                     .file = ARCHIVE + 0x1000,
                                     .file_bytes = 0x2800 };
    good[1] = (struct pager_region){ .start = 0x403000,
                                     .end = 0x480000,
                                     .kind = PAGER_IMAGE,
                                     .restr = LK_NX,
                                     .file = ARCHIVE + 0x3800,
                                     .file_bytes = 0x1900 };
    good[2] = (struct pager_region){
        .start = LK_HEAP_VA, .end = LK_HEAP_END, .kind = PAGER_ZERO, .restr = LK_NX
    };
    good[3] = (struct pager_region){ .start = LK_STACKS_VA,
                                     .end = LK_STACKS_END,
                                     .kind = PAGER_STACKS,
                                     .restr = LK_NX,
                                     .each = LK_STACK_EACH };
}

static bool valid(unsigned count)
{
    return regions_valid(good, count, ARCHIVE, ARCHIVE_BYTES);
}

TEST(pager_regions_good, "the regions of a program are accepted")
{
    set_good();
    for (unsigned n = 0; n <= 4; n++) {
        CHECK(valid(n));
    }
    CHECK(!valid(PAGER_REGIONS + 1));
}

#define REFUSED(i, member, value)                                                                  \
    do {                                                                                           \
        set_good();                                                                                \
        good[i].member = (value);                                                                  \
        CHECK(!valid(4));                                                                          \
    } while (0)

TEST(pager_regions_bad, "each wrong word in a region is refused")
{
    REFUSED(0, start, 0x400001);
    REFUSED(0, start, 0);
    REFUSED(0, start, 0x403000);
    REFUSED(0, end, 0x403001);
    REFUSED(0, end, 0x404000); /* overlaps the next */
    REFUSED(3, end, 0xe0100000);
    REFUSED(3, end, 0xfffffffffff00000);
    REFUSED(3, end, 0xdff80000); /* half a stack */
    for (unsigned restr = 0; restr < 32; restr++) {
        set_good();
        good[1].restr = restr;
        CHECK_EQUAL(valid(4), restr == LK_RO || restr == LK_NX || restr == (LK_RO | LK_NX));
    }
    for (unsigned kind = 0; kind < 9; kind++) {
        set_good();
        good[2].kind = kind;
        CHECK_EQUAL(valid(4), kind == PAGER_ZERO || kind == PAGER_IMAGE);
    }
    REFUSED(0, file, ARCHIVE - 1);
    REFUSED(0, file, ARCHIVE + ARCHIVE_BYTES);
    REFUSED(0, file, ARCHIVE + ARCHIVE_BYTES - 0x27ff);
    REFUSED(0, file, UINT64_MAX);
    REFUSED(0, file_bytes, 0x3001);
    REFUSED(0, file_bytes, UINT64_MAX);
    REFUSED(3, each, 0);
    REFUSED(3, each, 4096);
    REFUSED(3, each, 3 << 20);
    REFUSED(3, each, 1ull << 63);
    set_good();
    good[0].file = ARCHIVE + ARCHIVE_BYTES - 0x2800; /* just fits */
    CHECK(valid(4));
    good[0].file_bytes = 0;
    good[0].file = 7; /* of no meaning then */
    CHECK(valid(4));
}

TEST(pager_regions_random,
     "whatever words a region has, what is accepted can be looked at anywhere "
     "without leaving the archive or the region")
{
    uint64_t rounds = unit_rounds(200000);

    unit_random_seed(unit_seed(1));
    for (uint64_t n = 0; n < rounds; n++) {
        struct pager_region *r = &good[unit_random(4)];

        set_good();
        for (uint64_t k = 1 + unit_random(3); k > 0; k--) {
            uint64_t value = unit_once_in(2) ? unit_random(UINT64_MAX) >> unit_random(64)
                                             : unit_random(1u << 20) << 12;
            unsigned at = (unsigned)unit_random(6);

            memcpy((uint8_t *)r + at * 8, &value, 8);
        }
        if (!valid(4)) {
            continue;
        }
        for (unsigned k = 0; k < 8; k++) {
            uint64_t page = r->start + unit_random((r->end - r->start) / PAGER_PAGE) * PAGER_PAGE;
            const struct pager_region *found = region_find(good, 4, page + unit_random(4096));
            struct page_plan plan = region_plan(r, page);

            CHECK(found == r && (r->restr & (LK_RO | LK_NX)) != 0);
            CHECK(plan.bytes <= PAGER_PAGE);
            CHECK(plan.bytes == 0 ||
                  (plan.from >= ARCHIVE && plan.from + plan.bytes <= ARCHIVE + ARCHIVE_BYTES));
            CHECK(plan.source != PAGE_SHARED ||
                  (plan.bytes == PAGER_PAGE && plan.from % PAGER_PAGE == 0));
        }
    }
}

TEST(pager_plan, "what belongs at an address: the file's page, a part of one and zeros, zeros, "
                 "nothing")
{
    struct page_plan plan;

    set_good();
    CHECK(region_find(good, 4, 0x3fffff) == NULL);
    CHECK(region_find(good, 4, 0x402fff) == &good[0]);
    CHECK(region_find(good, 4, 0x403000) == &good[1]);
    CHECK(region_find(good, 4, 0x480000) == NULL);
    CHECK(region_find(good, 4, UINT64_MAX) == NULL);
    plan = region_plan(&good[0], 0x401000);
    CHECK(plan.source == PAGE_SHARED && plan.from == ARCHIVE + 0x2000 && plan.bytes == 4096);
    plan = region_plan(&good[0], 0x402000);
    CHECK(plan.source == PAGE_FILLED && plan.from == ARCHIVE + 0x3000 && plan.bytes == 0x800);
    plan = region_plan(&good[1], 0x403000); /* not aligned in the file */
    CHECK(plan.source == PAGE_FILLED && plan.from == ARCHIVE + 0x3800 && plan.bytes == 4096);
    plan = region_plan(&good[1], 0x405000);
    CHECK(plan.source == PAGE_ZEROS && plan.bytes == 0);
    good[0].file_bytes = 0x2000;
    CHECK(region_plan(&good[0], 0x402000).source == PAGE_ZEROS);
    CHECK(region_plan(&good[3], LK_STACKS_VA).source == PAGE_NONE);
    CHECK(region_plan(&good[3], LK_STACKS_VA + 0x1000).source == PAGE_ZEROS);
    CHECK(region_plan(&good[3], LK_STACKS_VA + LK_STACK_EACH).source == PAGE_NONE);
    CHECK(region_plan(&good[3], LK_STACK_TOP_OF(0) - 0x1000).source == PAGE_ZEROS);
    CHECK_EQUAL(region_leaf_restr(&good[0], 0x400000), 0);
    CHECK_EQUAL(region_leaf_restr(&good[1], 0x40f000), 0);
    CHECK_EQUAL(region_leaf_restr(&good[1], 0x410000), LK_NX);
    CHECK_EQUAL(region_leaf_restr(&good[1], 0x47f000), LK_NX);
    CHECK_EQUAL(region_leaf_restr(&good[2], LK_HEAP_VA), LK_NX);
    good[2].restr = LK_RO | LK_NX;
    CHECK_EQUAL(region_leaf_restr(&good[2], LK_HEAP_VA), LK_NX);
}

TEST(pager_discard_range, "only whole pages of one region of zeros or stacks can be given back")
{
    set_good();
    CHECK(region_discardable(&good[2], LK_HEAP_VA, 4096));
    CHECK(region_discardable(&good[2], LK_HEAP_END - 4096, 4096));
    CHECK(!region_discardable(&good[2], LK_HEAP_END - 4096, 8192));
    CHECK(!region_discardable(&good[2], LK_HEAP_VA + 1, 4096));
    CHECK(!region_discardable(&good[2], LK_HEAP_VA, 4095));
    CHECK(!region_discardable(&good[2], LK_HEAP_VA, 0));
    CHECK(!region_discardable(&good[2], LK_HEAP_VA, UINT64_MAX - 4095));
    CHECK(!region_discardable(&good[2], LK_HEAP_VA, PAGER_DISCARD_MOST + 4096));
    CHECK(region_discardable(&good[3], LK_STACKS_VA, PAGER_DISCARD_MOST));
    CHECK(!region_discardable(&good[1], 0x410000, 4096));
}
