/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rooms and threads.
 */
#include "kit.h"

static volatile uint64_t ran, types[LK_CAP_REGS];

/* Notes what is in its registers, as its neighbours cannot see them. */
static void look_around(void *arg)
{
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        uint64_t type = LK_TYPE_NULL;

        types[i] = lk_get_type(i, &type) == STATUS_OK ? type : LK_TYPE_NULL;
    }
    ran += (uint64_t)arg;
}

CASE(thread_runs,
     .text = "a thread finds itself, its endpoints and what it was given in its registers, no more")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;

    ran = 0;
    kit_thread(&t, &room, 0, PRIO_HIGH, look_around, (void *)5);
    OK(lk_thread_give(&t, LK_REG_NAMED, R_SYSCTL));
    EQ(ran, 0);
    OK(lk_thread_start(&t));
    EQ(ran, 5);
    for (unsigned i = 1; i < LK_CAP_REGS; i++) {
        uint64_t want = i == LK_REG_SELF                            ? LK_TYPE_PROCESS
                        : i == LK_REG_REPLY || i == LK_REG_ENDPOINT ? LK_TYPE_ENDPOINT
                        : i == LK_REG_NAMED                         ? LK_TYPE_SYSCTL
                        : i == lk_start->sleep                      ? LK_TYPE_SLEEP
                        : i == lk_start->kernlog                    ? LK_TYPE_KERNLOG
                                                                    : LK_TYPE_NULL;

        sys_at("register %u", i);
        EQ(types[i], want);
    }
    sys_at("its end");
    struct lk_look look;

    OK(lk_target_look(R_THREAD, &look));
    EQ(look.wait, LK_WAIT_NOTICE); /* it has returned */
    EQ(strcmp(look.label, "thread"), 0);
}

CASE(thread_again, .text = "a thread that was destroyed is made again in the same places")
{
    struct lk_room room = kit_room(3);
    struct lk_thread_plan plan = kit_plan(0, PRIO_HIGH, look_around, (void *)1);
    struct lk_thread t = { .room = NULL };
    struct lk_place at;

    ran = 0;
    for (unsigned i = 1; i <= 50; i++) {
        sys_at("round %u", i);
        OK(lk_thread_make(&t, &room, &plan));
        STATUS(lk_thread_make(&t, &room, &plan), STATUS_IN_USE);
        OK(lk_thread_start(&t));
        EQ(ran, i);
        OK(lk_thread_destroy(&t));
        STATUS(lk_thread_destroy(&t), STATUS_INVALID_CAP);
        EQ(reg_type(R_THREAD), LK_TYPE_NULL);
        EQ(reg_type(R_THREAD_ENDPOINT), LK_TYPE_NULL);
    }
    OK(lk_room_place(&room, LK_TYPE_PAGE, &at));
    STATUS(lk_room_place(&room, LK_TYPE_PAGE, &at), STATUS_EXHAUSTED);
}

CASE(thread_half, .text = "a thread that cannot be made leaves nothing behind")
{
    struct lk_room room = kit_room(2);
    struct lk_thread_plan good = kit_plan(0, PRIO_HIGH, look_around, (void *)1);
    struct lk_thread_plan bad = good;
    struct lk_thread t = { .room = NULL };
    uint64_t before = 0;
    uint64_t after = 0;

    OK(lk_thread_make(&t, &room, &good));
    OK(lk_thread_destroy(&t));
    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, NULL, &before, NULL, NULL, NULL, NULL));
    bad.schedule = R_SPACE;
    STATUS(lk_thread_make(&t, &room, &bad), STATUS_REQUEST_ERROR);
    bad = good;
    bad.stack = (void *)0xffff800000000000ul;
    STATUS(lk_thread_make(&t, &room, &bad), STATUS_REQUEST_ERROR);
    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, NULL, &after, NULL, NULL, NULL, NULL));
    EQ(after, before);
    ran = 0;
    OK(lk_thread_make(&t, &room, &good));
    OK(lk_thread_start(&t));
    EQ(ran, 1);
}

CASE(room_full, .text = "a room says when it is full, and objects of one kind share a frame")
{
    struct lk_room room = kit_room(3);
    uint64_t per_frame = 0;

    OK(lk_range_objects_per_frame(R_RANGE, LK_TYPE_ENDPOINT, &per_frame));
    for (uint64_t i = 0; i < per_frame; i++) {
        OK(lk_room_make(&room, LK_TYPE_ENDPOINT, R_F));
    }
    EQ(room.next + 2, room.end);
    OK(lk_room_make(&room, LK_TYPE_ENDPOINT, R_F));
    OK(lk_room_make(&room, LK_TYPE_PAGE, R_F));
    STATUS(lk_room_make(&room, LK_TYPE_PAGE, R_F), STATUS_EXHAUSTED);
    STATUS(lk_room_make(&room, LK_TYPE_GPT, R_F), STATUS_EXHAUSTED);
    OK(lk_room_make(&room, LK_TYPE_ENDPOINT, R_F));
    STATUS(lk_room_make(&room, LK_TYPE_SLEEP, R_F), STATUS_REQUEST_ERROR);
    STATUS(lk_room_make(&room, 1000, R_F), STATUS_REQUEST_ERROR);
}

CASE(space_pages, .text = "pages are put into a space, found there, and taken away")
{
    struct lk_room room = kit_room(12);
    static const uint64_t places[] = { WINDOW_VA, WINDOW_VA + PAGE, WINDOW_VA + 0x1234000,
                                       WINDOW_VA + 3 * WINDOW_SIZE };

    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        volatile uint64_t *word = (volatile uint64_t *)places[i];

        sys_at("place %u", i);
        STATUS(lk_space_find_page(R_SPACE, R_DISCRIM, places[i], R_F), STATUS_NOT_FOUND);
        OK(lk_room_make(&room, LK_TYPE_PAGE, R_E));
        OK(lk_space_put_page(&room, R_SPACE, places[i], R_E));
        *word = i + 1;
        OK(lk_space_find_page(R_SPACE, R_DISCRIM, places[i] + 8, R_F));
        CHECK(reg_same(R_E, R_F));
        OK(lk_page_clear(R_F));
        EQ(*word, 0);
    }
    for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        OK(lk_space_put_page(&room, R_SPACE, places[i], 0));
        STATUS(lk_space_find_page(R_SPACE, R_DISCRIM, places[i], R_F), STATUS_NOT_FOUND);
    }
    STATUS(lk_space_put_page(&room, R_SPACE, WINDOW_VA + 8, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_space_put_page(&room, R_SPACE, LK_USER_END, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_space_put_page(&room, R_SLEEP, WINDOW_VA, 0), STATUS_OUT_OF_RANGE);
    STATUS(lk_space_find_page(R_SPACE, R_DISCRIM, LK_USER_END, R_F), STATUS_NOT_FOUND);
}
