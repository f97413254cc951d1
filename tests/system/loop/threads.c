/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A loop that other threads call, at whatever moment.
 */
#include "parts.h"

#define ROUNDS 400 /* of each member */
#define RACES 3000

static struct lk_lock gate; /* rank 2: held by the case to keep a callback waiting */
static volatile bool go_on;
static volatile uint64_t done;

static void threads_new(unsigned priority)
{
    gate = (struct lk_lock)LK_LOCK("gate", 2);
    go_on = false;
    done = 0;
    loop_new_member(priority);
}

/* ---- waiting and waking ---------------------------------------------------------------------- */

CASE(sleeps, .text = "a loop with nothing to do takes no time and makes no rounds", .steady = true)
{
    struct pstate before, after;
    uint64_t rounds;

    threads_new(PRIO_HIGH);
    add_timer(0, now() + 100 * MSEC, 0);
    add_notice(1, 1);
    add_ready(2);
    before = proc_state(member_process(0));
    rounds = loop.rounds;
    sleep_ns(50 * MSEC);
    after = proc_state(member_process(0));
    EQ(after.cpu, before.cpu);
    EQ(after.run_state, LK_STATE_RECEIVING);
    EQ(loop.rounds, rounds);
    sleep_ns(51 * MSEC);
    CALLED("0:1");
}

CASE(woken, .text = "it wakes for whatever another thread brings: sources, timers, changes",
     .steady = true)
{
    threads_new(PRIO_HIGH);
    add_with(0, record);
    OK(lk_loop_ready(&source[0], 1));
    CALLED("0:1"); /* at once: the loop is above the case */
    add_timer(1, now() - 1, 0);
    CALLED("1:1");
    add_timer(2, now() + 500 * MSEC, 0);
    add_timer(3, now() + 2 * MSEC, 0);
    add_timer(4, now() + 400 * MSEC, 0);
    sleep_ns(3 * MSEC);
    CALLED("3:1");
    OK(lk_loop_update_timer(&source[2], now() + 2 * MSEC, 0));
    sleep_ns(3 * MSEC);
    CALLED("2:1");
    OK(lk_loop_enable(&source[4], false));
    OK(lk_loop_update_timer(&source[4], now(), 0));
    OK(lk_loop_enable(&source[0], false));
    OK(lk_loop_ready(&source[0], 3));
    CALLED("");
    OK(lk_loop_enable(&source[4], true));
    CALLED("4:1");
    OK(lk_loop_enable(&source[0], true));
    CALLED("0:3");
    OK(lk_loop_remove(&source[0]));
    CALLED("-0");
    add_notice(5, 6);
    obj_get(notice_new(member_endpoint(0), UINT32_MAX), R_I);
    OK(lk_appnotice_post(R_I, 4));
    CALLED("5:4");
    OK(lk_appnotice_post(R_I, 8));
    CALLED("");
    OK(lk_loop_update_bits(&source[5], 8));
    CALLED("5:8");
    lk_loop_stop(&loop);
    EQ(proc_wait_kind(member_process(0)), LK_WAIT_NOTICE); /* its function has returned */
    OK(member_destroy(0));
}

/* The thread of the loop waits for a lock here, and wake-ups and notices come to it there. */
static void waits_at_gate(struct lk_source *s, uint32_t why)
{
    record(s, why);
    lk_lock(&gate);
    lk_unlock(&gate);
}

CASE(woken_at_a_lock, .text = "what comes while a callback waits for a lock is not lost",
     .steady = true)
{
    threads_new(PRIO_HIGH);
    add_with(0, waits_at_gate);
    add_ready(1);
    add_notice(2, 1);
    add_timer(3, LK_NEVER, 0);
    obj_get(notice_new(member_endpoint(0), UINT32_MAX), R_I);
    lk_lock(&gate);
    OK(lk_loop_ready(&source[0], 1));
    OK(lk_loop_ready(&source[1], 1));
    OK(lk_loop_update_timer(&source[3], 1, 0));
    OK(lk_appnotice_post(R_I, 1 | LK_BIT_TIMER | LK_BIT_WAKE));
    CALLED("0:1");
    lk_unlock(&gate);
    EVENTUALLY(noted == 3);
    CALLED("1:1 2:1 3:1");
}

static void gate_hook(void *unused)
{
    (void)unused;
    lk_lock(&gate);
    lk_unlock(&gate);
}

CASE(woken_in_a_hook, .text = "nor what comes while a hook does, before the wait or behind it",
     .steady = true)
{
    for (unsigned behind = 0; behind < 2; behind++) {
        sys_at("behind %u", behind);
        threads_new(PRIO_HIGH);
        add_ready(0);
        lk_loop_set_idle(&loop, behind ? NULL : gate_hook, behind ? gate_hook : NULL, NULL);
        lk_lock(&gate);
        OK(lk_loop_ready(&source[0], 1));
        OK(lk_loop_ready(&source[0], 2));
        EVENTUALLY(gate.word > 1); /* it is there */
        OK(lk_loop_ready(&source[0], 4));
        lk_unlock(&gate);
        EVENTUALLY(loop.calls > 0 && noted > 0 && source[0].why == 0);
        lk_lock(&gate);
        OK(lk_loop_ready(&source[0], 8));
        EVENTUALLY(gate.word > 1);
        OK(lk_loop_ready(&source[0], 16));
        lk_unlock(&gate);
        EVENTUALLY(source[0].why == 0);
        team_new();
    }
}

/* ---- nothing is lost ------------------------------------------------------------------------- */

static volatile uint64_t said[3], heard[3];

static void hears(struct lk_source *s, uint32_t why)
{
    (void)why;
    heard[s - source] += __atomic_exchange_n(&said[s - source], 0, __ATOMIC_ACQ_REL);
}

/* The reason first, then the word. */
static void says(void *number)
{
    uint64_t n = (uint64_t)number;

    for (unsigned i = 0; i < RACES; i++) {
        __atomic_fetch_add(&said[n], 1, __ATOMIC_ACQ_REL);
        lk_loop_ready(&source[n], 1);
        if (i % 7 == n) {
            lk_yield();
        }
        if (i % 61 == 0) {
            lk_sleep_until(lk_now() + 10000);
        }
    }
    done++;
}

static void nothing_lost(unsigned loop_priority)
{
    threads_new(loop_priority);
    for (unsigned i = 0; i < 3; i++) {
        said[i] = heard[i] = 0;
        add_with(i, hears);
    }
    for (unsigned i = 0; i < 3; i++) {
        member_new(1 + i, PRIO_LOW + i, says, (void *)(uint64_t)i);
    }
    for (unsigned i = 0; i < 3; i++) {
        EVENTUALLY(done == 3);
        EVENTUALLY(heard[i] == RACES);
    }
    members_fine();
}

CASE(ready_counts,
     .text = "of thousands of words to the loop none is lost: the loop above the rest")
{
    nothing_lost(PRIO_HIGH);
    CHECK(loop.rounds > 100);
}

CASE(ready_counts_low, .text = "the same, the loop below them")
{
    nothing_lost(PRIO_LOW - 10);
}

CASE(ready_counts_among, .text = "the same, the loop among them")
{
    nothing_lost(PRIO_LOW + 1);
}

CASE(ready_alone,
     .text = "a word that comes while the loop is about to wait wakes it: the next would not")
{
    struct rng r = rng_new(sys_options.seed);

    threads_new(PRIO_LOW);
    said[0] = heard[0] = 0;
    add_with(0, hears);
    for (unsigned i = 1; i <= RACES; i++) {
        sys_at("word %u", i);
        said[0] = 1;
        OK(lk_loop_ready(&source[0], 1));
        for (unsigned n = 0; heard[0] < i && n < 10000; n++) {
            sleep_ns(500 + rng_below(&r, 3000));
        }
        EQ(heard[0], i);
    }
    members_fine();
}

/* ---- removing -------------------------------------------------------------------------------- */

static volatile bool out; /* it was removed, and the remover told that it is not called */
static volatile uint64_t begun, ended, removals, begun_when_out;

static void busy(struct lk_source *s, uint32_t why)
{
    (void)why;
    begun_when_out += out;
    begun++;
    lk_loop_ready(s, 1);
    for (volatile unsigned i = 0; i < begun % 64; i++) {
    }
    ended++;
}

static void is_removed(struct lk_source *s)
{
    begun_when_out += s->loop != NULL || begun != ended;
    removals++;
}

static void other(struct lk_source *s, uint32_t why)
{
    (void)why;
    lk_loop_ready(s, 1);
}

CASE(remove_races, .text = "removed at any moment: its callback does not begin afterwards")
{
    struct lk_source_plan plan = { .kind = LK_SOURCE_READY,
                                   .callback = busy,
                                   .removed = is_removed };
    struct rng r = rng_new(sys_options.seed);
    uint64_t at_once = 0;
    uint64_t running = 0;

    threads_new(PRIO_LOW);
    begun = ended = removals = begun_when_out = 0;
    add_with(1, other); /* the loop is never idle */
    OK(lk_loop_ready(&source[1], 1));
    for (unsigned i = 1; i <= RACES; i++) {
        enum status s;
        uint64_t at;

        sys_at("race %u", i);
        out = false;
        OK(lk_loop_add(&loop, &source[0], &plan));
        OK(lk_loop_ready(&source[0], 1));
        sleep_ns(5000 + rng_below(&r, 20000));
        s = lk_loop_remove(&source[0]);
        out = s == STATUS_OK;
        at = begun;
        at_once += s == STATUS_OK;
        running += s == STATUS_IN_USE;
        STATUS(lk_loop_remove(&source[0]), STATUS_NOT_FOUND);
        while (removals < i) {
            sleep_ns(5000);
        }
        EQ(ended, begun);
        CHECK(begun <= at + (s == STATUS_IN_USE));
    }
    EQ(begun_when_out, 0);
    EQ(removals, RACES);
    EQ(at_once + running, RACES);
    sys_say("%lu of %u were running when they were removed, %lu calls", running, RACES, begun);
    CHECK(running > 10); /* or nothing was shown */
    CHECK(at_once > 10);
    members_fine();
}

/* ---- everybody does everything --------------------------------------------------------------- */

static volatile uint64_t added[SOURCES], gone[SOURCES], strange;

static void counts_gone(struct lk_source *s)
{
    gone[s - source]++;
}

static lk_loop_callback acts;

/* Something at random with a source at random. */
static void act(struct rng *r)
{
    unsigned i = (unsigned)rng_below(r, SOURCES);
    uint64_t time = lk_now() + rng_below(r, 100000);
    struct lk_source_plan plan = {
        .kind = 1 + i % 3,
        .callback = acts,
        .removed = counts_gone,
        .bits = 1u << i,
        .time = time,
        .period = rng_below(r, 2) * 50000,
        .disabled = rng_below(r, 4) == 0,
    };
    enum status s;

    switch (rng_below(r, 6)) {
    case 0:
        s = lk_loop_add(&loop, &source[i], &plan);
        if (s == STATUS_OK) {
            __atomic_fetch_add(&added[i], 1, __ATOMIC_RELAXED);
        }
        strange += s != STATUS_OK && s != STATUS_IN_USE;
        return;
    case 1:
        s = lk_loop_remove(&source[i]);
        strange += s != STATUS_OK && s != STATUS_IN_USE && s != STATUS_NOT_FOUND;
        return;
    case 2:
        s = lk_loop_enable(&source[i], rng_below(r, 2) == 0);
        break;
    case 3:
        s = plan.kind == LK_SOURCE_TIMER    ? lk_loop_update_timer(&source[i], time, plan.period)
            : plan.kind == LK_SOURCE_NOTICE ? lk_loop_update_bits(&source[i], 3u << i)
                                            : lk_loop_ready(&source[i], 1);
        break;
    default:
        s = plan.kind == LK_SOURCE_READY ? lk_loop_ready(&source[i], 2) : STATUS_OK;
        break;
    }
    strange += s != STATUS_OK && s != STATUS_NOT_FOUND;
}

static void acts(struct lk_source *s, uint32_t why)
{
    static struct rng r;

    strange += s < source || s >= source + SOURCES || why == 0;
    r.s += 0x9e3779b97f4a7c15;
    if (s->kind == LK_SOURCE_TIMER || rng_below(&r, 2) == 0) {
        act(&r);
    }
}

static void acts_often(void *number)
{
    struct rng r = rng_new(sys_options.seed + (uint64_t)number);

    for (unsigned i = 0; i < ROUNDS * 5; i++) {
        act(&r);
        if (rng_below(&r, 8) == 0) {
            lk_sleep_until(lk_now() + rng_below(&r, 20000));
        }
    }
    done++;
}

CASE(anything_goes, .text = "four threads and the callbacks add, change and remove at random")
{
    struct lk_source *last = &source[2]; /* a ready one */

    threads_new(PRIO_LOW + 1);
    strange = 0;
    memset((void *)(uintptr_t)added, 0, sizeof(added));
    memset((void *)(uintptr_t)gone, 0, sizeof(gone));
    for (unsigned i = 1; i < 5; i++) {
        member_new(i, PRIO_LOW + i % 3, acts_often, (void *)(uint64_t)i);
    }
    obj_get(notice_new(member_endpoint(0), UINT32_MAX), R_I);
    for (unsigned i = 0; done < 4 && i < 100000; i++) {
        OK(lk_appnotice_post(R_I, 1u << i % SOURCES));
        sleep_ns(50000);
    }
    EQ(done, 4);
    members_fine();
    for (unsigned i = 0; i < SOURCES; i++) { /* callbacks may add some again */
        sys_at("source %u", i);
        for (unsigned n = 0; loop.sources > 1 && n < 10000; n++) {
            lk_loop_remove(&source[n % SOURCES]);
            sleep_ns(20000);
        }
        EQ(loop.sources, 1);
        EQ(added[i], gone[i]);
        CHECK(added[i] > 10);
    }
    EQ(strange, 0);
    OK(lk_loop_add(&loop, last,
                   &(struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = record }));
    OK(lk_loop_ready(last, 5)); /* it runs as before */
    EVENTUALLY(noted == 1);
    CALLED("2:5");
    members_fine();
}

/* ---- who is sent elsewhere ------------------------------------------------------------------- */

#define TARGET 1
#define HANDLER 2

static volatile uint64_t sent, busy_target;

/* The work of the target, again from its beginning. */
static void ready_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        lk_loop_ready(&source[0], 1);
    }
}

static enum lk_after send(struct lk_event *event)
{
    struct lk_look look;

    busy_target += event->forced || member_of(TARGET)->control.defer != 0;
    if (lk_target_look(event->target, &look) != STATUS_OK) {
        return LK_GO_ON;
    }
    look.regs.rsp = member_of(TARGET)->stack + LK_THREAD_STACK; /* all of it anew */
    if (lk_target_redirect(event->target, &look, ready_for_ever, NULL) == STATUS_OK) {
        sent++;
    }
    return LK_GO_ON;
}

static void handles(void *unused)
{
    static const struct lk_handler handler = { .take = send, .target = 24, .reply = 28 };

    (void)unused;
    lk_handler_run(&handler);
}

static void counts(struct lk_source *s, uint32_t why)
{
    (void)s;
    (void)why;
    heard[0]++;
}

CASE(sent_elsewhere, .text = "a thread that is sent elsewhere while it calls the loop harms nobody")
{
    uint64_t at;

    threads_new(PRIO_HIGH);
    sent = busy_target = heard[0] = 0;
    add_with(0, counts);
    member_new(HANDLER, PRIO_HIGH + 1, handles, NULL);
    member_new(TARGET, PRIO_LOW, ready_for_ever, NULL);
    obj_get(member_endpoint(HANDLER), R_I);
    OK(lk_endpoint_make_entry(R_I, 1, R_I));
    obj_get(member_process(TARGET), R_J);
    OK(lk_preempt_register(R_J, R_I));
    OK(lk_preempt_make_notice(R_J, 0xff, R_I));
    for (unsigned i = 1; i <= 500; i++) {
        sys_at("time %u", i);
        sleep_ns(20000 + i * 7919 % 5000);
        OK(lk_appnotice_post(R_I, 1));
        EVENTUALLY(sent == i);
        at = heard[0];
        EVENTUALLY(heard[0] > at); /* one that nobody woke would sleep on: it is due already */
    }
    EQ(busy_target, 0);
    CHECK(heard[0] > 500);
    members_fine();
}
