/* SPDX-License-Identifier: BSD-2-Clause
 *
 * More hardware page tables wanted than there are: they are thrown away and made again, and nobody
 * notices.
 */
#include "prober.h"

#define REGION_BITS 34 /* each page in a region of its own: three tables for each */
#define SLOTS 16

CASE(more_than_the_pool,
     .text = "touching far more regions than there are page tables works, twice", .ms = 120000)
{
    obj root = space_new();
    obj prober = proc_new_in(root, PRIO_HIGH);
    uint64_t tables = 0, most = 0;
    unsigned gpts;

    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, NULL, NULL, NULL, &most, NULL, NULL));
    gpts = (unsigned)(most / 2 / SLOTS) + 1;
    if (gpts > 70) {
        gpts = 70;
    }
    obj_get(gpt_new(REGION_BITS + 4 + 1),
            R_D); /* 16 slots of 2^39; below, GPTs of 16 slots of 2^34 */
    for (unsigned i = 0; i < 4; i++) {
        obj_get(page_filled(i), R_E + i);
    }
    for (unsigned g = 0; g < gpts; g++) {
        obj_new_in(LK_TYPE_GPT, R_A);
        OK(lk_gpt_set_l2v(R_A, REGION_BITS));
        for (unsigned s = 0; s < SLOTS; s++) {
            OK(lk_gpt_swap_slot(R_A, s, R_E + (g + s) % 4, 0));
        }
        OK(lk_memory_set_guard(R_A, 0, REGION_BITS + 4, R_A));
        if (g % SLOTS == 0) { /* the tree has room for 16; the others replace them in turn */
            sys_at("GPT %u of %u", g, gpts);
        }
        OK(lk_gpt_swap_slot(R_D, g % SLOTS, R_A, 0));
        OK(lk_memory_set_guard(R_D, 0, 43, R_B));
        obj_get(root, R_T0);
        OK(lk_gpt_swap_slot(R_T0, 1, R_B, 0));
        for (unsigned s = 0; s < SLOTS; s++) {
            reads(prober,
                  (1ull << 43) + ((uint64_t)(g % SLOTS) << (REGION_BITS + 5)) +
                      ((uint64_t)s << REGION_BITS),
                  PAGE_VALUE((g + s) % 4));
        }
        if (g % 8 == 0) {
            EQ(kernel_check(), 0);
        }
    }
    for (unsigned g = gpts > SLOTS ? gpts - SLOTS : 0; g < gpts;
         g++) { /* the last 16 are still there */
        for (unsigned s = 0; s < SLOTS; s++) {
            reads(prober,
                  (1ull << 43) + ((uint64_t)(g % SLOTS) << (REGION_BITS + 5)) +
                      ((uint64_t)s << REGION_BITS),
                  PAGE_VALUE((g + s) % 4));
        }
    }
    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, NULL, NULL, &tables, &most, NULL, NULL));
    CHECK(tables <= most);
    EQ(kernel_check(), 0);
}

CASE(many_spaces, .text = "a hundred spaces, each with pages of its own", .ms = 120000)
{
    enum { SPACES = 100 };
    obj p[SPACES];

    for (unsigned i = 0; i < SPACES; i++) {
        obj root = space_new();

        p[i] = proc_new_in(root, PRIO_HIGH);
        for (unsigned j = 0; j < 3; j++) {
            obj_new_in(LK_TYPE_PAGE, R_A);
            map_reg(own_space(), WINDOW_VA, R_A);
            page_words(0)[j] = PAGE_VALUE(i * 3 + j);
            map_reg(root, WINDOW_VA + 0x10000000ull * (1 + j), R_A);
        }
    }
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < SPACES; i++) {
            for (unsigned j = 0; j < 3; j++) {
                reads(p[i], WINDOW_VA + 0x10000000ull * (1 + j) + 8 * j, PAGE_VALUE(i * 3 + j));
            }
        }
    }
    EQ(kernel_check(), 0);
}
