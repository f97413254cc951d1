/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ranges that are lent: what is live when, and the end of the counts.
 */
#include "world.h"

#include <kernel/txn.h>

#define FIRST 2000u /* frames of the test, all free */
#define FRAMES 64u

static struct invocation inv;

/* The Range that init has. */
static struct cap all(void)
{
    return (struct cap){ .type = CAP_RANGE, .oid = (oid_t)frame_count };
}

static struct cap lend(uint64_t first, uint64_t count)
{
    CHECK_EQUAL(world_op(OP_RANGE_LEND, all(), first, count, NULL, &inv), STATUS_OK);
    return inv.out_cap[0];
}

static struct cap split(struct cap range, uint64_t first, uint64_t count)
{
    CHECK_EQUAL(world_op(OP_RANGE_SPLIT, range, first, count, NULL, &inv), STATUS_OK);
    return inv.out_cap[0];
}

TEST(range_lent, "a lent Range and its parts live until the next is lent from the same frame")
{
    world_boot(16, 0, 0);

    struct cap a = lend(FIRST, FRAMES);
    struct cap part = split(a, 3, 4);
    struct cap last = split(part, 3, 1);
    struct cap beside = lend(FIRST + 3, 4);
    struct cap permanent = split(all(), FIRST, FRAMES);

    CHECK_EQUAL(part.payload, FIRST + 3);
    CHECK_EQUAL(last.aux, 6);
    CHECK(cap_live(&a) && cap_live(&part) && cap_live(&last) && cap_live(&beside));
    CHECK(!cap_same(&part, &beside) && !cap_same(&a, &permanent));

    struct cap again = lend(FIRST, 1);

    CHECK(!cap_live(&a) && !cap_live(&part) && !cap_live(&last));
    CHECK(cap_live(&again) && cap_live(&beside) && cap_live(&permanent));
    CHECK_EQUAL(lend(FIRST, 0).type, CAP_NULL);
    CHECK(!cap_live(&again) && cap_live(&beside));
    CHECK_EQUAL(lend(FIRST + 3, 0).type, CAP_NULL);
    CHECK(!cap_live(&beside) && cap_live(&permanent));
    txn_begin();
    CHECK(!cap_prepare(&beside) && beside.type == CAP_NULL);
}

TEST(range_lent_counts, "objects and Ranges have their counts from one row: none comes twice")
{
    world_boot(16, 0, 0);

    struct cap a = lend(FIRST, FRAMES);
    struct objhdr *page = world_make_at(FRAME_PAGE, FIRST, 0);
    struct cap b = lend(FIRST, FRAMES);

    CHECK(a.count < page->count && page->count < b.count);
    CHECK(cap_live(&b) && !cap_live(&a));
    world_rescind(page);
    CHECK(cap_live(&b)); /* what stands in the frame is another matter */
    CHECK_EQUAL(object_check_all(), 0);
}

TEST(
    range_lent_exhausted,
    "when the counts of a frame are used up nothing is lent from it any more, and what was lent is "
    "taken back all the same; a free frame is retired")
{
    world_boot(16, 0, 0);

    uint64_t free = frame_totals.free;
    struct cap first, last;

    frame_table[FIRST].next_count = UINT32_MAX - 2;
    first = lend(FIRST, FRAMES);
    CHECK_EQUAL(frame_table[FIRST].kind, FRAME_FREE);
    last = lend(FIRST, FRAMES);
    CHECK_EQUAL(last.count, UINT32_MAX);
    CHECK_EQUAL(frame_table[FIRST].kind, FRAME_RETIRED);
    CHECK_EQUAL(frame_totals.free, free - 1);
    CHECK_EQUAL(world_op(OP_RANGE_LEND, all(), FIRST, FRAMES, NULL, &inv), STATUS_EXHAUSTED);
    CHECK(cap_live(&last) && !cap_live(&first)); /* nothing has changed */
    CHECK_EQUAL(world_op(OP_RANGE_FABRICATE, last, CAP_PAGE, 0, NULL, &inv), STATUS_EXHAUSTED);
    CHECK_EQUAL(lend(FIRST, 0).type, CAP_NULL);
    CHECK(!cap_live(&last));
    CHECK_EQUAL(lend(FIRST, 0).type, CAP_NULL);
    CHECK_EQUAL(frame_totals.free, free - 1);

    frame_table[FIRST + 1].next_count = UINT32_MAX - 2;
    world_make_at(FRAME_ENDPOINT, FIRST + 1, 0);
    last = lend(FIRST + 1, 2);
    CHECK_EQUAL(frame_table[FIRST + 1].kind, FRAME_ENDPOINT); /* it holds an object */
    CHECK_EQUAL(world_op(OP_RANGE_LEND, all(), FIRST + 1, 2, NULL, &inv), STATUS_EXHAUSTED);
    CHECK(cap_live(&last));
    world_rescind(object_at(FIRST + 1, 0));
    CHECK_EQUAL(frame_table[FIRST + 1].kind, FRAME_RETIRED);
    CHECK_EQUAL(object_check_all(), 0);
}

TEST(range_lent_most, "as many frames as LK_LENT_MAX are lent, and not one more")
{
    world_boot(LK_LENT_MAX / 256 + 1, 0, 0);

    struct cap a = lend(7, LK_LENT_MAX);
    struct cap last = split(a, LK_LENT_MAX - 1, 1);

    CHECK_EQUAL(last.aux, LK_LENT_MAX - 1);
    CHECK_EQUAL(last.payload, 7 + LK_LENT_MAX - 1);
    CHECK_EQUAL(world_op(OP_RANGE_LEND, all(), 7, LK_LENT_MAX + 1, NULL, &inv),
                STATUS_OUT_OF_RANGE);
    CHECK(cap_live(&a) && cap_live(&last));
    lend(7 + LK_LENT_MAX - 1, 1);
    CHECK(cap_live(&a) && cap_live(&last));
    lend(7, 1);
    CHECK(!cap_live(&a) && !cap_live(&last));
}

TEST(range_lent_check, "a lent Range with a count that its frame never gave is found")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_make(FRAME_CAPPAGE);
    struct cap *slot = frame_data(&frame_table[object_pfn(page)]);

    slot[7] = split(lend(FIRST, FRAMES), 5, 5);
    CHECK_EQUAL(object_check_all(), 0);
    lend(FIRST, 0);
    CHECK_EQUAL(object_check_all(), 0);
    slot[7].count++;
    CHECK_EQUAL(object_check_all(), 1);
    slot[7].count--;
    slot[7].oid = LK_LENT_MAX - 4;
    CHECK_EQUAL(object_check_all(), 1);
    slot[7] = (struct cap){ .type = CAP_RANGE, .aux = 6, .payload = 5, .oid = 1, .count = 1 };
    CHECK_EQUAL(object_check_all(), 1);
}
