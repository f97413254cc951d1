/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Pages put into this program's space, by a slot three GPT levels down, and taken away again. Two
 * pages take turns, with different bytes in them: a page that could still be read after it was
 * taken away would be seen.
 */
#include "measure.h"

/* 64 KiB below two GPTs, which with the root are three. */
#define MAP_VA 0x50000000ull
#define MAP_ROOT_SLOT 5u /* of 256 MiB each */
#define MAP_SLOT 3u
#define MAP_PAGE ((volatile char *)(MAP_VA + MAP_SLOT * 4096ull))

enum timed { TIMED_MAP, TIMED_UNMAP };

/* Each round: the slot set, the page touched, the slot empty again. The time of the first two, or
 * of the last; the marks if it `counts`. */
static inline __attribute__((always_inline)) uint64_t rounds(enum timed timed, unsigned n,
                                                             bool counts)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++) {
        uint32_t reg = i % 2 == 0 ? REG_PAGE : REG_OTHER;
        enum status s;
        char seen;

        mark_begin(counts && timed == TIMED_MAP);
        uint64_t begin = bench_ticks();

        s = lk_gpt_swap_slot(REG_LEAF, MAP_SLOT, reg, 0);
        seen = *MAP_PAGE;
        sum += timed == TIMED_MAP ? bench_ticks() - begin : 0;
        MARK_END();
        check(s, "setting the slot");
        if (seen != (char)(i % 2)) {
            lk_die("a page is read that was taken away");
        }
        mark_begin(counts && timed == TIMED_UNMAP);
        begin = bench_ticks();
        s = lk_gpt_swap_slot(REG_LEAF, MAP_SLOT, 0, 0);
        sum += timed == TIMED_UNMAP ? bench_ticks() - begin : 0;
        MARK_END();
        check(s, "emptying the slot");
    }
    return sum;
}

static uint64_t map(unsigned n, bool counts)
{
    return rounds(TIMED_MAP, n, counts);
}

static uint64_t unmap(unsigned n, bool counts)
{
    return rounds(TIMED_UNMAP, n, counts);
}

/* A page with this byte in front, into register `reg`. */
static void make_page(uint64_t frame, uint32_t reg, char byte)
{
    check(lk_range_fabricate(lk_cap("memory"), LK_TYPE_PAGE, frame, 0, reg), "a page");
    check(lk_gpt_swap_slot(REG_LEAF, MAP_SLOT, reg, 0), "a page");
    *MAP_PAGE = byte;
    check(lk_gpt_swap_slot(REG_LEAF, MAP_SLOT, 0, 0), "a page");
}

void map_begin(void)
{
    uint32_t memory = lk_cap("memory");

    check(lk_range_fabricate(memory, LK_TYPE_GPT, 0, 0, REG_TOP), "a GPT");
    check(lk_gpt_set_l2v(REG_TOP, 16), "a GPT");
    check(lk_memory_set_guard(REG_TOP, 0, 20, REG_TOP), "a GPT");
    check(lk_range_fabricate(memory, LK_TYPE_GPT, 0, 1, REG_LEAF), "a GPT");
    check(lk_gpt_swap_slot(REG_TOP, 0, REG_LEAF, 0), "a GPT");
    check(lk_gpt_swap_slot(lk_cap("space"), MAP_ROOT_SLOT, REG_TOP, REG_OLD), "the root");
    make_page(1, REG_PAGE, 0);
    make_page(2, REG_OTHER, 1);
}

void map_end(void)
{
    check(lk_gpt_swap_slot(lk_cap("space"), MAP_ROOT_SLOT, REG_OLD, 0), "the root");
    check(lk_range_rescind(lk_cap("memory"), REG_OTHER), "giving back");
    check(lk_range_rescind(lk_cap("memory"), REG_PAGE), "giving back");
    check(lk_range_rescind(lk_cap("memory"), REG_LEAF), "giving back");
    check(lk_range_rescind(lk_cap("memory"), REG_TOP), "giving back");
}

static void measure_timed(const char *name, uint64_t (*timed)(unsigned n, bool counts),
                          unsigned warm_up, unsigned n)
{
    struct events before;
    struct events after;
    uint64_t sum;

    timed(warm_up, false);
    before = events_now(sysctl);
    sum = timed(n, true);
    after = events_now(sysctl);
    enter(name, sum, n, &before, &after);
}

void measure_map(const char *name, unsigned warm_up, unsigned n)
{
    measure_timed(name, map, warm_up, n);
}

void measure_unmap(const char *name, unsigned warm_up, unsigned n)
{
    measure_timed(name, unmap, warm_up, n);
}
