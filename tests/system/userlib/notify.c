/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Deferring, the handler's loop, and what becomes of a target.
 */
#include "kit.h"

#define R_STOP R_I /* what stops the target: a proxy notice or entry */

/* ---- Deferring ---- */

static struct lk_control control;
static volatile unsigned passed, seen_inside, seen_behind;
static struct kit_handler handler;

static uint64_t entries(void)
{
    uint64_t n = 0;

    OK(lk_sysctl_get_stats(R_SYSCTL, &n, NULL, NULL, NULL, NULL, NULL, NULL));
    return n;
}

static void deferrals(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lk_defer_begin(&control);
        lk_defer_begin(&control);
        EQ(control.defer, 2);
        lk_defer_end(&control);
        lk_defer_end(&control);
    }
}

CASE(defer_is_free, .text = "a thousand deferrals, nested, without one kernel entry",
     .steady = true)
{
    uint64_t none;
    uint64_t before;

    deferrals(1); /* pages touched for the first time are entries */
    none = entries();
    before = entries();
    none = before - none;
    deferrals(1000);
    EQ(entries() - before, none);
    EQ(control.defer, 0);
}

/* Posts to itself inside a nested deferral. Register LK_REG_NAMED has the notice. */
static void defers(void *arg)
{
    (void)arg;
    lk_defer_begin(&control);
    lk_defer_begin(&control);
    lk_appnotice_post(LK_REG_NAMED, 1);
    lk_defer_end(&control);
    seen_inside = handler.events;
    passed = control.pending;
    lk_defer_end(&control);
    seen_behind = handler.events;
    lk_park();
}

CASE(defer_holds_back,
     .text = "what comes during a deferral is delivered by the last lk_defer_end(), no sooner")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;

    handler = (struct kit_handler){ .after = LK_GO_ON };
    control.defer = 0;
    kit_pair(&handler, &t, &room, defers, NULL);
    OK(lk_preempt_set_control(R_THREAD, &control, LK_DEFER_MAX, R_SPACE, R_J));
    OK(lk_preempt_make_notice(R_THREAD, 0xff, R_STOP));
    OK(lk_thread_give(&t, LK_REG_NAMED, R_STOP));
    seen_behind = 0;
    OK(lk_thread_start(&t));
    EVENTUALLY(seen_behind != 0);
    EQ(seen_inside, 0);
    EQ(passed, 1);
    EQ(seen_behind, 1);
    EQ(handler.last.kind, LK_EVENT_PROXIED_NOTICE);
    EQ(handler.last.w[0], 1);
    EQ(handler.last.forced, false);
    EQ(control.pending, 0);
}

CASE(defer_cleared, .text = "without a control word a deferral holds nothing back")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;

    handler = (struct kit_handler){ .after = LK_GO_ON };
    control.defer = 0;
    kit_pair(&handler, &t, &room, defers, NULL);
    OK(lk_preempt_set_control(R_THREAD, &control, LK_DEFER_MAX, R_SPACE, R_J));
    OK(lk_preempt_clear_control(R_THREAD));
    STATUS(lk_preempt_set_control(R_THREAD, (struct lk_control *)WINDOW_VA, 1, R_SPACE, R_J),
           STATUS_NOT_FOUND);
    OK(lk_preempt_make_notice(R_THREAD, 0xff, R_STOP));
    OK(lk_thread_give(&t, LK_REG_NAMED, R_STOP));
    seen_behind = 0;
    OK(lk_thread_start(&t));
    EVENTUALLY(seen_behind != 0);
    EQ(seen_inside, 1);
}

/* ---- Stopping, answering, going on ---- */

static volatile uint64_t turns;

static void loops(void *arg)
{
    (void)arg;
    for (;;) {
        turns++;
    }
}

/* Looks at the target, and answers with what it got. */
static enum lk_after answers(struct kit_handler *h, struct lk_event *event)
{
    OK(lk_target_look(event->target, &h->look));
    event->answer = true;
    event->out_words = 3;
    event->out[1] = event->w[1] + 1;
    event->out[2] = event->payload;
    return h->after;
}

CASE(handler_answers,
     .text = "the caller of a ProxyEntry is answered by the handler; the target goes on or stays")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;
    uint64_t before;

    handler = (struct kit_handler){ .take = answers, .after = LK_GO_ON };
    kit_pair(&handler, &t, &room, loops, NULL);
    OK(lk_preempt_make_entry(R_THREAD, 99, R_STOP));
    OK(lk_thread_start(&t));
    sleep_ns(NSEC_PER_MSEC);
    struct lk_in in = lk_call1(R_STOP, 5, 41);

    EQ(in.w[0], STATUS_OK);
    EQ(in.w[1], 42);
    EQ(in.w[2], 99);
    EQ(handler.last.kind, LK_EVENT_PROXIED);
    EQ(handler.last.w[0], 5);
    EQ(handler.look.holds, 1u << LK_HOLD_PROXY);
    EQ(handler.look.run_state, LK_STATE_READY);
    before = turns;
    EVENTUALLY(turns > before);
    handler.after = LK_STAY;
    EQ(lk_call1(R_STOP, 5, 1).w[1], 2);
    before = turns;
    sleep_ns(NSEC_PER_MSEC);
    EQ(turns, before);
    OK(lk_target_go_on(R_THREAD));
    EVENTUALLY(turns > before);
    EQ(handler.events, 2);
    OK(lk_preempt_unregister(R_THREAD));
    EQ(lk_call1(R_STOP, 5, 1).w[0], STATUS_INVALID_CAP);
    EQ(handler.events, 2);
}

/* ---- Elsewhere ---- */

static volatile uint64_t landed;

static _Noreturn void lands(void *arg)
{
    landed = (uint64_t)arg;
    for (;;) {
        lk_park();
    }
}

static enum lk_after redirects(struct kit_handler *h, struct lk_event *event)
{
    OK(lk_target_look(event->target, &h->look));
    OK(lk_target_redirect(event->target, &h->look, lands, (void *)event->w[0]));
    return LK_GO_ON;
}

static void waits(void *arg)
{
    (void)arg;
    lk_wait_closed(12345, 0);
}

static void faults(void *arg)
{
    *(volatile uint64_t *)arg = 1;
    landed = 1;
}

static void redirect_one(void (*fn)(void *))
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;

    handler = (struct kit_handler){ .take = redirects };
    landed = 0;
    kit_pair(&handler, &t, &room, fn, NULL);
    OK(lk_preempt_make_notice(R_THREAD, 0xff, R_STOP));
    OK(lk_thread_start(&t));
    sleep_ns(NSEC_PER_MSEC);
    OK(lk_appnotice_post(R_STOP, 6));
    EVENTUALLY(landed == 6);
    EQ(handler.events, 1);
    OK(lk_thread_destroy(&t));
    OK(lk_thread_destroy(&handler.thread));
}

CASE(redirected, .text = "a target that runs, and one that waits, is sent elsewhere")
{
    redirect_one(loops);
    redirect_one(waits);
    EQ(handler.look.wait, LK_WAIT_CLOSED);
}

CASE(redirect_late, .text = "registers are not written into a run state that is no longer there")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;
    struct lk_look look;

    kit_thread(&t, &room, 0, PRIO_LOW, waits, NULL);
    OK(lk_thread_start(&t));
    sleep_ns(NSEC_PER_MSEC);
    OK(lk_process_set_not_schedulable(R_THREAD, LK_HOLD_DEBUG, NULL));
    OK(lk_target_look(R_THREAD, &look));
    EQ(look.wait, LK_WAIT_CLOSED);
    OK(lk_endpoint_set_endpoint_id(R_THREAD_ENDPOINT, 12345));
    OK(lk_endpoint_make_entry(R_THREAD_ENDPOINT, 0, R_J));
    OK(lk_post2(R_J, 1, 2, 3));
    STATUS(lk_target_redirect(R_THREAD, &look, lands, NULL), STATUS_STATE_CHANGED);
    STATUS(lk_target_set_regs(R_THREAD, &look, &look.regs), STATUS_STATE_CHANGED);
    OK(lk_target_look(R_THREAD, &look));
    EQ(look.run_state, LK_STATE_READY);
    EQ(look.regs.rsi, 2);
}

/* ---- Faults ---- */

static volatile uint64_t repaired;

static enum lk_after repairs(struct kit_handler *h, struct lk_event *event)
{
    struct lk_regs regs;

    OK(lk_target_look(event->target, &h->look));
    regs = h->look.regs;
    regs.rdi = (uint64_t)&repaired;
    OK(lk_target_set_regs(event->target, &h->look, &regs));
    return LK_GO_ON;
}

/* rdi is the pointer, whatever the compiler thinks of it. */
static void faults_at_rdi(void *arg)
{
    __asm__ volatile("movq $7, (%0)" : "+D"(arg) : : "memory");
    landed = 1;
}

CASE(fault_repaired, .text = "a handler repairs a pointer, and the instruction is done again")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;

    handler = (struct kit_handler){ .take = repairs };
    landed = 0;
    repaired = 0;
    kit_pair(&handler, &t, &room, faults_at_rdi, (void *)WINDOW_VA);
    OK(lk_endpoint_make_entry(R_THREAD_ENDPOINT + 1, 3, R_J));
    OK(lk_process_swap_slot(R_THREAD, SLOT_HANDLER, R_J, 0));
    OK(lk_thread_start(&t));
    EVENTUALLY(landed == 1);
    EQ(repaired, 7);
    EQ(handler.events, 1);
    EQ(handler.last.kind, LK_EVENT_FAULT);
    EQ(handler.last.payload, 3);
    EQ(handler.last.w[1], FAULT_INVALID_ADDR);
    EQ(handler.last.w[2], WINDOW_VA);
}

/* ---- The end ---- */

/* Destroys its target, and says that it may go on: nothing is sent to what is gone. */
static enum lk_after kills(struct kit_handler *h, struct lk_event *event)
{
    (void)h;
    OK(lk_target_kill(event->target, LK_REG_NAMED));
    return LK_GO_ON;
}

CASE(killed, .text = "a handler destroys its target, and goes on handling")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t, other;

    handler = (struct kit_handler){ .take = kills };
    kit_pair(&handler, &t, &room, loops, NULL);
    OK(lk_thread_give(&handler.thread, LK_REG_NAMED, R_RANGE));
    OK(lk_preempt_make_notice(R_THREAD, 1, R_STOP));
    OK(lk_thread_start(&t));
    OK(lk_appnotice_post(R_STOP, 1));
    EQ(handler.events, 1);
    EQ(reg_type(R_THREAD), LK_TYPE_NULL);
    handler.take = NULL;
    kit_thread(&other, &room, 0, PRIO_LOW, loops, NULL);
    OK(lk_endpoint_make_entry(R_THREAD_ENDPOINT + 1, 0, R_J));
    OK(lk_preempt_register(R_THREAD, R_J));
    OK(lk_preempt_make_notice(R_THREAD, 1, R_STOP));
    OK(lk_thread_start(&other));
    OK(lk_appnotice_post(R_STOP, 1));
    EQ(handler.events, 2);
}

/* ---- The clock ---- */

/* Has itself stopped in a while, and computes; and asks for it and takes it back. Then waits for a
 * plain notice of the clock. */
static void clocked(void *arg)
{
    (void)arg;
    OK(lk_preempt_in(5, 0x80000001));
    while (handler.events == 0) {
        turns++;
    }
    OK(lk_preempt_in(5, 2));
    OK(lk_notice_cancel());
    lk_sleep_ms(20);
    seen_inside = handler.events;
    OK(lk_preempt_in(5, 4));
    OK(lk_notice_in(1, 8)); /* in its place */
    passed = (unsigned)lk_park();
    lk_sleep_ms(20);
    seen_behind = handler.events;
    lk_park();
}

CASE(preempt_in,
     .text = "a process has itself stopped, and its handler told, after a while; that can be taken "
             "back, and a plain timed notice takes its place")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;
    uint64_t begin = now();

    handler = (struct kit_handler){ .after = LK_GO_ON };
    seen_inside = seen_behind = passed = 0;
    kit_pair(&handler, &t, &room, clocked, NULL);
    OK(lk_thread_start(&t));
    EVENTUALLY(handler.events != 0);
    CHECK(now() - begin >= 5 * NSEC_PER_MSEC);
    EQ(handler.last.kind, LK_EVENT_PROXIED_NOTICE);
    EQ(handler.last.w[0], 0x80000001);
    EVENTUALLY(seen_behind != 0);
    EQ(seen_inside, 1);
    EQ(passed, 8);
    EQ(seen_behind, 1);
}

/* A server that is a handler as well: ordinary messages and its own notices, one at a time. */
static volatile unsigned done;

static void handles_two(void *arg)
{
    const struct lk_handler h = { .take = arg, .target = 24, .reply = 28, .context = &handler };

    lk_handler_once(&h);
    done = 1;
    lk_handler_once(&h);
    done = 2;
}

static enum lk_after doubles(struct lk_event *event)
{
    handler.last = *event;
    event->answer = event->kind == LK_EVENT_MESSAGE;
    event->out[1] = 2 * event->w[1];
    event->out_words = 2;
    return LK_STAY;
}

CASE(server_too, .text = "a handler gets ordinary messages and notices of its own, one at a time")
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;

    done = 0;
    kit_thread(&t, &room, 0, PRIO_HIGH, handles_two, (void *)doubles);
    OK(lk_thread_start(&t));
    OK(lk_endpoint_make_entry(R_THREAD_ENDPOINT, 8, R_J));
    EQ(lk_call1(R_J, 1, 21).w[1], 42);
    EQ(handler.last.payload, 8);
    EVENTUALLY(done == 1);
    OK(lk_endpoint_make_app_notice(R_THREAD_ENDPOINT, 0xff, R_J));
    OK(lk_appnotice_post(R_J, 0x10));
    EVENTUALLY(done == 2);
    EQ(handler.last.kind, LK_EVENT_NOTICE);
    EQ(handler.last.w[0], 0x10);
}

/* ---- Words ---- */

static void words_of(void (*fn)(void *), const char *want)
{
    struct lk_room room = kit_room(8);
    struct lk_thread t;
    struct lk_look look;
    char text[96];

    sys_at("%s", want);
    kit_thread(&t, &room, 0, PRIO_LOW, fn, (void *)WINDOW_VA);
    OK(lk_thread_start(&t));
    sleep_ns(NSEC_PER_MSEC);
    OK(lk_target_look(R_THREAD, &look));
    lk_target_words(&look, text, sizeof(text));
    if (strncmp(text, want, strlen(want)) != 0) {
        FAIL("it is said to do this: %s", text);
    }
    lk_target_words(&look, text, 4);
    EQ(strlen(text), 3);
    OK(lk_thread_destroy(&t));
}

static void waits_for_all(void *arg)
{
    (void)arg;
    lk_wait(0);
}

static void parks(void *arg)
{
    (void)arg;
    lk_park();
}

static void sleeps(void *arg)
{
    (void)arg;
    lk_sleep_ms(100000);
}

CASE(words, .text = "what a target does is said in words")
{
    words_of(loops, "was running, at 0x");
    words_of(waits_for_all, "waits for a message or notice");
    words_of(parks, "waits for a notice");
    words_of(sleeps, "sleeps");
    words_of(waits, "waits for the answer of somebody");
    words_of(faults, "faulted at 0x");
}
