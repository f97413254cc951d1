/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Deadlines and answers at random times, against each other; with random preemption besides. The
 * server notes what became of each of its answers, and the caller what became of each call.
 */
#include "cast.h"

#define V_ID 61
#define ROUNDS 3000u
#define ROUNDS_SOAK 50000u
#define WIDTH 30000u /* nanoseconds in which the answer comes, and the deadline */
#define ANSWERED 1u
#define REFUSED 2u

static struct cast cast;
static volatile uint64_t served,
    sent_at; /* requests served; of the last: what became of its answer */
static volatile uint64_t became;
static struct rng random_times;

/* V as a worker: answers a request after a while, and notes whether that went. */
static void server(void *arg)
{
    struct rng r = rng_new(sys_options.seed + 1);

    (void)arg;
    for (;;) {
        struct lk_in in = lk_wait(R_B);
        uint64_t time = rng_below(&r, WIDTH);

        if (in.w[1] % 2 == 0) { /* the odd ones are asked without a deadline: at once */
            OK(lk_sleep_sleep_until(R_SLEEP, now() + time, NULL));
        }
        became = lk_post2(R_B, STATUS_OK, in.w[1], 0) == STATUS_OK ? ANSWERED : REFUSED;
        sent_at = in.w[1];
        served++;
    }
}

/* One call with a deadline, and one without behind it, which the server takes when it is done with
 * the first, if it ever had it. */
static bool round(uint64_t number)
{
    uint64_t before = served;
    enum status s;
    bool had_it;

    order(&cast, 2 * number, now() + rng_below(&random_times, WIDTH));
    while (!is_done(&cast)) {
        sleep_ns(WIDTH / 4);
    }
    s = cast.result;
    if (s == STATUS_OK) {
        EQ(cast.answer, 2 * number);
    } else {
        EQ(s, STATUS_TIMED_OUT);
    }
    EVENTUALLY(proc_wait_kind(cast.v) == LK_WAIT_OPEN);
    had_it = served == before + 1;
    CHECK(had_it || s == STATUS_TIMED_OUT);
    if (had_it) {
        EQ(sent_at, 2 * number);
        EQ(became, s == STATUS_OK ? ANSWERED : REFUSED);
    }
    order(&cast, 2 * number + 1, now() + 1000 * NSEC_PER_MSEC);
    EQ(finish(&cast), STATUS_OK);
    EQ(cast.answer, 2 * number + 1);
    EVENTUALLY(served == before + 1 + had_it);
    EQ(became, ANSWERED);
    return s == STATUS_OK;
}

CASE(random_times,
     .text = "deadlines and answers at random: each call ends once, and both sides know how",
     .ms = 600000)
{
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds
                      : sys_options.soak      ? ROUNDS_SOAK
                                              : ROUNDS;
    uint64_t answered = 0;
    struct worker v;

    cast_begin(&cast, PRIO_LOW);
    v = worker_new(PRIO_LOW, server, NULL);
    proc_slot(v.p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, 15000));
    proc_slot(cast.c.p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, 11000));
    proc_cap(cast.c.p, R_A, entry_new(v.endpoint, 0));
    cast.v = v.p;
    worker_start(v);
    random_times = rng_new(sys_options.seed);
    for (uint64_t i = 0; i < rounds; i++) {
        sys_at("round %lu", i);
        answered += round(i);
    }
    CHECK(answered > rounds / 20 && answered < rounds - rounds / 20);
    EQ(cast.own.found_waiting + cast.own.found_sending + cast.own.found_before, rounds - answered);
}
