/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Spaces of the team: the text of this program, and pages for each fuzzer; below a root that is
 * larger or smaller, with levels left out.
 */
#include "team.h"

static obj text_page[TEXT_GPTS_MOST * 16];
static unsigned text_pages;

uint64_t text_sum(void)
{
    uint64_t sum = 0;

    for (uint64_t va = TEXT_VA; va < TEXT_VA + text_pages * PAGE; va += sizeof(uint64_t)) {
        uintptr_t at = va;

        __asm__("" : "+r"(at));
        sum = sum * 31 + *(const volatile uint64_t *)at;
    }
    return sum;
}

/* The pages of this program that may be read only: its text and constants. */
void find_text(void)
{
    for (text_pages = 0; text_pages < TEXT_GPTS_MOST * 16; text_pages++) {
        uint64_t restr = 0;
        unsigned slot = gpt_of(own_space(), TEXT_VA + text_pages * PAGE, R_T1);

        OK(lk_gpt_get_slot(R_T1, slot, R_T0));
        OK(lk_discrim_classify(R_DISCRIM, R_T0, NULL, &restr));
        if ((restr & LK_RO) == 0) {
            return;
        }
        text_page[text_pages] = obj_keep(R_T0);
    }
    FAIL("the text of this program is larger than the fuzzers' GPTs");
}

static void renew_gpt(obj *o, unsigned l2v)
{
    renew(o, LK_TYPE_GPT);
    obj_get(*o, R_T0);
    OK(lk_gpt_set_l2v(R_T0, l2v));
    OK(lk_memory_set_guard(R_T0, 0, l2v + 4 > 47 ? 47 : l2v + 4, R_T0));
    obj_put(*o, R_T0);
}

static void hang(obj above, uint64_t slot, obj below, unsigned restr)
{
    obj_get(above, R_T0);
    obj_get(below, R_T1);
    if (restr != 0) {
        lk_memory_reduce(R_T1, restr, R_T1);
    }
    OK(lk_gpt_swap_slot(R_T0, slot, R_T1, 0));
}

/* The pages of a fuzzer, in its GPT of each space. */
static void hang_area(obj area, const struct fuzzer *f, unsigned i)
{
    hang(area, AREA_CONTEXT, team_context_page[i], LK_NX);
    hang(area, AREA_RW, f->page[AREA_RW], 0);
    hang(area, AREA_RO, f->page[AREA_RO], LK_RO);
    hang(area, AREA_RW_2, f->page[AREA_RW_2], LK_NX);
    hang(area, AREA_RW_3, f->page[AREA_RW_3], LK_NX);
    hang(area, AREA_CAPS, f->page[AREA_CAPS], 0);
    hang(area, AREA_WEAK, f->page[AREA_WEAK], LK_WK);
}

void space_make(struct space *s)
{
    for (unsigned i = 0; i < s->levels; i++) {
        renew_gpt(&s->level[i], s->l2v[i]);
        if (i > 0) {
            hang(s->level[i - 1], 0, s->level[i], 0);
        }
    }
    renew_gpt(&s->text, 16);
    hang(s->level[s->levels - 1], TEXT_VA >> 20, s->text, 0);
    for (unsigned i = 0; i < text_pages; i++) {
        if (i % 16 == 0) {
            renew_gpt(&s->text_leaf[i / 16], 12);
            hang(s->text, i / 16, s->text_leaf[i / 16], 0);
        }
        hang(s->text_leaf[i / 16], i % 16, text_page[i], LK_RO);
    }
    renew_gpt(&s->data, 16);
    hang(s->level[s->levels - 1], AREA_VA >> 20, s->data, 0);
    for (unsigned i = 0; i < team.fuzzers; i++) {
        renew_gpt(&s->area[i], 12);
        hang(s->data, i, s->area[i], 0);
        hang_area(s->area[i], &team.f[i], i);
    }
}

/* From the root down to l2v 20: all levels, or some left out. */
void space_choose(struct space *s)
{
    static const unsigned above[] = { 43, 36, 28, 24 };

    *s = (struct space){ .text = NO_OBJ, .data = NO_OBJ };
    for (unsigned i = 0; i < 4; i++) {
        if (rng_below(&team.rng, 2) == 0) {
            s->l2v[s->levels++] = above[i];
        }
    }
    s->l2v[s->levels++] = 20;
    for (unsigned i = 0; i < LEVELS_MOST; i++) {
        s->level[i] = NO_OBJ;
    }
    for (unsigned i = 0; i < TEXT_GPTS_MOST; i++) {
        s->text_leaf[i] = NO_OBJ;
    }
    for (unsigned i = 0; i < FUZZERS_MOST; i++) {
        s->area[i] = NO_OBJ;
    }
}

/* Destroy what is left of a space that its users cannot run in any more, and make it again. */
void space_again(struct space *s)
{
    const obj *all[] = { s->level, s->text_leaf, s->area, &s->text, &s->data };
    const unsigned n[] = { s->levels, TEXT_GPTS_MOST, team.fuzzers, 1, 1 };

    for (unsigned i = 0; i < 5; i++) {
        for (unsigned j = 0; j < n[i]; j++) {
            if (all[i][j] != NO_OBJ && kept_type(all[i][j]) == LK_TYPE_GPT) {
                OK(lk_range_rescind(R_RANGE, R_T0));
            }
        }
    }
    for (unsigned i = 0; i < team.fuzzers; i++) {
        for (unsigned j = AREA_RW; j <= AREA_WEAK; j++) {
            if (j != AREA_GAP && j != AREA_GAP_2) {
                renew_if_gone(&team.f[i].page[j], j == AREA_CAPS ? LK_TYPE_CAPPAGE : LK_TYPE_PAGE);
            }
        }
    }
    space_make(s);
    counts.spaces++;
}
