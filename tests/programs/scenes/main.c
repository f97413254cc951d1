/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scenes: a few processes that do, one after the other, what the pictures of docs/book show. It is
 * traced (`make pictures`); nothing of it is drawn by hand.
 *
 *      busy        target calls server, which still works for sender
 *      computing   target computes; sender invokes its ProxyEntry
 *      waiting     target waits for server's answer; sender posts a notice that stops it; server
 *                  answers while it is stopped
 *      lock        target has a lock, for which rival waits; sender invokes its ProxyEntry
 *
 * The processes are threads of one program: target is its first. Priorities rise in this order:
 * target, rival, sender, handler, server.
 */
#include <lykos/lock.h>
#include <lykos/lykos.h>

/* Capability registers, behind those that the description names; and of the threads. */
enum {
    REG_TEAM = 14,
    REG_WORK,
    REG_FAULTS,
    REG_SCHEDULE,
    REG_PROCESS,
    REG_ENDPOINT,
    REG_SERVER,
    REG_ORDERS,
    REG_PROXY,
    REG_ROOM = 30 /* and 31 */
};
enum { SENDER_SERVER = LK_REG_NAMED, SENDER_PROXY, SENDER_NOTICE };
enum { HANDLER_HURRY = LK_REG_NAMED };

enum { RIVAL = 102, SENDER = 104, HANDLER, SERVER }; /* priorities; target: 100 */

/* Requests to server: answered after a while, at once, or when a notice says so. */
enum { REQUEST_SLOW = 1, REQUEST_QUICK, REQUEST_LATE };
/* Orders to sender: word 0; word 1 is the time at which. */
enum { ORDER_CALL = 1, ORDER_PROXY, ORDER_NOTICE };

#define SLICE (10 * LK_NSEC_PER_MSEC)
#define SOON LK_NSEC_PER_MSEC
#define WORK 12000u  /* nanoseconds that server works for sender */
#define BEFORE 5000u /* nanoseconds before sender's notice: target calls */
#define ANSWER 42u
#define PAGE 4096u

static uint8_t stacks[4][LK_THREAD_STACK] __attribute__((aligned(16)));
static struct lk_thread handler, server, sender, rival;
static struct lk_room room;
static struct lk_lock lock = LK_LOCK("the lock", 1);
static volatile bool server_works;
static volatile unsigned sent, stopped, rival_had_it;
static volatile uint64_t computed;

/* ---- the others ------------------------------------------------------------------------------ */

static void serve(void *unused)
{
    struct lk_in in = lk_wait(LK_REG_CALLER);

    (void)unused;
    for (;;) {
        if (lk_kind(in.delivery) == LK_KIND_NOTICE) {
            lk_post2(LK_REG_FREE, STATUS_OK, ANSWER, 0);
        } else if (lk_kind(in.delivery) == LK_KIND_MESSAGE && in.w[0] == REQUEST_LATE) {
            lk_copy_cap(LK_REG_CALLER, LK_REG_FREE);
        } else if (lk_kind(in.delivery) == LK_KIND_MESSAGE) {
            if (in.w[0] == REQUEST_SLOW) {
                server_works = true;
                lk_sleep_until(lk_now() + WORK);
            }
            in = lk_reply_wait1(LK_REG_CALLER, STATUS_OK, ANSWER);
            continue;
        }
        in = lk_wait(LK_REG_CALLER);
    }
}

/* What target's handler is told. */
static enum lk_after take(struct lk_event *event)
{
    struct lk_look look;

    if (lk_target_look(event->target, &look) == STATUS_OK && look.holds == 1u << LK_HOLD_PROXY) {
        stopped++;
    }
    if (event->kind == LK_EVENT_PROXIED) {
        event->answer = true;
        event->out_words = 1;
        event->out[0] = STATUS_OK;
    } else {
        lk_appnotice_post(HANDLER_HURRY, 1);
    }
    return LK_GO_ON;
}

static void handle(void *unused)
{
    (void)unused;
    lk_handler_run(&(struct lk_handler){
        .take = take, .target = LK_REG_CALLER /* and 3 more */, .reply = LK_REG_FREE });
}

static void carry_out(void *unused)
{
    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(0);

        lk_sleep_until(in.w[1]);
        if (in.w[0] == ORDER_CALL) {
            lk_call0(SENDER_SERVER, REQUEST_SLOW);
        } else if (in.w[0] == ORDER_PROXY) {
            lk_call0(SENDER_PROXY, 0);
        } else {
            lk_appnotice_post(SENDER_NOTICE, 1);
        }
        sent++;
    }
}

static void want_the_lock(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    rival_had_it++;
    lk_unlock(&lock);
}

/* A thread with its own schedule; its Process and Endpoint are in REG_PROCESS and REG_ENDPOINT. */
static void make(struct lk_thread *t, unsigned i, const char *label, void (*fn)(void *),
                 unsigned priority)
{
    const struct lk_thread_plan plan = {
        .label = label,
        .fn = fn,
        .stack = stacks[i],
        .stack_size = sizeof(stacks[i]),
        .space = lk_cap("space"),
        .schedule = REG_SCHEDULE,
        .handler = REG_FAULTS,
        .process = REG_PROCESS,
        .endpoint = REG_ENDPOINT,
    };

    lk_must(lk_schedule_make(&room, lk_cap("schedctl"), priority, SLICE, REG_SCHEDULE), label);
    lk_must(t == &rival ? lk_team_make(t, &room, &plan) : lk_thread_make(t, &room, &plan), label);
}

/* So that nobody faults later, and the pictures show no pager. */
static void touch_all(void)
{
    for (unsigned i = 0; i < sizeof(stacks); i += PAGE) {
        lk_touch(&stacks[0][0] + i);
    }
    lk_lock(&lock);
    lk_unlock(&lock);
}

static void make_all(void)
{
    uint64_t frames = 0;

    lk_must(lk_range_get_info(lk_cap("memory"), 0, &frames, NULL), "the range");
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_ROOM);
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_WORK), "a team");
    touch_all();

    make(&server, 0, "server", serve, SERVER);
    lk_must(lk_endpoint_make_entry(REG_ENDPOINT, 0, REG_SERVER), "the server's entry");
    lk_must(lk_endpoint_make_app_notice(REG_ENDPOINT, 1, REG_PROXY), "the server's notice");
    lk_must(lk_thread_start(&server), "the server");

    make(&handler, 1, "handler", handle, HANDLER);
    lk_must(lk_thread_give(&handler, HANDLER_HURRY, REG_PROXY), "the handler");
    lk_must(lk_endpoint_make_entry(REG_ENDPOINT, 0, REG_WORK), "the handler's entry");
    lk_must(lk_preempt_register(LK_REG_SELF, REG_WORK), "registering the handler");
    lk_must(lk_thread_start(&handler), "the handler");

    make(&sender, 2, "sender", carry_out, SENDER);
    lk_must(lk_thread_give(&sender, SENDER_SERVER, REG_SERVER), "the sender");
    lk_must(lk_preempt_make_entry(LK_REG_SELF, 0, REG_PROXY), "a ProxyEntry");
    lk_must(lk_thread_give(&sender, SENDER_PROXY, REG_PROXY), "the sender");
    lk_must(lk_preempt_make_notice(LK_REG_SELF, 1, REG_PROXY), "a proxy notice");
    lk_must(lk_thread_give(&sender, SENDER_NOTICE, REG_PROXY), "the sender");
    lk_must(lk_endpoint_make_entry(REG_ENDPOINT, 0, REG_ORDERS), "the sender's entry");
    lk_must(lk_thread_start(&sender), "the sender");

    make(&rival, 3, "rival", want_the_lock, RIVAL);
}

/* ---- the scenes ------------------------------------------------------------------------------ */

/* Order sender to do something soon; the time at which. */
static uint64_t order(uint64_t what)
{
    uint64_t at = lk_now() + SOON;

    lk_must(lk_send2(REG_ORDERS, what, at, 0), "an order to the sender");
    return at;
}

static void compute_until(const volatile unsigned *count, unsigned is)
{
    while (*count < is) {
        computed++;
    }
}

static bool busy(void)
{
    order(ORDER_CALL);
    while (!server_works) {
        computed++;
    }
    struct lk_in in = lk_call0(REG_SERVER, REQUEST_QUICK);

    compute_until(&sent, 1);
    return in.w[0] == STATUS_OK && in.w[1] == ANSWER;
}

static bool computing(void)
{
    order(ORDER_PROXY);
    compute_until(&sent, 2);
    return stopped == 1;
}

static bool waiting(void)
{
    uint64_t at = order(ORDER_NOTICE);

    while (lk_now() + BEFORE < at) {
    }
    struct lk_in in = lk_call0(REG_SERVER, REQUEST_LATE);

    return in.w[0] == STATUS_OK && in.w[1] == ANSWER && stopped == 2;
}

static bool with_a_lock(void)
{
    const volatile struct lk_control *control = &lk_self()->control;

    lk_lock(&lock);
    lk_must(lk_thread_start(&rival), "the rival"); /* it runs at once, and finds the lock taken */
    order(ORDER_PROXY);
    while (control->pending == 0 && stopped == 2) {
        computed++;
    }
    bool in_peace = stopped == 2 && rival_had_it == 0;

    lk_unlock(&lock);
    return in_peace && stopped == 3 && rival_had_it == 1;
}

int main(void)
{
    uint64_t low;
    uint64_t high;

    lk_label_pack("target", &low, &high);
    lk_must(lk_process_set_label(LK_REG_SELF, low, high), "the label");
    make_all();
    bool good = busy() && computing() && waiting() && with_a_lock();

    say(good ? "all scenes were played" : "a scene went wrong");
    return good ? 0 : 1;
}
