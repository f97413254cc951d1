/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a handler by hand must not leave out, nor do in another order; the cases have the names of
 * the findings in kernel/models/models.toml. In each the case itself is the handler and makes the
 * mistake; then the library's handler is in the same place and does not. By proxy these steps are
 * the kernel's.
 */
#include "play.h"

#define SHORT (5 * NSEC_PER_MSEC)

static struct play play;

/* The case as handler: T tells it of the end of a deferral. */
static void be_handler(void)
{
    obj ended;

    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    OK(lk_endpoint_make_app_notice(R_ENDPOINT, LK_HAND_ENDED, R_A));
    ended = obj_keep(R_A);
    proc_cap(play.t.p, T_ENDED, ended);
}

/* And the library's again. */
static void be_no_handler(void)
{
    obj ended = notice_new(play.r.endpoint, LK_HAND_ENDED);

    proc_cap(play.t.p, T_ENDED, ended);
}

/* Notices to the case within a while. */
static uint64_t notices_within(uint64_t ns)
{
    OK(lk_sleep_notice_at(R_SLEEP, now() + ns, POSTED));
    return lk_park();
}

CASE(read_first,
     .text = "a handler that reads defer before it stops T is at work inside T's critical section")
{
    be_handler();
    bool defers = play.control.defer != 0;

    enter_section(&play); /* T is faster */
    proc_hold(play.t.p, LK_HOLD_BY_HAND);
    CHECK(!defers);
    CHECK(play.in_section); /* it does not defer, we thought */
    proc_release(play.t.p, LK_HOLD_BY_HAND);

    be_no_handler();
    OK(tell(&play));
    CHECK(play.in_section);
    EQ(play.handled, 0);
    leave_section(&play);
    EVENTUALLY(play.handled == 1);
    EQ(play.in_section_seen, 0);
}

CASE(pending_unheld,
     .text = "a handler that lets T go before it writes pending is not told that the deferral ends")
{
    be_handler();
    enter_section(&play);
    proc_hold(play.t.p, LK_HOLD_BY_HAND);
    CHECK(play.control.defer != 0);
    proc_release(play.t.p, LK_HOLD_BY_HAND);
    leave_section(&play); /* nobody waits for that, as far as T can see */
    play.control.pending = 1;
    EQ(notices_within(100 * NSEC_PER_MSEC), POSTED); /* the clock's alone: for ever, but for it */
    play.control.pending = 0;

    enter_section(&play);
    proc_hold(play.t.p, LK_HOLD_BY_HAND);
    play.control.pending = 1;
    proc_release(play.t.p, LK_HOLD_BY_HAND);
    leave_section(&play);
    EQ(notices_within(100 * NSEC_PER_MSEC), LK_HAND_ENDED);
    EQ(play.control.pending, 0);
}

CASE(old_notice,
     .text =
         "a handler that takes an old notice of the clock for the end of the bound stops T in a "
         "section just begun")
{
    be_handler();
    enter_section(&play);
    play.control.pending = 1;
    OK(lk_sleep_notice_at(R_SLEEP, now() + SHORT, LK_HAND_BOUND));
    leave_section(&play);
    EQ(lk_park(), LK_HAND_ENDED); /* so we stop T, do our work, and let it go */

    sleep_ns(SHORT); /* the clock's notice was not taken back */
    enter_section(&play);
    play.control.pending = 1;
    EQ(lk_park(), LK_HAND_BOUND); /* of the first section; T has just begun the second one */
    CHECK(play.in_section);
    play.control.pending = 0;

    /* The library's handler, between the same two sections. */
    obj_rescind(play.t.p);
    obj_rescind(play.r.p);
    play_begin(&play, SHORT, PRIO_LOW, PRIO_HIGH);
    enter_section(&play);
    uint64_t began = now();

    OK(tell(&play));
    leave_section(&play);
    EVENTUALLY(play.handled == 1);
    enter_section(&play);
    OK(tell(&play));
    if (now() < began + SHORT) { /* what is left of the bound would be too short */
        sleep_ns(began + SHORT - now());
    }
    EQ(play.forced, 0);
    EVENTUALLY(play.forced == 1);
    CHECK(now() >= began + SHORT);
}

CASE(stale_bound,
     .text = "a handler that does not look whether pending is still there takes the bound of one "
             "section for that of the next")
{
    uint64_t due;

    be_handler();
    enter_section(&play);
    play.control.pending = 1;
    due = now() + SHORT;
    OK(lk_sleep_notice_at(R_SLEEP, due, LK_HAND_BOUND));
    leave_section(&play);
    sleep_ns(2 * SHORT); /* it is late: R is suspended, or busy */
    enter_section(&play);
    EQ(lk_park(), LK_HAND_ENDED | LK_HAND_BOUND);
    proc_hold(play.t.p, LK_HOLD_BY_HAND);
    CHECK(now() >= due);         /* the bound is over, */
    CHECK(play.in_section);      /* and T is in its section, just begun; */
    EQ(play.control.pending, 0); /* which shows here only */
    obj_rescind(play.t.p);
    obj_rescind(play.r.p);

    play_begin(&play, SHORT, PRIO_LOW, PRIO_HIGH);
    enter_section(&play);
    OK(tell(&play));
    EQ(proc_wait_kind(play.r.p), LK_WAIT_NOTICE);
    proc_hold(play.r.p, LK_HOLD_SUSPEND);
    leave_section(&play);
    sleep_ns(2 * SHORT);
    enter_section(&play);
    proc_release(play.r.p, LK_HOLD_SUSPEND);
    EQ(play.handled, 0);
    EQ(play.control.pending, 1);
    EVENTUALLY(play.handled == 1); /* by force, when the bound of this one is over */
    EQ(play.forced, 1);
}

#define POSTS 10u

CASE(bound_restarts,
     .text =
         "a handler that begins the bound anew with each notice never stops a target that defers "
         "on and on")
{
    uint64_t began;

    be_handler();
    enter_section(&play);
    OK(lk_endpoint_make_app_notice(R_ENDPOINT, POSTED, R_B));
    for (unsigned i = 0; i < POSTS; i++) {
        play.control.pending = 1;
        OK(lk_sleep_notice_at(R_SLEEP, now() + SHORT, LK_HAND_BOUND));
        sleep_ns(SHORT / 2);
        OK(lk_appnotice_post(R_B, POSTED));
        EQ(lk_park(), POSTED); /* POSTS / 2 times the bound has passed, and it was never over */
    }
    OK(lk_sleep_notice_at(R_SLEEP, UINT64_MAX, 0));
    obj_rescind(play.t.p);
    obj_rescind(play.r.p);

    play_begin(&play, SHORT, PRIO_LOW, PRIO_HIGH);
    enter_section(&play);
    began = now();
    OK(tell(&play));
    for (unsigned i = 0; i < POSTS && play.forced == 0; i++) {
        sleep_ns(SHORT / 2);
        post(&play);
    }
    EQ(play.forced, 1);
    CHECK(now() >= began + SHORT && now() < began + 2 * SHORT);
}
