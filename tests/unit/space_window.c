/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Windows: tables shared with who comes directly, and what goes when something of a window changes.
 */
#include "tests/kernel/probe.h"
#include "world.h"

static struct walk w;

/* A space (l2v 21) whose slot 0 is a window to slot 1 of its background (l2v 21), each of 2 MiB. */
static struct gpt *windowed(struct gpt *back, uint64_t offset, unsigned l2g)
{
    struct gpt *g = world_gpt(21);

    g->state.flags = GPT_HAS_BACKGROUND;
    g->state.slot[GPT_BACKGROUND_SLOT] = world_plain_cap(&back->hdr);
    CHECK_EQUAL(world_window(g, 1, WORLD_BACKGROUND, offset, 0, l2g, 0), STATUS_OK);
    return g;
}

static struct gpt *background_of(struct gpt *leaf)
{
    struct gpt *middle = world_gpt(16);
    struct gpt *back = world_gpt(21);

    middle->state.slot[0] = world_plain_cap(&leaf->hdr);
    back->state.slot[1] = world_plain_cap(&middle->hdr);
    return back;
}

TEST(space_window_shared, "who comes through a window has the tables of who comes directly")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct gpt *back = background_of(leaf);
    struct cap direct = world_plain_cap(&back->hdr);
    struct cap root = world_plain_cap(&windowed(back, 0x200000, 21)->hdr);
    struct process *p1 = world_process(&direct);
    struct process *p2 = world_process(&root);

    world_map(p1, 0x203000);
    world_map(p2, 0x205000);
    CHECK_EQUAL(space_totals.tables, 7); /* the lowest is one */
    CHECK(world_probe(p2, 0x203000) != 0 && world_probe(p1, 0x205000) != 0);
    CHECK_EQUAL(space_check(), 0);
    world_set_slot(leaf, 3, (struct cap){ 0 });
    CHECK(world_probe(p2, 0x203000) == 0 && world_probe(p1, 0x203000) == 0 &&
          world_probe(p2, 0x205000) != 0);
}

TEST(space_window_small, "a window smaller than a table shows no more than it is to")
{
    world_boot(32, 0, 0);

    struct gpt *back = background_of(world_full_gpt(16));
    struct gpt *middle = (struct gpt *)(void *)oid_header(back->state.slot[1].oid);
    struct cap direct = world_plain_cap(&back->hdr);
    struct cap root = world_plain_cap(&windowed(back, 0x200000, 16)->hdr);
    struct process *p1 = world_process(&direct);
    struct process *p2 = world_process(&root);

    middle->state.slot[0].aux = 21;
    middle->state.slot[1] = middle->state.slot[0];
    world_map(p1, 0x203000);
    world_map(p1, 0x213000);
    world_map(p2, 0x203000);
    CHECK_EQUAL(world_probe(p2, 0x213000), 0);
    CHECK_EQUAL(world_fault(p2, 0x213000, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_window_flush, "what leads through a window goes when slot, background, flag or GPT do")
{
    for (unsigned how = 0; how < 5; how++) {
        world_boot(32, 0, 0);

        struct gpt *back = background_of(world_full_gpt(16));
        struct gpt *g = windowed(back, 0x200000, how % 2 == 0 ? 21 : 16);
        struct gpt *own = world_full_gpt(16);
        struct gpt *top = world_gpt(25);

        g->state.slot[2] = world_plain_cap(&own->hdr);
        top->state.slot[0] = world_plain_cap(&g->hdr);

        struct cap root = world_plain_cap(&top->hdr);
        struct process *p = world_process(&root);
        uint64_t depends;

        world_map(p, 0x203000);
        world_map(p, 0x403000);
        depends = space_totals.depends;
        world_map(p, 0x204000);
        CHECK_EQUAL(space_totals.depends, depends);
        CHECK_EQUAL(space_check(), 0);
        if (how == 0) {
            world_set_slot(g, 1, (struct cap){ 0 });
        } else if (how == 1) {
            world_set_slot(g, 14, (struct cap){ 0 });
        } else if (how == 2) {
            world_set_slot(back, 1, (struct cap){ 0 });
        } else if (how == 3) {
            CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, object_cap(&g->hdr), 0, 0, NULL, NULL),
                        STATUS_OK);
        } else {
            world_rescind(&back->hdr);
        }
        CHECK_EQUAL(world_probe(p, 0x203000), 0);
        CHECK(how == 3 || world_probe(p, 0x403000) != 0);
        CHECK_EQUAL(world_fault(p, 0x203000, ACCESS_READ, &w),
                    how == 3 ? FAULT_MALFORMED_SPACE : FAULT_INVALID_ADDR);
        CHECK_EQUAL(space_check(), 0);
    }
}

TEST(space_window_context, "a subtree with windows, under two backgrounds, is two spaces")
{
    world_boot(32, 0, 0);

    struct gpt *leaf1 = world_full_gpt(2);
    struct gpt *leaf2 = world_full_gpt(2);
    struct gpt *shared = world_gpt(16);
    struct process *p[2];

    shared->state.slot[0] = world_plain_cap(&world_full_gpt(2)->hdr);
    CHECK_EQUAL(world_window(shared, 1, WORLD_BACKGROUND, 0x200000, 0, 16, 0), STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct gpt *g = windowed(background_of(i == 0 ? leaf1 : leaf2), 0x200000, 21);

        g->state.slot[3] = world_plain_cap(&shared->hdr);

        struct cap root = world_plain_cap(&g->hdr);

        p[i] = world_process(&root);
        world_map(p[i], 0x601000); /* no window yet: the table is shared, and then is not */
    }
    for (unsigned i = 0; i < 2; i++) {
        kpa_t page;

        world_map(p[i], 0x611000);
        CHECK(space_probe(p[i], 0x611000, &page) != 0);
        CHECK_EQUAL(page, frame_kpa(page_frame(&(i == 0 ? leaf1 : leaf2)->state.slot[1])));
        world_map(p[i], 0x601000);
    }
    CHECK_EQUAL(space_check(), 0);
}
