/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Pages put beside one that is mapped are mapped as soon as they are there, and nothing else is.
 */
#include "tests/kernel/probe.h"
#include "world.h"

#define HIGH                                                                                       \
    0x310000ull /* slot 0 of the leaf, beside WORLD_LEAF_AT: no table there has the first page */

/* The leaf of a space of three levels, with a page in slot 0, which is mapped; it is reached with
 * these restrictions. */
static struct gpt *mapped_leaf(struct process **p, struct gpt **middle, unsigned restr)
{
    struct gpt *leaf = world_full_gpt(1);
    struct gpt *top = world_three_levels(leaf);
    struct cap root = world_plain_cap(&top->hdr);

    *middle = (struct gpt *)(void *)oid_header(top->state.slot[1].oid);
    top->state.slot[3] = world_cap(&(*middle)->hdr, 0, 20, restr);
    *p = world_process(&root);
    world_map(*p, HIGH);
    return leaf;
}

TEST(space_fill, "a page put beside one that is mapped is mapped at once, with its rights")
{
    static const unsigned restrs[] = { 0, LK_RO, LK_NX, LK_WK };

    for (unsigned above = 0; above < ARRAY_LEN(restrs); above++) {
        world_boot(32, 0, 0);

        struct process *p;
        struct gpt *middle;
        struct gpt *leaf = mapped_leaf(&p, &middle, restrs[above]);
        struct objhdr *page = world_page();

        for (unsigned i = 0; i < ARRAY_LEN(restrs); i++) {
            unsigned restr = restrs[above] | restrs[i];

            world_set_slot(leaf, 3, world_cap(page, 0, 12, restrs[i]));
            CHECK_EQUAL(world_probe(p, HIGH + 0x3000),
                        ACCESS_READ | (restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
                            (restr & LK_NX ? 0 : ACCESS_EXEC));
            CHECK_EQUAL(space_check(), 0);
        }
        world_set_slot(leaf, 3, (struct cap){ 0 });
        CHECK_EQUAL(world_probe(p, HIGH + 0x3000), 0);
        world_set_slot(leaf, 4, world_plain_cap(page));
        CHECK(world_probe(p, HIGH + 0x4000) != 0);
        world_rescind(page);
        CHECK_EQUAL(world_probe(p, HIGH + 0x4000), 0);
        CHECK_EQUAL(space_check(), 0);
    }
}

TEST(space_fill_nothing, "what is no page for the walk is not mapped when it is put into a slot")
{
    world_boot(32, 0, 0);

    struct process *p;
    struct gpt *middle;
    struct gpt *leaf = mapped_leaf(&p, &middle, 0);
    struct cap caps[] = { world_cap(world_page(), 0, 13, 0), world_cap(world_page(), 1, 12, 0),
                          world_plain_cap(world_make(FRAME_CAPPAGE)),
                          world_plain_cap(&world_full_gpt(16)->hdr) };

    for (unsigned i = 0; i < ARRAY_LEN(caps); i++) {
        world_set_slot(leaf, 1 + i, caps[i]);
        CHECK_EQUAL(world_probe(p, HIGH + 0x1000 + i * 0x1000), 0);
    }
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, object_cap(&leaf->hdr),
                         GPT_HAS_HANDLER | GPT_HAS_BACKGROUND, 0, NULL, NULL),
                STATUS_OK);
    world_map(p, HIGH);
    world_set_slot(leaf, GPT_HANDLER_SLOT, world_plain_cap(world_page()));
    world_set_slot(leaf, GPT_BACKGROUND_SLOT, world_plain_cap(world_page()));
    CHECK_EQUAL(world_probe(p, HIGH + 0xe000), 0);
    CHECK_EQUAL(world_probe(p, HIGH + 0xf000), 0);
    CHECK_EQUAL(space_check(), 0);
    CHECK_EQUAL(world_window(leaf, 7, 5, 0, 0, 12, 0), STATUS_OK); /* to slot 5 */
    world_set_slot(leaf, 5, world_plain_cap(world_page()));
    world_map(p, HIGH + 0x7000);
    world_set_slot(leaf, 4, world_plain_cap(world_page()));
    CHECK_EQUAL(world_probe(p, HIGH + 0x6000), 0);
    CHECK_EQUAL(space_check(), 0);
}

/* A page goes out of slot 0 of a leaf that was mapped at HIGH, and another in. */
static void not_reached(struct process *p, struct gpt *leaf)
{
    world_set_slot(leaf, 0, (struct cap){ 0 });
    world_set_slot(leaf, 0, world_plain_cap(world_page()));
    CHECK_EQUAL(world_probe(p, HIGH), 0);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_fill_gone, "nothing is mapped through a GPT that is not reached there any more")
{
    struct process *p;
    struct gpt *leaf;
    struct gpt *middle;

    world_boot(32, 0, 0);
    leaf = mapped_leaf(&p, &middle, 0);
    world_set_slot(middle, 1, (struct cap){ 0 });
    not_reached(p, leaf);

    world_boot(32, 0, 0);
    leaf = mapped_leaf(&p, &middle, 0);
    world_rescind(&middle->hdr);
    not_reached(p, leaf);

    world_boot(32, 0, 0);
    leaf = mapped_leaf(&p, &middle, 0);
    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, object_cap(&middle->hdr), 17, 0, NULL, NULL), STATUS_OK);
    not_reached(p, leaf);

    world_boot(32, 0, 0); /* one page is all that shows of it */
    leaf = world_full_gpt(1);
    middle = world_gpt(16);
    middle->state.slot[0] = world_plain_cap(&leaf->hdr);

    struct gpt *top = world_gpt(20);
    struct cap root = world_plain_cap(&top->hdr);
    struct gpt *above = world_gpt(16);

    top->state.slot[3] = world_plain_cap(&above->hdr);
    above->state.slot[1] = world_cap(&middle->hdr, 0, 12, 0);
    middle->state.l2v = 13;
    p = world_process(&root);
    world_map(p, HIGH);
    world_set_slot(middle, 0, (struct cap){ 0 });
    not_reached(p, leaf);
}

TEST(space_fill_loose, "nor where more GPTs lie in a table than are looked at")
{
    world_boot(32, 0, 0);

    struct gpt *top = world_gpt(20);
    struct gpt *middle = world_gpt(16);
    struct cap root = world_plain_cap(&top->hdr);
    struct gpt *first = NULL;
    struct process *p;

    top->state.slot[3] = world_plain_cap(&middle->hdr);
    p = world_process(&root);
    for (unsigned i = 0; i < 80; i++) {
        struct gpt *low = (struct gpt *)(void *)oid_header(middle->state.slot[1 + i / 8].oid);
        struct gpt *leaf = world_full_gpt(1);

        if (i % 8 == 0) {
            low = world_gpt(13);
            middle->state.slot[1 + i / 8] = world_plain_cap(&low->hdr);
        }
        low->state.slot[i % 8] = world_plain_cap(&leaf->hdr);
        first = first == NULL ? leaf : first;
        world_map(p, HIGH + i / 8 * 0x10000 + i % 8 * 0x2000);
    }
    world_set_slot(top, 3, (struct cap){ 0 });
    not_reached(p, first);
}
