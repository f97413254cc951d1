/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification: what a delivery costs, by the kernel and by hand; and what it costs to
 * be a process that can be notified.
 *
 * S is this program, T is bench_target, R is bench_handler. S sends one way and waits for the next
 * message in the same invocation. R, above both, is told, finds nothing, and lets T go on in the
 * same invocation in which it waits again. Then T runs, or first its server answers it, and sees to
 * it that S is sent a message, which begins the next round.
 */
#include "measure.h"

#define SEND_AND_WAIT (LK_SEND | LK_RECV)
#define PROXY_BIT 1u

static uint32_t target, handler;

/* One way of having T stopped and R told. */
struct way {
    const char *deliver; /* name of the measurement until R runs, told, and T is stopped; or NULL */
    const char *round;   /* and of the one until T runs again */
    uint32_t reg;        /* what S invokes */
    uint64_t method;
    enum target_state state; /* of T */
};

/* Each round begins when S has a message. The sum of the times before the invocations. */
static uint64_t notify(const struct way *way, unsigned n, struct lk_in in)
{
    const uint64_t control = LK_CTL(SEND_AND_WAIT, way->reg, 2);
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++) {
        if (lk_kind(in.delivery) != LK_KIND_MESSAGE || in.w[0] != BENCH_ROUND) {
            lk_die("nobody was notified");
        }
        mark_begin(n == ROUNDS); /* who runs at the end has the mark that ends it */
        sum += bench_ticks();
        in = lk_call_ctl1(control, way->method, PROXY_BIT);
    }
    return sum;
}

/* n rounds; `until` notes the times at their ends. The time that they take together. */
static uint64_t notify_rounds(const struct way *way, uint32_t until, unsigned n,
                              struct events *before, struct events *after)
{
    struct lk_in in;
    uint64_t sum;

    check((enum status)lk_call2(target, BENCH_BEGIN, way->state, n).w[0], "bench_target");
    in = lk_wait(0);
    *before = events_now(sysctl);
    sum = notify(way, n, in);
    *after = events_now(sysctl);
    sum = take_sum(until, n) - sum;
    take_sum(until == target ? handler : target, n);
    return sum;
}

static void measure_until(const char *name, const struct way *way, uint32_t until)
{
    struct events before;
    struct events after;
    uint64_t sum;

    check((enum status)lk_call1(handler, BENCH_BEGIN, until == handler).w[0], "bench_handler");
    notify_rounds(way, until, WARM_UP, &before, &after);
    sum = notify_rounds(way, until, ROUNDS, &before, &after);
    enter(name, sum, ROUNDS, &before, &after);
}

static void measure_ways(void)
{
    const struct way ways[] = {
        { "proxy_deliver", "proxy_round", REG_PROXY_ENTRY, BENCH_ROUND, TARGET_WAITS },
        { "by_hand_deliver", "by_hand_round", handler, BENCH_ROUND, TARGET_WAITS },
        { NULL, "preempt_notice_round", REG_PROXY_NOTICE, OP_APPNOTICE_POST, TARGET_WAITS },
        { NULL, "proxy_round_ready", REG_PROXY_ENTRY, BENCH_ROUND, TARGET_READY },
        { NULL, "by_hand_round_ready", handler, BENCH_ROUND, TARGET_READY },
    };
    uint32_t process = lk_cap("target_process");
    uint32_t server = lk_cap("server");

    check((enum status)lk_call2(server, BENCH_BEGIN, LOOP_WAKE, 0).w[0], "the server");
    check(lk_preempt_register(process, handler), "registering the handler");
    check(lk_preempt_make_entry(process, 0, REG_PROXY_ENTRY), "a ProxyEntry");
    check(lk_preempt_make_notice(process, PROXY_BIT, REG_PROXY_NOTICE), "a proxy notice");
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (ways[i].deliver != NULL) {
            measure_until(ways[i].deliver, &ways[i], handler);
        }
        measure_until(ways[i].round, &ways[i], target);
    }
}

/* ---- this program as one that can be notified ------------------------------------------------ */

static struct lk_control control_word;

static void defer(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        lk_defer_begin(&control_word);
        lk_defer_end(&control_word);
    }
}

static void measure_call(const char *name)
{
    peer_begin(LOOP_0W, 0);
    measure(name, call_0w);
    peer_end();
}

/* It has a handler and a control word, and defers; then bits are pending besides. */
static void measure_armed(void)
{
    check(lk_preempt_register(LK_REG_SELF, handler), "registering the handler");
    check(
        lk_preempt_set_control(LK_REG_SELF, &control_word, LK_DEFER_MAX, lk_cap("space"), REG_PAGE),
        "the control word");
    check(lk_preempt_make_notice(LK_REG_SELF, PROXY_BIT, REG_NOTICE), "a proxy notice");
    measure("defer_pair", defer);
    lk_defer_begin(&control_word);
    measure_call("ipc_round_trip_0w_armed");
    check(lk_appnotice_post(REG_NOTICE, PROXY_BIT), "post");
    if (control_word.pending == 0) {
        lk_die("what is posted does not wait for the deferral to end");
    }
    measure_call("ipc_round_trip_0w_pending");
    lk_defer_end(&control_word);
    take_sum(handler, 1);
    check(lk_preempt_clear_control(LK_REG_SELF), "the control word");
    check(lk_preempt_unregister(LK_REG_SELF), "the handler");
}

void measure_notify(void)
{
    target = lk_cap("target");
    handler = lk_cap("handler");
    measure_ways();
    measure_armed();
}
