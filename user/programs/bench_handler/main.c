/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_handler: is told of a process that is stopped, notes the time, and lets it go on
 * (../bench/bench.h). Of the two ways of stopping it one is the kernel's: it is stopped when this
 * program runs. By hand it is this program that stops it, as the first thing that it does.
 */
#include "../bench/bench.h"

static uint64_t sum;
static uint64_t count;
static bool marks; /* what is measured ends here */

static void note(uint64_t time)
{
    if (marks) {
        MARK_END();
    }
    sum += time;
    count++;
}

/* Clear a hold of the process in register `reg` and wait for what comes next, in one invocation. */
static struct lk_in go_on(uint32_t reg, unsigned hold)
{
    return lk_call_ctl1(LK_CTL(LK_SEND | LK_RECV, reg, 2) | LK_CTL_RECVS(LK_REG_CALLER, 0, 0, 0),
                        OP_PROCESS_CLEAR_NOT_SCHEDULABLE, hold);
}

static struct lk_in stop_by_hand(uint32_t target)
{
    if (lk_process_set_not_schedulable(target, LK_HOLD_BY_HAND, NULL) != STATUS_OK) {
        lk_die("it cannot be stopped");
    }
    note(bench_ticks());
    return go_on(target, LK_HOLD_BY_HAND);
}

static struct lk_in take_request(const struct lk_in *in)
{
    uint64_t was_sum = sum;
    uint64_t was_count = count;

    switch (in->w[0]) {
    case BENCH_BEGIN:
        marks = in->w[1] != 0;
        return lk_reply_wait0(LK_REG_CALLER, STATUS_OK);
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
    uint32_t target = lk_cap("target");
    struct lk_in in = lk_wait(LK_REG_CALLER);

    for (;;) {
        uint64_t time = bench_ticks();

        if (lk_kind(in.delivery) == LK_KIND_PROXIED ||
            lk_kind(in.delivery) == LK_KIND_PROXIED_NOTICE) {
            note(time);
            in = go_on(LK_REG_CALLER, LK_HOLD_PROXY);
        } else if (in.w[0] == BENCH_ROUND) {
            in = stop_by_hand(target);
        } else {
            in = take_request(&in);
        }
    }
}
