/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Timers: many of them on the one timed notice of a process.
 */
#include "parts.h"

static uint64_t start;

static void begin(void)
{
    loop_new();
    start = now();
}

static uint64_t at(uint64_t msec)
{
    return start + msec * MSEC;
}

/* Rounds until so much was noted. Each waits: nothing else happens. */
static void rounds_until(unsigned count)
{
    while (noted < count) {
        lk_loop_once(&loop);
    }
}

CASE(timer_order, .text = "timers are called in the order of their times, and not before")
{
    static const unsigned msec[SOURCES] = { 50, 20, 70, 20, 10, 60, 40, 30 };
    unsigned rounds;

    begin();
    rounds = (unsigned)loop.rounds;
    for (unsigned i = 0; i < SOURCES; i++) {
        add_timer(i, at(msec[i]), 0);
    }
    for (unsigned i = 1; i <= SOURCES; i++) {
        rounds_until(i);
        CHECK(now() >= at(i == 2 || i == 3 ? 20 : i < 3 ? 10 * i : 10 * (i - 1)));
    }
    CALLED("4:1 1:1 3:1 7:1 6:1 0:1 5:1 2:1");
    CHECK(loop.rounds - rounds <= SOURCES); /* it does not look again and again */
    round_now();
    CALLED("");
}

CASE(timer_past, .text = "a timer whose time is past is due at once, one that has none never")
{
    begin();
    add_timer(0, LK_NEVER, 5);
    add_timer(1, 0, 0);
    rounds_until(1);
    CALLED("1:1");
    OK(lk_loop_update_timer(&source[0], 1, 0));
    rounds_until(1);
    CALLED("0:1");
}

CASE(timer_period, .text = "a period is counted from time to time; what was missed is told")
{
    begin();
    add_timer(0, at(10), 10 * MSEC);
    rounds_until(2);
    CHECK(now() >= at(20));
    CALLED("0:1 0:1");
    sleep_ns(at(55) - now());
    rounds_until(1);
    CALLED("0:3"); /* 30, 40, 50 */
    rounds_until(1);
    CHECK(now() >= at(60));
    CALLED("0:1");
    OK(lk_loop_update_timer(&source[0], at(80), 0)); /* once more, and then no more */
    rounds_until(1);
    CHECK(now() >= at(80));
    CALLED("0:1");
    EQ(source[0].time, LK_NEVER);
}

CASE(timer_end_of_time, .text = "a period that leads beyond the end of time is the last")
{
    begin();
    add_timer(0, 1, UINT64_MAX - 2);
    add_timer(1, 0, 1); /* 2^32 periods are more than a word tells */
    sleep_ns(5000 * MSEC);
    rounds_until(2);
    CALLED("1:ffffffff 0:1");
    EQ(source[0].time, UINT64_MAX - 1);
    OK(lk_loop_update_timer(&source[1], LK_NEVER, 0));
    OK(lk_loop_update_timer(&source[0], 2, UINT64_MAX - 1));
    rounds_until(1);
    CALLED("0:1");
    EQ(source[0].time, LK_NEVER);
}

CASE(timer_update, .text = "a timer that is set anew is due at its new time only")
{
    begin();
    add_timer(0, at(10), 0);
    add_timer(1, at(20), 0);
    add_timer(2, at(30), 0);
    OK(lk_loop_update_timer(&source[0], at(40), 0)); /* later */
    OK(lk_loop_update_timer(&source[2], at(15), 0)); /* sooner */
    OK(lk_loop_update_timer(&source[1], at(20), 0)); /* the same */
    rounds_until(3);
    CHECK(now() >= at(40));
    CALLED("2:1 1:1 0:1");
}

static void puts_off(struct lk_source *s, uint32_t why)
{
    record(s, why);
    OK(lk_loop_update_timer(&source[1], at(30), 0));
}

CASE(timer_update_due, .text = "also if it was due already, and was not called")
{
    begin();
    OK(lk_loop_add(
        &loop, &source[0],
        &(struct lk_source_plan){ .kind = LK_SOURCE_TIMER, .callback = puts_off, .time = at(5) }));
    add_timer(1, at(6), 0);
    sleep_ns(10 * MSEC);
    lk_loop_once(&loop); /* both are due */
    CALLED("0:1");
    rounds_until(1);
    CHECK(now() >= at(30));
    CALLED("1:1");
}

CASE(timer_disabled, .text = "a timer that is disabled is late when it is enabled, not lost")
{
    begin();
    add_timer(0, at(5), 10 * MSEC);
    OK(lk_loop_enable(&source[0], false));
    sleep_ns(at(18) - now());
    round_now();
    CALLED("");
    OK(lk_loop_enable(&source[0], true));
    rounds_until(1);
    CALLED("0:2");
    CHECK(now() < at(25));
    rounds_until(1);
    CHECK(now() >= at(25));
}

static void moves_itself(struct lk_source *s, uint32_t why)
{
    record(s, why);
    OK(lk_loop_update_timer(s, at(20 + noted), 0));
    OK(lk_notice_in(1000, 0x1)); /* something else uses the timed notice meanwhile */
}

CASE(timer_from_callback, .text = "a callback sets its own timer, and may use the timed notice")
{
    begin();
    OK(lk_loop_add(&loop, &source[0],
                   &(struct lk_source_plan){
                       .kind = LK_SOURCE_TIMER, .callback = moves_itself, .time = at(1) }));
    add_timer(1, at(40), 0);
    rounds_until(3);
    CHECK(now() >= at(22));
    CHECK(now() < at(40));
    OK(lk_loop_remove(&source[0]));
    rounds_until(4);
    CALLED("0:1 0:1 0:1 1:1");
}

static void uses_notice(struct lk_source *s, uint32_t why)
{
    record(s, why);
    OK(lk_notice_in(1000, 0x2));
}

CASE(timer_notice_used, .text = "a timer comes in time though a callback used the timed notice")
{
    begin();
    add_timer(0, at(40), 0);
    OK(lk_loop_add(&loop, &source[1],
                   &(struct lk_source_plan){
                       .kind = LK_SOURCE_NOTICE, .callback = uses_notice, .bits = 0x1 }));
    obj_get(notice_new(obj_keep(R_ENDPOINT), 1), R_I);
    OK(lk_appnotice_post(R_I, 1));
    lk_loop_once(&loop); /* it waits for the timer, too */
    CALLED("1:1");
    rounds_until(1);
    CHECK(now() < at(100));
    CALLED("0:1");
}

static struct lk_source many[LK_LOOP_SOURCES - 1];
static uint64_t last;
static unsigned called_in_order, too_soon;

static void in_order(struct lk_source *s, uint32_t why)
{
    uint64_t *time = s->context;

    called_in_order += *time >= last && why == 1;
    too_soon += now() < *time;
    last = *time;
}

CASE(timer_many, .text = "as many timers as a loop takes, set at random and anew, come in order")
{
    static uint64_t times[LK_LOOP_SOURCES - 1];
    struct rng r = rng_new(sys_options.seed);

    begin();
    memset(many, 0, sizeof(many));
    last = called_in_order = too_soon = 0;
    for (unsigned i = 0; i < LK_LOOP_SOURCES - 1; i++) {
        OK(lk_loop_add(&loop, &many[i],
                       &(struct lk_source_plan){ .kind = LK_SOURCE_TIMER,
                                                 .callback = in_order,
                                                 .context = &times[i],
                                                 .time = at(50 + rng_below(&r, 50)) }));
    }
    for (unsigned i = 0; i < LK_LOOP_SOURCES - 1; i++) {
        times[i] = at(50) + rng_below(&r, 50 * MSEC);
        OK(lk_loop_update_timer(&many[i], times[i], 0));
    }
    while (loop.calls < LK_LOOP_SOURCES - 1) {
        lk_loop_once(&loop);
    }
    EQ(called_in_order, LK_LOOP_SOURCES - 1);
    EQ(too_soon, 0);
}
