/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Many spaces, numbers that are used again, pages that are given back.
 */
#include "world.h"

#define MANY 100u

static uint64_t word_of(unsigned number, unsigned page)
{
    return (number + 1) * 0x100000001ull + page;
}

CASE(many_spaces, .text = "a hundred spaces by turns: each has its own pages, paid by its own bank")
{
    static struct program prog[MANY];
    static obj p[MANY];

    world_begin();
    pager_start();
    for (unsigned i = 0; i < MANY; i++) {
        prog[i] = program_usual(i);
        p[i] = program_process(&prog[i]);
    }
    for (unsigned page = 0; page < 3; page++) {
        for (unsigned i = 0; i < MANY; i++) {
            unsigned k = (i * 37 + page) % MANY;

            sys_at("page %u of %u", page, k);
            WRITES(p[k], HEAP_VA + page * 8 * PAGE, word_of(k, page));
        }
    }
    for (unsigned i = 0; i < MANY; i++) {
        sys_at("space %u", i);
        for (unsigned page = 0; page < 3; page++) {
            READS(p[i], HEAP_VA + page * 8 * PAGE, word_of(i, page));
        }
        EQ(program_audit(&prog[i], 0).pages, 3);
    }
}

CASE(far_numbers,
     .text = "any number below PAGER_SPACES will do, and the pager's memory grows with "
             "those that are used")
{
    static const unsigned numbers[] = { 0, 63, 64, 65, 127 };
    struct pager_info info;
    uint64_t before, after;

    world_begin();
    pager_start();
    before = bank.used[ACCOUNT_PAGER];
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct program prog = program_usual(numbers[i]);
        obj p = program_process(&prog);

        WRITES(p, HEAP_VA, 4 + i);
        READS(p, HEAP_VA, 4 + i);
    }
    after = bank.used[ACCOUNT_PAGER];
    obj_get(bank_worker.endpoint, R_B);
    OK(lk_endpoint_make_entry(R_B, 1, R_B));
    obj_get(program_new(1).root, R_C);
    for (unsigned number = 0; number < PAGER_SPACES; number++) {
        OK(world_add(number, R_C, R_B, NULL, 0));
    }
    for (unsigned number = 0; number < PAGER_SPACES; number += 7) {
        OK(world_info(number, &info));
    }
    CHECK(before <= after && after < bank.used[ACCOUNT_PAGER]);
    sys_say("# frames of the pager itself: %lu, with %lu spaces %lu, with all %lu", before,
            sizeof(numbers) / sizeof(numbers[0]), after, bank.used[ACCOUNT_PAGER]);
}

CASE(removed_meanwhile,
     .text = "what is remembered of a space is its own still when one far away was removed")
{
    struct program prog[3];
    obj p[3];

    world_begin();
    pager_start();
    for (unsigned i = 0; i < 3; i++) {
        prog[i] = program_usual((const unsigned[]){ 3, 3 + 64, 2 + 64 }[i]);
        p[i] = program_process(&prog[i]);
        WRITES(p[i], HEAP_VA, 1 + i);
    }
    WRITES(p[0], HEAP_VA + PAGE, 4);
    WRITES(p[0], DATA_VA, 5);
    OK(world_remove(prog[2].number));
    WRITES(p[0], HEAP_VA + 2 * PAGE, 6);
    READS(p[1], HEAP_VA + 2 * PAGE, 0);
    READS(p[0], HEAP_VA + 2 * PAGE, 6);
    EQ(program_audit(&prog[0], 0).pages, 4);
    EQ(program_audit(&prog[1], 0).pages, 2);
}

CASE(number_again, .text = "a number that was removed means nothing, and then another space")
{
    struct program old, new;
    struct pager_info info;
    obj p, q;

    world_usual(7, &old, &p);
    WRITES(p, HEAP_VA, 1);
    OK(world_remove(7));
    STATUS(world_remove(7), STATUS_NOT_FOUND);
    STATUS(world_info(7, &info), STATUS_NOT_FOUND);
    READS(p, HEAP_VA, 1);
    PASSED_ON(p, touch_read, HEAP_VA + PAGE, FAULT_INVALID_ADDR);
    STATUS(world_discard(7, HEAP_VA, PAGE), STATUS_OUT_OF_RANGE);
    program_audit(&old, 0);
    account_close(7);
    new = program_usual(7);
    q = program_process(&new);
    OK(world_info(7, &info));
    EQ(info.zeroed, 0);
    READS(q, HEAP_VA, 0);
    WRITES(q, HEAP_VA, 2);
    READS(q, TEXT_VA, archive_word(0));
    EQ(program_audit(&new, 0).pages, 1);
    new = program_usual(7); /* in place of it */
    q = program_process(&new);
    READS(q, HEAP_VA, 0);
    EQ(touch(p, touch_read, HEAP_VA + PAGE, 0).fault, FAULT_INVALID_ADDR); /* its bank is closed */
}

CASE(destroyed,
     .text = "a space, a process or a bank that goes while the pager knows of it harms nobody")
{
    struct program prog, other;
    struct pager_process pg;
    obj p, q;

    world_begin();
    pg = pager_start();
    prog = program_usual(1);
    other = program_usual(2);
    p = program_process(&prog);
    q = program_process(&other);
    WRITES(p, HEAP_VA, 1);
    account_close(1); /* with the GPTs */
    CHECK(touch(p, touch_read, HEAP_VA, 0).fault == FAULT_BREAKPOINT);
    READS(p, HEAP_VA, 0);
    EQ(program_audit(&prog, 0).pages, 1);
    proc_hold(pg.p, LK_HOLD_SUSPEND);
    touch_begin(p, touch_write, HEAP_VA + PAGE, 1);
    touch_begin(q, touch_write, HEAP_VA + PAGE, 1);
    obj_rescind(p); /* its message was taken, but not looked at */
    proc_release(pg.p, LK_HOLD_SUSPEND);
    EQ(touch_end(q).fault, FAULT_BREAKPOINT);
    EQ(program_audit(&prog, 0).pages, 1);
    obj_rescind(other.root);
    READS(program_process(&prog), HEAP_VA + 2 * PAGE, 0);
    STATUS(world_discard(2, HEAP_VA, PAGE), STATUS_OK);
}

CASE(discard, .text = "pages that are given back are the bank's again, and zeros when touched next")
{
    struct program prog;
    struct audit a;
    uint64_t used;
    obj p;

    world_usual(3, &prog, &p);
    for (unsigned i = 0; i < 40; i++) {
        WRITES(p, HEAP_VA + i * PAGE, i + 1);
    }
    WRITES(p, LK_STACK_TOP_OF(2) - 8, 5);
    used = bank.used[3];
    OK(world_discard(3, HEAP_VA + 3 * PAGE, 30 * PAGE));
    EQ(bank.used[3], used - 30);
    a = program_audit(&prog, 0);
    EQ(a.pages, 11);
    OK(world_discard(3, HEAP_VA + 3 * PAGE, 30 * PAGE)); /* nothing is there */
    OK(world_discard(3, LK_STACK_TOP_OF(2) - LK_STACK_EACH, LK_STACK_EACH));
    OK(world_discard(3, HEAP_VA, HEAP_END - HEAP_VA));
    EQ(program_audit(&prog, 0).pages, 0);
    for (unsigned i = 0; i < 40; i++) {
        READS(p, HEAP_VA + i * PAGE, 0);
    }
    READS(p, LK_STACK_TOP_OF(2) - 8, 0);
    WRITES(p, EDGE_VA, 9); /* cannot go back, is cleared */
    OK(world_discard(3, EDGE_VA, PAGE));
    READS(p, EDGE_VA, 0);
    WRITES(p, DATA_VA, 9);
    STATUS(world_discard(3, DATA_VA, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_discard(3, TEXT_VA, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_discard(3, HEAP_VA + 8, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_discard(3, HEAP_VA, 100), STATUS_OUT_OF_RANGE);
    STATUS(world_discard(3, HEAP_END - PAGE, 2 * PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_discard(3, 0x10000000, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_discard(4, HEAP_VA, PAGE), STATUS_OUT_OF_RANGE);
    READS(p, DATA_VA, 9);
    program_audit(&prog, 0);
}

CASE(provide,
     .text = "pages that are asked for are there before they are touched, or it is refused")
{
    struct program prog;
    struct pager_process pg;
    uint64_t used;
    obj p;

    pg = world_usual(3, &prog, &p);
    WRITES(p, HEAP_VA + 4 * PAGE, 5);
    OK(world_provide(3, HEAP_VA + 2 * PAGE, 20 * PAGE));
    OK(world_provide(3, LK_STACK_TOP_OF(2) - 2 * PAGE, 2 * PAGE));
    EQ(program_audit(&prog, 0).pages, 22);
    used = bank.used[3];
    OK(world_provide(3, HEAP_VA + 2 * PAGE, 20 * PAGE)); /* all is there */
    EQ(bank.used[3], used);
    proc_hold(pg.p, LK_HOLD_SUSPEND); /* who faults now waits for ever */
    for (unsigned i = 2; i < 22; i++) {
        READS(p, HEAP_VA + i * PAGE, i == 4 ? 5 : 0);
        WRITES(p, HEAP_VA + i * PAGE, i);
    }
    WRITES(p, LK_STACK_TOP_OF(2) - PAGE - 8, 7);
    proc_release(pg.p, LK_HOLD_SUSPEND);
    bank.refuse = 3;
    STATUS(world_provide(3, HEAP_VA + 22 * PAGE, 6 * PAGE), STATUS_NO_MEMORY);
    EQ(program_audit(&prog, 0).pages, 24);
    OK(world_provide(3, HEAP_VA + 22 * PAGE, 6 * PAGE));
    EQ(program_audit(&prog, 0).pages, 28);
    STATUS(world_provide(3, LK_STACK_TOP_OF(2) - LK_STACK_EACH, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(3, DATA_VA, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(3, TEXT_VA, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(3, HEAP_VA + 8, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(3, HEAP_VA, 100), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(3, HEAP_END - PAGE, 2 * PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(3, 0x10000000, PAGE), STATUS_OUT_OF_RANGE);
    STATUS(world_provide(4, HEAP_VA, PAGE), STATUS_OUT_OF_RANGE);
    EQ(program_audit(&prog, 0).pages, 28);
}
