/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is refused: memory by the bank, requests and messages by the pager. Nothing is lost by it.
 */
#include "world.h"

/* ---- The bank refuses ---- */

/* What a program does first, and how many objects it needs for it at the least. */
struct need {
    const char *how;
    uint64_t before; /* touched before the bank refuses; 0: nothing */
    uint64_t address;
    uint64_t code; /* of the fault that is passed on */
    unsigned objects;
};

static const struct need needs[] = {
    { touch_write, 0, HEAP_VA + 5 * PAGE, FAULT_INVALID_ADDR, 5 },
    { touch_read, 0, TEXT_VA, FAULT_INVALID_ADDR, 4 },
    { touch_read, 0, DATA_VA + (DATA_PAGES - 1) * PAGE, FAULT_INVALID_ADDR, 5 },
    { touch_write, DATA_VA, DATA_VA, FAULT_ACCESS_VIOLATION, 1 },
    { touch_read, 0, ODD_VA, FAULT_INVALID_ADDR, 5 },
    { touch_write, HEAP_VA, HEAP_VA + 16 * PAGE, FAULT_INVALID_ADDR, 2 },
    { touch_write, 0, EDGE_VA, FAULT_INVALID_ADDR, 5 },
    { touch_write, 0, LK_STACK_TOP_OF(0) - 8, FAULT_INVALID_ADDR, 5 },
};

/* The need, with the n-th allocation refused. False: it needs fewer. */
static bool refuse_nth(const struct need *need, unsigned number, unsigned nth)
{
    struct program prog = program_usual(number);
    obj p = program_process(&prog);
    struct pager_info info;
    struct touched t;

    if (need->before != 0) {
        CHECK(touch(p, touch_read, need->before, 0).fault == FAULT_BREAKPOINT);
    }
    bank.refuse = nth;
    t = touch(p, need->how, need->address, 3);
    if (bank.refuse != 0) {
        EQ(t.fault, FAULT_BREAKPOINT);
        bank.refuse = 0;
        return false;
    }
    EQ(t.fault, need->code);
    EQ(t.info, need->address);
    CHECK(t.waits);
    OK(world_info(number, &info));
    EQ(info.refused, 1);
    EQ(info.passed, 0);
    program_audit(&prog, 0);
    obj_get(p, R_A); /* its own handler sends it back: now there is memory */
    OK(lk_process_resume(R_A, LK_RESUME_TELL));
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    program_audit(&prog, 0);
    return true;
}

CASE(bank_refuses,
     .text = "whichever object the bank refuses, the fault is passed on, nothing is lost, "
             "and when it is told again it is repaired")
{
    unsigned number = 0;

    world_begin();
    pager_start();
    for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        unsigned nth = 1;

        do {
            sys_at("need %u, refused %u", i, nth);
            number++;
        } while (refuse_nth(&needs[i], number, nth++));
        EQ(nth - 2, needs[i].objects);
    }
}

CASE(bank_gone,
     .text = "without a bank, or with one whose server is gone, what needs none is mapped "
             "and the rest is passed on")
{
    struct program prog;
    obj p;

    world_usual(1, &prog, &p);
    READS(p, TEXT_VA, archive_word(0));
    obj_get(bank_worker.endpoint, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
    READS(p, TEXT_VA + PAGE, archive_word(PAGE));
    PASSED_ON(p, touch_read, HEAP_VA, FAULT_INVALID_ADDR);
    PASSED_ON(p, touch_read, TEXT_VA + (TEXT_PAGES - 1) * PAGE, FAULT_INVALID_ADDR);
    obj_get(bank_worker.p, R_B);
    obj_get(bank_worker.endpoint, R_A);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    READS(p, HEAP_VA, 0);
    program_audit(&prog, 0);
}

CASE(pager_poor,
     .text = "if the pager's own bank refuses, the number is not added and means what it "
             "meant before; later it is added")
{
    struct pager_info info;
    struct program prog;
    unsigned refused = 0;
    enum status s;
    obj p;

    world_begin();
    pager_start();
    prog = program_new(1);
    p = program_process(&prog);
    for (unsigned number = 1; number < 4096; number += 64) { /* a CapPage and a page for each */
        obj_get(bank_worker.endpoint, R_B);
        OK(lk_endpoint_make_entry(R_B, 1, R_B));
        obj_get(prog.root, R_C);
        sys_at("number %u", number);
        bank.refuse = 1;
        s = world_add(number, R_C, R_B, NULL, 0);
        if (s != STATUS_OK) {
            EQ(s, STATUS_NO_MEMORY);
            STATUS(world_info(number, &info), STATUS_NOT_FOUND);
            refused++;
            OK(world_add(number, R_C, R_B, NULL, 0));
        }
        bank.refuse = 0;
        OK(world_info(number, &info));
    }
    CHECK(refused > 10);
    EQ(bank.used[ACCOUNT_PAGER] % 8, 0);
    program_tell(&prog);
    READS(p, HEAP_VA, 0);
    program_audit(&prog, 0);
}

/* ---- The pager refuses ---- */

static struct pager_region one = { HEAP_VA, HEAP_VA + PAGE, PAGER_ZERO, LK_NX, 0, 0, 0 };

static enum status add_with(uint64_t number, unsigned root_reg, unsigned bank_reg, size_t bytes)
{
    static struct pager_region many[PAGER_REGIONS + 1];

    for (unsigned i = 0; i <= PAGER_REGIONS; i++) {
        many[i] = one;
        many[i].start += i * PAGE;
        many[i].end += i * PAGE;
    }
    return world_add(number, root_reg, bank_reg, many, bytes);
}

/* Told of a region that is not what it must be, and of it in order. */
static void refuse_region(struct pager_region r, unsigned root_reg, unsigned bank_reg)
{
    STATUS(world_add(9, root_reg, bank_reg, &r, sizeof(r)), STATUS_REQUEST_ERROR);
}

CASE(garbage, .text = "what init says is checked: capabilities, numbers, regions, W^X; refused, "
                      "nothing has changed")
{
    struct program prog, other;
    struct pager_region r;
    struct pager_info info;
    obj p;

    world_begin();
    pager_start();
    prog = program_usual(9);
    other = program_new(10);
    p = program_process(&prog);
    READS(p, HEAP_VA, 0);
    obj_get(other.root, R_A);
    obj_get(bank_worker.endpoint, R_B);
    OK(lk_endpoint_make_entry(R_B, 10, R_B));
    obj_get(page_new(), R_C);
    OK(lk_memory_reduce(R_A, LK_RO, R_D));
    obj_get(gpt_new(24), R_E);
    STATUS(add_with(1ull << 32, R_A, R_B, sizeof(one)), STATUS_OUT_OF_RANGE);
    STATUS(add_with(UINT64_MAX, R_A, R_B, sizeof(one)), STATUS_OUT_OF_RANGE);
    STATUS(add_with(9, 0, R_B, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_C, R_B, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_D, R_B, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_E, R_B, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_SELF, R_B, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_A, 0, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_A, R_SELF, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_B, R_A, sizeof(one)), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_A, R_B, sizeof(one) - 1), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_A, R_B, sizeof(one) + 8), STATUS_REQUEST_ERROR);
    STATUS(add_with(9, R_A, R_B, sizeof(one) * (PAGER_REGIONS + 1)), STATUS_REQUEST_ERROR);
    for (unsigned restr = 0; restr < 16; restr++) {
        r = one;
        r.restr = restr;
        if (restr < 1 || restr > 3) {
            refuse_region(r, R_A, R_B);
        }
    }
    r = one;
    r.end = r.start;
    refuse_region(r, R_A, R_B);
    r.end = 0xf0001000;
    refuse_region(r, R_A, R_B);
    r = (struct pager_region){ DATA_VA, DATA_END, PAGER_IMAGE, LK_NX, 0, PAGE, 0 };
    refuse_region(r, R_A, R_B); /* not in the archive */
    r.file = ARCHIVE_VA + ARCHIVE_BYTES - PAGE + 1;
    refuse_region(r, R_A, R_B);
    r.file = (uint64_t)&one; /* in the pager's own memory */
    refuse_region(r, R_A, R_B);
    READS(p, HEAP_VA + PAGE, 0);
    STATUS(world_info(10, &info), STATUS_NOT_FOUND);
    STATUS(world_info(PAGER_SPACES, &info), STATUS_NOT_FOUND);
    STATUS(world_remove(10), STATUS_NOT_FOUND);
    STATUS(world_remove(UINT64_MAX), STATUS_NOT_FOUND);
    OK(add_with(10, R_A, R_B, sizeof(one) * PAGER_REGIONS));
    OK(world_info(10, &info));
    program_audit(&prog, 0);
}

CASE(rights, .text = "through a program's Entry the pager takes nothing but what programs may ask")
{
    struct program prog;
    struct pager_info info;
    obj p;

    world_usual(9, &prog, &p);
    READS(p, HEAP_VA, 0);
    obj_get(pager_memory, R_A);
    OK(lk_endpoint_make_entry(R_A, 9, R_A));
    EQ(lk_call1(R_A, PAGER_REMOVE, 9).w[0], STATUS_UNKNOWN_REQUEST);
    EQ(lk_call1(R_A, PAGER_INFO, 9).w[0], STATUS_UNKNOWN_REQUEST);
    EQ(lk_call1(R_A, PAGER_ADD, 9).w[0], STATUS_REQUEST_ERROR);
    EQ(lk_call1(R_A, 99, 9).w[0], STATUS_UNKNOWN_REQUEST);
    EQ(lk_call0(R_A, LK_FAULT_MESSAGE).w[0], STATUS_UNKNOWN_REQUEST);
    obj_get(pager_main, R_B);
    OK(lk_endpoint_make_entry(R_B, 9, R_B));
    EQ(lk_call2(R_B, PAGER_DISCARD, HEAP_VA, PAGE).w[0], STATUS_UNKNOWN_REQUEST);
    OK(world_info(9, &info));
    EQ(info.zeroed, 1);
}

/* ---- Messages that are no faults ---- */

/* A fault message that nobody's fault has made, with the capability in `reg`. */
static void forge(unsigned number, unsigned reg, uint64_t address)
{
    obj_get(pager_faults, R_T0);
    OK(lk_endpoint_make_entry(R_T0, number, R_T0));
    invoke(LK_CTL(LK_SEND | LK_BLOCK, R_T0, 8) | LK_CTL_SENDS(1, reg, 0, 0, 0), 0,
           (uint64_t[LK_MAX_WORDS]){ LK_FAULT_MESSAGE, FAULT_INVALID_ADDR, address });
}

CASE(forged,
     .text = "a message that is no fault of a process that stands in one is ignored; one about "
             "another's process gives the sender's own space a page, and nothing else")
{
    struct program prog, other;
    struct pager_info info;
    struct touched t;
    obj p, q;

    world_begin();
    pager_start();
    prog = program_usual(1);
    other = program_usual(2);
    p = program_process(&prog);
    q = program_process(&other);
    READS(p, HEAP_VA, 0);
    forge(1, 0, HEAP_VA + PAGE);
    forge(1, R_SELF, HEAP_VA + PAGE); /* it runs */
    obj_get(own_space(), R_A);
    forge(1, R_A, HEAP_VA + PAGE);
    obj_get(p, R_A); /* it stands at a breakpoint */
    forge(1, R_A, HEAP_VA + PAGE);
    EQ(touch_end(p).fault, FAULT_BREAKPOINT);
    OK(lk_endpoint_make_entry(R_ENDPOINT, 5, R_A)); /* the pager would wait for us */
    forge(1, R_A, HEAP_VA + PAGE);
    obj_get(pager_faults, R_T0);
    OK(lk_endpoint_make_entry(R_T0, 1, R_T0));
    EQ(lk_send2(R_T0, 1, 2, 3), STATUS_OK); /* no capability, no fault */
    EQ(lk_send2(R_T0, PAGER_REMOVE, 1, 3), STATUS_OK);
    EQ(program_audit(&prog, 0).pages, 1);
    OK(world_info(1, &info));
    EQ(info.passed + info.refused, 0);
    PASSED_ON(q, touch_read, HEAP_END, FAULT_INVALID_ADDR);
    obj_get(q, R_A);
    forge(1, R_A, HEAP_VA); /* what it is about the process says, not the message */
    EQ(program_audit(&prog, 0).pages, 1);
    t = touch_end(q);
    CHECK(t.fault == FAULT_INVALID_ADDR && t.info == HEAP_END && t.waits);
    bank.refuse = 5; /* its page: four GPTs come first */
    PASSED_ON(q, touch_read, HEAP_VA + 3 * PAGE, FAULT_INVALID_ADDR);
    obj_get(q, R_A);
    forge(1, R_A, 0);
    EQ(program_audit(&prog, 0).pages, 2);     /* of its own bank */
    EQ(touch_end(q).fault, FAULT_BREAKPOINT); /* resumed, it came by the right way */
    EQ(program_audit(&other, 0).pages, 1);
    READS(p, HEAP_VA + 8, 0);
    forge(3, R_A, 0); /* a number that means nothing, and one that cannot */
    forge(PAGER_SPACES, R_A, 0);
    forge(UINT32_MAX, R_A, 0);
    READS(p, HEAP_VA + 16, 0);
}

CASE(strange_space,
     .text = "a program that puts something else into its space gets its faults passed "
             "on, and the pager waits for nobody")
{
    struct program prog;
    uint64_t used;
    obj p, page;

    world_usual(1, &prog, &p);
    page = page_new();
    OK(lk_endpoint_make_entry(R_ENDPOINT, 5, R_B));
    obj_get(prog.root, R_A);
    OK(lk_gpt_swap_slot(R_A, HEAP_VA >> 28, R_B, 0)); /* where a GPT should be */
    PASSED_ON(p, touch_read, HEAP_VA, FAULT_INVALID_ADDR);
    obj_get(page, R_C);
    OK(lk_gpt_swap_slot(R_A, HEAP_VA >> 28, R_C, 0));
    PASSED_ON(p, touch_read, HEAP_VA + PAGE, FAULT_INVALID_ADDR);
    OK(lk_gpt_swap_slot(R_A, HEAP_VA >> 28, 0, 0));
    WRITES(p, HEAP_VA, 5);
    OK(lk_gpt_get_slot(R_A, HEAP_VA >> 28, R_C)); /* away with it, while the pager remembers */
    OK(lk_gpt_swap_slot(R_A, HEAP_VA >> 28, 0, 0));
    READS(p, HEAP_VA, 0);
    OK(lk_gpt_swap_slot(R_A, HEAP_VA >> 28, R_C, 0));
    READS(p, HEAP_VA, 5);
    READS(p, HEAP_VA + PAGE, 0);
    for (unsigned i = 0; i < 3; i++) { /* down to the GPT of pages */
        OK(lk_gpt_get_slot(R_C, 0, R_C));
    }
    OK(lk_gpt_swap_slot(R_C, 7, R_B, 0)); /* where a page should be */
    PASSED_ON(p, touch_read, HEAP_VA + 7 * PAGE, FAULT_INVALID_ADDR);
    obj_get(page, R_D);
    OK(lk_memory_reduce(R_D, LK_RO, R_D));
    OK(lk_gpt_swap_slot(R_C, 8, R_D, 0)); /* one of its own, read-only: not the pager's */
    READS(p, HEAP_VA + 8 * PAGE, 0);
    PASSED_ON(p, touch_write, HEAP_VA + 8 * PAGE, FAULT_ACCESS_VIOLATION);
    obj_rescind(page);
    WRITES(p, HEAP_VA + 8 * PAGE, 8);
    OK(lk_memory_reduce(R_C, LK_RO, R_D)); /* a GPT that the pager cannot change */
    obj_get(prog.root, R_A);
    for (unsigned v = 28; v > 16; v -= 4) {
        OK(lk_gpt_get_slot(R_A, HEAP_VA >> v & 15, R_A));
    }
    OK(lk_gpt_swap_slot(R_A, 0, R_D, 0));
    OK(lk_gpt_swap_slot(R_C, 7, 0, 0));
    program_tell(&prog); /* it forgets what it knew */
    used = bank.used[1];
    PASSED_ON(p, touch_read, HEAP_VA + 9 * PAGE, FAULT_INVALID_ADDR);
    EQ(bank.used[1], used);
    READS(p, HEAP_VA + 8 * PAGE, 8);
    PASSED_ON(p, touch_write, HEAP_VA + 8 * PAGE, FAULT_ACCESS_VIOLATION);
}
