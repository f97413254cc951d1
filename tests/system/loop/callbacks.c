/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Callbacks that change the loop that calls them: their own source, others, new ones.
 */
#include "parts.h"

static enum status status; /* of what the callback did */

static void leaves(struct lk_source *s, uint32_t why)
{
    record(s, why);
    lk_loop_ready(s, 1); /* is forgotten with it */
    status = lk_loop_remove(s);
}

CASE(removes_itself, .text = "a callback removes its own source; `removed` comes behind its end")
{
    loop_new();
    add_with(0, leaves);
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_once(&loop);
    EQ(status, STATUS_IN_USE);
    CALLED("0:1 -0");
    STATUS(lk_loop_remove(&source[0]), STATUS_NOT_FOUND);
    round_now();
    CALLED("");
}

static void leaves_for_good(struct lk_source *s, uint32_t why)
{
    record(s, why);
    status = lk_loop_remove(s);
    memset(s, 0xee, sizeof(*s)); /* it is the caller's */
}

CASE(frees_itself, .text = "without `removed` the storage is the callback's from then on")
{
    loop_new();
    OK(lk_loop_add(
        &loop, &source[0],
        &(struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = leaves_for_good }));
    OK(lk_loop_add(
        &loop, &source[1],
        &(struct lk_source_plan){
            .kind = LK_SOURCE_TIMER, .callback = leaves_for_good, .time = 1, .period = MSEC }));
    OK(lk_loop_ready(&source[0], 1));
    while (noted < 2) {
        lk_loop_once(&loop);
    }
    EQ(status, STATUS_IN_USE);
    round_now();
    for (unsigned i = 0; i < sizeof(source[0]); i++) {
        EQ(((uint8_t *)&source[0])[i], 0xee);
        EQ(((uint8_t *)&source[1])[i], 0xee);
    }
    EQ(loop.sources, 1);
}

static void removes_next(struct lk_source *s, uint32_t why)
{
    record(s, why);
    status = lk_loop_remove(s + 1);
}

CASE(removes_another, .text = "a source that is removed by the callback before it is not called")
{
    loop_new();
    add_with(0, removes_next);
    add_with(1, record);
    add_with(2, record);
    for (unsigned i = 0; i < 3; i++) {
        OK(lk_loop_ready(&source[i], 1));
    }
    lk_loop_once(&loop);
    EQ(status, STATUS_OK);
    CALLED("0:1 2:1 -1");
}

static void comes_again(struct lk_source *s, uint32_t why)
{
    record(s, why);
    OK(lk_loop_remove(s) == STATUS_IN_USE ? STATUS_OK : STATUS_NOT_FOUND);
    status = lk_loop_add(&loop, s,
                         &(struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = record });
    lk_loop_ready(s, 0x20);
}

static void adds_again(struct lk_source *s)
{
    record_removed(s);
    add_ready((unsigned)(s - source));
    OK(lk_loop_ready(s, 0x40));
}

CASE(adds_again_at_once, .text = "a callback removes its source and adds it again, as another one")
{
    loop_new();
    OK(lk_loop_add(&loop, &source[0],
                   &(struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = comes_again }));
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_once(&loop);
    EQ(status, STATUS_OK);
    CALLED("0:1");
    lk_loop_once(&loop);
    CALLED("0:20");
}

CASE(adds_again_behind, .text = "with `removed` only when that was called, and there")
{
    loop_new();
    OK(lk_loop_add(&loop, &source[0],
                   &(struct lk_source_plan){
                       .kind = LK_SOURCE_READY, .callback = comes_again, .removed = adds_again }));
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_once(&loop);
    EQ(status, STATUS_IN_USE);
    CALLED("0:1 -0");
    lk_loop_once(&loop);
    CALLED("0:40");
}

static void adds_others(struct lk_source *s, uint32_t why)
{
    record(s, why);
    add_ready(1);
    OK(lk_loop_ready(&source[1], 2));
    add_timer(2, now(), 0);
    obj_get(notice_new(obj_keep(R_ENDPOINT), 1), R_I);
    OK(lk_appnotice_post(R_I, 1));
    add_notice(3, 1);
    OK(lk_loop_remove(&source[4]));
    OK(lk_loop_enable(&source[5], true));
}

CASE(adds_and_changes, .text = "a callback adds sources of every kind, and changes others")
{
    loop_new();
    add_with(0, adds_others);
    add_ready(4);
    add_ready(5);
    OK(lk_loop_enable(&source[5], false));
    OK(lk_loop_ready(&source[5], 5));
    OK(lk_loop_ready(&source[0], 1));
    OK(lk_loop_ready(&source[4], 4));
    lk_loop_once(&loop);
    /* Of the two that were due one is gone, so the first of the new ones has its turn. */
    CALLED("0:1 1:2");
    lk_loop_once(&loop);
    CALLED("5:5 3:1 2:1");
}

static void again(struct lk_source *s, uint32_t why)
{
    record(s, why);
    OK(lk_loop_ready(s, 1));
}

CASE(nobody_starves, .text = "a source that is always ready keeps no other from its turn",
     .ms = 500)
{
    loop_new();
    add_with(0, again);
    add_with(1, again);
    add_notice(2, 0x1);
    add_timer(3, now() + MSEC, 0);
    add_ready(4);
    OK(lk_loop_ready(&source[0], 1));
    OK(lk_loop_ready(&source[1], 1));
    lk_loop_once(&loop);
    lk_loop_once(&loop);
    CALLED("0:1 1:1 0:1 1:1"); /* a round each, though they are ready all the time */
    obj_get(notice_new(obj_keep(R_ENDPOINT), 1), R_I);
    OK(lk_appnotice_post(R_I, 1));
    lk_loop_once(&loop);
    CALLED("0:1 1:1 2:1");
    sleep_ns(MSEC);
    OK(lk_loop_ready(&source[4], 1));
    lk_loop_once(&loop);
    CALLED("0:1 1:1 4:1 3:1");
    add_with(5, record);
    OK(lk_loop_remove(&source[5]));
    lk_loop_once(&loop);
    CALLED("0:1 1:1 -5");
}

static void disables(struct lk_source *s, uint32_t why)
{
    record(s, why);
    OK(lk_loop_enable(s, false));
    OK(lk_loop_ready(s, 2));
}

CASE(disables_itself, .text = "a callback disables its source: it has that call, and no more")
{
    loop_new();
    add_with(0, disables);
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_once(&loop);
    round_now();
    CALLED("0:1");
    OK(lk_loop_enable(&source[0], true));
    lk_loop_once(&loop);
    CALLED("0:2");
}

static void runs_inside(struct lk_source *s, uint32_t why)
{
    (void)s;
    (void)why;
    lk_loop_once(&loop);
}

CASE(not_inside, .text = "a loop is not run inside a callback", .fault = FAULT_INVALID_OPCODE)
{
    loop_new();
    add_with(0, runs_inside);
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_once(&loop);
}

static unsigned before, after;

static void hook_before(void *context)
{
    EQ((uint64_t)context, (uint64_t)&server);
    EQ(before, after);
    before++;
    if (server.holder != NULL) {
        lk_unlock(&server); /* the first time */
    }
}

static void hook_after(void *context)
{
    EQ((uint64_t)context, (uint64_t)&server);
    after++;
    EQ(before, after);
    CALLED("");
}

CASE(hooks, .text = "hooks run around each wait; a lock is held until the first one")
{
    loop_new();
    before = after = 0;
    lk_loop_set_idle(&loop, hook_before, hook_after, &server);
    add_ready(0);
    lk_lock(&server);
    for (unsigned i = 1; i <= 3; i++) {
        OK(lk_loop_ready(&source[0], 1));
        lk_loop_once(&loop);
        EQ(after, i);
        CALLED("0:1");
    }
    lk_loop_set_idle(&loop, NULL, NULL, NULL);
    round_now();
    EQ(before, 3);
}

static void stops(struct lk_source *s, uint32_t why)
{
    record(s, why);
    lk_loop_stop(&loop);
}

CASE(stop, .text = "a loop that is told to stop ends with its round; later it runs again")
{
    loop_new();
    add_with(0, stops);
    add_ready(1);
    OK(lk_loop_ready(&source[0], 1));
    OK(lk_loop_ready(&source[1], 1));
    lk_loop_run(&loop);
    CALLED("0:1 1:1");
    lk_loop_stop(&loop); /* before it runs: a round is made, and it does not wait */
    lk_loop_run(&loop);
    OK(lk_loop_ready(&source[0], 2));
    lk_loop_run(&loop);
    CALLED("0:2");
}
