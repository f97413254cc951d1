/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P3, P9: handlers whose own notices are handled by their target, in rings; several receivers of
 * one target. Holds never form a ring, so all of it drains.
 */
#include "trio.h"

#define RING_MOST 4

struct ring {
    unsigned n;
    obj p[RING_MOST], q[RING_MOST], proxy[RING_MOST], notice[RING_MOST];
};

/* Process i is the target of process i + 1: the last one's handler is the first. */
static struct ring ring_new(unsigned n)
{
    struct ring g = { .n = n };

    for (unsigned i = 0; i < n; i++) {
        g.p[i] = proc_new(PRIO_HIGH);
        g.q[i] = endpoint_new(g.p[i], 200 + i, false);
        g.proxy[i] = proxy_new(g.q[i], 10 + i);
        g.notice[i] = proxy_notice_new(g.q[i], UINT32_MAX);
    }
    for (unsigned i = 0; i < n; i++) {
        set_receiver(g.p[i], entry_new(g.q[(i + 1) % n], 0));
    }
    return g;
}

/* Not all of a ring are held: somebody can go on. */
static unsigned ring_held(const struct ring *g)
{
    unsigned count = 0;

    for (unsigned i = 0; i < g->n; i++) {
        count += held(g->p[i]);
    }
    CHECK(count < g->n);
    return count;
}

/* Whoever has received about his target and may run lets it go and waits again. False: nobody. */
static bool ring_turn(const struct ring *g, uint64_t *seen)
{
    for (unsigned i = 0; i < g->n; i++) {
        unsigned target = (i + g->n - 1) % g->n;

        if (!held(g->p[i]) && raw_done(g->p[i]) && held(g->p[target])) {
            struct lk_regs got = raw_result(g->p[i]);

            if (lk_kind(got.rax) == LK_KIND_PROXIED_NOTICE) {
                *seen |= got.rdi << (8 * target);
            }
            let_go(g->p[target]);
            waits_open(g->p[i]);
            return true;
        }
    }
    return false;
}

CASE(rings,
     .text = "P3: rings of 2, 3 and 4 in which each handles the next one's notices: posted to "
             "all at once, all of it drains, with never all of them held")
{
    for (unsigned n = 2; n <= RING_MOST; n++) {
        for (unsigned first = 0; first < 2; first++) { /* the notices first, or the waits */
            struct ring g = ring_new(n);
            uint64_t seen = 0;

            sys_at("ring of %u, %u", n, first);
            for (unsigned i = 0; i < 2 * n; i++) {
                if ((i < n) == (first == 0)) {
                    obj_get(g.notice[i % n], R_A);
                    OK(lk_appnotice_post(R_A, 1u << i % n));
                } else {
                    waits_open(g.p[i % n]);
                }
                ring_held(&g);
            }
            for (unsigned i = 0; i < 4 * n && ring_turn(&g, &seen); i++) {
                ring_held(&g);
                EQ(kernel_check(), 0);
            }
            for (unsigned i = 0; i < n; i++) {
                CHECK(!held(g.p[i]));
                EQ(preempting(g.p[i]), 0);
                EQ(proc_wait_kind(g.p[i]), LK_WAIT_OPEN);
                EQ(seen >> (8 * i) & 0xff, 1u << i);
            }
        }
    }
}

CASE(ring_of_two, .text = "P3: a handler whose own notices its target handles: it is not stopped "
                          "while the target is, and is when the target goes on")
{
    struct ring g = ring_new(2);

    waits_open(g.p[0]);
    waits_open(g.p[1]);
    obj_get(g.notice[0], R_A);
    OK(lk_appnotice_post(R_A, 1));
    has_bits(g.p[1], g.p[0], 1, 0); /* 1 handles 0 */
    obj_get(g.notice[1], R_A);
    OK(lk_appnotice_post(R_A, 2)); /* 0, who is to handle 1, is NS, in an open wait */
    CHECK(!held(g.p[1]));
    EQ(preempting(g.p[1]), 2);
    EQ(proc_wait_kind(g.p[0]), LK_WAIT_OPEN);
    let_go(g.p[0]);
    has_bits(g.p[0], g.p[1], 2, 0); /* at once: it waits, and is not NS any more */
    let_go(g.p[1]);
}

CASE(ring_of_calls, .text = "P3: the same with calls from outside: each is answered by the right "
                            "handler")
{
    for (unsigned n = 2; n <= RING_MOST; n++) {
        struct ring g = ring_new(n);
        obj s[RING_MOST];
        unsigned answered = 0;

        for (unsigned i = 0; i < n; i++) {
            s[i] = s_new(g.proxy[i], PRIO_HIGH);
            s_calls(s[i], 70 + i);
        }
        for (unsigned i = 0; i < n; i++) {
            waits_open(g.p[i]);
        }
        for (unsigned round = 0; round < 4 * n && answered < n; round++) {
            for (unsigned i = 0; i < n; i++) {
                unsigned target = (i + n - 1) % n;

                sys_at("ring of %u, round %u, %u answered", n, round, answered);
                if (!held(g.p[i]) && raw_done(g.p[i]) && held(g.p[target])) {
                    EQ(raw_result(g.p[i]).rdi, 70 + target);
                    EQ(raw_result(g.p[i]).r9, 10 + target);
                    answer_and_let_go(g.p[target], 700 + target);
                    s_answered(s[target], 700 + target);
                    answered++;
                    waits_open(g.p[i]);
                }
                ring_held(&g);
            }
        }
        EQ(answered, n);
        EQ(kernel_check(), 0);
    }
}

CASE(ring_suspended, .text = "P3, P8: a ring in which one is suspended stands still without harm, "
                             "and goes on when it is let go")
{
    struct ring g = ring_new(3);
    uint64_t seen = 0;

    for (unsigned i = 0; i < 3; i++) {
        waits_open(g.p[i]);
        proc_hold(g.p[i], LK_HOLD_SUSPEND);
    }
    for (unsigned i = 0; i < 3; i++) {
        obj_get(g.notice[i], R_A);
        OK(lk_appnotice_post(R_A, 1u << i));
        EQ(ring_held(&g), 0);
    }
    proc_release(g.p[1], LK_HOLD_SUSPEND); /* handles 0 */
    has_bits(g.p[1], g.p[0], 1, 0);
    proc_release(g.p[0], LK_HOLD_SUSPEND); /* has the proxy hold still: not free to handle 2 */
    CHECK(!held(g.p[2]));
    proc_release(g.p[2], LK_HOLD_SUSPEND);
    for (unsigned i = 0; i < 12 && ring_turn(&g, &seen); i++) {
        ring_held(&g);
    }
    EQ(seen, 1 | 2 << 8 | 4 << 16);
    EQ(ring_held(&g), 0);
}

/* ---- Rings of running processes ---- */

static volatile uint64_t calls_made, calls_wrong, calls_handled;
static volatile bool over;

/* Several count, and the CPU may be taken from any of them in the middle. */
static void count(volatile uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Handles what comes, whoever it is about, and computes a little in between. */
static void ring_worker(void *arg)
{
    (void)arg;
    for (;;) {
        struct lk_in in = lk_wait(REG_GOT);

        if (lk_kind(in.delivery) == LK_KIND_PROXIED) {
            OK(lk_process_fetch_proxy_reply(REG_GOT, 20));
            lk_post2(20, in.w[0] + in.payload, 0, 0);
            count(&calls_handled);
        }
        if (lk_kind(in.delivery) != LK_KIND_NOTICE) {
            OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
        }
    }
}

/* Calls the proxies in registers 5.. in random order. */
static unsigned ring_size;
static void ring_caller(void *arg)
{
    struct rng rng = rng_new((uint64_t)arg);

    while (!over) {
        unsigned i = (unsigned)rng_below(&rng, ring_size);
        uint64_t n = rng_next(&rng) >> 8;

        if (lk_call1(5 + i, n, 0).w[0] != n + i) {
            count(&calls_wrong);
        }
        count(&calls_made);
    }
}

CASE(rings_running,
     .text = "P3: rings of 2, 3 and 4 of running processes, called from outside at "
             "random, under random preemption: no call is lost, none hangs",
     .ms = 120000)
{
    enum { CALLERS = 2 };

    for (unsigned n = 2; n <= RING_MOST; n++) {
        struct worker w[RING_MOST];
        uint64_t wanted = sys_options.soak ? 5000 : 300;

        calls_made = calls_wrong = calls_handled = 0;
        over = false;
        ring_size = n;
        for (unsigned i = 0; i < n; i++) {
            w[i] = worker_new(PRIO_LOW, ring_worker, NULL);
        }
        for (unsigned i = 0; i < n; i++) {
            set_receiver(w[i].p, entry_new(w[(i + 1) % n].endpoint, 0));
            worker_start(w[i]);
        }
        for (unsigned i = 0; i < CALLERS; i++) {
            struct worker c =
                worker_new(PRIO_LOW, ring_caller, (void *)(uintptr_t)(sys_options.seed + i));

            for (unsigned j = 0; j < n; j++) {
                proc_cap(c.p, 5 + j, proxy_new(w[j].endpoint, j));
            }
            worker_start(c);
        }
        OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
        while (calls_made < wanted) {
            uint64_t before = calls_made;

            sys_at("ring of %u, %lu calls", n, before);
            sleep_ns(30 * NSEC_PER_MSEC);
            CHECK(calls_made > before);
            EQ(kernel_check(), 0);
        }
        EQ(calls_wrong, 0);
        over = true;
        sleep_ns(5 * NSEC_PER_MSEC);
        EQ(calls_handled, calls_made);
    }
}

/* ---- Two receivers of one target ---- */

CASE(receiver_changed,
     .text = "two receivers: proxyReceiver changed in the middle of a notification: "
             "the first finishes what it has, the next one goes to the second")
{
    struct trio x = trio_new();
    obj r2 = proc_new(PRIO_HIGH);
    obj entry2 = entry_new(endpoint_new(r2, 70, false), 0);
    obj a, b;

    r_waits(&x);
    waits_open(r2);
    a = caller(&x, 1);
    b = caller(&x, 2);
    r_has(&x, 1);
    set_receiver(x.t, entry2);
    s_waits(b); /* not before the first is over */
    EQ(proc_state(r2).run_state, LK_STATE_RECEIVING);
    r_waits(&x);
    answer_and_let_go(x.t, 11);
    s_answered(a, 11);
    has_message(r2, x.t, 2, 0);
    r_still_waits(&x);
    answer_and_let_go(x.t, 22);
    s_answered(b, 22);
    set_receiver(x.t, x.entry); /* and back */
    post(&x, 1);
    r_has_bits(&x, 1);
}

CASE(receivers_both_wait, .text = "two receivers: two processes never have one target at once, "
                                  "however often the slot is exchanged")
{
    struct trio x = trio_new();
    obj r2 = proc_new(PRIO_HIGH);
    obj entry2 = entry_new(endpoint_new(r2, 70, false), 0);
    struct rng rng = rng_new(sys_options.seed);
    uint64_t word = 1;
    uint64_t handled = 0;
    obj s[4];
    uint64_t sent[4];

    for (unsigned i = 0; i < 4; i++) {
        sent[i] = word++;
        s[i] = caller(&x, sent[i]);
    }
    for (unsigned step = 0; step < 300; step++) {
        bool one, two;

        sys_at("step %u, seed %lu", step, sys_options.seed);
        switch (rng_below(&rng, 4)) {
        case 0:
            set_receiver(x.t, rng_below(&rng, 2) ? x.entry : entry2);
            break;
        case 1:
            if (!raw_done(x.r) || lk_kind(raw_result(x.r).rax) != LK_KIND_PROXIED) {
                r_waits(&x);
            }
            break;
        case 2:
            if (!raw_done(r2) || lk_kind(raw_result(r2).rax) != LK_KIND_PROXIED) {
                waits_open(r2);
            }
            break;
        default:
            break;
        }
        one = raw_done(x.r) && lk_kind(raw_result(x.r).rax) == LK_KIND_PROXIED;
        two = raw_done(r2) && lk_kind(raw_result(r2).rax) == LK_KIND_PROXIED;
        CHECK(!(one && two));
        EQ(one || two, held(x.t));
        if (one || two) {
            uint64_t got = raw_result(one ? x.r : r2).rdi;

            raw_do(one ? x.r : r2, LK_YIELD);
            answer_and_let_go(x.t, got + 500);
            handled++;
            for (unsigned i = 0; i < 4; i++) {
                if (sent[i] == got) {
                    s_answered(s[i], got + 500);
                    sent[i] = word++;
                    s_calls(s[i], sent[i]);
                }
            }
        }
    }
    CHECK(handled > 30);
    EQ(kernel_check(), 0);
}

static volatile uint64_t racer_handled[2], at_once, both;

/* One of two receivers, both running. */
static void racer(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;

    for (;;) {
        struct lk_in in = lk_wait(REG_GOT);

        if (lk_kind(in.delivery) == LK_KIND_PROXIED) {
            both += at_once++ != 0;
            OK(lk_process_fetch_proxy_reply(REG_GOT, 20));
            lk_post2(20, in.w[0], 0, 0);
            racer_handled[me]++;
            at_once--;
            OK(lk_process_clear_not_schedulable(REG_GOT, LK_HOLD_PROXY, NULL));
        }
    }
}

static void swapper(void *arg)
{
    (void)arg;
    for (unsigned i = 0; !over; i++) {
        OK(lk_process_swap_slot(5, SLOT_PROXY_RECEIVER, 6 + i % 2, 0));
        if (i % 8 == 0) {
            lk_yield();
        }
    }
}

static volatile uint64_t race_calls, race_wrong;

static void race_caller(void *arg)
{
    uint64_t n = (uint64_t)arg << 32;

    while (!over) {
        n++;
        if (lk_call1(5, n, 0).w[0] != n) {
            count(&race_wrong);
        }
        count(&race_calls);
    }
}

CASE(receivers_race,
     .text = "two receivers: two running processes, while a third exchanges the slot "
             "as fast as it can: every call is answered once, by one of them, one "
             "at a time",
     .ms = 120000)
{
    struct worker w[2], sw, c[2];
    obj t = proc_new(PRIO_LOW);
    obj e = endpoint_new(t, E_ID, false);
    uint64_t wanted = sys_options.soak ? 5000 : 400;

    race_calls = race_wrong = at_once = both = racer_handled[0] = racer_handled[1] = 0;
    over = false;
    sw = worker_new(PRIO_LOW, swapper, NULL);
    proc_cap(sw.p, 5, t);
    for (unsigned i = 0; i < 2; i++) {
        obj entry;

        w[i] = worker_new(PRIO_LOW, racer, (void *)(uintptr_t)i);
        entry = entry_new(w[i].endpoint, 0);
        proc_cap(sw.p, 6 + i, entry);
        set_receiver(t, entry);
        worker_start(w[i]);
        c[i] = worker_new(PRIO_LOW, race_caller, (void *)(uintptr_t)(i + 1));
        proc_cap(c[i].p, 5, proxy_new(e, 0));
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed));
    worker_start(sw);
    worker_start(c[0]);
    worker_start(c[1]);
    while (race_calls < wanted) {
        uint64_t before = race_calls;

        sys_at("%lu calls, %lu and %lu handled", before, racer_handled[0], racer_handled[1]);
        sleep_ns(20 * NSEC_PER_MSEC);
        CHECK(race_calls > before);
        EQ(kernel_check(), 0);
    }
    EQ(race_wrong, 0);
    EQ(both, 0);
    CHECK(racer_handled[0] > wanted / 20 && racer_handled[1] > wanted / 20);
    over = true;
}
