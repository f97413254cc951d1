/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_high: waits, and notes at which time it runs again (../bench/bench.h). It waits as a driver
 * does: an open wait, a notice from the interrupt line, then the device is served and the line
 * acknowledged.
 */
#include "../bench/bench.h"

static uint32_t keyboard;
static uint32_t irq;
static uint64_t sum;
static uint64_t count;

static void check(enum status s, const char *what)
{
    if (s != STATUS_OK) {
        lk_die("%s: %s", what, lk_status_text(s));
    }
}

static void take_notice(uint64_t bits, uint64_t time)
{
    sum += time;
    count++;
    if ((bits & BENCH_BIT_IRQ) != 0) {
        check(lk_iopriv_input(keyboard, KEYBOARD_DATA, 1, NULL), "reading the keyboard");
        check(lk_irqwait_acknowledge(irq), "acknowledging the interrupt");
    }
}

static enum status listen(bool on)
{
    enum status s = lk_endpoint_make_app_notice(LK_REG_ENDPOINT, BENCH_BIT_IRQ, LK_REG_FREE);

    if (s == STATUS_OK) {
        s = lk_irqwait_bind(irq, BENCH_BIT_IRQ, on ? LK_REG_FREE : 0);
    }
    return s;
}

static struct lk_in take_request(const struct lk_in *in)
{
    uint64_t was_sum = sum;
    uint64_t was_count = count;

    switch (in->w[0]) {
    case BENCH_TAKE:
        sum = 0;
        count = 0;
        return lk_reply_wait2(LK_REG_CALLER, STATUS_OK, was_sum, was_count);
    case BENCH_LISTEN:
        return lk_reply_wait0(LK_REG_CALLER, listen(in->w[1] != 0));
    default:
        return lk_reply_wait0(LK_REG_CALLER, STATUS_UNKNOWN_REQUEST);
    }
}

int main(void)
{
    struct lk_in in;
    uint64_t time;

    keyboard = lk_cap("keyboard");
    irq = lk_cap("irq");
    in = lk_wait(LK_REG_CALLER);
    time = bench_ticks();
    for (;;) {
        MARK_END();
        if (lk_kind(in.delivery) == LK_KIND_NOTICE) {
            take_notice(in.w[0], time);
            in = lk_wait(LK_REG_CALLER);
        } else if (lk_kind(in.delivery) == LK_KIND_MESSAGE) {
            in = take_request(&in);
        } else {
            in = lk_wait(LK_REG_CALLER);
        }
        time = bench_ticks();
    }
}
