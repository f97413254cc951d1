/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The books of the space bank on a machine of the tests' own (bank_machine.c).
 */
#include "unit.h"

#include "bank_machine.h"

#include "user/servers/bank/frees.h"

#include <abi/invoke.h>

static void begin(uint32_t frames)
{
    machine_begin(frames);
    CHECK(books_begin(machine_pages, frames));
}

static unsigned open_below(unsigned above, uint64_t limit)
{
    unsigned bank = NO_BANK;

    CHECK_EQUAL(tree_open(above, "x", 1, limit, &bank), STATUS_OK);
    return bank;
}

static enum status make(unsigned bank, uint64_t type, uint32_t reg)
{
    return books_make(bank, type, 1, &reg);
}

TEST(bank_state_small, "the state of the bank takes a few frames on a small machine, 16 bytes a "
                       "frame at most")
{
    CHECK(bank_state_bytes(2048) <= 6ul * 4096);
    for (uint64_t n = 1024; n <= BANK_FRAMES_MAX; n *= 2) {
        CHECK(bank_state_bytes(n) <= 16 * n);
    }
    CHECK_EQUAL(bank_state_bytes(1ul << 30), bank_state_bytes(BANK_FRAMES_MAX));
}

TEST(bank_first_start,
     "what is free at the first start is the bank's, and nothing else, however often "
     "it begins again")
{
    machine_begin(200);
    for (uint32_t f = 0; f < 200; f += 3) {
        mem_make(LK_TYPE_GPT, f, 0, 1);
    }
    machine.frame[1].counts = 0;
    CHECK(books_begin(machine_pages, 200));
    CHECK_EQUAL(state.free, 200 - 67 - 1);
    CHECK(!books_begin(machine_pages, 201));
    for (uint32_t f = 0; f < 200; f += 3) {
        mem_destroy(f, 0); /* and still it is not */
    }
    machine_restart();
    CHECK_EQUAL(state.free, 200 - 67 - 1);
}

TEST(bank_limits,
     "each bank keeps to its limit and to all those above it, and frames with room are "
     "filled first")
{
    unsigned a, b;
    struct bank_info info;

    begin(500);
    a = open_below(TOP, 10);
    b = open_below(a, 7);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_OK);
    }
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_NO_MEMORY);
    for (unsigned i = 0; i < 3 * 12; i++) {
        CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_OK);
    }
    CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 1, 1), STATUS_NO_MEMORY);
    tree_set_limit(a, 0);
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_OK);
    tree_set_limit(a, 5);
    tree_set_limit(b, UINT64_MAX);
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_OK); /* it takes no frame */
    tree_info(a, a, &info);
    CHECK_EQUAL(info.used, 11);
    CHECK_EQUAL(info.own, 4);
    CHECK_EQUAL(info.available, 0);
    CHECK_EQUAL(info.banks, 1);
    CHECK_EQUAL(info.objects[LK_TYPE_GPT], 38);
    machine_check();
}

TEST(bank_depth_and_number,
     "banks are as deep and as many as they can be, and no more; a serial number "
     "never comes again")
{
    unsigned bank = TOP;
    uint32_t payload;
    unsigned found;

    begin(64);
    for (unsigned i = 0; i < BANK_DEPTH; i++) {
        bank = open_below(bank, 0);
    }
    CHECK_EQUAL(tree_open(bank, "x", 1, 0, &bank), STATUS_OUT_OF_RANGE);
    for (unsigned i = BANK_DEPTH + 1; i < BANK_BANKS_MIN; i++) {
        open_below(TOP, 0);
    }
    CHECK_EQUAL(tree_open(TOP, "x", 1, 0, &bank), STATUS_NO_MEMORY);
    machine_check();
    payload = tree_payload(5);
    CHECK(tree_find(payload, &found) && found == 5);
    CHECK(tree_find(payload & ~PAYLOAD_OWNER, &found) && found == 5);
    tree_begin_close(3);
    CHECK(!tree_find(payload, &found)); /* it is below */
    machine_work();
    for (uint32_t i = 0; bank_state(5) != BANK_RETIRED; i++) {
        job_t job;

        CHECK(i <= SERIALS * (BANK_BANKS_MIN - 3));
        bank = open_below(TOP, 0);
        CHECK(tree_payload(bank) != payload);
        books_close(bank, &job);
        machine_work();
    }
    machine_restart();
    machine_check();
}

TEST(bank_free_refused,
     "only what the bank itself gave is freed, by a capability with all authority")
{
    unsigned a, b;
    job_t job;

    begin(300);
    a = open_below(TOP, 0);
    b = open_below(a, 0);
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_OK);
    CHECK_EQUAL(books_free(a, 1), STATUS_REQUEST_ERROR);
    machine.reg[2] = machine.reg[1];
    machine.reg[2].restrictions = LK_RO;
    CHECK_EQUAL(books_free(b, 2), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_free(b, 3), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_range(b, 10, 4), STATUS_OK);
    CHECK_EQUAL(books_free(b, 4), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_free_range(a, 4, &job), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_free_range(b, 1, &job), STATUS_REQUEST_ERROR);
    machine_split(4, 0, 9, 5);
    CHECK_EQUAL(books_free_range(b, 5, &job), STATUS_REQUEST_ERROR);
    machine_split(4, 1, 9, 5);
    CHECK_EQUAL(books_free_range(b, 5, &job), STATUS_REQUEST_ERROR);
    mem_make(LK_TYPE_GPT, machine.reg[4].frame + 2, 0, 6);
    CHECK_EQUAL(books_free(b, 6), STATUS_REQUEST_ERROR); /* made in a Range */
    CHECK_EQUAL(books_free_range(b, 4, &job), STATUS_OK);
    CHECK_EQUAL(books_free_range(b, 4, &job), STATUS_REQUEST_ERROR);
    machine_work();
    CHECK(!machine_live(&machine, &machine.reg[6]));
    CHECK_EQUAL(books_free(b, 1), STATUS_OK);
    CHECK_EQUAL(books_free(b, 1), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(state.free, 300);
    machine_check();
}

TEST(bank_range_refused,
     "a range longer than can be lent, or none at all, is refused in words; from a "
     "bank whose memory is lent to it there are none, and nothing is lost")
{
    unsigned a;

    begin(300);
    a = open_below(TOP, 100);
    CHECK_EQUAL(books_range(a, LK_LENT_MAX + 1, 1), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(books_range(a, UINT64_MAX, 1), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(books_range(a, LK_LENT_MAX, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 101, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 0, 1), STATUS_REQUEST_ERROR);
    machine.lent = true;
    CHECK_EQUAL(books_range(a, 60, 1), STATUS_NO_ACCESS);
    CHECK_EQUAL(machine.reg[1].type, 0);
    machine_work();
    CHECK_EQUAL(state.free, 300);
    CHECK_EQUAL(state.bank[a].ranges, 0);
    machine_check();
    machine.lent = false;
    CHECK_EQUAL(books_range(a, 100, 1), STATUS_OK);
}

TEST(bank_range_taken_back,
     "a range that was given back, or whose bank or a bank above it is closed, "
     "is taken back before its first frame is free, and all parts with it")
{
    unit_random_seed(unit_seed(1));
    for (unsigned way = 0; way < 3; way++) {
        unsigned a, b;
        job_t job;

        begin(300);
        a = open_below(TOP, 0);
        b = open_below(a, 0);
        CHECK_EQUAL(books_range(b, 150, 1), STATUS_OK);
        CHECK_EQUAL(books_range(b, 20, 2), STATUS_OK);
        machine_split(1, 100, 50, 3);
        machine_split(3, 49, 1, 4);
        for (unsigned i = 0; i < 3000; i++) {
            machine_make_in(&machine.reg[1]);
        }
        if (way == 0) {
            CHECK_EQUAL(books_free_range(b, 1, &job), STATUS_OK);
        } else {
            CHECK_EQUAL(books_close(way == 1 ? b : a, &job), STATUS_OK);
        }
        for (unsigned i = 0; books_busy() && CHECK(i < 1000); i++) {
            bool live = machine_range_live(&machine, &machine.reg[1]);

            CHECK(!live || state.free == 130);
            for (unsigned reg = 3; reg <= 4; reg++) {
                CHECK_EQUAL(machine_range_live(&machine, &machine.reg[reg]), live);
            }
            CHECK_EQUAL(books_free_range(b, 3, &job), STATUS_REQUEST_ERROR);
            books_work(machine_ignore);
        }
        for (unsigned reg = 1; reg <= 4; reg++) {
            bool lives = way == 0 && reg == 2;

            CHECK_EQUAL(machine_range_live(&machine, &machine.reg[reg]), lives);
        }
        CHECK_EQUAL(state.free, way == 0 ? 280 : 300);
        CHECK_EQUAL(books_free_range(b, 1, &job), STATUS_REQUEST_ERROR);
        machine_check();
    }
}

TEST(bank_retired, "a frame whose counts are used up leaves the books, and others are taken")
{
    unsigned a;

    begin(100);
    a = open_below(TOP, 0);
    for (uint32_t f = 0; f < 50; f++) {
        machine.frame[f].counts = 1 + f % 4;
    }
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_EQUAL(make(a, i % 2 != 0 ? LK_TYPE_PAGE : LK_TYPE_ENDPOINT, 1), STATUS_OK);
        CHECK_EQUAL(books_free(a, 1), STATUS_OK);
        machine_check();
    }
    CHECK_EQUAL(state.free, 50);
    machine_restart();
    CHECK_EQUAL(state.free, 50);
}

TEST(bank_all_or_none, "several objects are made, or none; the n-th is refused, once")
{
    static const uint32_t reg[] = { 1, 2, 3, 4 };
    unsigned a;
    uint64_t asked;
    bool refused;

    begin(100);
    a = open_below(TOP, 3);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 4, reg), STATUS_NO_MEMORY);
    CHECK_EQUAL(state.free, 100);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 3, reg), STATUS_OK);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 0, reg), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 5, reg), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_make(a, LK_TYPE_ENTRY, 1, reg), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_make(a, UINT64_MAX, 1, reg), STATUS_REQUEST_ERROR);
    tree_set_limit(a, 0);
    for (unsigned n = 1; n <= 5; n++) {
        books_refuse(n, &asked, &refused);
        CHECK_EQUAL(books_make(a, LK_TYPE_GPT, 4, reg), n <= 4 ? STATUS_NO_MEMORY : STATUS_OK);
        books_refuse(0, &asked, &refused);
        CHECK_EQUAL(refused, n <= 4);
        CHECK_EQUAL(asked, n <= 4 ? n : 4);
        machine_check();
    }
}

TEST(bank_runs, "frames in a row are found wherever they are, and only there")
{
    unsigned a;

    begin(1000);
    a = open_below(TOP, 0);
    CHECK_EQUAL(books_range(a, 1001, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 0, 1), STATUS_REQUEST_ERROR);
    unit_random_seed(unit_seed(1));
    for (unsigned round = 0; round < 300; round++) {
        uint32_t n = 1 + (uint32_t)unit_random(200);
        uint32_t want = NO_FRAME;
        uint32_t run = 0;

        for (uint32_t f = 0; f < 1000; f++) {
            if (unit_once_in(2 + round % 60) && frame_use(f) == USE_FREE) {
                frees_take(f);
                frame_set(f, USE_NONE, 0);
            } else if (unit_once_in(10) && frame_use(f) == USE_NONE) {
                frees_put(f);
                frame_set(f, USE_FREE, 0);
            }
        }
        for (uint32_t f = 0; f < 1000; f++) {
            run = frame_use(f) == USE_FREE ? run + 1 : 0;
            want = run >= n ? f + 1 - n : want;
        }
        CHECK_EQUAL(frees_run(n), want);
    }
}
