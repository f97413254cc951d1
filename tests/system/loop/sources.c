/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sources of every kind, changed and removed by the loop thread between two rounds.
 */
#include "parts.h"

/* Posts bits to the case. */
static void post(uint32_t bits)
{
    obj_get(notice_new(obj_keep(R_ENDPOINT), UINT32_MAX), R_I);
    OK(lk_appnotice_post(R_I, bits));
}

CASE(notices, .text = "a notice source is called with those of its bits that came")
{
    loop_new();
    add_notice(0, 0x3);
    add_notice(1, 0x4);
    round_now();
    CALLED("");
    post(0x1);
    lk_loop_once(&loop);
    CALLED("0:1");
    post(0x2);
    post(0x5);
    lk_loop_once(&loop);
    CALLED("0:3 1:4");
    round_now();
    CALLED("");
}

CASE(notices_shared, .text = "several sources may have the same bit, the highest too")
{
    loop_new();
    add_notice(0, 0x80000001);
    add_notice(1, 0x80000000);
    post(0x80000000);
    lk_loop_once(&loop);
    CALLED("0:80000000 1:80000000");
}

CASE(notices_early, .text = "bits that come before there is a source for them are not lost")
{
    loop_new();
    post(0x6);
    round_now();
    CALLED("");
    add_notice(0, 0x2);
    lk_loop_once(&loop);
    CALLED("0:2");
    add_notice(1, 0x6);
    lk_loop_once(&loop);
    CALLED("1:4");
    round_now();
    CALLED("");
}

static void drops_other(struct lk_source *s, uint32_t why)
{
    record(s, why);
    lk_loop_remove(&source[2]);
}

CASE(notices_left, .text = "nor are those of a source that goes, or wants others, uncalled")
{
    loop_new();
    add_notice(2, 0x30);
    add_with(0, drops_other);
    OK(lk_loop_ready(&source[0], 1));
    post(0x10);
    lk_loop_once(&loop); /* the notice came in this very round */
    CALLED("0:1");
    add_notice(3, 0x10);
    lk_loop_once(&loop);
    CALLED("3:10");
    OK(lk_loop_enable(&source[3], false));
    post(0x10);
    round_now();
    OK(lk_loop_update_bits(&source[3], 0x1));
    OK(lk_loop_enable(&source[3], true));
    round_now();
    CALLED("");
    OK(lk_loop_update_bits(&source[3], 0x11));
    lk_loop_once(&loop);
    CALLED("3:10");
}

CASE(update_bits, .text = "a notice source that is given other bits is called for these only")
{
    loop_new();
    add_notice(0, 0x1);
    OK(lk_loop_update_bits(&source[0], 0x2));
    post(0x1);
    round_now();
    CALLED("");
    post(0x2);
    lk_loop_once(&loop);
    CALLED("0:2");
}

CASE(ready, .text = "a ready source is called once for all that was said since the last time")
{
    loop_new();
    add_ready(0);
    add_ready(1);
    OK(lk_loop_ready(&source[1], 0x1));
    OK(lk_loop_ready(&source[0], 0x100));
    OK(lk_loop_ready(&source[1], 0x80000000));
    lk_loop_once(&loop);
    CALLED("1:80000001 0:100");
    round_now();
    CALLED("");
}

CASE(disabled, .text = "what comes to a source that is disabled is kept until it is enabled")
{
    loop_new();
    add_ready(0);
    add_notice(1, 0x1);
    OK(lk_loop_ready(&source[0], 1)); /* due already */
    OK(lk_loop_enable(&source[0], false));
    OK(lk_loop_enable(&source[1], false));
    OK(lk_loop_ready(&source[0], 2));
    post(0x1);
    round_now();
    round_now();
    CALLED("");
    OK(lk_loop_enable(&source[1], true));
    OK(lk_loop_enable(&source[0], true));
    OK(lk_loop_enable(&source[0], true));
    lk_loop_once(&loop);
    CALLED("1:1 0:3");
}

CASE(removed, .text = "a source that is removed is called no more, and then `removed` once")
{
    loop_new();
    add_with(0, record);
    OK(lk_loop_ready(&source[0], 1));
    OK(lk_loop_remove(&source[0]));
    STATUS(lk_loop_remove(&source[0]), STATUS_NOT_FOUND);
    STATUS(lk_loop_ready(&source[0], 1), STATUS_NOT_FOUND);
    STATUS(lk_loop_enable(&source[0], true), STATUS_NOT_FOUND);
    STATUS(lk_loop_update_bits(&source[0], 1), STATUS_NOT_FOUND);
    STATUS(lk_loop_update_timer(&source[0], 0, 0), STATUS_NOT_FOUND);
    CALLED("");
    lk_loop_once(&loop); /* does not wait */
    CALLED("-0");
    round_now();
    CALLED("");
    add_with(0, record);
    OK(lk_loop_ready(&source[0], 7));
    lk_loop_once(&loop);
    CALLED("0:7");
}

CASE(removed_of_all_kinds, .text = "the same for sources of the other kinds, at once and due")
{
    loop_new();
    add_notice(0, 0x1);
    add_timer(1, now() + MSEC, MSEC);
    add_timer(2, now() + MSEC, 0);
    add_ready(3);
    OK(lk_loop_ready(&source[3], 1));
    post(0x1);
    sleep_ns(2 * MSEC);
    for (unsigned i = 0; i < 4; i++) {
        OK(lk_loop_remove(&source[i]));
    }
    EQ(loop.sources, 1); /* the bell */
    round_now();
    sleep_ns(2 * MSEC);
    round_now();
    CALLED("");
}

CASE(refused, .text = "what cannot be is refused")
{
    struct lk_source_plan none = { .kind = LK_SOURCE_READY };
    struct lk_source_plan odd = { .callback = record };
    struct lk_source_plan no_bits = { .kind = LK_SOURCE_NOTICE, .callback = record };
    struct lk_source_plan wake = no_bits;
    struct lk_source_plan timer = no_bits;

    wake.bits = 1 | LK_BIT_WAKE;
    timer.bits = LK_BIT_TIMER;
    loop_new();
    STATUS(lk_loop_add(&loop, &source[0], &none), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_add(&loop, &source[0], &odd), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_add(&loop, &source[0], &no_bits), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_add(&loop, &source[0], &wake), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_add(&loop, &source[0], &timer), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_remove(&source[0]), STATUS_NOT_FOUND);
    add_ready(0);
    add_notice(1, 1);
    add_timer(2, LK_NEVER, 0);
    STATUS(lk_loop_ready(&source[0], 0), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_ready(&source[1], 1), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_ready(&source[2], 1), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_update_bits(&source[0], 1), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_update_bits(&source[1], 0), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_update_bits(&source[1], LK_BIT_WAKE), STATUS_REQUEST_ERROR);
    STATUS(lk_loop_update_timer(&source[1], 0, 0), STATUS_REQUEST_ERROR);
    odd.kind = LK_SOURCE_READY;
    STATUS(lk_loop_add(&loop, &source[0], &odd), STATUS_IN_USE);
    round_now();
    CALLED("");
}

CASE(full, .text = "a loop takes as many sources as it says, those that leave included")
{
    static struct lk_source many[LK_LOOP_SOURCES];
    struct lk_source_plan plan = { .kind = LK_SOURCE_READY, .callback = record };

    loop_new(); /* has one */
    memset(many, 0, sizeof(many));
    for (unsigned i = 0; i < LK_LOOP_SOURCES - 1; i++) {
        plan.removed = i == 0 ? record_removed : NULL;
        OK(lk_loop_add(&loop, &many[i], &plan));
    }
    STATUS(lk_loop_add(&loop, &source[0], &plan), STATUS_EXHAUSTED);
    OK(lk_loop_remove(&many[0]));
    STATUS(lk_loop_add(&loop, &source[0], &plan), STATUS_EXHAUSTED);
    OK(lk_loop_remove(&many[1]));
    OK(lk_loop_add(&loop, &source[0], &plan));
    lk_loop_once(&loop);
    OK(lk_loop_add(&loop, &source[1], &plan));
    STATUS(lk_loop_add(&loop, &source[2], &plan), STATUS_EXHAUSTED);
}
