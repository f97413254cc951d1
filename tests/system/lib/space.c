/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Address spaces of a case. The program lies in the lowest 2 GiB; above, eight windows of 256 MiB,
 * slots 8..15 of the GPT of the lowest 4 GiB, are for the case.
 */
#include "sys.h"

#define ROOT_L2V 43
#define LOW_L2V 28
#define WINDOW_SLOT 8
#define SLOTS 16

static obj own; /* + 1 */

static const unsigned levels[] = { 24, 20, 16, 12 };

void space_reset(void)
{
    own = 0;
}

void space_forget(obj from)
{
    own = own > from ? 0 : own;
}

obj own_space(void)
{
    if (own == 0) {
        own = obj_keep(R_SPACE) + 1;
    }
    return own - 1;
}

obj gpt_new(unsigned l2v)
{
    obj g = obj_new(LK_TYPE_GPT);
    unsigned l2g = l2v + 4 > 47 ? 47 : l2v + 4;

    obj_get(g, R_T0);
    OK(lk_gpt_set_l2v(R_T0, l2v));
    OK(lk_memory_set_guard(R_T0, 0, l2g, R_T0));
    obj_put(g, R_T0);
    return g;
}

obj space_new(void)
{
    obj root = gpt_new(ROOT_L2V);
    obj low = gpt_new(LOW_L2V);

    obj_get(low, R_T0);
    OK(lk_gpt_get_slot(R_SPACE, 0, R_T1));
    for (unsigned i = 0; i < WINDOW_SLOT; i++) {
        OK(lk_gpt_get_slot(R_T1, i, R_T2));
        OK(lk_gpt_swap_slot(R_T0, i, R_T2, 0));
    }
    obj_get(root, R_T1);
    OK(lk_gpt_swap_slot(R_T1, 0, R_T0, 0));
    return root;
}

unsigned gpt_of(obj space, uint64_t va, unsigned reg)
{
    unsigned above = LOW_L2V;

    obj_get(space, R_T0);
    OK(lk_gpt_get_slot(R_T0, va >> ROOT_L2V, R_T1));
    for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        unsigned slot = (unsigned)(va >> above) % SLOTS;

        OK(lk_gpt_get_slot(R_T1, slot, R_T0));
        if (reg_type(R_T0) == LK_TYPE_NULL) {
            obj_new_in(LK_TYPE_GPT, R_T0);
            OK(lk_gpt_set_l2v(R_T0, levels[i]));
            OK(lk_memory_set_guard(R_T0, 0, levels[i] + 4, R_T0));
            OK(lk_gpt_swap_slot(R_T1, slot, R_T0, 0));
        }
        lk_copy_cap(R_T0, R_T1);
        above = levels[i];
    }
    lk_copy_cap(R_T1, reg);
    return (unsigned)(va >> 12) % SLOTS;
}

void map_reg(obj space, uint64_t va, unsigned reg)
{
    unsigned slot = gpt_of(space, va, R_T1);

    OK(lk_gpt_swap_slot(R_T1, slot, reg, 0));
}

void map_page(obj space, uint64_t va, obj page, unsigned restr)
{
    obj_get(page, R_T2);
    if (restr != 0) {
        OK(lk_memory_reduce(R_T2, restr, R_T2));
    }
    map_reg(space, va, R_T2);
}

void unmap(obj space, uint64_t va)
{
    map_reg(space, va, 0);
}
