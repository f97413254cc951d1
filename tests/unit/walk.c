/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The walk, case by case: guards, l2v, restrictions, rings, handlers, and every fault code it has.
 */
#include "world.h"

static struct walk w;

static enum fault_code walk(struct cap root, uva_t address, unsigned access)
{
    return space_walk(&root, address, access, &w);
}

/* A space with one page at `slot` of one GPT. */
static struct gpt *small_space(unsigned l2v, unsigned slot, struct objhdr *page)
{
    struct gpt *g = world_gpt(l2v);

    g->state.slot[slot] = world_plain_cap(page);
    return g;
}

TEST(walk_one_gpt, "a page in a slot is found there and nowhere else")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct gpt *g = small_space(12, 3, page);
    struct cap root = world_plain_cap(&g->hdr);

    CHECK_EQUAL(root.aux, 16);
    CHECK_EQUAL(walk(root, 0x3000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page && w.restr == 0 && w.handler == NULL);
    CHECK_EQUAL(walk(root, 0x3fff, ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC), FAULT_NONE);
    CHECK_EQUAL(walk(root, 0x2fff, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0x4000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0x13000, ACCESS_READ), FAULT_INVALID_ADDR); /* behind the guard */
}

TEST(walk_limits, "nothing is mapped in the first page, nor above user level's half")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct gpt *g = small_space(12, 0, page);

    CHECK_EQUAL(walk(world_plain_cap(&g->hdr), 0, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(world_plain_cap(&g->hdr), 0xfff, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(world_plain_cap(page), 0x10, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(world_cap(&g->hdr, 1, 16, 0), 0x10010, ACCESS_READ), FAULT_NONE);
    CHECK_EQUAL(walk(world_cap(&g->hdr, 0x80000000u, 16, 0), 0x800000000000, ACCESS_READ),
                FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(world_cap(&g->hdr, 0x7fffffffu, 16, 0), 0x7fffffff0000, ACCESS_READ),
                FAULT_NONE);
    CHECK_EQUAL(walk(world_plain_cap(&g->hdr), UINT64_MAX, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_page_root, "a page may be a whole space")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();

    CHECK_EQUAL(walk(world_cap(page, 5, 12, 0), 0x5123, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page);
    CHECK_EQUAL(walk(world_cap(page, 5, 12, 0), 0x6123, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_guards, "a guard selects the addresses that a capability translates")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct gpt *inner = small_space(12, 1, page);
    struct gpt *outer = world_gpt(24);

    /* Slot 2 of the outer one covers 16 MiB; of these the inner one has 64 KiB at 0x50000. */
    outer->state.slot[2] = world_cap(&inner->hdr, 5, 16, 0);
    struct cap root = world_plain_cap(&outer->hdr);

    CHECK_EQUAL(walk(root, 0x2051000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page);
    CHECK_EQUAL(walk(root, 0x2041000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0x2151000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0x1051000, ACCESS_READ), FAULT_INVALID_ADDR);
    outer->state.slot[2].payload = 0x105; /* matches what the slot index cannot leave */
    CHECK_EQUAL(walk(root, 0x2051000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0x3051000, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_restrictions, "restrictions add up along the path; weak means read-only")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct gpt *inner = small_space(12, 1, page);
    struct gpt *outer = world_gpt(16);

    outer->state.slot[0] = world_plain_cap(&inner->hdr);
    for (unsigned at = 0; at < 3; at++) { /* where the restriction stands */
        for (unsigned restr = 0; restr <= (LK_RO | LK_NX | LK_WK | LK_OP); restr++) {
            struct cap root = world_plain_cap(&outer->hdr);
            bool write = !(restr & (LK_RO | LK_WK));

            root.restr = at == 0 ? (uint8_t)restr : 0;
            outer->state.slot[0].restr = at == 1 ? (uint8_t)restr : 0;
            inner->state.slot[1].restr = at == 2 ? (uint8_t)restr : 0;
            CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_NONE);
            CHECK_EQUAL(w.restr, restr);
            CHECK_EQUAL(walk(root, 0x1000, ACCESS_WRITE),
                        write ? FAULT_NONE : FAULT_ACCESS_VIOLATION);
            CHECK_EQUAL(walk(root, 0x1000, ACCESS_EXEC),
                        restr & LK_NX ? FAULT_NO_EXEC : FAULT_NONE);
        }
    }
}

TEST(walk_types, "what is no page says what it is")
{
    world_boot(16, 0, 0);

    struct objhdr *cappage = world_make(FRAME_CAPPAGE);
    struct objhdr *endpoint = world_make(FRAME_ENDPOINT);
    struct gpt *g = world_gpt(12);
    struct cap root = world_plain_cap(&g->hdr);

    g->state.slot[1] = world_plain_cap(cappage);
    g->state.slot[2] = object_cap(endpoint);
    g->state.slot[3] = (struct cap){ .type = CAP_WINDOW, .aux = 12 };
    g->state.slot[4] = (struct cap){ .type = CAP_LOCALWINDOW, .aux = 12 };
    g->state.slot[5] = (struct cap){ .type = CAP_RANGE, .oid = 100 };
    CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_DATA_TYPE);
    CHECK_EQUAL(walk(root, 0x2000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0x3000, ACCESS_READ), FAULT_MALFORMED_SPACE);
    CHECK_EQUAL(walk(root, 0x4000, ACCESS_READ), FAULT_INVALID_ADDR); /* its root is Null */
    CHECK_EQUAL(walk(root, 0x5000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk((struct cap){ 0 }, 0x5000, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_large_page, "a page translates 4 KiB and nothing else")
{
    world_boot(16, 0, 0);

    struct gpt *g = world_gpt(16);

    g->state.slot[1] = world_cap(world_page(), 0, 13, 0);
    CHECK_EQUAL(walk(world_plain_cap(&g->hdr), 0x10000, ACCESS_READ), FAULT_MALFORMED_SPACE);
    g->state.slot[1].aux = 12;
    CHECK_EQUAL(walk(world_plain_cap(&g->hdr), 0x10000, ACCESS_READ), FAULT_NONE);
    CHECK_EQUAL(walk(world_plain_cap(&g->hdr), 0x11000, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_ring, "a ring of GPTs, or an l2v that does not fall, is a fault and no endless walk")
{
    world_boot(16, 0, 0);

    struct gpt *a = world_gpt(20);
    struct gpt *b = world_gpt(16);

    a->state.slot[0] = world_cap(&b->hdr, 0, 47, 0);
    b->state.slot[0] = world_cap(&a->hdr, 0, 47, 0);
    CHECK_EQUAL(walk(world_plain_cap(&a->hdr), 0x1000, ACCESS_READ), FAULT_MALFORMED_SPACE);
    a->state.slot[1] = world_cap(&a->hdr, 0, 47, 0);
    CHECK_EQUAL(walk(world_plain_cap(&a->hdr), 0x100000, ACCESS_READ), FAULT_MALFORMED_SPACE);
    b->state.l2v = 20;
    CHECK_EQUAL(walk(world_plain_cap(&a->hdr), 0x1000, ACCESS_READ), FAULT_MALFORMED_SPACE);
}

TEST(walk_deep, "the deepest space there can be is walked")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct cap c = world_plain_cap(page);

    for (unsigned l2v = 12; l2v <= 46; l2v++) {
        struct gpt *g = world_gpt(l2v);

        g->state.slot[l2v > 12] = c;
        c = world_cap(&g->hdr, 0, l2v + 1, 0);
    }
    CHECK_EQUAL(walk(c, 0x7fffffffe000, ACCESS_READ | ACCESS_WRITE), FAULT_NONE);
    CHECK(&w.frame->hdr == page);
    CHECK_EQUAL(walk(c, 0x7fffffffd000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(c, LK_USER_END, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_slots, "an address beyond slot 15, or in a slot of special meaning, is invalid")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct gpt *g = world_gpt(12);
    struct cap root = world_cap(&g->hdr, 0, 20, 0);

    for (unsigned i = 0; i < GPT_SLOTS; i++) {
        g->state.slot[i] = world_plain_cap(page);
    }
    CHECK_EQUAL(walk(root, 0x10000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0xf000, ACCESS_READ), FAULT_NONE);
    CHECK_EQUAL(walk(root, 0xe000, ACCESS_READ), FAULT_NONE);
    g->state.flags = GPT_HAS_HANDLER;
    CHECK_EQUAL(walk(root, 0xf000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK_EQUAL(walk(root, 0xe000, ACCESS_READ), FAULT_NONE);
    g->state.flags = GPT_HAS_BACKGROUND;
    CHECK_EQUAL(walk(root, 0xf000, ACCESS_READ), FAULT_NONE);
    CHECK_EQUAL(walk(root, 0xe000, ACCESS_READ), FAULT_INVALID_ADDR);
}

TEST(walk_handler, "the innermost GPT with a handler gives it, also when the walk fails")
{
    world_boot(16, 0, 0);

    struct gpt *inner = small_space(12, 1, world_page());
    struct gpt *outer = world_gpt(16);
    struct cap root = world_plain_cap(&outer->hdr);

    outer->state.slot[0] = world_plain_cap(&inner->hdr);
    outer->state.flags = GPT_HAS_HANDLER;
    CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_NONE);
    CHECK(w.handler == &outer->state.slot[15]);
    inner->state.flags = GPT_HAS_HANDLER;
    CHECK_EQUAL(walk(root, 0x2000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK(w.handler == &inner->state.slot[15]);
    CHECK_EQUAL(walk(root, 0x12000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK(w.handler == &outer->state.slot[15]);
    CHECK_EQUAL(walk(root, 0x200000, ACCESS_READ), FAULT_INVALID_ADDR); /* not its address at all */
    CHECK(w.handler == NULL);
}

TEST(walk_weak_handler, "a handler below a weak capability is told of nothing")
{
    world_boot(16, 0, 0);

    struct gpt *inner = small_space(12, 1, world_page());
    struct gpt *outer = world_gpt(16);
    struct cap root = world_plain_cap(&outer->hdr);

    outer->state.slot[0] = world_plain_cap(&inner->hdr);
    outer->state.flags = inner->state.flags = GPT_HAS_HANDLER;
    for (unsigned restr = 0; restr <= (LK_RO | LK_NX | LK_WK | LK_OP); restr++) {
        outer->state.slot[0].restr = (uint8_t)restr;
        CHECK_EQUAL(walk(root, 0x2000, ACCESS_READ), FAULT_INVALID_ADDR);
        CHECK(w.handler == (restr & LK_WK ? &outer : &inner)[0]->state.slot + 15);
        CHECK_EQUAL(walk(root, 0xf000, ACCESS_READ), FAULT_INVALID_ADDR); /* still no memory */
    }
    root.restr = LK_WK;
    CHECK_EQUAL(walk(root, 0x2000, ACCESS_READ), FAULT_INVALID_ADDR);
    CHECK(w.handler == NULL);
}

TEST(walk_rescinded, "a page or GPT that is gone reads as Null")
{
    world_boot(16, 0, 0);

    struct objhdr *page = world_page();
    struct gpt *inner = small_space(12, 1, page);
    struct gpt *outer = world_gpt(16);
    struct cap root = world_plain_cap(&outer->hdr);

    outer->state.slot[0] = world_plain_cap(&inner->hdr);
    world_rescind(page);
    CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_INVALID_ADDR);
    inner->state.slot[1] = world_plain_cap(world_page());
    CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_NONE);
    world_rescind(&inner->hdr);
    CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_INVALID_ADDR);
    world_rescind(&outer->hdr);
    CHECK_EQUAL(walk(root, 0x1000, ACCESS_READ), FAULT_INVALID_ADDR);
}

/* A GPT of 1 MiB (l2v 16) whose background has a page in each slot of its GPTs at 0x0 and 0x30000.
 */
static struct gpt *with_background(struct gpt **back, struct gpt **low, struct gpt **high)
{
    struct gpt *g = world_gpt(16);

    *back = world_gpt(16);
    *low = world_gpt(12);
    *high = world_gpt(12);
    for (unsigned i = 0; i < GPT_SLOTS; i++) {
        (*low)->state.slot[i] = world_plain_cap(world_page());
        (*high)->state.slot[i] = world_plain_cap(world_page());
    }
    (*back)->state.slot[0] = world_plain_cap(&(*low)->hdr);
    (*back)->state.slot[3] = world_plain_cap(&(*high)->hdr);
    g->state.flags = GPT_HAS_BACKGROUND;
    g->state.slot[GPT_BACKGROUND_SLOT] = world_plain_cap(&(*back)->hdr);
    return g;
}

static const struct objhdr *page_at(const struct gpt *g, unsigned slot)
{
    return oid_header(g->state.slot[slot].oid);
}

TEST(walk_window, "a window maps its part of the background space, with the restrictions of all")
{
    world_boot(16, 0, 0);

    struct gpt *back, *low, *high;
    struct gpt *g = with_background(&back, &low, &high);
    struct cap root = world_plain_cap(&g->hdr);

    CHECK_EQUAL(world_window(g, 5, WORLD_BACKGROUND, 0x30000, 0, 16, LK_NX), STATUS_OK);
    CHECK_EQUAL(world_window(g, 6, WORLD_BACKGROUND, 0x4000, 2, 12, 0), STATUS_OK);
    CHECK_EQUAL(walk(root, 0x57123, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page_at(high, 7) && w.restr == LK_NX);
    CHECK_EQUAL(walk(root, 0x62000, ACCESS_WRITE), FAULT_NONE);
    CHECK(&w.frame->hdr == page_at(low, 4));
    CHECK_EQUAL(walk(root, 0x63000, ACCESS_READ), FAULT_INVALID_ADDR); /* its guard */
    CHECK_EQUAL(walk(root, 0xe0000, ACCESS_READ), FAULT_INVALID_ADDR); /* not by its slot */
    CHECK_EQUAL(world_window(g, 7, WORLD_BACKGROUND, 0x20000, 0, 16, 0), STATUS_OK);
    CHECK_EQUAL(walk(root, 0x70000, ACCESS_READ), FAULT_INVALID_ADDR); /* nothing there */
    g->state.slot[GPT_BACKGROUND_SLOT].restr = LK_WK | LK_OP; /* opaque, but can be mapped */
    CHECK_EQUAL(walk(root, 0x62000, ACCESS_READ), FAULT_NONE);
    CHECK_EQUAL(walk(root, 0x62000, ACCESS_WRITE), FAULT_ACCESS_VIOLATION);
    CHECK_EQUAL(walk(root, 0x57000, ACCESS_EXEC), FAULT_NO_EXEC);
    cap_set_null(&g->state.slot[GPT_BACKGROUND_SLOT]);
    CHECK_EQUAL(walk(root, 0x57000, ACCESS_READ), FAULT_INVALID_ADDR);
    g->state.flags = 0;
    CHECK_EQUAL(walk(root, 0x57000, ACCESS_READ), FAULT_MALFORMED_SPACE);
    CHECK_EQUAL(walk(g->state.slot[5], 0x1000, ACCESS_READ), FAULT_MALFORMED_SPACE);
}

TEST(walk_window_background, "the background is that of the innermost GPT on the path that has one")
{
    world_boot(16, 0, 0);

    struct gpt *back1, *back2, *low, *high;
    struct gpt *inner = with_background(&back1, &low, &high);
    const struct objhdr *page1 = page_at(low, 1);
    struct gpt *outer = with_background(&back2, &low, &high);
    struct gpt *top = world_gpt(24);
    struct gpt *between = world_gpt(20);

    top->state.flags = GPT_HAS_BACKGROUND;
    top->state.slot[GPT_BACKGROUND_SLOT] = outer->state.slot[GPT_BACKGROUND_SLOT];
    top->state.slot[0] = world_cap(&between->hdr, 0, 24, 0);
    between->state.slot[0] = world_plain_cap(&inner->hdr);
    CHECK_EQUAL(world_window(between, 1, WORLD_BACKGROUND, 0, 0, 20, 0), STATUS_OK);
    CHECK_EQUAL(world_window(inner, 1, WORLD_BACKGROUND, 0, 0, 16, 0), STATUS_OK);
    CHECK_EQUAL(walk(world_plain_cap(&top->hdr), 0x11000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page1);
    CHECK_EQUAL(walk(world_plain_cap(&top->hdr), 0x101000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page_at(low, 1));
    /* In the background space of the inner one a window leads there again, for want of another. */
    CHECK_EQUAL(world_window(back1, 1, WORLD_BACKGROUND, 0, 0, 16, 0), STATUS_OK);
    CHECK_EQUAL(world_window(inner, 2, WORLD_BACKGROUND, 0x10000, 0, 16, 0), STATUS_OK);
    CHECK_EQUAL(walk(world_plain_cap(&top->hdr), 0x21000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page1);
}

TEST(walk_local_window, "a local window maps its part of another slot of the same GPT")
{
    world_boot(16, 0, 0);

    struct gpt *back, *low, *high;
    struct gpt *g = with_background(&back, &low, &high);
    struct cap root = world_plain_cap(&g->hdr);

    g->state.slot[1] = world_plain_cap(&high->hdr);
    CHECK_EQUAL(world_window(g, 2, 1, 0x3000, 1, 12, LK_RO), STATUS_OK);
    CHECK_EQUAL(walk(root, 0x21000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page_at(high, 3) && w.restr == LK_RO);
    CHECK_EQUAL(world_window(g, 3, 14, 0x30000, 0, 16, 0), STATUS_OK);
    CHECK_EQUAL(walk(root, 0x32000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page_at(high, 2));
    /* One that is the background space itself leads to a slot of the GPT that has it. */
    CHECK_EQUAL(world_window(g, 14, 1, 0, 0, 47, 0), STATUS_OK);
    CHECK_EQUAL(world_window(g, 4, WORLD_BACKGROUND, 0, 0, 16, 0), STATUS_OK);
    CHECK_EQUAL(walk(root, 0x45000, ACCESS_READ), FAULT_NONE);
    CHECK(&w.frame->hdr == page_at(high, 5));
    CHECK_EQUAL(world_window(g, 6, 6, 0, 0, 16, 0), STATUS_OK); /* itself */
    CHECK_EQUAL(walk(root, 0x60000, ACCESS_READ), FAULT_MALFORMED_SPACE);
    CHECK_EQUAL(walk(g->state.slot[2], 0x1000, ACCESS_READ), FAULT_MALFORMED_SPACE);
}

TEST(walk_window_limit, "four windows are passed, a fifth is one too many")
{
    world_boot(16, 0, 0);

    struct gpt *g = world_gpt(16);
    struct gpt *low = small_space(12, 1, world_page());

    g->state.slot[0] = world_plain_cap(&low->hdr);
    for (unsigned i = 1; i <= 5; i++) {
        CHECK_EQUAL(world_window(g, i, i - 1, 0, 0, 16, 0), STATUS_OK);
        CHECK_EQUAL(walk(world_plain_cap(&g->hdr), (i << 16) + 0x1000, ACCESS_READ),
                    i <= 4 ? FAULT_NONE : FAULT_MALFORMED_SPACE);
    }
}

TEST(op_window, "windows are made with arguments that make sense, and keep their alignment")
{
    world_boot(16, 0, 0);

    struct gpt *g = world_gpt(16);
    struct invocation inv;

    CHECK_EQUAL(world_window(g, 16, WORLD_BACKGROUND, 0, 0, 16, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 256, 0, 0, 16, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 17, 0, 0, 16, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 1ull << 47, 0, 16, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 0x8000, 0, 16, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 0x800, 0, 12, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 0, 1ull << 32, 12, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 0, 0, 11, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 0, 0, 48, 0), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_window(g, 1, 15, 0, 0, 12, 16), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(g->state.slot[1].type, CAP_NULL);
    CHECK_EQUAL(world_window(g, 1, 15, 0x7fffffff0000, 3, 16, LK_OP), STATUS_OK);
    CHECK_EQUAL(g->state.slot[1].type, CAP_LOCALWINDOW);
    CHECK_EQUAL(window_offset(&g->state.slot[1]), 0x7fffffff0000);
    CHECK_EQUAL(window_root(&g->state.slot[1]), 15);
    CHECK_EQUAL(g->state.slot[1].payload, 3);
    CHECK_EQUAL(g->state.slot[1].restr, LK_OP);
    CHECK_EQUAL(world_op(OP_MEMORY_SET_GUARD, g->state.slot[1], 0, 17, NULL, NULL),
                STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(world_op(OP_MEMORY_SET_GUARD, g->state.slot[1], 9, 15, NULL, &inv), STATUS_OK);
    CHECK_EQUAL(inv.out_cap[0].payload, 9);
    CHECK_EQUAL(window_offset(&inv.out_cap[0]), 0x7fffffff0000);
}
