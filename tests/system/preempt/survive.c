/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P11 with processes that run: a primary path in calls of a server, and its handler, while others
 * notify it at random.
 */
#include "trio.h"

#define REG_SERVER 13 /* of the primary: an Entry of the server */

/* A primary path that counts, in a loop of calls of a server; its handler counts what it finds. */
static volatile uint64_t primary_calls, primary_wrong, primary_ticks, handled, exclusion_broken;
static volatile bool primary_stop;

static void primary(void *arg)
{
    (void)arg;
    while (!primary_stop) {
        uint64_t n = primary_calls + 1;
        struct lk_in in = lk_call1(REG_SERVER, 7, n);

        for (unsigned i = 0; i < 50; i++) {
            primary_ticks++;
        }
        if (in.w[0] != STATUS_OK || in.w[1] != n * 3) {
            primary_wrong++;
        }
        primary_calls = n;
    }
}

static void server(void *arg)
{
    struct lk_in in = lk_wait(20);

    (void)arg;
    for (;;) {
        in = lk_reply_wait1(20, STATUS_OK, in.w[1] * 3);
    }
}

/* The primary path does not run while its handler does. */
static void handle(void)
{
    uint64_t seen = primary_ticks;

    for (unsigned i = 0; i < 100; i++) {
        exclusion_broken += primary_ticks != seen;
    }
    handled++;
}

static void handler(void *arg)
{
    (void)arg;
    for (;;) {
        struct lk_in in = lk_wait(REG_GOT);

        handle();
        if (lk_kind(in.delivery) == LK_KIND_PROXIED) {
            OK(lk_process_fetch_proxy_reply(REG_GOT, 20));
            lk_post2(20, in.w[0] + 1, 0, 0);
        }
        handle();
        OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
    }
}

static volatile bool notifier_stop;
static volatile uint64_t notifier_calls, notifier_wrong;

static void notifier(void *arg)
{
    struct rng rng = rng_new((uint64_t)arg);

    while (!notifier_stop) {
        uint64_t n = rng_next(&rng);

        if (n % 4 == 0) {
            OK(lk_appnotice_post(17, 1));
        } else {
            notifier_wrong += lk_call1(16, n, 0).w[0] != n + 1;
            notifier_calls++;
        }
        if (n % 8 == 1) {
            sleep_ns(n % 50000);
        }
    }
}

CASE(closed_wait_survives,
     .text = "requirement 2, P11: a primary path in calls of a server that "
             "answers non-blocking, notified at random all the while: no reply "
             "is lost, none comes twice, none hangs; the two never run at once",
     .ms = 120000)
{
    struct worker t = worker_new(PRIO_LOW, primary, NULL);
    struct worker sv = worker_new(PRIO_LOW, server, NULL);
    struct worker r = worker_new(PRIO_LOW + 1, handler, NULL);
    struct worker n[2];
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 5000 : 400;
    uint64_t last = 0;

    primary_calls = primary_wrong = handled = exclusion_broken = 0;
    notifier_calls = notifier_wrong = 0;
    primary_ticks = 0;
    primary_stop = notifier_stop = false;
    proc_cap(t.p, REG_SERVER, entry_new(sv.endpoint, 0));
    set_receiver(t.p, entry_new(r.endpoint, 0));
    for (unsigned i = 0; i < 2; i++) {
        n[i] = worker_new(PRIO_LOW + i, notifier, (void *)(uintptr_t)(sys_options.seed + i));
        proc_cap(n[i].p, 16, proxy_new(t.endpoint, 0));
        proc_cap(n[i].p, 17, proxy_notice_new(t.endpoint, 1));
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    worker_start(r);
    worker_start(sv);
    worker_start(t);
    worker_start(n[0]);
    worker_start(n[1]);
    while (primary_calls < rounds || handled < rounds) {
        sys_at("%lu calls of the primary, %lu of the notifiers, %lu handled", primary_calls,
               notifier_calls, handled);
        sleep_ns(20 * NSEC_PER_MSEC);
        CHECK(primary_calls + handled > last); /* it gets on */
        last = primary_calls + handled;
        EQ(kernel_check(), 0);
    }
    EQ(primary_wrong, 0);
    EQ(notifier_wrong, 0);
    EQ(exclusion_broken, 0);
    primary_stop = notifier_stop = true;
}
