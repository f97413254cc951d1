/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was mapped is gone, or is the new thing, at the very next access after the change.
 */
#include "prober.h"

#define AT (WINDOW_VA + 0x20000000ull) /* another window than that of page_filled() */

static obj prober, space;

static void begin(void)
{
    space = space_new();
    prober = proc_new_in(space, PRIO_HIGH);
}

CASE(slot_swapped, .text = "after swapSlot the old page is not reached any more, the new one is")
{
    obj a = page_filled(1);
    obj b = page_filled(2);

    begin();
    for (unsigned i = 0; i < 20; i++) {
        map_page(space, AT, a, 0);
        reads(prober, AT, PAGE_VALUE(1));
        map_page(space, AT, b, 0);
        reads(prober, AT, PAGE_VALUE(2));
        unmap(space, AT);
        faults(prober, READ, AT, FAULT_INVALID_ADDR);
    }
}

CASE(every_level, .text = "so it is at every level of the tree")
{
    obj a = page_filled(1);

    begin();
    map_page(space, AT, a, 0);
    for (unsigned i = 0; i < 6; i++) { /* the slot of each GPT on the path in turn */
        unsigned level = 43;

        sys_at("level %u", i);
        reads(prober, AT, PAGE_VALUE(1));
        obj_get(space, R_A);
        for (unsigned j = 0; j < i; j++) {
            static const unsigned l2v[] = { 43, 28, 24, 20, 16, 12 };

            OK(lk_gpt_get_slot(R_A, (AT >> l2v[j]) % 16, R_B));
            lk_copy_cap(R_B, R_A);
            level = l2v[j + 1];
        }
        if (i > 0) { /* the root's slot 0 holds the program as well */
            OK(lk_gpt_swap_slot(R_A, (AT >> level) % 16, 0, R_C));
            faults(prober, READ, AT, FAULT_INVALID_ADDR);
            OK(lk_gpt_swap_slot(R_A, (AT >> level) % 16, R_C, 0));
        }
    }
    reads(prober, AT, PAGE_VALUE(1));
}

CASE(less_access, .text = "a page that becomes read-only or no-execute is so at once")
{
    obj a = page_filled(1);

    begin();
    for (unsigned i = 0; i < 5; i++) {
        map_page(space, AT, a, 0);
        faults(prober, WRITE, AT + 8, FAULT_NONE);
        faults(prober, EXEC, AT + 16, FAULT_NONE);
        map_page(space, AT, a, LK_RO);
        faults(prober, WRITE, AT + 8, FAULT_ACCESS_VIOLATION);
        faults(prober, EXEC, AT + 16, FAULT_NONE);
        map_page(space, AT, a, LK_NX);
        faults(prober, WRITE, AT + 8, FAULT_NONE);
        faults(prober, EXEC, AT + 16, FAULT_NO_EXEC);
    }
}

CASE(page_rescinded,
     .text = "a page that is destroyed is gone from every space, also when its frame is used again")
{
    begin();
    for (unsigned i = 0; i < 10; i++) {
        uint64_t frame = frames_new(1);
        obj second = proc_new_in(space_new(), PRIO_HIGH);
        obj page;

        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame, 0, R_A));
        page = obj_keep(R_A);
        map_page(space, AT, page, 0);
        proc_slot(second, SLOT_ADDR_SPACE, space);
        reads(prober, AT, 0);
        reads(second, AT, 0);
        obj_rescind(page);
        faults(prober, READ, AT, FAULT_INVALID_ADDR);
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame, 0, R_A));
        faults(second, WRITE, AT, FAULT_INVALID_ADDR);
        faults(prober, READ, AT, FAULT_INVALID_ADDR);
    }
}

CASE(gpt_rescinded, .text = "a GPT that is destroyed takes its mappings along")
{
    obj g = gpt_new(12);
    obj a = page_filled(1);

    begin();
    map_page(space, AT, a, 0); /* makes the way */
    obj_get(g, R_A);
    obj_get(a, R_B);
    for (unsigned i = 0; i < 16; i++) {
        OK(lk_gpt_swap_slot(R_A, i, R_B, 0));
    }
    gpt_of(space, AT, R_C);
    OK(lk_gpt_get_slot(R_C, 0, R_D));
    obj_get(space, R_D);
    OK(lk_gpt_get_slot(R_D, 0, R_E));
    OK(lk_memory_set_guard(R_A, 0, 28, R_F));
    OK(lk_gpt_swap_slot(R_E, 15, R_F, 0));
    for (unsigned i = 0; i < 16; i++) {
        reads(prober, 0xf0000000 + i * PAGE, PAGE_VALUE(1));
    }
    obj_rescind(g);
    for (unsigned i = 0; i < 16; i++) {
        faults(prober, READ, 0xf0000000 + i * PAGE, FAULT_INVALID_ADDR);
    }
    EQ(kernel_check(), 0);
}

CASE(l2v_changed, .text = "after setL2v the same slots mean other addresses, at once")
{
    obj g = gpt_new(12);
    obj a = page_filled(1);

    begin();
    obj_get(g, R_A);
    obj_get(a, R_B);
    OK(lk_gpt_swap_slot(R_A, 3, R_B, 0));
    OK(lk_memory_set_guard(R_A, 0, 43, R_C));
    obj_get(space, R_D);
    OK(lk_gpt_swap_slot(R_D, 2, R_C, 0));
    for (unsigned l2v = 12; l2v < 38; l2v += 5) {
        sys_at("l2v %u", l2v);
        OK(lk_gpt_set_l2v(R_A, l2v));
        reads(prober, (2ull << 43) + (3ull << l2v), PAGE_VALUE(1));
        OK(lk_gpt_set_l2v(R_A, l2v + 1));
        faults(prober, READ, (2ull << 43) + (3ull << l2v), FAULT_INVALID_ADDR);
        reads(prober, (2ull << 43) + (6ull << l2v), PAGE_VALUE(1));
    }
}

CASE(space_changed, .text = "a process that gets another space sees that one at once, and its old "
                            "one untouched when it comes back")
{
    obj a = page_filled(1);
    obj b = page_filled(2);
    obj other;

    begin();
    other = space_new();
    map_page(space, AT, a, 0);
    map_page(other, AT, b, 0);
    for (unsigned i = 0; i < 10; i++) {
        proc_slot(prober, SLOT_ADDR_SPACE, i % 2 == 0 ? other : space);
        reads(prober, AT, PAGE_VALUE(i % 2 == 0 ? 2 : 1));
    }
    proc_slot(prober, SLOT_ADDR_SPACE, space);
    obj_rescind(other);
    reads(prober, AT, PAGE_VALUE(1));
}

CASE(root_rescinded, .text = "a process whose root is destroyed faults at its next instruction")
{
    begin();
    raw_do(prober, LK_YIELD);
    raw_result(prober);
    obj_rescind(space);
    raw_do(prober, LK_YIELD);
    EQ(proc_state(prober).fault, FAULT_INVALID_ADDR);
    EQ(proc_state(prober).info, (uint64_t)raw_syscall);
    EQ(kernel_check(), 0);
}

CASE(own_code_gone, .text = "a process that unmaps its own code faults there", .own_space = true,
     .fault = FAULT_INVALID_ADDR)
{
    OK(lk_gpt_get_slot(R_SPACE, 0, R_A));
    lk_gpt_swap_slot(R_A, 0, 0, 0); /* does not come back */
}

CASE(shared, .text = "spaces that share a subtree see each change of it together")
{
    enum { SPACES = 6 };
    obj p[SPACES];
    obj shared = gpt_new(12);
    obj a = page_filled(1);
    obj b = page_filled(2);

    begin();
    for (unsigned i = 0; i < SPACES; i++) {
        obj s = space_new();

        obj_get(s, R_A);
        obj_get(shared, R_B);
        OK(lk_memory_set_guard(R_B, 0, 43, R_B));
        OK(lk_memory_reduce(R_B, i % 2 == 0 ? 0 : LK_RO, R_B));
        OK(lk_gpt_swap_slot(R_A, 3 + i, R_B, 0));
        p[i] = proc_new_in(s, PRIO_HIGH);
    }
    for (unsigned round = 0; round < 4; round++) {
        obj_get(shared, R_A);
        obj_get(round % 2 == 0 ? a : b, R_B);
        OK(lk_gpt_swap_slot(R_A, 7, R_B, 0));
        for (unsigned i = 0; i < SPACES; i++) {
            uint64_t va = ((3ull + i) << 43) + 7 * PAGE;

            reads(p[i], va + 32, PAGE_VALUE(1 + round % 2));
            faults(p[i], WRITE, va, i % 2 == 0 ? FAULT_NONE : FAULT_ACCESS_VIOLATION);
        }
        page_words(1 + round % 2)[0] = PAGE_VALUE(1 + round % 2);
        EQ(kernel_check(), 0);
    }
}

CASE(running_process,
     .text = "a process in a loop over a page faults when the page goes, not later")
{
    obj a = page_filled(1);
    obj p = proc_new_in(space_new(), PRIO_LOW);
    struct lk_regs r = raw_regs(0);
    static const uint8_t loop[] = { 0x48, 0x8b, 0x07, 0xeb,
                                    0xfb }; /* 1: mov (%rdi), %rax; jmp 1b */
    obj code = page_new();
    obj s = space_new();

    proc_slot(p, SLOT_ADDR_SPACE, s);
    map_page(own_space(), WINDOW_VA + 9 * PAGE, code, 0);
    for (unsigned i = 0; i < sizeof(loop); i++) {
        ((volatile uint8_t *)page_words(9))[i] = loop[i];
    }
    map_page(s, AT, a, 0);
    map_page(s, AT + PAGE, code, LK_RO);
    r.rip = AT + PAGE;
    r.rdi = AT;
    raw_go(p, &r);
    sleep_ns(2 * NSEC_PER_MSEC);
    EQ(proc_state(p).run_state, LK_STATE_READY);
    CHECK(proc_state(p).cpu > 0);
    unmap(s, AT);
    sleep_ns(2 * NSEC_PER_MSEC);
    EQ(proc_state(p).run_state, LK_STATE_FAULTED);
    EQ(proc_state(p).fault, FAULT_INVALID_ADDR);
    EQ(proc_state(p).info, AT);
}
