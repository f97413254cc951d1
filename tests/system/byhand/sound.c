/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What by hand keeps: the laws of kernel/models/byhand.pml up to NOTICES. The same that the proxy
 * is tested for in tests/system/preempt and armed, as far as it makes sense here.
 */
#include "play.h"

#define V_ID 60    /* endpoint of the case, as the server that T calls */
#define REG_V 5    /* in T: Entry of it */
#define REG_GIFT 6 /* in T: where a capability of the reply comes to */
#define WORDS 8

static struct play play;

/* ---- the closed wait ---- */

/* T, a raw process full of canaries, calls the case, which has its reply capability in R_C. */
static struct lk_regs call(obj t, unsigned who)
{
    static const uint64_t words[WORDS] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct lk_regs r =
        canary_regs(LK_CTL_CALL(REG_V, WORDS) | LK_CTL_RECVS(0, REG_GIFT, 0, 0), who);

    canary_words(&r, words);
    raw_go(t, &r);
    EQ(lk_wait_closed(V_ID, R_C).w[0], words[0]);
    return r;
}

static void reply(struct delivery *d, unsigned who)
{
    uint64_t words[WORDS] = { STATUS_OK, who, 12, 13, 14, 15, 16, 17 };
    struct lk_in in =
        invoke(LK_CTL(LK_SEND, R_C, WORDS) | LK_CTL_SENDS(2, 0, R_SELF, 0, 0), 0, words);

    EQ(in.w[0], STATUS_OK); /* non-blocking: it goes now or never */
    *d = (struct delivery){ .kind = LK_KIND_MESSAGE, .words = WORDS, .caps = 2, .id = S_ID };
    memcpy(d->w, words, sizeof(words));
}

/* R is told, and the reply goes when R has made `n` system calls. False: R made less; the reply
 * goes when it waits again. */
static bool round(obj t, obj reply_endpoint, unsigned n, uint64_t *held)
{
    struct lk_regs before = call(t, n);
    struct delivery d = { 0 };
    uint64_t handled = play.handled;
    uint64_t payload = 0;
    bool replied = false;
    unsigned i = 0;

    obj_get(reply_endpoint, R_D);
    OK(lk_endpoint_get_state(R_D, NULL, &payload, NULL));
    OK(tell(&play));
    for (;;) {
        if (!replied && i == n) {
            reply(&d, n);
            replied = true;
            *held += holds_of(t) == HOLD_3;
            if (holds_of(t) != 0) {
                EQ(proc_state(t).run_state, LK_STATE_READY); /* it has it, and stays stopped */
                EQ(proc_state(t).r.rip, (uint64_t)raw_after);
            }
        }
        if (!step(&play)) {
            if (proc_wait_kind(play.r.p) == LK_WAIT_OPEN) {
                break;
            }
            sleep_ns(2 * play.bound); /* it waits for a deferral to end */
        } else {
            i++;
        }
    }
    EQ(play.handled, handled + 1);
    EQ(holds_of(t), 0);
    if (!replied) {
        reply(&d, n);
    }
    struct lk_regs after = raw_result(t);

    d.payload = payload;
    canary_delivered(&before, &after, &d);
    proc_get_cap(t, REG_GIFT, R_E);
    CHECK(reg_same(R_E, R_SELF));
    return replied;
}

/* With R stopped before each of its system calls in turn, the reply comes in between. `defers`: T
 * defers, so that R has to wait, until the bound is over. */
static void closed_wait(bool defers)
{
    obj t = proc_new(PRIO_HIGH);
    obj reply_endpoint = proc_reply_endpoint(t, S_ID);
    uint64_t held = 0;
    unsigned n = 0;

    proc_cap(t, REG_V, entry_new(endpoint_new(SELF, V_ID, false), 0));
    play_begin_at(&play, 1000, t, PRIO_HIGH);
    step_begin(&play);
    do {
        sys_at("the reply comes before system call %u of the handler", n);
        play.control.defer = defers;
    } while (round(t, reply_endpoint, n++, &held));
    CHECK(n > (defers ? 6 : 3)); /* or R was not stopped where it was to be */
    CHECK(held >= (defers ? 2 : 1));
    EQ(play.forced, defers ? n : 0);
}

CASE(closed_wait_survives,
     .text = "a reply without blocking, before each system call of the handler, reaches the target")
{
    closed_wait(false);
}

CASE(closed_wait_survives_deferral,
     .text = "the same for a target that defers, and is stopped by force when the bound is over")
{
    closed_wait(true);
}

/* ---- exclusion, and no lost wake-up ---- */

#define ROUNDS 3000
#define ROUNDS_SOAK 60000
#define SLICES 4

static volatile uint64_t shared;
static volatile uint64_t target_adds, handler_adds;
static volatile bool stop, stopped;
static volatile uint64_t called, noticed;
static uint64_t rounds;

/* T adds to `shared` in critical sections, with nothing done in between. */
static void adding_target(void *arg)
{
    struct play *p = arg;

    while (!stop) {
        p->ticks++;
        lk_defer_begin(&p->control);
        p->in_section = true;
        uint64_t value = shared;

        for (volatile unsigned i = 0; i < 20; i++) {
        }
        shared = value + 1;
        target_adds++;
        p->in_section = false;
        lk_hand_defer_end(&p->control, T_ENDED);
    }
    stopped = true;
    lk_park();
}

/* R's work: as long as it takes, T does nothing. */
static void adding_handler(struct play *p)
{
    uint64_t ticks = p->ticks;

    shared++;
    handler_adds++;
    for (volatile unsigned i = 0; i < 50; i++) {
    }
    EQ(p->ticks, ticks);
    EQ(p->in_section, false);
}

/* Somebody who calls R about T, as often as there are rounds. */
static void caller(void *arg)
{
    (void)arg;
    while (called < rounds) {
        struct lk_in in = lk_call0(R_A, 0);

        EQ(in.w[0], STATUS_OK);
        called++;
    }
    lk_park();
}

/* Somebody who posts to R, and posts again when that was handled. */
static void poster(void *arg)
{
    struct play *p = arg;

    while (noticed < rounds) {
        uint64_t handled = p->handled;

        OK(lk_appnotice_post(R_A, POSTED));
        while (p->handled == handled) {
            lk_yield();
        }
        noticed++;
    }
    lk_park();
}

/* The bound is so long that a deferral whose end is not noticed makes the case hang. */
CASE(exclusion_and_wake_ups,
     .text = "target, handler, a caller and a poster of one priority: never both at once, nothing "
             "lost, nobody left waiting",
     .ms = 600000)
{
    static const uint64_t slices[SLICES] = { 13000, 17000, 19000, 23000 };
    struct worker w[2];

    rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? ROUNDS_SOAK : ROUNDS;
    shared = 0;
    target_adds = 0;
    handler_adds = 0;
    called = 0;
    noticed = 0;
    stop = false;
    stopped = false;
    play_begin_with(&play, LONG, PRIO_LOW, PRIO_LOW, adding_target);
    play.work = adding_handler;
    w[0] = worker_new(PRIO_LOW, caller, &play);
    w[1] = worker_new(PRIO_LOW, poster, &play);
    proc_cap(w[0].p, R_A, play.entry);
    proc_cap(w[1].p, R_A, play.notice);
    proc_slot(play.t.p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, slices[0]));
    proc_slot(play.r.p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, slices[1]));
    for (unsigned i = 0; i < 2; i++) {
        proc_slot(w[i].p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, slices[2 + i]));
        worker_start(w[i]);
    }
    worker_start(play.t);
    while (called < rounds || noticed < rounds) {
        sleep_ns(NSEC_PER_MSEC);
    }
    stop = true;
    EVENTUALLY(stopped);
    EQ(play.forced, 0);
    EQ(play.in_section_seen, 0);
    EQ(play.messages, rounds);
    EQ(handler_adds, play.handled);
    CHECK(play.handled >= rounds);
    EQ(shared, target_adds + handler_adds);
    CHECK(target_adds > rounds / 10); /* or it never had a chance to be disturbed */
}

/* ---- deferral ---- */

CASE(deferral_is_waited_for,
     .text =
         "a target that defers is let go, tells the handler when it is over, and is stopped then")
{
    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    for (unsigned i = 0; i < 20; i++) {
        enter_section(&play);
        OK(tell(&play));
        EQ(play.control.pending, 1);
        EQ(proc_wait_kind(play.r.p), LK_WAIT_NOTICE);
        CHECK(runs(&play) && play.in_section);
        EQ(play.handled, i);
        leave_section(&play);
        EVENTUALLY(play.handled == i + 1);
        EQ(play.control.pending, 0);
        EQ(holds_of(play.t.p), 0);
    }
    EQ(play.forced, 0);
    EQ(play.in_section_seen, 0);
}

#define BOUND (2 * NSEC_PER_MSEC)

CASE(bound_is_kept,
     .text = "a target that defers for too long is stopped by force, no sooner than the bound says")
{
    uint64_t began;

    play_begin(&play, BOUND, PRIO_LOW, PRIO_HIGH);
    for (unsigned i = 0; i < 20; i++) {
        enter_section(&play);
        began = now();
        OK(tell(&play));
        EVENTUALLY(play.handled == i + 1);
        CHECK(now() >= began + BOUND);
        EQ(play.forced, i + 1);
        CHECK(play.in_section);
        EQ(play.control.pending, 0);
        leave_section(&play);
    }
}

CASE(
    notices_while_waiting,
    .text = "what is posted to the handler while it waits for a deferral to end is handled as well")
{
    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    enter_section(&play);
    OK(tell(&play));
    post(&play);
    post(&play); /* adds up */
    EQ(play.handled, 0);
    STATUS(tell(&play), STATUS_WOULD_BLOCK); /* the others have to wait, whomever they are about */
    leave_section(&play);
    EVENTUALLY(play.handled == 2);
    EQ(play.messages, 1);
    EQ(play.forced, 0);
}

CASE(target_gone, .text = "whoever calls about a target that is destroyed is told so")
{
    obj s = proc_new(PRIO_HIGH);

    play_begin(&play, LONG, PRIO_LOW, PRIO_HIGH);
    proc_cap(s, R_A, play.entry);
    proc_reply_endpoint(s, S_ID);

    enter_section(&play);
    raw_do(s, LK_CTL_CALL(R_A, 1));
    EQ(proc_wait_kind(s), LK_WAIT_CLOSED);
    obj_rescind(play.t.p); /* it will never say that its deferral is over */
    CHECK(!raw_done(s));
    obj_get(play.r.p, R_T0);
    post(&play); /* but whatever makes the handler look again */
    EQ(raw_result(s).rdi, STATUS_INVALID_CAP);
    EQ(play.handled, 0);
    raw_do(s, LK_CTL_CALL(R_A, 1));
    EQ(raw_result(s).rdi, STATUS_INVALID_CAP);
}
