/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_target: is stopped and let go on, and notes at which time it runs again (../bench/bench.h).
 */
#include "../bench/bench.h"

static uint64_t sum;
static uint64_t count;

/* Have bench sent a message; it runs at once, and has this process stopped. While it computes, it
 * sends the message itself; while it waits, the server it waits for does. */
static void be_stopped(enum target_state state, uint32_t bench, uint32_t server)
{
    if (state == TARGET_READY) {
        lk_call_ctl0(LK_CTL(LK_SEND, bench, 1), BENCH_ROUND);
    } else if (lk_call0(server, BENCH_ROUND).w[0] != STATUS_OK) {
        lk_die("the answer was lost");
    }
}

static void rounds(enum target_state state, uint64_t n)
{
    uint32_t bench = lk_cap("bench");
    uint32_t server = lk_cap("server");

    be_stopped(state, bench, server);
    for (uint64_t i = 0; i < n; i++) {
        sum += bench_ticks();
        MARK_END();
        count++;
        be_stopped(state, bench, server);
    }
}

static struct lk_in take_request(const struct lk_in *in)
{
    uint64_t was_sum = sum;
    uint64_t was_count = count;

    switch (in->w[0]) {
    case BENCH_BEGIN:
        lk_call_ctl0(LK_CTL(LK_SEND, LK_REG_CALLER, 1), STATUS_OK);
        rounds((enum target_state)in->w[1], in->w[2]);
        return lk_wait(LK_REG_CALLER);
    case BENCH_TAKE:
        sum = 0;
        count = 0;
        return lk_reply_wait2(LK_REG_CALLER, STATUS_OK, was_sum, was_count);
    default:
        return lk_reply_wait0(LK_REG_CALLER, STATUS_UNKNOWN_REQUEST);
    }
}

int main(void)
{
    struct lk_in in = lk_wait(LK_REG_CALLER);

    for (;;) {
        in = take_request(&in);
    }
}
