/* SPDX-License-Identifier: BSD-2-Clause
 *
 * byhand: the target, its handler, and the server that the target calls.
 */
#include "byhand.h"

#define BOUND (10 * LK_NSEC_PER_MSEC) /* of a deferral */

struct orders orders;
volatile uint64_t shared;
struct lk_control control;

/* ---- the target ------------------------------------------------------------------------------ */

/* A critical section: with the handler in between, one of two additions would be lost. */
static void add(void)
{
    lk_defer_begin(&control);
    orders.in_section = true;
    uint64_t value = shared;

    for (unsigned i = 0; i < 100; i++) {
        __asm__ volatile("" : "+r"(value));
    }
    shared = value + 1;
    orders.in_section = false;
    lk_hand_defer_end(&control, TARGET_ENDED);
}

static void stay_in_section(uint64_t until)
{
    lk_defer_begin(&control);
    orders.in_section = true;
    while (lk_now() < until) {
    }
    orders.in_section = false;
    lk_hand_defer_end(&control, TARGET_ENDED);
}

static void carry_out(void)
{
    struct lk_in in;

    switch (orders.what) {
    case ORDER_CALL:
        in = lk_call2(TARGET_SERVER, SERVER_WORK, orders.until, orders.number);
        orders.answer = in.w[0] == STATUS_OK ? in.w[1] : 0;
        break;
    case ORDER_ADD:
        for (uint64_t i = 0; i < orders.number; i++) {
            add();
        }
        break;
    case ORDER_SECTION:
        stay_in_section(orders.until);
        break;
    }
}

void target(void *unused)
{
    (void)unused;
    for (;;) {
        lk_wait(0); /* any message: there is an order */
        while (orders.done != orders.given) {
            carry_out();
            orders.done++;
        }
    }
}

/* ---- the handler ----------------------------------------------------------------------------- */

/* The target is stopped. Word 0 of the answer, and the others into `out`. A handler that has
 * stopped it inside its critical section must leave alone what that protects. */
static enum status work_on(const struct lk_hand *hand, const struct lk_in *in, uint64_t out[4])
{
    out[2] = hand->forced;
    out[3] = orders.in_section;
    switch (in->w[0]) {
    case HANDLER_ADD:
        shared += hand->forced ? 0 : 1;
        return STATUS_OK;
    case HANDLER_HOLD:
        lk_sleep_until(in->w[1]);
        /* falls through */
    case HANDLER_LOOK:
        lk_process_get_state(HANDLER_TARGET, &out[0], NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
                             NULL);
        lk_process_get_wait(HANDLER_TARGET, &out[1], NULL, NULL, NULL, NULL, NULL);
        return STATUS_OK;
    default:
        return STATUS_UNKNOWN_REQUEST;
    }
}

void handle(void *unused)
{
    struct lk_hand hand = {
        .target = HANDLER_TARGET,
        .hold = LK_HOLD_BY_HAND,
        .control = &control,
        .bound = BOUND,
    };

    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(LK_REG_CALLER);
        uint64_t out[4] = { 0 };

        if (lk_kind(in.delivery) != LK_KIND_MESSAGE) {
            continue; /* a notice of a deferral that nobody waits for any more */
        }
        enum status s = lk_hand_stop(&hand);

        if (s == STATUS_OK) {
            s = work_on(&hand, &in, out);
            lk_hand_go_on(&hand);
        }
        lk_call_ctl4(LK_CTL(LK_SEND, LK_REG_CALLER, 5), s, out[0], out[1], out[2], out[3]);
    }
}

/* ---- the server ------------------------------------------------------------------------------ */

/* It answers without waiting, as servers do: a caller that does not wait just then misses it. */
void serve(void *unused)
{
    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(LK_REG_CALLER);

        if (lk_kind(in.delivery) == LK_KIND_MESSAGE && in.w[0] == SERVER_WORK) {
            lk_sleep_until(in.w[1]);
            lk_post2(LK_REG_CALLER, STATUS_OK, in.w[2], 0);
        }
    }
}
