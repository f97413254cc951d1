/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of memory capabilities.
 */
#include "prober.h"

CASE(clear_and_copy, .text = "a page is cleared and copied, also onto itself")
{
    obj a = page_filled(1);
    obj b = page_filled(2);

    obj_get(a, R_A);
    obj_get(b, R_B);
    page_words(1)[511] = 77;
    OK(lk_page_copy_from(R_B, R_A));
    EQ(page_words(2)[0], PAGE_VALUE(1));
    EQ(page_words(2)[511], 77);
    OK(lk_page_copy_from(R_B, R_B));
    EQ(page_words(2)[511], 77);
    OK(lk_page_clear(R_A));
    for (unsigned i = 0; i < 512; i++) {
        EQ(page_words(1)[i], 0);
    }
    EQ(page_words(2)[0], PAGE_VALUE(1));
    OK(lk_memory_reduce(R_A, LK_RO, R_C)); /* to read, a read-only capability is enough */
    OK(lk_page_copy_from(R_B, R_C));
    EQ(page_words(2)[511], 0);
}

CASE(guards, .text = "guard and restrictions are shown as they were made; restrictions only grow")
{
    uint64_t match = 1, l2g = 1, restr = 9;

    obj_get(page_new(), R_A);
    OK(lk_memory_get_guard(R_A, &match, &l2g, &restr));
    EQ(match, 0);
    EQ(l2g, 12);
    EQ(restr, 0);
    obj_get(obj_new(LK_TYPE_GPT), R_A);
    OK(lk_memory_get_guard(R_A, &match, &l2g, &restr));
    EQ(match, 0);
    EQ(restr, 0);
    for (uint64_t bit = 0; bit < 4; bit++) {
        OK(lk_memory_reduce(R_A, 1ull << bit, R_A));
        OK(lk_memory_get_guard(R_A, NULL, NULL, &restr));
        EQ(restr, (2ull << bit) - 1);
        OK(lk_memory_reduce(R_A, 0, R_A));
    }
    OK(lk_memory_set_guard(R_A, 0xffffffff, 47, R_B));
    OK(lk_memory_get_guard(R_B, &match, &l2g, &restr));
    EQ(match, 0xffffffff);
    EQ(l2g, 47);
    EQ(restr, 15);
    CHECK(!reg_same(R_A, R_B));
}

CASE(weak_fetch,
     .text =
         "what is fetched through a weak capability is weak and read-only, or Null if it cannot be")
{
    uint64_t restr = 0;
    obj inside[6];

    inside[0] = page_new();
    inside[1] = gpt_new(12);
    inside[2] = obj_new(LK_TYPE_CAPPAGE);
    inside[3] = endpoint_new(SELF, 5, false);
    inside[4] = entry_new(inside[3], 1);
    inside[5] = schedule_of(3);
    for (unsigned container = 0; container < 2; container++) {
        obj_get(obj_new(container == 0 ? LK_TYPE_GPT : LK_TYPE_CAPPAGE), R_A);
        OK(lk_memory_reduce(R_A, LK_WK, R_B));
        for (unsigned i = 0; i < 6; i++) {
            sys_at("container %u, object %u", container, i);
            obj_get(inside[i], R_C);
            if (container == 0) {
                OK(lk_gpt_swap_slot(R_A, i, R_C, 0));
                OK(lk_gpt_get_slot(R_B, i, R_D));
            } else {
                OK(lk_cappage_swap_slot(R_A, i, R_C, 0));
                OK(lk_cappage_get_slot(R_B, i, R_D));
            }
            if (i >= 3) {
                EQ(reg_type(R_D), LK_TYPE_NULL);
                continue;
            }
            EQ(reg_type(R_D), reg_type(R_C));
            OK(lk_memory_get_guard(R_D, NULL, NULL, &restr));
            CHECK((restr & LK_RO) != 0);
            CHECK(i == 0 || (restr & LK_WK) != 0);
        }
    }
    obj_get(inside[1], R_A); /* and so on, however deep */
    obj_get(inside[0], R_B);
    OK(lk_gpt_swap_slot(R_A, 3, R_B, 0));
    obj_get(obj_new(LK_TYPE_CAPPAGE), R_C);
    OK(lk_cappage_swap_slot(R_C, 0, R_A, 0));
    OK(lk_memory_reduce(R_C, LK_WK, R_C));
    OK(lk_cappage_get_slot(R_C, 0, R_D));
    OK(lk_gpt_get_slot(R_D, 3, R_E));
    OK(lk_memory_get_guard(R_E, NULL, NULL, &restr));
    CHECK((restr & LK_RO) != 0);
    STATUS(lk_page_clear(R_E), STATUS_NO_ACCESS);
}

CASE(slots, .text = "every slot of a GPT and of a CapPage holds its own capability")
{
    obj e = endpoint_new(SELF, 5, false);

    obj_get(obj_new(LK_TYPE_GPT), R_A);
    obj_get(obj_new(LK_TYPE_CAPPAGE), R_B);
    obj_get(e, R_C);
    for (unsigned i = 0; i < 256; i++) {
        OK(lk_endpoint_make_entry(R_C, i, R_D));
        OK(lk_cappage_swap_slot(R_B, i, R_D, R_E));
        EQ(reg_type(R_E), LK_TYPE_NULL);
        if (i < 16) {
            OK(lk_gpt_swap_slot(R_A, i, R_D, R_E));
            EQ(reg_type(R_E), LK_TYPE_NULL);
        }
    }
    for (unsigned i = 0; i < 256; i++) {
        OK(lk_endpoint_make_entry(R_C, i, R_D));
        OK(lk_cappage_get_slot(R_B, i, R_E));
        CHECK(reg_same(R_D, R_E));
        OK(lk_cappage_swap_slot(R_B, i, 0, R_E));
        CHECK(reg_same(R_D, R_E));
        OK(lk_cappage_get_slot(R_B, i, R_E));
        EQ(reg_type(R_E), LK_TYPE_NULL);
        if (i < 16) {
            OK(lk_gpt_get_slot(R_A, i, R_E));
            CHECK(reg_same(R_D, R_E));
        }
    }
}
