/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption at random moments, drawn from a seed, changes when things happen, and no result.
 */
#include "share.h"

#define CLIENTS 3
#define STEPS 400u
#define WORK 40000u

#define REG_TARGET R_A
#define REG_REPLY R_B

/* What came out of one run. */
struct outcome {
    uint64_t client[CLIENTS], alone, total, calls;
};
static volatile struct outcome outcome;
static volatile unsigned ended;

static uint64_t mix(uint64_t x, uint64_t y)
{
    x = (x ^ y) * 0x9e3779b97f4a7c15ull;
    return x ^ x >> 29;
}

/* Answers each call with a number made from that of the call. Sums do not depend on the order. */
static void server(void *who)
{
    struct lk_in in = lk_wait(REG_REPLY);

    (void)who;
    for (;;) {
        uint64_t answer = mix(in.w[0], in.w[1]);

        outcome.total += answer;
        outcome.calls++;
        in = lk_reply_wait1(REG_REPLY, STATUS_OK, answer);
    }
}

/* Each call carries what came of the last. */
static void client(void *who)
{
    unsigned me = (unsigned)(uintptr_t)who;
    uint64_t x = me;

    for (unsigned i = 0; i < STEPS; i++) {
        struct lk_in in = lk_call1(REG_TARGET, me + 1, x);

        x = mix(in.w[1], i);
        if (i % 16 == me) {
            lk_yield();
        }
    }
    outcome.client[me] = x;
    ended++;
}

/* Computes and calls nobody. */
static void alone(void *who)
{
    uint64_t x = 1;

    (void)who;
    for (unsigned i = 0; i < WORK; i++) {
        x = mix(x, i);
    }
    outcome.alone = x;
    ended++;
}

/* One run of all of them, as preempted by the seed. Returns how many interrupts there were. */
static uint64_t run(uint64_t seed)
{
    obj equal = schedule_of(PRIO_LOW);
    struct worker w[CLIENTS + 2];
    uint64_t before = interrupts();

    memset((void *)(uintptr_t)&outcome, 0, sizeof(outcome));
    ended = 0;
    w[0] = runner_new(equal, server, 0);
    w[1] = runner_new(equal, alone, 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        w[i + 2] = runner_new(equal, client, i);
        proc_cap(w[i + 2].p, REG_TARGET, entry_new(w[0].endpoint, i));
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, seed));
    for (unsigned i = 0; i < CLIENTS + 2; i++) {
        worker_start(w[i]);
    }
    EVENTUALLY(ended == CLIENTS + 1);
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    EQ(kernel_check(), 0);
    for (unsigned i = 0; i < CLIENTS + 2; i++) {
        obj_rescind(w[i].p);
    }
    return interrupts() - before;
}

CASE(random_moments,
     .text =
         "clients, a server and one that computes come to the same whenever the CPU is taken away")
{
    struct outcome first;
    uint64_t quiet;

    share_begin();
    quiet = run(0);
    first = outcome;
    EQ(first.calls, CLIENTS * STEPS);
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t seed = sys_options.seed + i * 0x9e3779b97f4a7c15ull;
        uint64_t n = run(seed | 1);

        sys_at("seed %lx", seed | 1);
        CHECK(n > quiet + 20); /* it was taken away */
        for (unsigned j = 0; j < CLIENTS; j++) {
            EQ(outcome.client[j], first.client[j]);
        }
        EQ(outcome.alone, first.alone);
        EQ(outcome.total, first.total);
        EQ(outcome.calls, first.calls);
    }
}

CASE(random_off, .text = "preemption at random moments takes turns before a slice is over, and "
                         "ends when it is switched off")
{
    obj s = schedule_of(PRIO_LOW); /* a long slice */

    share_begin();
    for (unsigned i = 0; i < 2; i++) {
        spinner_new(s, i);
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, 12345));
    sleep_ns(10 * SLICE);
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    sys_at("%u turns", turn_count);
    CHECK(turn_count > 50);
    sleep_ns(SLICE);
    turn_count = 0;
    sleep_ns(20 * SLICE);
    CHECK(turn_count <= 1);
}
