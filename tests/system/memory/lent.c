/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ranges that are lent: good for all that any Range is, until they are taken back.
 */
#include "../lib/sys.h"

#define FRAMES 16u
#define SLOTS 200u /* of the random case, in one capability page */

/* What a Range in a register has: frames, 0 if it is Null. */
static uint64_t frames_in(unsigned reg)
{
    uint64_t frames = 0;

    return lk_range_get_info(reg, 0, &frames, NULL) == STATUS_OK ? frames : 0;
}

/* Every operation of a Range, by numbers that would do for one of FRAMES frames. `object` is in a
 * register and stands in frame 0. */
static void all_invalid(unsigned reg, unsigned object)
{
    for (uint64_t method = 0; method < 32; method++) {
        struct lk_msg msg = {
            .control = LK_CTL_CALL_CAPS(reg, 4, 1, object, 0, 0, R_I, 0, 0, 0),
            .w = { method, method == OP_RANGE_FABRICATE ? LK_TYPE_PAGE : 0, 1, 0 },
        };

        sys_at("method %lu", method);
        STATUS(lk_invoke(&msg), STATUS_INVALID_CAP);
        EQ(reg_type(R_I), LK_TYPE_NULL);
    }
    EQ(reg_type(reg), LK_TYPE_NULL);
    CHECK(reg_same(reg, 0));
}

static void bits_of(unsigned reg, uint64_t bits[2])
{
    OK(lk_capbits_get(R_CAPBITS, reg, &bits[0], &bits[1]));
}

CASE(lent,
     .text = "through a Range that is lent all can be done that can be done through any but to "
             "lend; also through its parts")
{
    uint64_t frame = frames_new(FRAMES);
    uint64_t free = 0, type = 0, mask = 0, where = 0, index = 0;

    OK(lk_range_lend(R_RANGE, frame, FRAMES, R_A));
    EQ(reg_type(R_A), LK_TYPE_RANGE);
    OK(lk_range_split(R_A, 4, 8, R_B));
    OK(lk_range_split(R_B, 7, 1, R_C)); /* frame 11 */
    EQ(frames_in(R_A), FRAMES);
    EQ(frames_in(R_B), 8);
    EQ(frames_in(R_C), 1);
    OK(lk_range_fabricate(R_C, LK_TYPE_ENDPOINT, 0, 3, R_D));
    OK(lk_range_get_info(R_A, 0, NULL, &free));
    EQ(free, 0xf7ff);
    OK(lk_range_identify(R_A, R_D, &type, &where, &index));
    EQ(type, LK_TYPE_ENDPOINT);
    EQ(where, 11);
    EQ(index, 3);
    OK(lk_range_get_frame(R_B, 7, &type, &mask));
    EQ(mask, 8);
    OK(lk_range_get_cap(R_C, 0, 3, R_E));
    CHECK(reg_same(R_D, R_E));
    STATUS(lk_range_fabricate(R_A, LK_TYPE_PAGE, FRAMES, 0, R_E), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate(R_B, LK_TYPE_PAGE, 8, 0, R_E), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_split(R_B, 7, 2, R_E), STATUS_OUT_OF_RANGE);
    for (unsigned r = R_A; r <= R_C; r++) {
        STATUS(lk_range_lend(r, 0, 1, R_E), STATUS_NO_ACCESS);
        STATUS(lk_range_lend(r, 0, 0, R_E), STATUS_NO_ACCESS);
        STATUS(lk_range_lend(r, 100, 1, R_E), STATUS_NO_ACCESS);
    }
    EQ(frames_in(R_A), FRAMES);
    OK(lk_range_rescind_at(R_B, 7, 3));
    EQ(reg_type(R_D), LK_TYPE_NULL);
    OK(lk_range_fabricate(R_A, LK_TYPE_PAGE, 0, 0, R_D));
    OK(lk_range_rescind(R_A, R_D));
    EQ(kernel_check(), 0);
}

CASE(lend_refused, .text = "what cannot be lent is refused, and takes nothing back")
{
    uint64_t frame = frames_new(FRAMES);
    uint64_t all = frames_in(R_RANGE);

    OK(lk_range_lend(R_RANGE, frame, FRAMES, R_A));
    OK(lk_range_lend(R_RANGE, all - 1, 1, R_B));
    OK(lk_range_split(R_RANGE, frame, FRAMES, R_C));
    STATUS(lk_range_lend(R_RANGE, all - 1, 2, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_RANGE, all, 1, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_RANGE, all, 0, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_RANGE, UINT64_MAX, 0, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_RANGE, UINT64_MAX, 1, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_RANGE, frame, UINT64_MAX, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_RANGE, frame, LK_LENT_MAX + 1, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_C, 0, FRAMES + 1, R_D), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_lend(R_C, FRAMES, 0, R_D), STATUS_OUT_OF_RANGE);
    EQ((enum status)lk_call1(R_RANGE, OP_RANGE_LEND, frame).w[0], STATUS_REQUEST_ERROR);
    EQ(reg_type(R_D), LK_TYPE_NULL);
    EQ(frames_in(R_A), FRAMES);
    EQ(frames_in(R_B), 1);
}

CASE(lent_large, .text = "the last frame of a large Range that is lent dies with the first")
{
    uint64_t all = frames_in(R_RANGE);
    uint64_t n = all < LK_LENT_MAX ? all : LK_LENT_MAX;

    OK(lk_range_lend(R_RANGE, all - n, n, R_A));
    OK(lk_range_split(R_A, n - 1, 1, R_B));
    OK(lk_range_split(R_A, n / 2, n - n / 2, R_C));
    OK(lk_range_split(R_C, n - n / 2 - 1, 1, R_C));
    CHECK(reg_same(R_B, R_C)); /* the same frames, lent the same way */
    EQ(frames_in(R_B), 1);
    EQ(kernel_check(), 0);
    OK(lk_range_lend(R_RANGE, all - n, 0, R_D));
    EQ(reg_type(R_D), LK_TYPE_NULL);
    for (unsigned r = R_A; r <= R_C; r++) {
        EQ(frames_in(r), 0);
    }
}

CASE(taken_back,
     .text = "a Range that was taken back, its copies and its parts are Null for every operation, "
             "wherever they are; what stands in the frames stays")
{
    uint64_t frame = frames_new(FRAMES);

    obj_new_in(LK_TYPE_CAPPAGE, R_G);
    for (unsigned way = 0; way < 4; way++) {
        uint64_t bits[2];

        sys_at("way %u", way);
        OK(lk_range_lend(R_RANGE, frame, FRAMES, R_A));
        OK(lk_range_split(R_A, 1, FRAMES - 1, R_B));
        OK(lk_range_split(R_B, FRAMES - 2, 1, R_C));
        OK(lk_range_split(R_A, 0, 1, R_D));
        lk_copy_cap(R_A, R_E);
        for (unsigned i = 0; i < 4; i++) {
            OK(lk_cappage_swap_slot(R_G, i, R_A + i, 0));
        }
        OK(lk_range_fabricate(R_A, LK_TYPE_PAGE, 0, 0, R_F));
        if (way == 0) { /* lent anew, less of it */
            OK(lk_range_lend(R_RANGE, frame, 1, R_H));
            EQ(frames_in(R_H), 1);
        } else if (way == 1) {
            OK(lk_range_lend(R_RANGE, frame, 0, R_H));
        } else if (way == 2) { /* through another Range that begins there */
            OK(lk_range_split(R_RANGE, frame, 2, R_H));
            OK(lk_range_lend(R_H, 0, 2, R_H));
        } else {
            OK(lk_range_split(R_RANGE, frame - 2, 4, R_H));
            OK(lk_range_lend(R_H, 2, 0, R_H));
        }
        EQ(reg_type(R_H), way % 2 == 0 ? LK_TYPE_RANGE : LK_TYPE_NULL);
        bits_of(R_A, bits);
        EQ(bits[0] | bits[1], 0);
        for (unsigned r = R_A; r <= R_E; r++) {
            all_invalid(r, R_F);
        }
        for (unsigned i = 0; i < 4; i++) {
            OK(lk_cappage_get_slot(R_G, i, R_A));
            EQ(reg_type(R_A), LK_TYPE_NULL);
        }
        EQ(reg_type(R_F), LK_TYPE_PAGE);
        OK(lk_range_rescind(R_RANGE, R_F));
        EQ(kernel_check(), 0);
    }
}

CASE(lent_elsewhere,
     .text = "what is lent from another frame, or not lent, is none of its business")
{
    uint64_t frame = frames_new(FRAMES);

    OK(lk_range_lend(R_RANGE, frame, FRAMES, R_A));
    OK(lk_range_split(R_A, 4, 4, R_B));
    OK(lk_range_lend(R_RANGE, frame + 4, 4, R_C)); /* the same frames as R_B */
    OK(lk_range_split(R_RANGE, frame, FRAMES, R_D));
    CHECK(!reg_same(R_B, R_C));
    CHECK(!reg_same(R_A, R_D));
    OK(lk_range_lend(R_RANGE, frame + 1, 0, R_E));
    OK(lk_range_lend(R_RANGE, frame - 1, 2, R_E));
    for (unsigned r = R_A; r <= R_E; r++) {
        CHECK(frames_in(r) != 0);
    }
    OK(lk_range_lend(R_RANGE, frame + 4, 0, 0));
    EQ(frames_in(R_C), 0);
    EQ(frames_in(R_B), 4);
    OK(lk_range_lend(R_RANGE, frame, FRAMES, R_C));
    EQ(frames_in(R_A), 0);
    EQ(frames_in(R_B), 0);
    EQ(frames_in(R_D), FRAMES);
    CHECK(!reg_same(R_A, R_C));
    lk_copy_cap(R_C, R_B);
    CHECK(reg_same(R_B, R_C));
}

CASE(identify_ranges,
     .text = "a Range that lies within another is found there: where it begins and how long it is")
{
    static const struct {
        int first;
        unsigned count;
        bool within;
    } parts[] = {
        { 0, 16, true },  { 0, 1, true },   { 15, 1, true },  { 3, 7, true },    { 15, 2, false },
        { 16, 1, false }, { -1, 1, false }, { -1, 2, false }, { -1, 18, false }, { 0, 17, false },
    };
    uint64_t frame = frames_new(FRAMES + 4) + 2;
    uint64_t type = 0, where = 0, count = 0;

    OK(lk_range_split(R_RANGE, frame, FRAMES, R_A)); /* permanent */
    OK(lk_range_lend(R_RANGE, frame, FRAMES, R_B));
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t first = frame + (uint64_t)parts[i].first;

        sys_at("part %u", i);
        OK(lk_range_split(R_RANGE, first, parts[i].count, R_C));
        if (first == frame) {
            OK(lk_range_split(R_B, 0, FRAMES, R_D)); /* lent already, and to stay so */
        } else {
            OK(lk_range_lend(R_RANGE, first, parts[i].count, R_D));
        }
        for (unsigned whole = R_A; whole <= R_B; whole++) {
            for (unsigned part = R_C; part <= R_D; part++) {
                uint64_t n = part == R_D && first == frame ? FRAMES : parts[i].count;

                if (!parts[i].within && n == parts[i].count) {
                    STATUS(lk_range_identify(whole, part, NULL, NULL, NULL), STATUS_REQUEST_ERROR);
                    continue;
                }
                OK(lk_range_identify(whole, part, &type, &where, &count));
                EQ(type, LK_TYPE_RANGE);
                EQ(where, first - frame);
                EQ(count, n);
            }
        }
        STATUS(lk_range_rescind(R_A, R_C), STATUS_REQUEST_ERROR); /* it is no object */
    }
    OK(lk_range_identify(R_A, R_A, &type, &where, &count));
    EQ(count, FRAMES);
    OK(lk_range_lend(R_RANGE, frame, 0, 0));
    STATUS(lk_range_identify(R_A, R_B, NULL, NULL, NULL), STATUS_REQUEST_ERROR);
}

CASE(lent_random, .text = "at random lent, split and taken back: live is what should be")
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : 4000;
    uint64_t frame = frames_new(FRAMES);
    unsigned lent[FRAMES] = { 0 }; /* how often something was lent from there */
    struct {
        unsigned anchor, first, frames, lent;
    } slot[SLOTS];

    memset(slot, 0, sizeof(slot));
    obj_new_in(LK_TYPE_CAPPAGE, R_G);
    for (uint64_t round = 0; round < rounds; round++) {
        unsigned i = (unsigned)rng_below(&rng, SLOTS);
        unsigned first = (unsigned)rng_below(&rng, FRAMES);
        unsigned count = (unsigned)rng_below(&rng, FRAMES - first + 1);
        bool live = slot[i].frames != 0 && slot[i].lent == lent[slot[i].anchor];
        uint64_t where = 0, n = 0;

        sys_at("round %lu", round);
        OK(lk_cappage_get_slot(R_G, i, R_A));
        EQ(reg_type(R_A), live ? LK_TYPE_RANGE : LK_TYPE_NULL);
        if (live) {
            OK(lk_range_identify(R_RANGE, R_A, NULL, &where, &n));
            EQ(where, frame + slot[i].first);
            EQ(n, slot[i].frames);
        }
        if (live && rng_below(&rng, 2) == 0) { /* part of it, in some slot */
            unsigned to = (unsigned)rng_below(&rng, SLOTS);

            first = (unsigned)rng_below(&rng, slot[i].frames);
            count = 1 + (unsigned)rng_below(&rng, slot[i].frames - first);
            OK(lk_range_split(R_A, first, count, R_A));
            OK(lk_cappage_swap_slot(R_G, to, R_A, 0));
            slot[to] = slot[i];
            slot[to].first += first;
            slot[to].frames = count;
            continue;
        }
        OK(lk_range_lend(R_RANGE, frame + first, count, R_A));
        lent[first]++;
        OK(lk_cappage_swap_slot(R_G, i, R_A, 0));
        slot[i].anchor = slot[i].first = first;
        slot[i].frames = count;
        slot[i].lent = lent[first];
    }
    EQ(kernel_check(), 0);
}
