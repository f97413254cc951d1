/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Capability words, and the operations of memory capabilities.
 */
#include "world.h"

#include <kernel/txn.h>
#include <string.h>

static struct invocation inv;

TEST(cap_null, "Null is what it is, and a capability to what is gone is like it")
{
    world_boot(16, 0, 0);

    struct cap null = { 0 };
    struct objhdr *page = world_page();
    struct cap c = world_plain_cap(page);
    pfn_t pfn = object_pfn(page);

    CHECK(!cap_live(&null) && !cap_valid(&null) && !cap_prepare(&null));
    CHECK(cap_live(&c) && cap_valid(&c) && cap_prepare(&c));
    CHECK(c.oid == object_oid(page) && page_frame(&c) == &frame_table[pfn]);
    world_rescind(page);
    CHECK(!cap_live(&c) && !cap_valid(&c) && cap_same(&c, &null));
    CHECK(world_make_at(FRAME_PAGE, pfn, 0) == page);
    CHECK(!cap_live(&c)); /* the same place, another object */
    CHECK(!cap_prepare(&c));
    CHECK(memcmp(&c, &null, sizeof(c)) == 0);
}

TEST(cap_kinds, "a frame that holds objects of another kind makes a capability invalid")
{
    world_boot(16, 0, 0);

    struct objhdr *gpt = world_make(FRAME_GPT);
    struct cap c = world_plain_cap(gpt);
    pfn_t pfn = object_pfn(gpt);

    world_rescind(gpt);
    CHECK_EQUAL(frame_table[pfn].kind, FRAME_FREE);
    world_make_at(FRAME_PAGE, pfn, 0);
    memcpy(frame_data(&frame_table[pfn]), &(struct objhdr){ .count = c.count, .kind = FRAME_GPT },
           sizeof(struct objhdr)); /* a user forges a header in its page */
    CHECK(!cap_live(&c));
    world_rescind(&frame_table[pfn].hdr);
    world_make_at(FRAME_GPT, pfn, 0);
    CHECK(!cap_live(&c));
}

TEST(cap_weaken, "what is fetched through a weak capability gives no way to write")
{
    world_boot(16, 0, 0);

    struct cap page = cap_weaken(world_plain_cap(world_page()));
    struct cap gpt = cap_weaken(world_plain_cap(world_make(FRAME_GPT)));
    struct cap cappage = cap_weaken(world_plain_cap(world_make(FRAME_CAPPAGE)));
    struct cap process = cap_weaken(object_cap(world_make(FRAME_PROCESS)));
    struct cap range = cap_weaken((struct cap){ .type = CAP_RANGE, .oid = 5 });

    CHECK(page.type == CAP_PAGE && (page.restr & LK_RO));
    CHECK(gpt.type == CAP_GPT && (gpt.restr & LK_WK));
    CHECK(cappage.type == CAP_CAPPAGE && (cappage.restr & LK_WK));
    CHECK_EQUAL(process.type, CAP_NULL);
    CHECK_EQUAL(range.type, CAP_NULL);
}

TEST(op_gpt_slots, "GPT slots are read and exchanged; through a weak capability weakened")
{
    world_boot(16, 0, 0);

    struct gpt *g = world_gpt(12);
    struct cap all = world_plain_cap(&g->hdr);
    struct cap weak = all;
    struct cap page = world_plain_cap(world_page());
    struct cap process = object_cap(world_make(FRAME_PROCESS));

    weak.restr = LK_WK;
    CHECK_EQUAL(world_op(OP_GPT_SWAP_SLOT, all, 3, 0, &page, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].type, CAP_NULL);
    CHECK_EQUAL(world_op(OP_GPT_SWAP_SLOT, all, 3, 0, &process, &inv), STATUS_OK);
    CHECK(cap_same(&inv.out_cap[0], &page));
    CHECK_EQUAL(world_op(OP_GPT_GET_SLOT, all, 3, 0, NULL, &inv), STATUS_OK);
    CHECK(cap_same(&inv.out_cap[0], &process));
    CHECK_EQUAL(world_op(OP_GPT_GET_SLOT, weak, 3, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].type, CAP_NULL);
    world_set_slot(g, 4, page);
    CHECK_EQUAL(world_op(OP_GPT_GET_SLOT, weak, 4, 0, NULL, &inv), STATUS_OK);
    CHECK(inv.out_cap[0].type == CAP_PAGE && (inv.out_cap[0].restr & LK_RO));
    CHECK_EQUAL(world_op(OP_GPT_GET_SLOT, all, 16, 0, NULL, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_GPT_GET_SLOT, all, 1ull << 32, 0, NULL, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_GPT_SWAP_SLOT, all, 16, 0, &page, &inv), STATUS_OUT_OF_RANGE);
    world_rescind(oid_header(page.oid));
    CHECK_EQUAL(world_op(OP_GPT_GET_SLOT, all, 4, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].type, CAP_NULL);
}

TEST(op_gpt_state, "l2v and flags have limits")
{
    world_boot(16, 0, 0);

    struct gpt *g = world_gpt(12);
    struct cap c = world_plain_cap(&g->hdr);

    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, c, 11, 0, NULL, NULL), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, c, 47, 0, NULL, NULL), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, c, 256 + 12, 0, NULL, NULL), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, c, 46, 0, NULL, NULL), STATUS_OK);
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, c, 4, 0, NULL, NULL), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, c, 1ull << 32, 0, NULL, NULL), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, c, 1, 0, NULL, NULL), STATUS_OK);
    CHECK_EQUAL(world_op(OP_GPT_GET_STATE, c, 0, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out[1], 46);
    CHECK_EQUAL(inv.out[2], 1);
    CHECK_EQUAL(object_cap(&g->hdr).aux, 47); /* a fresh capability has the guard of now */
}

TEST(op_memory, "guards and restrictions are made into new capabilities, restrictions only added")
{
    world_boot(16, 0, 0);

    struct cap c = world_plain_cap(world_page());

    CHECK_EQUAL(world_op(OP_MEMORY_REDUCE, c, 16, 0, NULL, &inv), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(world_op(OP_MEMORY_REDUCE, c, LK_RO, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].restr, LK_RO);
    CHECK_EQUAL(world_op(OP_MEMORY_REDUCE, inv.out_cap[0], LK_NX, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].restr, LK_RO | LK_NX);
    c = inv.out_cap[0];
    CHECK_EQUAL(world_op(OP_MEMORY_SET_GUARD, c, 1ull << 32, 12, NULL, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_MEMORY_SET_GUARD, c, 0, 11, NULL, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_MEMORY_SET_GUARD, c, 0, 48, NULL, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_MEMORY_SET_GUARD, c, UINT32_MAX, 13, NULL, &inv), STATUS_OK);
    c = inv.out_cap[0];
    CHECK_EQUAL(world_op(OP_MEMORY_GET_GUARD, c, 0, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out[1], UINT32_MAX);
    CHECK_EQUAL(inv.out[2], 13);
    CHECK_EQUAL(inv.out[3], LK_RO | LK_NX);
}

TEST(op_page, "a page is cleared and copied")
{
    world_boot(16, 0, 0);

    struct objhdr *one = world_page();
    struct objhdr *two = world_page();
    struct cap c1 = world_plain_cap(one);
    struct cap c2 = world_plain_cap(two);
    struct cap gpt = world_plain_cap(world_make(FRAME_GPT));
    uint8_t *data1 = frame_data(page_frame(&c1));
    uint8_t *data2 = frame_data(page_frame(&c2));

    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        CHECK(data1[i] == 0);
        data1[i] = (uint8_t)(i * 7);
    }
    CHECK_EQUAL(world_op(OP_PAGE_COPY_FROM, c2, 0, 0, &c1, NULL), STATUS_OK);
    CHECK(memcmp(data1, data2, PAGE_SIZE) == 0);
    CHECK_EQUAL(world_op(OP_PAGE_COPY_FROM, c2, 0, 0, &c2, NULL), STATUS_OK); /* onto itself */
    CHECK(memcmp(data1, data2, PAGE_SIZE) == 0);
    CHECK_EQUAL(world_op(OP_PAGE_COPY_FROM, c2, 0, 0, &gpt, NULL), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(world_op(OP_PAGE_CLEAR, c1, 0, 0, NULL, NULL), STATUS_OK);
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        CHECK(data1[i] == 0 && data2[i] == (uint8_t)(i * 7));
    }
}

TEST(op_cappage, "a capability page has 256 slots")
{
    world_boot(16, 0, 0);

    struct cap c = world_plain_cap(world_make(FRAME_CAPPAGE));
    struct cap weak = c;
    struct cap gpt = world_plain_cap(world_make(FRAME_GPT));

    weak.restr = LK_WK;
    CHECK_EQUAL(world_op(OP_CAPPAGE_SWAP_SLOT, c, 255, 0, &gpt, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].type, CAP_NULL);
    CHECK_EQUAL(world_op(OP_CAPPAGE_SWAP_SLOT, c, 256, 0, &gpt, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_CAPPAGE_GET_SLOT, c, 256, 0, NULL, &inv), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_CAPPAGE_GET_SLOT, c, 255, 0, NULL, &inv), STATUS_OK);
    CHECK(cap_same(&inv.out_cap[0], &gpt));
    CHECK_EQUAL(world_op(OP_CAPPAGE_GET_SLOT, weak, 255, 0, NULL, &inv), STATUS_OK);
    CHECK(inv.out_cap[0].type == CAP_GPT && (inv.out_cap[0].restr & LK_WK));
    CHECK_EQUAL(world_op(OP_CAPPAGE_SWAP_SLOT, c, 255, 0, &(struct cap){ 0 }, &inv), STATUS_OK);
    CHECK(cap_same(&inv.out_cap[0], &gpt));
    CHECK_EQUAL(world_op(OP_CAPPAGE_GET_SLOT, c, 255, 0, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].type, CAP_NULL);
}
