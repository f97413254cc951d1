/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What fuzzers must not have: authority that was never given, the treasure, and what died.
 *
 * The treasure is a page, and a CapPage and a GPT with the page in them, which the fuzzers hold in
 * ways that allow to look and no more.
 */
#include "team.h"

#define TREASURE_VA (WINDOW_VA + FUZZERS_MOST * PAGE)
#define TREASURE_WORD(i) (0x7ea5000000000000ull + (i))
#define TREASURE_SLOT 5
#define GRAVES 256

static obj treasure, treasure_box, treasure_gpt;
static obj graves; /* a CapPage: what the last team could name */

/* Once for each case. */
void make_treasure(void)
{
    graves = obj_new(LK_TYPE_CAPPAGE);
    treasure = page_new();
    map_page(own_space(), TREASURE_VA, treasure, 0);
    for (unsigned i = 0; i < PAGE / 8; i++) {
        ((uint64_t *)TREASURE_VA)[i] = TREASURE_WORD(i); /* NOLINT */
    }
    treasure_box = obj_new(LK_TYPE_CAPPAGE);
    obj_get(treasure, R_T1);
    OK(lk_cappage_swap_slot(R_T0, TREASURE_SLOT, R_T1, 0));
    treasure_gpt = gpt_new(12);
    OK(lk_gpt_swap_slot(R_T0, TREASURE_SLOT, R_T1, 0));
}

/* By each of these ways the treasure can be seen, and not be changed or come by. */
void pool_treasure(void)
{
    static const unsigned restr[] = { LK_WK, LK_RO | LK_WK, LK_WK | LK_OP, LK_RO | LK_OP };

    for (unsigned i = 0; i < sizeof(restr) / sizeof(restr[0]); i++) {
        obj_get(treasure, R_T0);
        OK(lk_memory_reduce(R_T0, LK_RO | restr[i], R_T0));
        obj_keep(R_T0);
        obj_get(treasure_box, R_T0);
        OK(lk_memory_reduce(R_T0, restr[i], R_T0));
        obj_keep(R_T0);
        obj_get(treasure_gpt, R_T0);
        OK(lk_memory_reduce(R_T0, restr[i], R_T0));
        obj_keep(R_T0);
    }
}

/* Keep what the fuzzers can name, before it is destroyed. (To fetch a capability that is dead makes
 * it Null where it stands.) */
void bury(void)
{
    for (unsigned i = 0; i < GRAVES && team.pool + i < team.pool_end; i++) {
        bool lives_on = team.pool + i >= team.treasure && team.pool + i < team.treasure_end;

        obj_get(lives_on ? NO_OBJ : (obj)(team.pool + i), R_T0);
        obj_get(graves, R_T1);
        OK(lk_cappage_swap_slot(R_T1, i, R_T0, 0));
    }
}

/* In the same places there are others now: none of the old capabilities names one of them. */
void check_graves(void)
{
    for (unsigned i = 0; i < GRAVES; i++) {
        uint64_t type;

        obj_get(graves, R_T0);
        OK(lk_cappage_get_slot(R_T0, i, R_T1));
        type = reg_type(R_T1);
        CHECK(type == LK_TYPE_NULL || type > LK_TYPE_CAPPAGE);
    }
}

/* Is a capability one that a fuzzer can have come by? */
static void check_authority(unsigned reg)
{
    uint64_t type = 0;
    uint64_t restr = 0;
    uint64_t frame = 0;

    OK(lk_discrim_classify(R_DISCRIM, reg, &type, &restr));
    switch (type) {
    case LK_TYPE_ENDPOINT:
    case LK_TYPE_ENTRY:
    case LK_TYPE_PROXYENTRY:
    case LK_TYPE_APPNOTICE:
    case LK_TYPE_PROCESS:
        OK(lk_range_identify(R_RANGE, reg, NULL, &frame, NULL));
        CHECK(frame >= team_frame() && frame < team_frame() + TEAM_FRAMES);
        break;
    case LK_TYPE_GPT:
    case LK_TYPE_CAPPAGE:
    case LK_TYPE_PAGE: /* others' only for looking */
        OK(lk_range_identify(R_RANGE, reg, NULL, &frame, NULL));
        CHECK((frame >= team_first_frame && frame < team_frame() + TEAM_FRAMES) ||
              (restr & (LK_RO | LK_WK)) != 0);
        break;
    case LK_TYPE_RANGE: {
        uint64_t n = 0;
        uint64_t low = 0;

        OK(lk_range_get_info(reg, 0, &n, NULL));
        OK(lk_capbits_get(R_CAPBITS, reg, &low, NULL));
        frame = (uint32_t)(low >> 16); /* the protected payload: the first frame */
        CHECK(frame >= team_frame() && frame + n <= team_frame() + TEAM_FRAMES);
        break;
    }
    case LK_TYPE_IOPRIV: {
        uint64_t first = 0;
        uint64_t last = 0;

        OK(lk_iopriv_get_info(reg, &first, &last));
        CHECK(first >= PORT_FIRST && last <= PORT_LAST);
        break;
    }
    case LK_TYPE_NULL:
    case LK_TYPE_SCHEDULE:
    case LK_TYPE_SLEEP:
    case LK_TYPE_IRQCTL:
    case LK_TYPE_IRQWAIT:
    case LK_TYPE_KERNLOG:
    case LK_TYPE_DISCRIM:
    case LK_TYPE_CAPBITS:
        break;
    default:
        FAIL("a fuzzer has a capability of type %lu", type);
    }
}

/* The treasure is what and where it was. */
void check_treasure(void)
{
    const volatile uint64_t *word = (const uint64_t *)TREASURE_VA; /* NOLINT */
    uint64_t l2v = 0;

    sys_at("seed %lu, the treasure", team.seed);
    for (unsigned i = 0; i < PAGE / 8; i++) {
        EQ(word[i], TREASURE_WORD(i));
    }
    obj_get(treasure, R_T2);
    for (unsigned i = 0; i < 256; i++) {
        obj_get(treasure_box, R_T0);
        OK(lk_cappage_get_slot(R_T0, i, R_T1));
        CHECK(reg_same(R_T1, i == TREASURE_SLOT ? R_T2 : 0));
    }
    for (unsigned i = 0; i < 16; i++) {
        obj_get(treasure_gpt, R_T0);
        OK(lk_gpt_get_slot(R_T0, i, R_T1));
        CHECK(reg_same(R_T1, i == TREASURE_SLOT ? R_T2 : 0));
    }
    OK(lk_gpt_get_state(R_T0, &l2v, NULL));
    EQ(l2v, 12);
}

void check_all_authority(void)
{
    for (unsigned i = 0; i < team.fuzzers; i++) {
        if (kept_type(team.f[i].p) != LK_TYPE_PROCESS) {
            continue;
        }
        lk_copy_cap(R_T0, R_T2);
        for (unsigned reg = 1; reg < LK_CAP_REGS; reg++) {
            sys_at("seed %lu, fuzzer %u, capability register %u", team.seed, i, reg);
            OK(lk_process_get_cap_reg(R_T2, reg, R_T0));
            check_authority(R_T0);
        }
        if (kept_type(team.f[i].page[AREA_CAPS]) == LK_TYPE_CAPPAGE) {
            lk_copy_cap(R_T0, R_T2);
            for (unsigned slot = 0; slot < 256; slot++) {
                OK(lk_cappage_get_slot(R_T2, slot, R_T0));
                check_authority(R_T0);
            }
        }
    }
}
