/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ranges: making objects, finding and destroying them, and parts of ranges.
 */
#include "../lib/sys.h"

static const unsigned types[] = {
    LK_TYPE_ENDPOINT, LK_TYPE_PROCESS, LK_TYPE_GPT, LK_TYPE_PAGE, LK_TYPE_CAPPAGE, LK_TYPE_SCHEDULE,
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static bool frame_free(uint64_t frame)
{
    uint64_t mask = 0;

    OK(lk_range_get_info(R_RANGE, frame, NULL, &mask));
    return (mask & 1) != 0;
}

static uint64_t free_frames(void)
{
    uint64_t n = 0;

    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, &n, NULL, NULL, NULL, NULL, NULL));
    return n;
}

static uint64_t objects(void)
{
    uint64_t n = 0;

    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, NULL, &n, NULL, NULL, NULL, NULL));
    return n;
}

CASE(full_frame,
     .text = "a frame takes as many objects of a kind as the kernel says, and no other kind")
{
    for (unsigned t = 0; t < TYPES; t++) {
        uint64_t frame = frames_new(1);
        uint64_t n = 0;
        uint64_t free_before = free_frames();
        uint64_t before = objects();

        sys_at("%s", lk_type_name(types[t]));
        OK(lk_range_objects_per_frame(R_RANGE, types[t], &n));
        CHECK(n >= 1 && n <= 64);
        CHECK(frame_free(frame));
        for (uint64_t i = 0; i < n; i++) {
            OK(lk_range_fabricate(R_RANGE, types[t], frame, n - 1 - i, R_A));
            EQ(reg_type(R_A), types[t]);
            STATUS(lk_range_fabricate(R_RANGE, types[t], frame, n - 1 - i, R_B), STATUS_IN_USE);
        }
        STATUS(lk_range_fabricate(R_RANGE, types[t], frame, n, R_B), STATUS_OUT_OF_RANGE);
        STATUS(lk_range_fabricate(R_RANGE, types[(t + 1) % TYPES], frame, 0, R_B), STATUS_IN_USE);
        CHECK(!frame_free(frame));
        EQ(objects(), before + n);
        EQ(free_frames(), free_before - 1);
        for (uint64_t i = 0; i < n; i++) {
            CHECK(!frame_free(frame));
            OK(lk_range_rescind_at(R_RANGE, frame, i));
        }
        CHECK(frame_free(frame));
        EQ(objects(), before);
        EQ(free_frames(), free_before);
    }
}

CASE(cleared, .text = "what is made is clear, whatever stood there before")
{
    uint64_t frame = frames_new(1);

    for (unsigned round = 0; round < 2; round++) {
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame, 0, R_A));
        map_reg(own_space(), WINDOW_VA, R_A);
        {
            uintptr_t at = WINDOW_VA;

            __asm__("" : "+r"(at));
            for (unsigned i = 0; i < PAGE / 8; i++) {
                EQ(((volatile uint64_t *)at)[i], 0);
                ((volatile uint64_t *)at)[i] =
                    0x0505050505050505; /* would be capabilities to Processes */
            }
        }
        OK(lk_range_rescind(R_RANGE, R_A));
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_CAPPAGE, frame, 0, R_A));
        for (unsigned i = 0; i < 256; i += 5) {
            OK(lk_cappage_get_slot(R_A, i, R_B));
            EQ(reg_type(R_B), LK_TYPE_NULL);
            OK(lk_cappage_swap_slot(R_A, i, R_SLEEP, 0));
        }
        OK(lk_range_rescind(R_RANGE, R_A));
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_GPT, frame, 0, R_A));
        for (unsigned i = 0; i < 16; i++) {
            OK(lk_gpt_get_slot(R_A, i, R_B));
            EQ(reg_type(R_B), LK_TYPE_NULL);
        }
        OK(lk_range_rescind(R_RANGE, R_A));
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_ENDPOINT, frame, 0, R_A));
        {
            uint64_t id = 1, payload = 1, flags = 1;

            OK(lk_endpoint_get_state(R_A, &id, &payload, &flags));
            EQ(id | payload | flags, 0);
        }
        OK(lk_range_rescind(R_RANGE, R_A));
    }
}

CASE(identify, .text = "an object is found by a capability to it, with type, frame and index")
{
    uint64_t frame = frames_new(1);

    for (unsigned t = 0; t < TYPES; t++) {
        uint64_t n = 0, type = 0, where = 0, index = 99;

        OK(lk_range_objects_per_frame(R_RANGE, types[t], &n));
        OK(lk_range_fabricate(R_RANGE, types[t], frame, n - 1, R_A));
        OK(lk_range_identify(R_RANGE, R_A, &type, &where, &index));
        EQ(type, types[t]);
        EQ(where, frame);
        EQ(index, n - 1);
        OK(lk_range_split(R_RANGE, frame - 3, 4, R_B)); /* seen from another range */
        OK(lk_range_identify(R_B, R_A, &type, &where, &index));
        EQ(where, 3);
        OK(lk_range_split(R_RANGE, frame - 3, 3, R_B));
        STATUS(lk_range_identify(R_B, R_A, NULL, NULL, NULL), STATUS_REQUEST_ERROR);
        STATUS(lk_range_rescind(R_B, R_A), STATUS_REQUEST_ERROR);
        OK(lk_range_split(R_RANGE, frame + 1, 3, R_B));
        STATUS(lk_range_rescind(R_B, R_A), STATUS_REQUEST_ERROR);
        OK(lk_range_rescind(R_RANGE, R_A));
    }
}

CASE(split, .text = "a part of a range reaches no further than that part")
{
    uint64_t frame = frames_new(4);
    uint64_t frames = 0, mask = 0;

    OK(lk_range_split(R_RANGE, frame, 4, R_A));
    OK(lk_range_get_info(R_A, 0, &frames, &mask));
    EQ(frames, 4);
    EQ(mask, 0xf);
    OK(lk_range_get_info(R_A, 3, &frames, &mask));
    EQ(mask, 1);
    OK(lk_range_get_info(R_A, 4, &frames, &mask));
    EQ(mask, 0);
    OK(lk_range_get_info(R_A, UINT64_MAX, &frames, &mask));
    EQ(mask, 0);
    OK(lk_range_fabricate(R_A, LK_TYPE_PAGE, 3, 0, R_B));
    STATUS(lk_range_fabricate(R_A, LK_TYPE_PAGE, 4, 0, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_fabricate(R_A, LK_TYPE_PAGE, UINT64_MAX, 0, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_rescind_at(R_A, 4, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_split(R_A, 3, 2, R_B), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_split(R_A, 4, 1, R_B), STATUS_OUT_OF_RANGE);
    OK(lk_range_split(R_A, 1, 2, R_B));
    OK(lk_range_fabricate(R_B, LK_TYPE_PAGE, 1, 0, R_C));
    OK(lk_range_get_info(R_A, 0, NULL, &mask));
    EQ(mask, 0x3);
    CHECK(!frame_free(frame + 2));
}

CASE(not_memory,
     .text = "frames that are no ordinary memory, or the kernel's, are in use and stay so")
{
    uint64_t frames = 0;
    unsigned refused = 0;

    OK(lk_range_get_info(R_RANGE, 0, &frames, NULL));
    for (uint64_t f = 0; f < 0x400; f++) { /* the first 4 MiB: firmware, holes, the kernel */
        uint64_t mask = 0;

        OK(lk_range_get_info(R_RANGE, f, NULL, &mask));
        if ((mask & 1) == 0) {
            STATUS(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, f, 0, R_A), STATUS_IN_USE);
            refused++;
        }
    }
    CHECK(refused > 100);
    STATUS(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frames, 0, R_A), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_rescind_at(R_RANGE, 0xa0, 0), STATUS_IN_USE);
}

CASE(rescind_at,
     .text = "destroying at a place needs no capability, and is nothing where nothing is")
{
    uint64_t frame = frames_new(1);

    OK(lk_range_rescind_at(R_RANGE, frame, 0));
    OK(lk_range_rescind_at(R_RANGE, frame, 63));
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_ENDPOINT, frame, 3, R_A));
    OK(lk_range_rescind_at(R_RANGE, frame, 2));
    EQ(reg_type(R_A), LK_TYPE_ENDPOINT);
    STATUS(lk_range_rescind_at(R_RANGE, frame, 64), STATUS_OUT_OF_RANGE);
    OK(lk_range_rescind_at(R_RANGE, frame, 3));
    EQ(reg_type(R_A), LK_TYPE_NULL);
    CHECK(frame_free(frame));
}

CASE(what_stands,
     .text = "what stands in each frame can be seen, and named anew with all authority")
{
    uint64_t frame = frames_new(1);
    uint64_t type = 0;
    uint64_t objects = 0;
    uint64_t count = 0;

    OK(lk_range_split(R_RANGE, frame, 1, R_D));
    for (unsigned i = 0; i < TYPES; i++) {
        OK(lk_range_get_frame(R_RANGE, frame, &type, &objects));
        EQ(type, 0);
        EQ(objects, 0);
        OK(lk_range_objects_per_frame(R_RANGE, types[i], &count));
        for (uint64_t k = 0; k < count; k += 2) {
            OK(lk_range_fabricate(R_RANGE, types[i], frame, k, R_A));
            OK(lk_range_get_frame(R_D, 0, &type, &objects));
            EQ(type, types[i]);
            CHECK((objects >> k & 1) != 0);
            if (types[i] == LK_TYPE_PAGE) {
                OK(lk_memory_reduce(R_A, LK_RO, R_A));
            }
            OK(lk_range_get_cap(R_D, 0, k, R_B));
            CHECK(reg_same(R_A, R_B) == (types[i] != LK_TYPE_PAGE));
            EQ(reg_type(R_B), types[i]);
            STATUS(lk_range_get_cap(R_D, 0, k + 1, R_C),
                   k + 1 < 64 ? STATUS_REQUEST_ERROR : STATUS_OUT_OF_RANGE);
            EQ(reg_type(R_C), LK_TYPE_NULL);
        }
        {
            uint64_t found = 0;

            for (uint64_t left = objects; left != 0; left &= left - 1) {
                found++;
            }
            EQ(found, (count + 1) / 2);
        }
        for (uint64_t k = 0; k < count; k += 2) {
            OK(lk_range_rescind_at(R_RANGE, frame, k));
        }
        STATUS(lk_range_get_cap(R_D, 0, 0, R_C), STATUS_REQUEST_ERROR);
    }
    OK(lk_range_get_frame(R_RANGE, 0xa0, &type, &objects)); /* no ordinary memory */
    EQ(type, 0);
    EQ(objects, UINT64_MAX);
    STATUS(lk_range_get_cap(R_RANGE, 0xa0, 0, R_C), STATUS_REQUEST_ERROR);
    STATUS(lk_range_get_frame(R_D, 1, &type, &objects), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_get_frame(R_D, UINT64_MAX, &type, &objects), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_get_cap(R_D, 1, 0, R_C), STATUS_OUT_OF_RANGE);
    STATUS(lk_range_get_cap(R_D, 0, 64, R_C), STATUS_OUT_OF_RANGE);
}

CASE(reuse, .text = "after a thousand reuses of a place every old capability is still Null")
{
    uint64_t frame = frames_new(1);

    OK(lk_range_fabricate(R_RANGE, LK_TYPE_CAPPAGE, frames_new(1), 0, R_A));
    for (unsigned i = 0; i < 1000; i++) {
        OK(lk_range_fabricate(R_RANGE, types[i % TYPES], frame, 0, R_B));
        OK(lk_cappage_swap_slot(R_A, i % 256, R_B, 0));
        OK(lk_range_rescind(R_RANGE, R_B));
    }
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame, 0, R_B));
    for (unsigned i = 0; i < 256; i++) {
        OK(lk_cappage_get_slot(R_A, i, R_C));
        EQ(reg_type(R_C), LK_TYPE_NULL);
        CHECK(!reg_same(R_B, R_C));
    }
}

CASE(dangerous, .text = "a page that is filled with what looks like an object is still a page")
{
    uint64_t frame = frames_new(1);
    obj page;

    OK(lk_range_fabricate(R_RANGE, LK_TYPE_ENDPOINT, frame, 0,
                          R_A)); /* a capability that will be stale */
    OK(lk_range_rescind(R_RANGE, R_A));
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, frame, 0, R_B));
    page = obj_keep(R_B);
    map_page(own_space(), WINDOW_VA, page, 0);
    {
        uintptr_t at = WINDOW_VA;

        __asm__("" : "+r"(at));
        for (unsigned i = 0; i < PAGE / 4; i++) { /* every count that it may have had */
            ((volatile uint32_t *)at)[i] = i % 8;
        }
    }
    EQ(reg_type(R_A), LK_TYPE_NULL);
    EQ(lk_call0(R_A, OP_GET_TYPE).w[0], STATUS_INVALID_CAP);
    EQ(kernel_check(), 0);
}
