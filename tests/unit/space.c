/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Hardware page tables as a cache of the tree: what is built, what is shared, and that exactly what
 * changed goes.
 */
#include "tests/kernel/probe.h"
#include "world.h"

static struct walk w;

TEST(space_first_touch, "a first touch builds one table of each level; the next page none")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct cap root = world_plain_cap(&world_three_levels(leaf)->hdr);
    struct process *p = world_process(&root);

    CHECK_EQUAL(p->space_root, kernel_root);
    CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT), 0);
    world_map(p, WORLD_LEAF_AT);
    CHECK_EQUAL(space_totals.tables, 4);
    CHECK_EQUAL(space_totals.depends, 3);
    for (unsigned i = 1; i < 16; i++) {
        CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT + i * 4096), 0);
        world_map(p, WORLD_LEAF_AT + i * 4096);
    }
    CHECK_EQUAL(space_totals.tables, 4);
    CHECK_EQUAL(space_totals.depends, 3);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_rights, "an entry grants what the walk grants, from the first touch on")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct cap root = world_plain_cap(&world_three_levels(leaf)->hdr);
    struct process *p = world_process(&root);

    for (unsigned restr = 0; restr < 16; restr++) {
        leaf->state.slot[restr].restr = (uint8_t)restr;
        world_map(p, WORLD_LEAF_AT + restr * 4096);
        CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT + restr * 4096),
                    ACCESS_READ | (restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
                        (restr & LK_NX ? 0 : ACCESS_EXEC));
    }
    CHECK_EQUAL(world_fault(p, WORLD_LEAF_AT + 4096, ACCESS_WRITE, &w), FAULT_ACCESS_VIOLATION);
    CHECK_EQUAL(world_fault(p, WORLD_LEAF_AT + 2 * 4096, ACCESS_EXEC, &w), FAULT_NO_EXEC);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_exact, "a slot that changes takes its own mappings and no others")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct gpt *other = world_full_gpt(16);
    struct gpt *top = world_three_levels(leaf);
    struct gpt *middle = (struct gpt *)(void *)oid_header(top->state.slot[1].oid);
    struct cap root = world_plain_cap(&top->hdr);
    struct process *p = world_process(&root);

    middle->state.slot[2] = world_plain_cap(&other->hdr);
    for (unsigned i = 0; i < 32; i++) {
        world_map(p, WORLD_LEAF_AT + i * 4096);
    }
    world_set_slot(leaf, 5, (struct cap){ 0 });
    for (unsigned i = 0; i < 32; i++) {
        CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT + i * 4096) != 0, i != 5);
    }
    world_set_slot(middle, 1, (struct cap){ 0 });
    for (unsigned i = 0; i < 32; i++) {
        CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT + i * 4096) != 0, i >= 16);
    }
    CHECK_EQUAL(leaf->hdr.depend, 0); /* nothing depends on it any more */
    world_set_slot(top, 0, (struct cap){ 0 });
    CHECK(world_probe(p, WORLD_LEAF_AT + 16 * 4096) != 0);
    CHECK_EQUAL(space_check(), 0);
    world_set_slot(top, 1, (struct cap){ 0 });
    CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT + 16 * 4096), 0);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_objects, "a page or GPT that is destroyed takes its mappings, wherever they are")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct cap root1 = world_plain_cap(&world_three_levels(leaf)->hdr);
    struct cap root2 = world_cap(&leaf->hdr, 7, 16, LK_RO);
    struct process *p1 = world_process(&root1);
    struct process *p2 = world_process(&root2);

    for (unsigned i = 0; i < 16; i++) {
        world_map(p1, WORLD_LEAF_AT + i * 4096);
        world_map(p2, 0x70000 + i * 4096);
    }
    CHECK_EQUAL(world_probe(p2, 0x70000), ACCESS_READ | ACCESS_EXEC);
    world_rescind(oid_header(leaf->state.slot[3].oid));
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQUAL(world_probe(p1, WORLD_LEAF_AT + i * 4096) != 0, i != 3);
        CHECK_EQUAL(world_probe(p2, 0x70000 + i * 4096) != 0, i != 3);
    }
    CHECK_EQUAL(space_check(), 0);
    world_rescind(&leaf->hdr);
    CHECK_EQUAL(p2->space_root, kernel_root);
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQUAL(world_probe(p1, WORLD_LEAF_AT + i * 4096), 0);
    }
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_page_root, "a space of one page is built, and goes with the page")
{
    world_boot(32, 0, 0);

    struct objhdr *page = world_page();
    struct cap root = world_cap(page, 0x12345, 12, LK_NX);
    struct process *p = world_process(&root);

    world_map(p, 0x12345678);
    CHECK_EQUAL(world_probe(p, 0x12345000), ACCESS_READ | ACCESS_WRITE);
    CHECK_EQUAL(world_probe(p, 0x12346000), 0);
    CHECK_EQUAL(space_check(), 0);
    world_rescind(page);
    CHECK_EQUAL(p->space_root, kernel_root);
    CHECK_EQUAL(space_totals.tables, 0);
}

TEST(space_l2v, "a change of l2v or flags takes all mappings through the GPT")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct gpt *top = world_three_levels(leaf);
    struct cap root = world_plain_cap(&top->hdr);
    struct process *p = world_process(&root);

    world_map(p, WORLD_LEAF_AT);
    world_map(p, WORLD_LEAF_AT + 0xf000);
    CHECK_EQUAL(world_op(OP_GPT_SET_FLAGS, object_cap(&leaf->hdr), GPT_HAS_HANDLER, 0, NULL, NULL),
                STATUS_OK);
    CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT) | world_probe(p, WORLD_LEAF_AT + 0xf000), 0);
    CHECK_EQUAL(world_fault(p, WORLD_LEAF_AT + 0xf000, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    world_map(p, WORLD_LEAF_AT);
    CHECK_EQUAL(world_op(OP_GPT_SET_L2V, object_cap(&top->hdr), 21, 0, NULL, NULL), STATUS_OK);
    CHECK_EQUAL(world_probe(p, WORLD_LEAF_AT), 0);
    CHECK_EQUAL(world_fault(p, WORLD_LEAF_AT, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    world_map(p, WORLD_LEAF_AT + 0x100000);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_shared, "spaces that share a subtree share its tables; all see a change")
{
    world_boot(32, 0, 0);

    /* Two tops of 64 MiB that have the same 4 MiB GPT at different places, once read-only. */
    struct gpt *leaf = world_full_gpt(16);
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

    world_map(p1, 0x4000000);
    CHECK_EQUAL(space_totals.tables, 4);
    world_map(p2, 0xc000000);
    CHECK_EQUAL(space_totals.tables, 7); /* all but the lowest, which is the same */
    world_map(p3, 0xc001000);
    CHECK_EQUAL(space_totals.tables, 7);
    CHECK_EQUAL(p2->space_root, p3->space_root);
    CHECK(world_probe(p1, 0x4001000) != 0);
    world_map(p2, 0x10000000);
    CHECK_EQUAL(space_totals.tables, 8); /* other restrictions */
    CHECK_EQUAL(world_probe(p2, 0x10000000), ACCESS_READ | ACCESS_EXEC);
    world_set_slot(leaf, 0, (struct cap){ 0 });
    CHECK_EQUAL(
        world_probe(p1, 0x4000000) | world_probe(p2, 0xc000000) | world_probe(p2, 0x10000000), 0);
    CHECK(world_probe(p1, 0x4001000) != 0 && world_probe(p3, 0xc001000) != 0);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_first_page, "a table shared with another place does not map the first page")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct gpt *top = world_gpt(22);
    struct gpt *library = world_gpt(21);
    struct gpt *middle = world_gpt(16);
    struct cap root = world_plain_cap(&top->hdr);

    middle->state.slot[0] = world_plain_cap(&leaf->hdr);
    library->state.slot[0] = world_plain_cap(&middle->hdr);
    top->state.slot[0] = world_plain_cap(&library->hdr);
    top->state.slot[1] = world_plain_cap(&library->hdr);

    struct process *p = world_process(&root);

    world_map(p, 0x1000);
    world_map(p, 0x400000);
    world_map(p, 0x401000);
    CHECK_EQUAL(world_probe(p, 0), 0);
    CHECK_EQUAL(world_fault(p, 0, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_last_page, "a table shared with another place does not map the last page")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct gpt *top = world_gpt(43);
    struct gpt *library = world_gpt(17); /* as large as a table */
    struct cap root = world_plain_cap(&top->hdr);

    library->state.slot[15] = world_cap(&leaf->hdr, 1, 16, 0);
    top->state.slot[0] = world_cap(&library->hdr, 2, 21, 0);
    top->state.slot[15] = world_cap(&library->hdr, (1u << 22) - 1, 21, 0);

    struct process *p = world_process(&root);
    kpa_t page;

    world_map(p, 0x5fe000);
    world_map(p, 0x5ff000);
    world_map(p, LK_USER_END - PAGE_SIZE);
    CHECK_EQUAL(world_probe(p, LK_USER_END), 0);
    mmu_load_root(p->space_root);
    CHECK(host_mmu_access(LK_USER_END - PAGE_SIZE, ACCESS_READ, &page));
    CHECK(!host_mmu_access(LK_USER_END, ACCESS_READ, &page));
    CHECK_EQUAL(world_fault(p, LK_USER_END, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_check(), 0);
    world_set_slot(library, 15, world_cap(&leaf->hdr, 1, 16, 0)); /* the other order */
    world_map(p, LK_USER_END - PAGE_SIZE);
    world_map(p, 0x5ff000);
    CHECK_EQUAL(world_probe(p, LK_USER_END), 0);
    CHECK_EQUAL(space_check(), 0);
}

#define PLACES 300u

TEST(space_many_places, "a GPT seen at very many places is flushed in pieces")
{
    struct process *p[PLACES];

    world_boot(64, 2048, 8192);

    struct gpt *leaf = world_full_gpt(16);

    for (unsigned i = 0; i < PLACES; i++) { /* each has tables of its own: another guard */
        struct cap root = world_cap(&leaf->hdr, i + 1, 16, 0);

        p[i] = world_process(&root);
        world_map(p[i], ((uva_t)(i + 1) << 16) + 0x3000);
        world_map(p[i], ((uva_t)(i + 1) << 16) + 0x4000);
    }
    world_set_slot(leaf, 3, (struct cap){ 0 });
    CHECK(world_restarts > 0);
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_EQUAL(world_probe(p[i], ((uva_t)(i + 1) << 16) + 0x3000), 0);
    }
    CHECK_EQUAL(space_check(), 0);
    for (unsigned i = 0; i < PLACES; i++) {
        world_map(p[i], ((uva_t)(i + 1) << 16) + 0x4000);
    }
    world_rescind(oid_header(leaf->state.slot[4].oid));
    CHECK(world_restarts > 0);
    for (unsigned i = 0; i < PLACES; i++) {
        CHECK_EQUAL(world_probe(p[i], ((uva_t)(i + 1) << 16) + 0x4000), 0);
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
        struct cap root = world_plain_cap(&world_three_levels(world_full_gpt(16))->hdr);

        p[i] = world_process(&root);
    }
    for (unsigned round = 0; round < 100; round++) {
        mmu_load_root(p[round % 8]->space_root);
        world_map(p[round * 5 % 8], WORLD_LEAF_AT + round % 16 * 4096);
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
        world_map(p, i * 4096ull);
    }
    CHECK_EQUAL(space_totals.depends_max, DEPEND_MIN);
    CHECK_EQUAL(space_check(), 0);
}

TEST(space_processes, "a process that leaves its space, or ends, is forgotten")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct cap root = world_plain_cap(&leaf->hdr);
    struct process *p1 = world_process(&root);
    struct process *p2 = world_process(&root);

    world_map(p1, 0x1000);
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

    struct gpt *leaf = world_full_gpt(16);
    struct cap root = world_plain_cap(&leaf->hdr);
    struct process *p = world_process(&root);
    kpa_t page;

    world_map(p, 0x1000);
    mmu_load_root(p->space_root);
    CHECK(host_mmu_access(0x1000, ACCESS_READ, &page));
    world_set_slot(leaf, 1, (struct cap){ 0 });
    CHECK(!host_mmu_access(0x1000, ACCESS_READ, &page));
    world_map(p, 0x2000);
    CHECK(host_mmu_access(0x2000, ACCESS_READ, &page));
    world_rescind(&leaf->hdr);
    CHECK(!host_mmu_access(0x2000, ACCESS_READ, &page));
    CHECK_EQUAL(cpu_self()->loaded_root, kernel_root);
}

TEST(space_invalidations, "one page that goes is forgotten alone, and nothing if it is not loaded")
{
    world_boot(32, 0, 0);

    struct gpt *leaf = world_full_gpt(16);
    struct cap root = world_plain_cap(&leaf->hdr);
    struct process *p = world_process(&root);
    const struct cpu_stats *stats = &cpu_self()->stats;
    uint64_t invalidations, loads;

    world_map(p, 0x1000);
    world_map(p, 0x2000);
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
