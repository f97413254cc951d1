/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Round trips: calls to bench_peer with words, a capability, a string; to servers of other
 * priorities; and with what costs something beside: a notice that waits, an FS base, the trace, the
 * FPU. Beside the strings stands what copying the same bytes takes.
 *
 * The control word is built once, before the rounds, as a program would that calls again and again.
 */
#include "measure.h"

#include <lykos/gen/bench_stub.h>

#define WARM_UP_LONG 100u
#define ROUNDS_LONG 1000u
#define UNALIGNED_FROM 1u /* bytes behind the beginning of a page: where a string begins, */
#define UNALIGNED_TO 3u   /* and where it arrives */
#define STRING_4K 4096u
#define STRING_64K 65536u
#define FS_BASE 0x123000u

static uint32_t peer, other;
static uint32_t server; /* whom call_0w() calls: bench_peer, or another one with the same file */
static char string[BENCH_STRING_MOST + 4096u] __attribute__((aligned(4096)));
static char copy[BENCH_STRING_MOST] __attribute__((aligned(4096)));

void calls_init(void)
{
    peer = lk_cap("peer");
    other = lk_cap("other");
    server = peer;
}

static void begin_at(uint32_t who, enum bench_loop loop, uint64_t word)
{
    check((enum status)lk_call2(who, BENCH_BEGIN, loop, word).w[0], "a server does not begin");
}

static void end_at(uint32_t who)
{
    check((enum status)lk_call0(who, BENCH_END).w[0], "a server does not end");
}

void peer_begin(enum bench_loop loop, uint64_t word)
{
    begin_at(peer, loop, word);
}

void peer_end(void)
{
    end_at(peer);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

void call_0w(unsigned n)
{
    const uint64_t control = LK_CTL_CALL(server, 1);

    for (unsigned i = 0; i < n; i++) {
        check((enum status)lk_call_ctl0(control, BENCH_ROUND).w[0], "0w");
    }
}

static void call_4w(unsigned n)
{
    const uint64_t control = LK_CTL_CALL(peer, 4);

    for (unsigned i = 0; i < n; i++) {
        check((enum status)lk_call_ctl3(control, BENCH_ROUND, i, n, 3).w[0], "4w");
    }
}

static void call_8w(unsigned n)
{
    const uint64_t control = LK_CTL_CALL(peer, 8);

    for (unsigned i = 0; i < n; i++) {
        check((enum status)lk_call_ctl7(control, BENCH_ROUND, i, n, 3, 4, 5, 6, 7).w[0], "8w");
    }
}

static void call_1cap(unsigned n)
{
    const uint64_t control = LK_CTL_CALL_CAPS(peer, 1, 1, LK_REG_ENDPOINT, 0, 0, REG_CAME, 0, 0, 0);

    for (unsigned i = 0; i < n; i++) {
        check((enum status)lk_call_ctl0(control, BENCH_ROUND).w[0], "1cap");
    }
}

/* Of two servers the one and the other in turn, one a round. */
static void call_two(unsigned n)
{
    const uint64_t both = LK_CTL_CALL(peer, 1) ^ LK_CTL_CALL(other, 1);
    static uint64_t control;

    if (control == 0) {
        control = LK_CTL_CALL(peer, 1);
    }
    for (unsigned i = 0; i < n; i++) {
        control ^= both;
        check((enum status)lk_call_ctl0(control, BENCH_ROUND).w[0], "two servers");
    }
}

/* The value in xmm15 is another one each round. */
static void call_fpu(unsigned n)
{
    const uint64_t control = LK_CTL_CALL(peer, 1);

    for (unsigned i = 0; i < n; i++) {
        bench_set_xmm(i);
        check((enum status)lk_call_ctl0(control, BENCH_ROUND).w[0], "fpu");
        if (bench_get_xmm() != i) {
            lk_die("an FPU register of the client is another one");
        }
    }
}

static inline __attribute__((always_inline)) void call_string(unsigned n, const char *from,
                                                              size_t bytes)
{
    const uint64_t control = LK_CTL_CALL(peer, 1) | LK_SSTR;

    for (unsigned i = 0; i < n; i++) {
        check((enum status)lk_call_send0(control, BENCH_ROUND, from, bytes).w[0], "string");
    }
}

static void call_string_4k(unsigned n)
{
    call_string(n, string, STRING_4K);
}

static void call_string_64k(unsigned n)
{
    call_string(n, string, STRING_64K);
}

static void call_string_unaligned(unsigned n)
{
    call_string(n, string + UNALIGNED_FROM, STRING_4K);
}

static inline __attribute__((always_inline)) void copy_bytes(unsigned n, size_t bytes)
{
    for (unsigned i = 0; i < n; i++) {
        const char *from = string;
        char *to = copy;
        size_t words = bytes / 8;

        __asm__ volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(words) : : "memory");
    }
}

static void copy_4k(unsigned n)
{
    copy_bytes(n, STRING_4K);
}

static void copy_64k(unsigned n)
{
    copy_bytes(n, STRING_64K);
}

/* ---- measurements ---------------------------------------------------------------------------- */

static void measure_loop(const char *name, enum bench_loop loop, uint64_t word,
                         void (*rounds)(unsigned n), unsigned warm_up, unsigned n)
{
    peer_begin(loop, word);
    measure_some(name, rounds, warm_up, n);
    peer_end();
}

/* `from` as it is sent. */
static void fill_string(char *from)
{
    for (unsigned i = 0; i < BENCH_STRING_MOST; i++) {
        from[i] = BENCH_STRING_BYTE(i);
    }
}

static void measure_strings(void)
{
    const uint64_t unaligned = (uint64_t)UNALIGNED_TO << 32 | STRING_4K;

    fill_string(string);
    measure_loop("ipc_round_trip_string_4k", LOOP_STRING, STRING_4K, call_string_4k, WARM_UP,
                 ROUNDS);
    measure_loop("ipc_round_trip_string_64k", LOOP_STRING, STRING_64K, call_string_64k,
                 WARM_UP_LONG, ROUNDS_LONG);
    measure("copy_4k", copy_4k);
    measure_some("copy_64k", copy_64k, WARM_UP_LONG, ROUNDS_LONG);
    for (unsigned i = 0; i < sizeof(copy); i++) {
        if (copy[i] != string[i]) {
            lk_die("byte %u of a copy is another one", i);
        }
    }
    fill_string(string + UNALIGNED_FROM);
    measure_loop("ipc_round_trip_string_4k_unaligned", LOOP_STRING, unaligned,
                 call_string_unaligned, WARM_UP, ROUNDS);
}

static void measure_0w(const char *name)
{
    measure_loop(name, LOOP_0W, 0, call_0w, WARM_UP, ROUNDS);
}

/* A server of another priority. */
static void measure_other(const char *name, uint32_t who)
{
    begin_at(who, LOOP_0W, 0);
    server = who;
    measure(name, call_0w);
    server = peer;
    end_at(who);
}

static void measure_two(void)
{
    begin_at(other, LOOP_0W, 0);
    measure_loop("ipc_round_trip_0w_two_servers", LOOP_0W, 0, call_two, WARM_UP, ROUNDS);
    end_at(other);
}

static void measure_fs_base(void)
{
    lk_set_fs_base(FS_BASE);
    measure_0w("ipc_round_trip_0w_fsbase");
    lk_set_fs_base(0);
}

static void measure_traced(void)
{
    check(lk_sysctl_set_trace(sysctl, 1), "the trace");
    measure_0w("ipc_round_trip_0w_traced");
    check(lk_sysctl_set_trace(sysctl, 0), "the trace");
}

/* The same call by hand and by the generated stub. */
static void add_by_hand(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct lk_in in = lk_call2(server, BENCH_STUB_ADD, i, n);

        if (in.w[0] != STATUS_OK || in.w[1] != (uint64_t)i + n) {
            lk_die("a sum is another one");
        }
    }
}

static void add_by_stub(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t sum;

        if (bench_stub_add(server, i, n, &sum) != STATUS_OK || sum != (uint64_t)i + n) {
            lk_die("a sum is another one");
        }
    }
}

static void measure_stubs(void)
{
    measure_loop("stub_round_trip_hand", LOOP_STUBS, 0, add_by_hand, WARM_UP, ROUNDS);
    measure_loop("stub_round_trip_client", LOOP_STUBS, 0, add_by_stub, WARM_UP, ROUNDS);
    measure_loop("stub_round_trip_server", LOOP_STUBS, 1, add_by_hand, WARM_UP, ROUNDS);
}

static void measure_slow(void)
{
    check(lk_sysctl_set_fast_path(sysctl, 0), "switching the fast path off");
    measure_0w("ipc_round_trip_slow");
    check(lk_sysctl_set_fast_path(sysctl, 1), "switching the fast path on");
}

void measure_calls(void)
{
    measure_0w("ipc_round_trip_0w");
    measure_loop("ipc_round_trip_4w", LOOP_4W, 0, call_4w, WARM_UP, ROUNDS);
    measure_loop("ipc_round_trip_8w", LOOP_8W, 0, call_8w, WARM_UP, ROUNDS);
    measure_loop("ipc_round_trip_1cap", LOOP_1CAP, 0, call_1cap, WARM_UP, ROUNDS);
    measure_slow();
    measure_strings();
    measure_other("ipc_round_trip_0w_higher", lk_cap("above"));
    measure_other("ipc_round_trip_0w_lower", lk_cap("server"));
    measure_two();
    measure_loop("ipc_round_trip_0w_kit", LOOP_KIT, 0, call_0w, WARM_UP, ROUNDS);
    measure_stubs();
    measure_fs_base();
    measure_traced();
}

/* To itself, which does not wait. */
static void post(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        check(lk_appnotice_post(REG_NOTICE, 1), "post");
    }
}

/* Take the notice that waits for this program. */
static void take_notice(void)
{
    if (lk_park() != 1) {
        lk_die("a notice that waited is lost");
    }
}

/* Notices, to this program: it posts them, or one waits while it takes answers only, or it has
 * taken one and received no message by an open wait since. */
static void measure_noticed(void)
{
    check(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, 1, REG_NOTICE), "makeAppNotice");
    measure("notice_post", post);
    measure_0w("ipc_round_trip_0w_noticed");
    take_notice();
    measure_0w("ipc_round_trip_0w_after_notice");
}

/* Receive a message by an open wait, from bench_target. */
static void take_message(void)
{
    struct lk_in in = lk_call2(lk_cap("target"), BENCH_BEGIN, TARGET_READY, 0);

    check((enum status)in.w[0], "bench_target");
    in = lk_wait(0);
    if (lk_kind(in.delivery) != LK_KIND_MESSAGE || in.w[0] != BENCH_ROUND) {
        lk_die("bench_target sends no message");
    }
}

void measure_calls_last(void)
{
    measure_noticed();
    take_message(); /* what the notice has left is over: measured below is the FPU alone */
    measure_loop("ipc_round_trip_fpu", LOOP_FPU, 0, call_fpu, WARM_UP, ROUNDS);
}
