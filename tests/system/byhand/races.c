/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the proxy keeps and by hand does not, though the handler does all that it can: the
 * counter-examples that kernel/models/models.toml lists for byhand.pml, under the same names. Each
 * case plays the order of events of the model with the library's own code, sees what it leads to,
 * and then plays the same order by proxy. If a case fails, by hand has become better, or the proxy
 * worse.
 */
#include "play.h"

static struct play play, second;

/* Law TOLD. A handler that is not more urgent than its target, and is told by somebody who is. */
CASE(told_low,
     .text = "by hand: T runs on while its handler has the message; by proxy it is stopped")
{
    struct twin twin;

    play_begin(&play, LONG, PRIO_LOW, PRIO_LOW - 1);
    CHECK(runs(&play));
    OK(tell(&play));
    EQ(proc_state(play.r.p).run_state, LK_STATE_READY); /* it has the message */
    CHECK(runs(&play));                                 /* and T takes no notice of it */
    EQ(play.handled, 0);
    EQ(holds_of(play.t.p), 0);

    proc_hold(play.r.p, LK_HOLD_SUSPEND);
    proc_hold(play.t.p, LK_HOLD_SUSPEND);
    twin = twin_begin(&play, PRIO_LOW - 1);
    twin_waits(twin.r);
    EVENTUALLY(proc_state(twin.r).run_state == LK_STATE_RECEIVING);
    proc_release(play.t.p, LK_HOLD_SUSPEND);
    CHECK(runs(&play));
    OK(twin_tell(&twin));
    EQ(holds_of(play.t.p), HOLD_0);
    CHECK(!runs(&play));
    CHECK(raw_done(twin.r)); /* not more urgent, but T was out of the way */
}

/* Law TOLD again. A handler that is urgent enough, and does not come to its first system call: it
 * is suspended, or takes a page fault. */
CASE(told_late,
     .text = "by hand: T runs on while its handler is kept from stopping it; by proxy it cannot be")
{
    struct twin twin;

    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    step_begin(&play);
    OK(tell(&play));
    step_to(&play, R_TARGET, OP_PROCESS_SET_NOT_SCHEDULABLE);
    CHECK(runs(&play));
    EQ(holds_of(play.t.p), 0);
    step_end(&play);
    EVENTUALLY(play.handled == 1);

    twin = twin_begin(&play, PRIO_HIGH);
    twin_waits(twin.r);
    OK(twin_tell(&twin));
    proc_hold(twin.r, LK_HOLD_SUSPEND);
    EQ(holds_of(play.t.p), HOLD_0);
    CHECK(!runs(&play));
}

/* R has stopped T, which is in its critical section, only to see that it defers. */
static void stop_in_section(void)
{
    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    enter_section(&play);
    step_begin(&play);
    OK(tell(&play));
    step_to(&play, R_TARGET, OP_PROCESS_SET_NOT_SCHEDULABLE);
    CHECK(step(&play));
    EQ(holds_of(play.t.p), HOLD_3);
    CHECK(play.in_section && play.control.defer != 0);
    EQ(play.forced, 0);
}

/* T is in its section, and somebody waits through its ProxyEntry. */
static obj wait_for_section(struct twin *twin)
{
    obj s = proc_new(PRIO_HIGH);

    *twin = twin_begin(&play, PRIO_HIGH);
    twin_waits(twin->r);
    proc_cap(s, R_A, twin->proxy);
    raw_do(s, LK_CTL(LK_SEND | LK_BLOCK, R_A, 1));
    EQ(proc_state(s).run_state, LK_STATE_BLOCKED);
    return s;
}

/* Law STOPPED. The look costs T, and whoever waits for what its section protects, as long as R is
 * kept from going on. */
CASE(
    stopped,
    .text = "by hand: T is stopped in its critical section to see that it is in it; by proxy never")
{
    struct twin twin;
    obj s;

    stop_in_section();
    CHECK(!runs(&play)); /* R could be suspended now for as long as you like */
    step_end(&play);
    EVENTUALLY(holds_of(play.t.p) == 0);
    CHECK(runs(&play) && play.in_section && play.control.pending == 1);
    EQ(play.handled, 0);
    leave_section(&play);
    EVENTUALLY(play.handled == 1);
    EQ(play.in_section_seen, 0);

    enter_section(&play);
    s = wait_for_section(&twin);
    EQ(holds_of(play.t.p), 0);
    CHECK(runs(&play) && play.in_section);
    EQ(play.control.pending, 1);
    play.control.pending = 0; /* or T would tell R by hand, as the worker that it is */
    EQ(proc_state(s).run_state, LK_STATE_BLOCKED);
}

/* Law STRANDED. R dies in that moment. */
CASE(stranded,
     .text = "by hand: a handler that dies leaves T stopped in its critical section; by proxy not")
{
    struct twin twin;
    obj s;

    stop_in_section();
    obj_rescind(play.r.p);
    for (unsigned i = 0; i < 10; i++) {
        sleep_ns(100 * NSEC_PER_MSEC);
        CHECK(!runs(&play));
    }
    EQ(holds_of(play.t.p), HOLD_3);
    CHECK(play.in_section && play.control.defer != 0);

    proc_release(play.t.p, LK_HOLD_BY_HAND); /* somebody who knows better */
    s = wait_for_section(&twin);
    obj_rescind(twin.r);
    EQ(raw_result(s).rdi, STATUS_INVALID_CAP);
    EQ(holds_of(play.t.p), 0);
    CHECK(runs(&play) && play.in_section);
}

/* Law LOST, first half. What was posted to R while it was busy dies with R. */
CASE(lost_pending,
     .text = "by hand: what a handler has not taken dies with it; by proxy it waits at T")
{
    struct twin twin;
    obj r;

    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    proc_hold(play.r.p, LK_HOLD_SUSPEND);
    OK(tell(&play)); /* it is busy with that */
    post(&play);
    EQ(proc_state(play.r.p).notices, POSTED);
    obj_rescind(play.r.p);
    play_second(&second, &play, PRIO_HIGH, LK_HOLD_BY_HAND);
    CHECK(runs(&play));
    EQ(second.handled, 0); /* nobody knows any more that T was to be looked at */

    twin = twin_begin(&play, PRIO_HIGH); /* does not wait: it is busy */
    twin_post(&twin);
    CHECK(runs(&play));
    obj_rescind(twin.r);
    EQ(proc_state(play.t.p).notices >> 32, POSTED);
    r = proc_new(PRIO_HIGH);
    obj_get(twin.q, R_A);
    obj_get(r, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    twin_waits(r);
    EQ(raw_result(r).rdi, POSTED);
    EQ(holds_of(play.t.p), HOLD_0);
}

/* Law LOST, second half. R has taken it, and dies before it has stopped T. */
CASE(lost_taken,
     .text =
         "by hand: what a handler has taken dies with it unseen; by proxy T stays held, for all "
         "to see")
{
    struct twin twin;
    struct lk_preemption seen;

    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    step_begin(&play);
    post(&play);
    step_to(&play, R_TARGET, OP_PROCESS_SET_NOT_SCHEDULABLE);
    EQ(proc_state(play.r.p).notices, 0);
    obj_rescind(play.r.p);
    play_second(&second, &play, PRIO_HIGH, LK_HOLD_BY_HAND);
    CHECK(runs(&play));
    EQ(second.handled, 0);
    EQ(holds_of(play.t.p), 0);

    twin = twin_begin(&play, PRIO_HIGH);
    twin_waits(twin.r);
    twin_post(&twin);
    EQ(raw_result(twin.r).rdi, POSTED);
    obj_rescind(twin.r);
    EQ(holds_of(play.t.p), HOLD_0);
    CHECK(!runs(&play));
    obj_get(play.t.p, R_A);
    OK(lk_process_get_preemption(R_A, &seen, sizeof(seen), NULL));
    CHECK(seen.hold_since[LK_HOLD_PROXY] != 0);
}

/* Two handlers of T have been told, and both have stopped it. */
static void two_handlers(unsigned hold_of_second)
{
    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    play_second(&second, &play, PRIO_HIGH, hold_of_second);
    step_begin(&play);
    step_begin(&second);
    OK(tell(&play));
    OK(tell(&second));
    step_to(&play, R_TARGET, OP_PROCESS_CLEAR_NOT_SCHEDULABLE);
    step_to(&second, R_TARGET, OP_PROCESS_CLEAR_NOT_SCHEDULABLE);
    EQ(play.handled, 1);
    EQ(second.handled, 1);
    CHECK(!runs(&play));
}

/* By proxy there is one receiver; but two senders. */
static void second_sender_waits(void)
{
    struct twin twin = twin_begin(&play, PRIO_HIGH);

    twin_waits(twin.r);
    OK(twin_tell(&twin));
    STATUS(twin_tell(&twin), STATUS_WOULD_BLOCK);
    EQ(holds_of(play.t.p), HOLD_0);
    CHECK(!runs(&play));
}

/* Laws EXCLUSION and NESTING. Two handlers that both take hold 3 to be theirs: the first to be done
 * lets T go under the other. */
CASE(two_one_hold,
     .text =
         "by hand: of two handlers with one hold the first lets T go under the second; by proxy "
         "the second waits")
{
    two_handlers(LK_HOLD_BY_HAND);
    EQ(holds_of(play.t.p), HOLD_3);
    CHECK(step(&play)); /* the first is done */
    CHECK(runs(&play)); /* and the second still takes T to be stopped */
    step_end(&play);
    step_end(&second);
    second_sender_waits();
}

/* Law NESTING. With a hold each T stays stopped, but they are at work on it at the same time: what
 * the one has seen the other may change. */
CASE(two_two_holds,
     .text = "by hand: two handlers with a hold each are at work on T at once; by proxy the second "
             "waits")
{
    two_handlers(LK_HOLD_BY_HAND + 1);
    EQ(holds_of(play.t.p), HOLD_3 | HOLD_3 << 1);
    CHECK(step(&play));
    CHECK(!runs(&play)); /* the hold of the second is there still */
    step_end(&play);
    step_end(&second);
    EVENTUALLY(holds_of(play.t.p) == 0);
    CHECK(runs(&play));
    second_sender_waits();
}
