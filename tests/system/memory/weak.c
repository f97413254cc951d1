/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a weak capability to a space gives: nothing can be written through it, whatever stands in
 * the space, and nobody is told anything. That is what makes it discreet
 * (user/servers/constructor/README.md).
 */
#include "prober.h"

#define TREE_VA (1ull << 43)
#define SLOT_VA(slot) (TREE_VA + (slot)*4096ull)
#define HANDLER_ID 77

enum { S_PAGE, S_ENTRY, S_WINDOW, S_LOCAL, S_NOTHING, S_DEVICE, S_BACKGROUND = 14, S_HANDLER };

#define HPET 0xfed00000 /* a device that the kernel does not use; see device.c */
#define FRAME 9

static obj prober, root, space, handler;

/* A space with everything in it, and a prober that sees it, with these restrictions, at TREE_VA. */
static void begin(uint64_t restrictions)
{
    root = space_new();
    prober = proc_new_in(root, PRIO_HIGH);
    handler = proc_new(PRIO_HIGH);
    raw_do(handler, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    space = gpt_new(12);
    obj_get(space, R_A);
    obj_get(page_filled(1), R_B);
    OK(lk_gpt_swap_slot(R_A, S_PAGE, R_B, 0));
    obj_get(page_filled(2), R_B);
    OK(lk_gpt_swap_slot(R_A, S_BACKGROUND, R_B, 0));
    obj_get(entry_new(endpoint_new(handler, HANDLER_ID, false), 0), R_B);
    OK(lk_gpt_swap_slot(R_A, S_ENTRY, R_B, 0));
    OK(lk_gpt_swap_slot(R_A, S_HANDLER, R_B, 0));
    OK(lk_gpt_set_window(R_A, S_WINDOW, 0, 0, 12, 0));
    OK(lk_gpt_set_local_window(R_A, S_LOCAL, S_PAGE, 0, 0, 12, 0));
    OK(lk_gpt_set_flags(R_A, 3));
    OK(lk_memory_reduce(R_A, restrictions, R_A));
    OK(lk_memory_set_guard(R_A, 0, 16, R_A));
    obj_get(root, R_T0);
    OK(lk_gpt_swap_slot(R_T0, 1, R_A, 0));
}

static bool handler_was_told(void)
{
    return proc_state(handler).run_state != LK_STATE_RECEIVING;
}

CASE(weak_writes, .text = "nothing is written through a weak space: not through windows either")
{
    for (uint64_t restr = LK_WK; restr <= (LK_RO | LK_WK | LK_OP); restr++) {
        if ((restr & LK_WK) == 0 || (restr & LK_NX) != 0) {
            continue;
        }
        sys_at("restrictions 0x%lx", restr);
        begin(restr);
        reads(prober, SLOT_VA(S_PAGE) + 8, PAGE_VALUE(1));
        reads(prober, SLOT_VA(S_LOCAL) + 8, PAGE_VALUE(1));
        reads(prober, SLOT_VA(S_WINDOW) + 8, PAGE_VALUE(2));
        faults(prober, WRITE, SLOT_VA(S_PAGE), FAULT_ACCESS_VIOLATION);
        faults(prober, WRITE, SLOT_VA(S_LOCAL), FAULT_ACCESS_VIOLATION);
        faults(prober, WRITE, SLOT_VA(S_WINDOW), FAULT_ACCESS_VIOLATION);
        CHECK(!handler_was_told());
    }
}

CASE(weak_handler, .text = "a fault in a weak space is not told to the space's handler")
{
    begin(LK_RO | LK_WK);
    faults(prober, READ, SLOT_VA(S_NOTHING), FAULT_INVALID_ADDR);
    faults(prober, READ, SLOT_VA(S_ENTRY), FAULT_INVALID_ADDR);
    faults(prober, READ, SLOT_VA(S_HANDLER), FAULT_INVALID_ADDR);
    CHECK(!handler_was_told());
    begin(LK_RO);
    touch(prober, READ, SLOT_VA(S_NOTHING), 0);
    CHECK(handler_was_told());
}

/* What comes out of a slot of the capability in R_A: its type, and its restrictions. */
static void fetched(unsigned slot, uint64_t type, uint64_t restrictions)
{
    uint64_t got = 99;
    uint64_t restr = 99;

    sys_at("slot %u", slot);
    OK(lk_gpt_get_slot(R_A, slot, R_B));
    OK(lk_discrim_classify(R_DISCRIM, R_B, &got, &restr));
    EQ(got, type);
    EQ(restr, restrictions);
}

CASE(weak_fetched,
     .text = "what is fetched from a weak space is weak: memory, windows; all else is Null")
{
    begin(LK_RO | LK_WK);
    fetched(S_PAGE, LK_TYPE_PAGE, LK_RO);
    fetched(S_BACKGROUND, LK_TYPE_PAGE, LK_RO);
    fetched(S_ENTRY, LK_TYPE_NULL, 0);
    fetched(S_HANDLER, LK_TYPE_NULL, 0);
    fetched(S_LOCAL, LK_TYPE_LOCALWINDOW, LK_RO | LK_WK);
    fetched(S_WINDOW, LK_TYPE_WINDOW, LK_RO | LK_WK);
    STATUS(lk_gpt_swap_slot(R_A, S_NOTHING, R_B, 0), STATUS_NO_ACCESS);
    STATUS(lk_gpt_set_window(R_A, S_NOTHING, 0, 0, 12, 0), STATUS_NO_ACCESS);
    STATUS(lk_gpt_set_flags(R_A, 0), STATUS_NO_ACCESS);
    /* The fetched Window in a space of the prober's own, with a background of its own. */
    obj_get(gpt_new(12), R_A);
    OK(lk_gpt_swap_slot(R_A, S_WINDOW, R_B, 0));
    obj_get(page_filled(3), R_B);
    OK(lk_gpt_swap_slot(R_A, S_BACKGROUND, R_B, 0));
    OK(lk_gpt_set_flags(R_A, 2));
    OK(lk_memory_set_guard(R_A, 0, 16, R_A));
    obj_get(root, R_T0);
    OK(lk_gpt_swap_slot(R_T0, 1, R_A, 0));
    reads(prober, SLOT_VA(S_WINDOW), PAGE_VALUE(3));
    faults(prober, WRITE, SLOT_VA(S_WINDOW), FAULT_ACCESS_VIOLATION);
    faults(prober, READ, SLOT_VA(S_NOTHING), FAULT_INVALID_ADDR);
}

/* The same GPTs, once read-only and once weak, in the order of `weak_first`. */
static void device_seen(bool weak_first)
{
    uint64_t first;

    begin(weak_first ? LK_WK : LK_RO);
    OK(lk_range_fabricate_device(R_DEVICES, FRAME, HPET, R_B));
    map_reg(own_space(), WINDOW_VA, R_B);
    first = *(volatile uint64_t *)WINDOW_VA;
    obj_get(space, R_A);
    OK(lk_gpt_swap_slot(R_A, S_DEVICE, R_B, 0));
    for (unsigned round = 0; round < 2; round++) {
        if ((round == 0) == weak_first) {
            reads(prober, SLOT_VA(S_PAGE), PAGE_VALUE(1)); /* so there is a table of it */
            faults(prober, READ, SLOT_VA(S_DEVICE), FAULT_ACCESS_VIOLATION);
            faults(prober, EXEC, SLOT_VA(S_DEVICE), FAULT_ACCESS_VIOLATION);
        } else {
            reads(prober, SLOT_VA(S_DEVICE), first);
        }
        EQ(kernel_check(), 0);
        obj_get(space, R_A);
        OK(lk_memory_reduce(R_A, weak_first ? LK_RO : LK_RO | LK_WK, R_A));
        OK(lk_memory_set_guard(R_A, 0, 16, R_A));
        obj_get(root, R_T0);
        OK(lk_gpt_swap_slot(R_T0, 1, R_A, 0));
    }
    OK(lk_range_rescind_at(R_DEVICES, FRAME, 0));
}

CASE(weak_device, .text = "a device is not read through a weak space: it could tell by that. It is "
                          "through a read-only one, before and after")
{
    device_seen(true);
    device_seen(false);
}

CASE(weak_device_fetched, .text = "what is fetched of a device from a weak space cannot be read")
{
    begin(LK_RO);
    obj_get(space, R_T0);
    OK(lk_range_fabricate_device(R_DEVICES, FRAME, HPET, R_B));
    OK(lk_gpt_swap_slot(R_T0, S_DEVICE, R_B, 0));
    OK(lk_memory_reduce(R_T0, LK_RO | LK_WK, R_A));
    fetched(S_DEVICE, LK_TYPE_DEVICEPAGE, LK_RO | LK_WK);
    obj_get(space, R_T0);
    OK(lk_gpt_swap_slot(R_T0, S_NOTHING, R_B, 0));
    faults(prober, READ, SLOT_VA(S_NOTHING), FAULT_ACCESS_VIOLATION);
    OK(lk_range_rescind_at(R_DEVICES, FRAME, 0));
}
