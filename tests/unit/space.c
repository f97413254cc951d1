/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Hardware page tables as a cache of the tree: what is built, what is shared, and that exactly what
 * changed goes.
 */
#include "tests/kernel/probe.h"
#include "world.h"

static struct walk w;

static unsigned probe(struct process *p, uva_t address)
{
    kpa_t page;

    return space_probe(p, address, &page);
}

static void map(struct process *p, uva_t address)
{
    CHECK_EQUAL(world_fault(p, address, ACCESS_READ, &w), FAULT_NONE);
    CHECK(probe(p, address) != 0);
}

/* A GPT with a page in each of the first n slots. */
static struct gpt *full_gpt(unsigned n)
{
    struct gpt *g = world_gpt(12);

    for (unsigned i = 0; i < n; i++) {
        g->state.slot[i] = world_plain_cap(world_page());
    }
    return g;
}

/* A space of three levels: `leaf` at slot 1 of the middle, which is at slot 1 of the top. */
static struct gpt *three_levels(struct gpt *leaf)
{
    struct gpt *middle = world_gpt(16);
    struct gpt *top = world_gpt(20);

    middle->state.slot[1] = world_plain_cap(&leaf->hdr);
    top->state.slot[1] = world_plain_cap(&middle->hdr);
    return top;
}

#define AT 0x110000ull /* where slot 0 of the leaf is then */

TEST(space_first_touch, "a first touch builds one table of each level; the next page none")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct cap root = world_plain_cap(&three_levels(leaf)->hdr);
    struct process *p = world_process(&root);

    CHECK_EQUAL(p->space_root, kernel_root);
    CHECK_EQUAL(probe(p, AT), 0);
    map(p, AT);
    CHECK_EQUAL(space_totals.tables, 4);
    CHECK_EQUAL(space_totals.depends, 3);
    for (unsigned i = 1; i < 16; i++) {
        CHECK_EQUAL(probe(p, AT + i * 4096), 0);
        map(p, AT + i * 4096);
    }
    CHECK_EQUAL(space_totals.tables, 4);
    CHECK_EQUAL(space_totals.depends, 3);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_rights, "an entry grants what the walk grants, from the first touch on")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct cap root = world_plain_cap(&three_levels(leaf)->hdr);
    struct process *p = world_process(&root);

    for (unsigned restr = 0; restr < 16; restr++) {
        leaf->state.slot[restr].restr = (uint8_t)restr;
        map(p, AT + restr * 4096);
        CHECK_EQUAL(probe(p, AT + restr * 4096), ACCESS_READ |
                                                     (restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
                                                     (restr & LK_NX ? 0 : ACCESS_EXEC));
    }
    CHECK_EQUAL(world_fault(p, AT + 4096, ACCESS_WRITE, &w), FAULT_ACCESS_VIOLATION);
    CHECK_EQUAL(world_fault(p, AT + 2 * 4096, ACCESS_EXEC, &w), FAULT_NO_EXEC);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_exact, "a slot that changes takes its own mappings and no others")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct gpt *other = full_gpt(16);
    struct gpt *top = three_levels(leaf);
    struct gpt *middle = (struct gpt *)(void *)oid_header(top->state.slot[1].oid);
    struct cap root = world_plain_cap(&top->hdr);
    struct process *p = world_process(&root);

    middle->state.slot[2] = world_plain_cap(&other->hdr);
    for (unsigned i = 0; i < 32; i++) {
        map(p, AT + i * 4096);
    }
    world_set_slot(leaf, 5, (struct cap){ 0 });
    for (unsigned i = 0; i < 32; i++) {
        CHECK_EQUAL(probe(p, AT + i * 4096) != 0, i != 5);
    }
    world_set_slot(middle, 1, (struct cap){ 0 });
    for (unsigned i = 0; i < 32; i++) {
        CHECK_EQUAL(probe(p, AT + i * 4096) != 0, i >= 16);
    }
    CHECK_EQUAL(leaf->hdr.depend, 0); /* nothing depends on it any more */
    world_set_slot(top, 0, (struct cap){ 0 });
    CHECK(probe(p, AT + 16 * 4096) != 0);
    CHECK_EQUAL(space_check(), 0);
    world_set_slot(top, 1, (struct cap){ 0 });
    CHECK_EQUAL(probe(p, AT + 16 * 4096), 0);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_objects, "a page or GPT that is destroyed takes its mappings, wherever they are")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct cap root1 = world_plain_cap(&three_levels(leaf)->hdr);
    struct cap root2 = world_cap(&leaf->hdr, 7, 16, LK_RO);
    struct process *p1 = world_process(&root1);
    struct process *p2 = world_process(&root2);

    for (unsigned i = 0; i < 16; i++) {
        map(p1, AT + i * 4096);
        map(p2, 0x70000 + i * 4096);
    }
    CHECK_EQUAL(probe(p2, 0x70000), ACCESS_READ | ACCESS_EXEC);
    world_rescind(oid_header(leaf->state.slot[3].oid));
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQUAL(probe(p1, AT + i * 4096) != 0, i != 3);
        CHECK_EQUAL(probe(p2, 0x70000 + i * 4096) != 0, i != 3);
    }
    CHECK_EQUAL(space_check(), 0);
    world_rescind(&leaf->hdr);
    CHECK_EQUAL(p2->space_root, kernel_root);
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQUAL(probe(p1, AT + i * 4096), 0);
    }
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_page_root, "a space of one page is built, and goes with the page")
{
    world_boot(32, 0, 0);

    struct objhdr *page = world_page();
    struct cap root = world_cap(page, 0x12345, 12, LK_NX);
    struct process *p = world_process(&root);

    map(p, 0x12345678);
    CHECK_EQUAL(probe(p, 0x12345000), ACCESS_READ | ACCESS_WRITE);
    CHECK_EQUAL(probe(p, 0x12346000), 0);
    CHECK_EQUAL(space_check(), 0);
    world_rescind(page);
    CHECK_EQUAL(p->space_root, kernel_root);
    CHECK_EQUAL(space_totals.tables, 0);
}

TEST(space_l2v, "a change of l2v or flags takes all mappings through the GPT")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct gpt *top = three_levels(leaf);
    struct cap root = world_plain_cap(&top->hdr);
    struct process *p = world_process(&root);

    map(p, AT);
    map(p, AT + 0xf000);
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, object_cap(&leaf->hdr), GPT_HAS_HANDLER, 0, NULL, NULL),
                STATUS_OK);
    CHECK_EQUAL(probe(p, AT) | probe(p, AT + 0xf000), 0);
    CHECK_EQUAL(world_fault(p, AT + 0xf000, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    map(p, AT);
    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, object_cap(&top->hdr), 21, 0, NULL, NULL), STATUS_OK);
    CHECK_EQUAL(probe(p, AT), 0);
    CHECK_EQUAL(world_fault(p, AT, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    map(p, AT + 0x100000);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_shared, "spaces that share a subtree share its tables; all see a change")
{
    world_boot(32, 0, 0);

    /* Two tops of 64 MiB that have the same 4 MiB GPT at different places, once read-only. */
    struct gpt *leaf = full_gpt(16);
    struct gpt *middle = world_gpt(16);
    struct gpt *library = world_gpt(22);
    struct gpt *top1 = world_gpt(26);
    struct gpt *top2 = world_gpt(26);

    middle->state.slot[0] = world_plain_cap(&leaf->hdr);
    library->state.slot[0] = world_plain_cap(&middle->hdr);
    top1->state.slot[1] = world_plain_cap(&library->hdr);
    top2->state.slot[3] = world_plain_cap(&library->hdr);
    top2->state.slot[4] = world_cap(&library->hdr, 0, 26, LK_RO);
    struct cap root1 = world_plain_cap(&top1->hdr);
    struct cap root2 = world_plain_cap(&top2->hdr);
    struct process *p1 = world_process(&root1);
    struct process *p2 = world_process(&root2);
    struct process *p3 = world_process(&root2);

    map(p1, 0x4000000);
    CHECK_EQUAL(space_totals.tables, 4);
    map(p2, 0xc000000);
    CHECK_EQUAL(space_totals.tables, 7); /* all but the lowest, which is the same */
    map(p3, 0xc001000);
    CHECK_EQUAL(space_totals.tables, 7);
    CHECK_EQUAL(p2->space_root, p3->space_root);
    CHECK(probe(p1, 0x4001000) != 0);
    map(p2, 0x10000000);
    CHECK_EQUAL(space_totals.tables, 8); /* other restrictions */
    CHECK_EQUAL(probe(p2, 0x10000000), ACCESS_READ | ACCESS_EXEC);
    world_set_slot(leaf, 0, (struct cap){ 0 });
    CHECK_EQUAL(probe(p1, 0x4000000) | probe(p2, 0xc000000) | probe(p2, 0x10000000), 0);
    CHECK(probe(p1, 0x4001000) != 0 && probe(p3, 0xc001000) != 0);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_first_page, "a table shared with another place does not map the first page")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct gpt *top = world_gpt(22);
    struct gpt *library = world_gpt(21);
    struct gpt *middle = world_gpt(16);
    struct cap root = world_plain_cap(&top->hdr);

    middle->state.slot[0] = world_plain_cap(&leaf->hdr);
    library->state.slot[0] = world_plain_cap(&middle->hdr);
    top->state.slot[0] = world_plain_cap(&library->hdr);
    top->state.slot[1] = world_plain_cap(&library->hdr);

    struct process *p = world_process(&root);

    map(p, 0x1000);
    map(p, 0x400000);
    map(p, 0x401000);
    CHECK_EQUAL(probe(p, 0), 0);
    CHECK_EQUAL(world_fault(p, 0, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_last_page, "a table shared with another place does not map the last page")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct gpt *top = world_gpt(43);
    struct gpt *library = world_gpt(17); /* as large as a table */
    struct cap root = world_plain_cap(&top->hdr);

    library->state.slot[15] = world_cap(&leaf->hdr, 1, 16, 0);
    top->state.slot[0] = world_cap(&library->hdr, 2, 21, 0);
    top->state.slot[15] = world_cap(&library->hdr, (1u << 22) - 1, 21, 0);

    struct process *p = world_process(&root);
    kpa_t page;

    map(p, 0x5fe000);
    map(p, 0x5ff000);
    map(p, LK_USER_END - PAGE_SIZE);
    CHECK_EQUAL(probe(p, LK_USER_END), 0);
    mmu_load_root(p->space_root);
    CHECK(host_mmu_access(LK_USER_END - PAGE_SIZE, ACCESS_READ, &page));
    CHECK(!host_mmu_access(LK_USER_END, ACCESS_READ, &page));
    CHECK_EQUAL(world_fault(p, LK_USER_END, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_check(), 0);
    world_set_slot(library, 15, world_cap(&leaf->hdr, 1, 16, 0)); /* the other order */
    map(p, LK_USER_END - PAGE_SIZE);
    map(p, 0x5ff000);
    CHECK_EQUAL(probe(p, LK_USER_END), 0);
    CHECK_EQUAL(space_check(), 0);
}

#define PLACES 300u

TEST(space_many_places, "a GPT seen at very many places is flushed in pieces")
{
    struct process *p[PLACES];

    world_boot(64, 2048, 8192);

    struct gpt *leaf = full_gpt(16);

    for (unsigned i = 0; i < PLACES; i++) { /* each has tables of its own: another guard */
        struct cap root = world_cap(&leaf->hdr, i + 1, 16, 0);

        p[i] = world_process(&root);
        map(p[i], ((uva_t)(i + 1) << 16) + 0x3000);
        map(p[i], ((uva_t)(i + 1) << 16) + 0x4000);
    }
    world_set_slot(leaf, 3, (struct cap){ 0 });
    CHECK(world_restarts > 0);
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_EQUAL(probe(p[i], ((uva_t)(i + 1) << 16) + 0x3000), 0);
    }
    CHECK_EQUAL(space_check(), 0);
    for (unsigned i = 0; i < PLACES; i++) {
        map(p[i], ((uva_t)(i + 1) << 16) + 0x4000);
    }
    world_rescind(oid_header(leaf->state.slot[4].oid));
    CHECK(world_restarts > 0);
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_EQUAL(probe(p[i], ((uva_t)(i + 1) << 16) + 0x4000), 0);
    }
    CHECK_EQUAL(space_check(), 0);
    world_rescind(&leaf->hdr);
    CHECK(world_restarts > 0);
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_EQUAL(p[i]->space_root, kernel_root);
    }
    CHECK_EQUAL(space_totals.tables, 0);
    CHECK_EQUAL(space_totals.depends, 0);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_small_pools, "with the smallest pools everything is still mapped, one after the other")
{
    world_boot(32, DEPEND_TABLES_MIN, DEPEND_MIN);

    struct process *p[8];

    for (unsigned i = 0; i < 8; i++) {
        struct cap root = world_plain_cap(&three_levels(full_gpt(16))->hdr);

        p[i] = world_process(&root);
    }
    for (unsigned round = 0; round < 100; round++) {
        mmu_load_root(p[round % 8]->space_root);
        map(p[round * 5 % 8], AT + round % 16 * 4096);
        CHECK_EQUAL(space_check(), 0);
    }
    CHECK(space_totals.tables <= DEPEND_TABLES_MIN);
}

/* A tree in which each page has a chain of GPTs of its own: more dependencies in one table than the
 * pool has. */
static struct gpt *bush(unsigned l2v, struct objhdr *page)
{
    struct gpt *g = world_gpt(l2v);

    for (unsigned i = 0; i < 2; i++) {
        g->state.slot[i] =
            l2v == 12 ? world_plain_cap(page) : world_cap(&bush(l2v - 1, page)->hdr, 0, l2v, 0);
    }
    return g;
}

TEST(space_path_fills_pool, "one table that needs all dependencies there are gives way to itself")
{
    world_boot(64, DEPEND_TABLES_MIN, DEPEND_MIN);

    struct cap root = world_cap(&bush(19, world_page())->hdr, 0, 47, 0);
    struct process *p = world_process(&root);

    for (unsigned i = 1; i < 256; i++) {
        map(p, i * 4096ull);
    }
    CHECK_EQUAL(space_totals.depends_max, DEPEND_MIN);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_processes, "a process that leaves its space, or ends, is forgotten")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct cap root = world_plain_cap(&leaf->hdr);
    struct process *p1 = world_process(&root);
    struct process *p2 = world_process(&root);

    map(p1, 0x1000);
    CHECK_EQUAL(p2->space_root, kernel_root);
    world_set_space(p2, root); /* the table is there already */
    CHECK_EQUAL(p2->space_root, p1->space_root);
    world_set_space(p1, (struct cap){ 0 });
    CHECK_EQUAL(p1->space_root, kernel_root);
    CHECK_EQUAL(space_check(), 0);
    world_rescind(&p2->hdr);
    CHECK_EQUAL(space_check(), 0);
    world_rescind(&leaf->hdr);
    CHECK_EQUAL(space_totals.tables, 0);
}

TEST(space_unmap_current, "tables of the loaded space are taken from under it")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct cap root = world_plain_cap(&leaf->hdr);
    struct process *p = world_process(&root);
    kpa_t page;

    map(p, 0x1000);
    mmu_load_root(p->space_root);
    CHECK(host_mmu_access(0x1000, ACCESS_READ, &page));
    world_set_slot(leaf, 1, (struct cap){ 0 });
    CHECK(!host_mmu_access(0x1000, ACCESS_READ, &page));
    map(p, 0x2000);
    CHECK(host_mmu_access(0x2000, ACCESS_READ, &page));
    world_rescind(&leaf->hdr);
    CHECK(!host_mmu_access(0x2000, ACCESS_READ, &page));
    CHECK_EQUAL(cpu_self()->loaded_root, kernel_root);
}

TEST(space_invalidations, "one page that goes is forgotten alone, and nothing if it is not loaded")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = full_gpt(16);
    struct cap root = world_plain_cap(&leaf->hdr);
    struct process *p = world_process(&root);
    const struct cpu_stats *stats = &cpu_self()->stats;
    uint64_t invalidations, loads;

    map(p, 0x1000);
    map(p, 0x2000);
    invalidations = stats->invalidations;
    world_set_slot(leaf, 1, (struct cap){ 0 });
    CHECK_EQUAL(stats->invalidations, invalidations);
    mmu_load_root(p->space_root);
    loads = stats->cr3_writes;
    world_set_slot(leaf, 3, (struct cap){ 0 }); /* was not mapped */
    CHECK_EQUAL(stats->invalidations, invalidations);
    world_set_slot(leaf, 2, (struct cap){ 0 });
    CHECK_EQUAL(stats->invalidations, invalidations + 1);
    CHECK_EQUAL(stats->cr3_writes, loads);
}

/* --- mapped as soon as they are there --- */

#define HIGH 0x310000ull /* slot 0 of the leaf, beside AT: no table there has the first page */

/* The leaf of a space of three levels, with a page in slot 0, which is mapped; it is reached with
 * these restrictions. */
static struct gpt *mapped_leaf(struct process **p, struct gpt **middle, unsigned restr)
{
    struct gpt *leaf = full_gpt(1);
    struct gpt *top = three_levels(leaf);
    struct cap root = world_plain_cap(&top->hdr);

    *middle = (struct gpt *)(void *)oid_header(top->state.slot[1].oid);
    top->state.slot[3] = world_cap(&(*middle)->hdr, 0, 20, restr);
    *p = world_process(&root);
    map(*p, HIGH);
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
            CHECK_EQUAL(probe(p, HIGH + 0x3000), ACCESS_READ |
                                                     (restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
                                                     (restr & LK_NX ? 0 : ACCESS_EXEC));
            CHECK_EQUAL(space_check(), 0);
        }
        world_set_slot(leaf, 3, (struct cap){ 0 });
        CHECK_EQUAL(probe(p, HIGH + 0x3000), 0);
        world_set_slot(leaf, 4, world_plain_cap(page));
        CHECK(probe(p, HIGH + 0x4000) != 0);
        world_rescind(page);
        CHECK_EQUAL(probe(p, HIGH + 0x4000), 0);
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
                          world_plain_cap(&full_gpt(16)->hdr) };

    for (unsigned i = 0; i < ARRAY_LEN(caps); i++) {
        world_set_slot(leaf, 1 + i, caps[i]);
        CHECK_EQUAL(probe(p, HIGH + 0x1000 + i * 0x1000), 0);
    }
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, object_cap(&leaf->hdr),
                         GPT_HAS_HANDLER | GPT_HAS_BACKGROUND, 0, NULL, NULL),
                STATUS_OK);
    map(p, HIGH);
    world_set_slot(leaf, GPT_HANDLER_SLOT, world_plain_cap(world_page()));
    world_set_slot(leaf, GPT_BACKGROUND_SLOT, world_plain_cap(world_page()));
    CHECK_EQUAL(probe(p, HIGH + 0xe000), 0);
    CHECK_EQUAL(probe(p, HIGH + 0xf000), 0);
    CHECK_EQUAL(space_check(), 0);
    CHECK_EQUAL(world_window(leaf, 7, 5, 0, 0, 12, 0), STATUS_OK); /* to slot 5 */
    world_set_slot(leaf, 5, world_plain_cap(world_page()));
    map(p, HIGH + 0x7000);
    world_set_slot(leaf, 4, world_plain_cap(world_page()));
    CHECK_EQUAL(probe(p, HIGH + 0x6000), 0);
    CHECK_EQUAL(space_check(), 0);
}

/* A page goes out of slot 0 of a leaf that was mapped at HIGH, and another in. */
static void not_reached(struct process *p, struct gpt *leaf)
{
    world_set_slot(leaf, 0, (struct cap){ 0 });
    world_set_slot(leaf, 0, world_plain_cap(world_page()));
    CHECK_EQUAL(probe(p, HIGH), 0);
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
    leaf = full_gpt(1);
    middle = world_gpt(16);
    middle->state.slot[0] = world_plain_cap(&leaf->hdr);

    struct gpt *top = world_gpt(20);
    struct cap root = world_plain_cap(&top->hdr);
    struct gpt *above = world_gpt(16);

    top->state.slot[3] = world_plain_cap(&above->hdr);
    above->state.slot[1] = world_cap(&middle->hdr, 0, 12, 0);
    middle->state.l2v = 13;
    p = world_process(&root);
    map(p, HIGH);
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
        struct gpt *leaf = full_gpt(1);

        if (i % 8 == 0) {
            low = world_gpt(13);
            middle->state.slot[1 + i / 8] = world_plain_cap(&low->hdr);
        }
        low->state.slot[i % 8] = world_plain_cap(&leaf->hdr);
        first = first == NULL ? leaf : first;
        map(p, HIGH + i / 8 * 0x10000 + i % 8 * 0x2000);
    }
    world_set_slot(top, 3, (struct cap){ 0 });
    not_reached(p, first);
}

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

    struct gpt *leaf = full_gpt(16);
    struct gpt *back = background_of(leaf);
    struct cap direct = world_plain_cap(&back->hdr);
    struct cap root = world_plain_cap(&windowed(back, 0x200000, 21)->hdr);
    struct process *p1 = world_process(&direct);
    struct process *p2 = world_process(&root);

    map(p1, 0x203000);
    map(p2, 0x205000);
    CHECK_EQUAL(space_totals.tables, 7); /* the lowest is one */
    CHECK(probe(p2, 0x203000) != 0 && probe(p1, 0x205000) != 0);
    CHECK_EQUAL(space_check(), 0);
    world_set_slot(leaf, 3, (struct cap){ 0 });
    CHECK(probe(p2, 0x203000) == 0 && probe(p1, 0x203000) == 0 && probe(p2, 0x205000) != 0);
}

TEST(space_window_small, "a window smaller than a table shows no more than it is to")
{
    world_boot(32, 0, 0);

    struct gpt *back = background_of(full_gpt(16));
    struct gpt *middle = (struct gpt *)(void *)oid_header(back->state.slot[1].oid);
    struct cap direct = world_plain_cap(&back->hdr);
    struct cap root = world_plain_cap(&windowed(back, 0x200000, 16)->hdr);
    struct process *p1 = world_process(&direct);
    struct process *p2 = world_process(&root);

    middle->state.slot[0].aux = 21;
    middle->state.slot[1] = middle->state.slot[0];
    map(p1, 0x203000);
    map(p1, 0x213000);
    map(p2, 0x203000);
    CHECK_EQUAL(probe(p2, 0x213000), 0);
    CHECK_EQUAL(world_fault(p2, 0x213000, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_window_flush, "what leads through a window goes when slot, background, flag or GPT do")
{
    for (unsigned how = 0; how < 5; how++) {
        world_boot(32, 0, 0);

        struct gpt *back = background_of(full_gpt(16));
        struct gpt *g = windowed(back, 0x200000, how % 2 == 0 ? 21 : 16);
        struct gpt *own = full_gpt(16);
        struct gpt *top = world_gpt(25);

        g->state.slot[2] = world_plain_cap(&own->hdr);
        top->state.slot[0] = world_plain_cap(&g->hdr);

        struct cap root = world_plain_cap(&top->hdr);
        struct process *p = world_process(&root);
        uint64_t depends;

        map(p, 0x203000);
        map(p, 0x403000);
        depends = space_totals.depends;
        map(p, 0x204000);
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
        CHECK_EQUAL(probe(p, 0x203000), 0);
        CHECK(how == 3 || probe(p, 0x403000) != 0);
        CHECK_EQUAL(world_fault(p, 0x203000, ACCESS_READ, &w),
                    how == 3 ? FAULT_MALFORMED_SPACE : FAULT_INVALID_ADDR);
        CHECK_EQUAL(space_check(), 0);
    }
}

TEST(space_window_context, "a subtree with windows, under two backgrounds, is two spaces")
{
    world_boot(32, 0, 0);

    struct gpt *leaf1 = full_gpt(2);
    struct gpt *leaf2 = full_gpt(2);
    struct gpt *shared = world_gpt(16);
    struct process *p[2];

    shared->state.slot[0] = world_plain_cap(&full_gpt(2)->hdr);
    CHECK_EQUAL(world_window(shared, 1, WORLD_BACKGROUND, 0x200000, 0, 16, 0), STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct gpt *g = windowed(background_of(i == 0 ? leaf1 : leaf2), 0x200000, 21);

        g->state.slot[3] = world_plain_cap(&shared->hdr);

        struct cap root = world_plain_cap(&g->hdr);

        p[i] = world_process(&root);
        map(p[i], 0x601000); /* no window yet: the table is shared, and then is not */
    }
    for (unsigned i = 0; i < 2; i++) {
        kpa_t page;

        map(p[i], 0x611000);
        CHECK(space_probe(p[i], 0x611000, &page) != 0);
        CHECK_EQUAL(page, frame_kpa(page_frame(&(i == 0 ? leaf1 : leaf2)->state.slot[1])));
        map(p[i], 0x601000);
    }
    CHECK_EQUAL(space_check(), 0);
}
