/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_peer: the other side of the benchmark (../bench/bench.h). Each loop is as a server of just
 * one method would have it: take a request, test it, answer and wait for the next.
 */
#include "../bench/bench.h"
#include "stubs.h"

/* And a page, of which a string that is not aligned takes a few bytes. */
static char buffer[BENCH_STRING_MOST + 4096u] __attribute__((aligned(4096)));

/* Was a message received, and is it this request? */
static inline bool is_request(const struct lk_in *in, uint64_t method)
{
    return lk_kind(in->delivery) == LK_KIND_MESSAGE && in->w[0] == method;
}

static struct lk_in loop_0w(void)
{
    struct lk_in in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);

    while (is_request(&in, BENCH_ROUND)) {
        in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);
    }
    return in;
}

static struct lk_in loop_kit(void)
{
    const uint64_t control =
        LK_CTL(LK_SHAPE_REPLY_WAIT, LK_REG_CALLER, 1) | LK_RSTR |
        LK_CTL_RECVS(LK_REG_CALLER, LK_REG_ARG, LK_REG_ARG + 1, LK_REG_ARG + 2);
    struct lk_in in = lk_call_recv0(control, STATUS_OK, buffer, BENCH_STRING_MOST);

    while (is_request(&in, BENCH_ROUND)) {
        in = lk_call_recv0(control, STATUS_OK, buffer, BENCH_STRING_MOST);
    }
    return in;
}

/* Four words each way, with word 0. */
static struct lk_in loop_4w(void)
{
    struct lk_in in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);

    while (is_request(&in, BENCH_ROUND)) {
        in = lk_reply_wait3(LK_REG_CALLER, STATUS_OK, in.w[1], in.w[2], in.w[3]);
    }
    return in;
}

static struct lk_in loop_8w(void)
{
    struct lk_in in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);

    while (is_request(&in, BENCH_ROUND)) {
        in = lk_reply_wait7(LK_REG_CALLER, STATUS_OK, in.w[1], in.w[2], in.w[3], in.w[4], in.w[5],
                            in.w[6], in.w[7]);
    }
    return in;
}

/* The capability that came goes back. */
static struct lk_in loop_1cap(void)
{
    const uint64_t receive = LK_CTL_RECVS(LK_REG_CALLER, LK_REG_ARG, 0, 0);
    struct lk_in in =
        lk_call_ctl0(LK_CTL(LK_SHAPE_REPLY_WAIT, LK_REG_CALLER, 1) | receive, STATUS_OK);

    while (is_request(&in, BENCH_ROUND)) {
        in = lk_call_ctl0(LK_CTL(LK_SHAPE_REPLY_WAIT, LK_REG_CALLER, 1) |
                              LK_CTL_SENDS(1, LK_REG_ARG, 0, 0, 0) | receive,
                          STATUS_OK);
    }
    return in;
}

/* `word`: the loop's (../bench/bench.h). What came last must be what is sent. */
static struct lk_in loop_string(uint64_t word)
{
    const uint64_t control = LK_CTL_REPLY_WAIT(LK_REG_CALLER, 1) | LK_RSTR;
    const uint32_t bytes = (uint32_t)word;
    char *at = buffer + (word >> 32) % 4096u;
    struct lk_in in = lk_call_recv0(control, STATUS_OK, at, BENCH_STRING_MOST);

    while (is_request(&in, BENCH_ROUND) && lk_string_length(in.delivery) == bytes) {
        in = lk_call_recv0(control, STATUS_OK, at, BENCH_STRING_MOST);
    }
    for (unsigned i = 0; i < bytes; i++) {
        if (at[i] != BENCH_STRING_BYTE(i)) {
            lk_die("byte %u of a string is not what was sent", i);
        }
    }
    return in;
}

static struct lk_in loop_fpu(void)
{
    uint64_t value = 1ull << 63;
    struct lk_in in;

    bench_set_xmm(value);
    in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);
    while (is_request(&in, BENCH_ROUND)) {
        if (bench_get_xmm() != value) {
            lk_die("an FPU register of the server is another one");
        }
        bench_set_xmm(++value);
        in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);
    }
    return in;
}

/* The handler of the faults of bench, which stands behind the instruction that faulted: it goes on
 * there. */
static struct lk_in loop_fault(void)
{
    struct lk_in in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);

    while (is_request(&in, LK_FAULT_MESSAGE)) {
        in = lk_resume_wait(LK_REG_CALLER);
    }
    return in;
}

/* The same in two invocations. */
static struct lk_in loop_fault_call(void)
{
    struct lk_in in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);

    while (is_request(&in, LK_FAULT_MESSAGE)) {
        if (lk_process_resume(LK_REG_CALLER, LK_RESUME_OVER) != STATUS_OK) {
            lk_die("the process that faulted cannot be resumed");
        }
        in = lk_wait(LK_REG_CALLER);
    }
    return in;
}

static struct lk_in loop_yield(uint64_t times)
{
    lk_call_ctl0(LK_CTL(LK_SEND, LK_REG_CALLER, 1), STATUS_OK);
    for (uint64_t i = 0; i < times; i++) {
        lk_yield();
    }
    return lk_wait(LK_REG_CALLER);
}

/* The server of bench_target, which waits for its answer while bench has it stopped. */
static struct lk_in loop_wake(void)
{
    const uint64_t wake = LK_CTL(LK_SEND, lk_cap("bench"), 1);
    struct lk_in in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);

    while (is_request(&in, BENCH_ROUND)) {
        lk_call_ctl0(wake, BENCH_ROUND);
        in = lk_reply_wait0(LK_REG_CALLER, STATUS_OK);
    }
    return in;
}

static struct lk_in begin(const struct lk_in *in)
{
    switch (in->w[1]) {
    case LOOP_0W:
        return loop_0w();
    case LOOP_KIT:
        return loop_kit();
    case LOOP_4W:
        return loop_4w();
    case LOOP_8W:
        return loop_8w();
    case LOOP_1CAP:
        return loop_1cap();
    case LOOP_STRING:
        return loop_string(in->w[2]);
    case LOOP_FPU:
        return loop_fpu();
    case LOOP_FAULT:
        return loop_fault();
    case LOOP_FAULT_CALL:
        return loop_fault_call();
    case LOOP_YIELD:
        return loop_yield(in->w[2]);
    case LOOP_WAKE:
        return loop_wake();
    case LOOP_STUBS:
        stubs_serve(in->w[2] != 0);
        return lk_reply_wait0(LK_REG_CALLER, STATUS_OK); /* to BENCH_END */
    default:
        return lk_reply_wait0(LK_REG_CALLER, STATUS_REQUEST_ERROR);
    }
}

int main(void)
{
    struct lk_in in = lk_wait(LK_REG_CALLER);

    for (;;) {
        if (is_request(&in, BENCH_BEGIN)) {
            in = begin(&in);
        } else if (lk_kind(in.delivery) == LK_KIND_MESSAGE) {
            in = lk_reply_wait0(LK_REG_CALLER,
                                in.w[0] == BENCH_END ? STATUS_OK : STATUS_UNKNOWN_REQUEST);
        } else {
            in = lk_wait(LK_REG_CALLER);
        }
    }
}
