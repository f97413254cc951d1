/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an address means. The tree under test hangs in slot 1 of the prober's root: addresses from
 * 8 TiB on.
 */
#include "prober.h"

#define TREE_VA (1ull << 43)

static obj prober, root;

static void begin(void)
{
    root = space_new();
    prober = proc_new_in(root, PRIO_HIGH);
}

/* The tree is what is in the register. */
static void hang(unsigned reg)
{
    obj_get(root, R_T0);
    OK(lk_gpt_swap_slot(R_T0, 1, reg, 0));
}

static void guard(unsigned reg, uint64_t match, uint64_t l2g)
{
    OK(lk_memory_set_guard(reg, match, l2g, reg));
}

CASE(page_by_guard,
     .text = "a page with a guard is at one place of what its slot covers, and nowhere else")
{
    begin();
    obj_get(page_filled(1), R_A);
    guard(R_A, 0x1234567, 12);
    hang(R_A);
    reads(prober, TREE_VA + 0x1234567008, PAGE_VALUE(1));
    faults(prober, READ, TREE_VA + 0x1234566ff8, FAULT_INVALID_ADDR);
    faults(prober, READ, TREE_VA + 0x1234568000, FAULT_INVALID_ADDR);
    faults(prober, WRITE, TREE_VA, FAULT_INVALID_ADDR);
    faults(prober, EXEC, TREE_VA + 0x1234567000, FAULT_NONE);
}

CASE(levels, .text = "l2v and guards in all combinations of levels translate as they should")
{
    begin();
    for (unsigned l2v = 12; l2v < 43; l2v++) {
        obj g = obj_new(LK_TYPE_GPT);
        obj page = page_filled(l2v);

        sys_at("l2v %u", l2v);
        obj_get(g, R_A);
        OK(lk_gpt_set_l2v(R_A, l2v));
        obj_get(page, R_B);
        OK(lk_gpt_swap_slot(R_A, 5, R_B, 0));
        guard(R_A, 0, l2v + 4 > 43 ? 43 : l2v + 4);
        hang(R_A);
        if (l2v + 4 <= 43) {
            reads(prober, TREE_VA + (5ull << l2v) + 16, PAGE_VALUE(l2v));
            faults(prober, READ, TREE_VA + (6ull << l2v), FAULT_INVALID_ADDR);
            if (l2v > 12) {
                faults(prober, READ, TREE_VA + (5ull << l2v) + PAGE, FAULT_INVALID_ADDR);
            }
            if (l2v + 4 < 43) {
                faults(prober, READ, TREE_VA + (5ull << l2v) + (16ull << l2v), FAULT_INVALID_ADDR);
                guard(R_A, 1, l2v + 4);
                hang(R_A);
                reads(prober, TREE_VA + (1ull << (l2v + 4)) + (5ull << l2v), PAGE_VALUE(l2v));
                faults(prober, READ, TREE_VA + (5ull << l2v), FAULT_INVALID_ADDR);
            }
        }
    }
    EQ(kernel_check(), 0);
}

CASE(restrictions, .text = "restrictions add up along the path, at whatever place of it they stand")
{
    begin();
    for (unsigned where = 0; where < 3; where++) {
        for (unsigned restr = 0; restr < 16; restr++) {
            obj outer = gpt_new(20);
            obj inner = gpt_new(12);
            bool read_only = (restr & (LK_RO | LK_WK)) != 0;

            sys_at("restrictions %u at %u", restr, where);
            obj_get(page_filled(1), R_A);
            OK(lk_memory_reduce(R_A, where == 0 ? restr : 0, R_A));
            obj_get(inner, R_B);
            OK(lk_gpt_swap_slot(R_B, 2, R_A, 0));
            guard(R_B, 0, 20);
            OK(lk_memory_reduce(R_B, where == 1 ? restr : 0, R_B));
            obj_get(outer, R_C);
            OK(lk_gpt_swap_slot(R_C, 3, R_B, 0));
            guard(R_C, 0, 43);
            OK(lk_memory_reduce(R_C, where == 2 ? restr : 0, R_C));
            hang(R_C);
            reads(prober, TREE_VA + 0x302000, PAGE_VALUE(1));
            faults(prober, WRITE, TREE_VA + 0x302008,
                   read_only ? FAULT_ACCESS_VIOLATION : FAULT_NONE);
            faults(prober, EXEC, TREE_VA + 0x302010, restr & LK_NX ? FAULT_NO_EXEC : FAULT_NONE);
            obj_rescind(outer);
            obj_rescind(inner);
        }
    }
}

CASE(two_ways, .text = "one page by two ways with different restrictions: each way keeps its own")
{
    obj low = gpt_new(12);

    begin();
    obj_get(low, R_A);
    obj_get(page_filled(1), R_B);
    OK(lk_gpt_swap_slot(R_A, 0, R_B, 0));
    obj_get(gpt_new(20), R_C);
    guard(R_A, 0, 20);
    OK(lk_gpt_swap_slot(R_C, 0, R_A, 0));
    OK(lk_memory_reduce(R_A, LK_RO, R_D));
    OK(lk_gpt_swap_slot(R_C, 1, R_D, 0));
    OK(lk_memory_reduce(R_A, LK_NX, R_D));
    OK(lk_gpt_swap_slot(R_C, 2, R_D, 0));
    guard(R_C, 0, 43);
    hang(R_C);
    for (unsigned round = 0; round < 2; round++) {
        faults(prober, WRITE, TREE_VA, FAULT_NONE);
        faults(prober, WRITE, TREE_VA + 0x100000, FAULT_ACCESS_VIOLATION);
        faults(prober, WRITE, TREE_VA + 0x200000, FAULT_NONE);
        page_words(1)[0] = PAGE_VALUE(1);
        faults(prober, EXEC, TREE_VA, FAULT_NONE);
        faults(prober, EXEC, TREE_VA + 0x100000, FAULT_NONE);
        faults(prober, EXEC, TREE_VA + 0x200000, FAULT_NO_EXEC);
    }
}

CASE(malformed,
     .text = "a tree that does not narrow is malformed, a ring of GPTs too, and the walk ends")
{
    obj a = gpt_new(30);
    obj b = gpt_new(20);

    begin();
    obj_get(a, R_A);
    obj_get(b, R_B);
    guard(R_A, 0, 43);
    guard(R_B, 0, 30);
    OK(lk_gpt_swap_slot(R_A, 0, R_B, 0));
    guard(R_A, 0, 20);
    OK(lk_gpt_swap_slot(R_B, 0, R_A, 0)); /* a ring */
    guard(R_B, 0, 20);
    OK(lk_gpt_swap_slot(R_B, 1, R_B, 0)); /* itself */
    guard(R_A, 0, 43);
    hang(R_A);
    faults(prober, READ, TREE_VA, FAULT_MALFORMED_SPACE);
    faults(prober, WRITE, TREE_VA + 0x100000, FAULT_MALFORMED_SPACE);
    faults(prober, EXEC, TREE_VA + 0x200000, FAULT_INVALID_ADDR);
    obj_get(page_filled(1), R_C); /* a page that claims to translate more than a page */
    guard(R_C, 0, 13);
    hang(R_C);
    faults(prober, READ, TREE_VA, FAULT_MALFORMED_SPACE);
    obj_get(gpt_new(46), R_C); /* wider than the root */
    guard(R_C, 0, 43);
    hang(R_C);
    faults(prober, READ, TREE_VA, FAULT_MALFORMED_SPACE);
}

CASE(strange_slots, .text = "capabilities that are no memory map nothing; a CapPage is no data")
{
    begin();
    obj_get(endpoint_new(SELF, 3, false), R_A);
    hang(R_A);
    faults(prober, READ, TREE_VA, FAULT_INVALID_ADDR);
    hang(R_SLEEP);
    faults(prober, WRITE, TREE_VA, FAULT_INVALID_ADDR);
    hang(R_RANGE);
    faults(prober, EXEC, TREE_VA, FAULT_INVALID_ADDR);
    obj_get(obj_new(LK_TYPE_CAPPAGE), R_A);
    hang(R_A);
    faults(prober, READ, TREE_VA, FAULT_DATA_TYPE);
    faults(prober, READ, TREE_VA + PAGE, FAULT_INVALID_ADDR);
}

/* A copy of the GPT in a register, in another register. */
static void copy_gpt(unsigned from, unsigned to, unsigned l2v)
{
    obj g = gpt_new(l2v);

    obj_get(g, to);
    for (unsigned i = 0; i < 16; i++) {
        OK(lk_gpt_get_slot(from, i, R_T0));
        OK(lk_gpt_swap_slot(to, i, R_T0, 0));
    }
}

CASE(page_zero, .text = "nothing is ever mapped in the first page, whatever the address space says")
{
    obj page = page_filled(1);

    begin();
    obj_get(root, R_A);
    OK(lk_gpt_get_slot(R_A, 0, R_B)); /* l2v 28, of this space alone */
    OK(lk_gpt_get_slot(R_B, 0, R_C)); /* l2v 24, 20: shared with the program's own space */
    copy_gpt(R_C, R_D, 24);
    OK(lk_gpt_get_slot(R_D, 0, R_C));
    copy_gpt(R_C, R_E, 20);
    obj_get(gpt_new(12), R_F);
    obj_get(page, R_G);
    for (unsigned i = 0; i < 16; i++) {
        OK(lk_gpt_swap_slot(R_F, i, R_G, 0));
    }
    guard(R_F, 0, 20);
    OK(lk_gpt_swap_slot(R_E, 0, R_F, 0));
    OK(lk_gpt_swap_slot(R_D, 0, R_E, 0));
    OK(lk_gpt_swap_slot(R_B, 0, R_D, 0));
    for (unsigned round = 0; round < 3; round++) {
        faults(prober, READ, 0, FAULT_INVALID_ADDR);
        faults(prober, WRITE, PAGE - 8, FAULT_INVALID_ADDR);
        faults(prober, EXEC, 8, FAULT_INVALID_ADDR);
        for (unsigned i = 1; i < 16; i++) {
            reads(prober, i * PAGE, PAGE_VALUE(1));
        }
    }
    EQ(kernel_check(), 0);
}

CASE(whole_space, .text = "a process may have any GPT, restricted or guarded, as its whole space")
{
    obj p = proc_new(PRIO_HIGH);

    obj_get(own_space(), R_A);
    obj_get(p, R_B);
    OK(lk_memory_reduce(R_A, LK_RO, R_C));
    OK(lk_process_swap_slot(R_B, SLOT_ADDR_SPACE, R_C, 0));
    page_filled(1);
    reads(p, WINDOW_VA + PAGE, PAGE_VALUE(1));
    faults(p, WRITE, WINDOW_VA + PAGE, FAULT_ACCESS_VIOLATION);
    obj_get(p, R_B);
    OK(lk_process_swap_slot(R_B, SLOT_ADDR_SPACE, R_A, 0));
    faults(p, WRITE, WINDOW_VA + PAGE, FAULT_NONE);
    OK(lk_memory_set_guard(R_A, 0, 46, R_C)); /* half of it */
    obj_get(p, R_B);
    OK(lk_process_swap_slot(R_B, SLOT_ADDR_SPACE, R_C, 0));
    faults(p, WRITE, WINDOW_VA + PAGE, FAULT_NONE);
    faults(p, READ, 1ull << 46, FAULT_INVALID_ADDR);
    OK(lk_memory_reduce(R_A, LK_NX, R_C)); /* not even its code */
    obj_get(p, R_B);
    OK(lk_process_swap_slot(R_B, SLOT_ADDR_SPACE, R_C, 0));
    {
        struct lk_regs r = raw_regs(LK_YIELD);

        raw_go(p, &r);
        EQ(proc_state(p).fault, FAULT_NO_EXEC);
        EQ(proc_state(p).info, r.rip);
    }
    EQ(kernel_check(), 0);
}
