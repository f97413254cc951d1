/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Strings of kernel operations: the same rules, the invoker being both sides.
 */
#include "string_pair.h"

CASE(kernel_reads,
     .text = "a string that a kernel operation takes faults its invoker where it is missing")
{
    struct string_pair p = string_pair_new();
    struct lk_regs r = raw_regs(LK_CTL_CALL(R_KERNLOG, 1) | LK_SSTR);

    proc_reply_endpoint(p.a, 9);
    obj_get(p.a, R_A);
    OK(lk_process_swap_cap_reg(R_A, R_KERNLOG, R_KERNLOG, 0));
    memcpy(sender_bytes() + PAGE - 3, "system test: a line across two pages", 36);
    r.rdi = OP_KERNLOG_APPEND;
    r.r10 = SENDER_VA + PAGE - 3;
    r.r9 = 36;
    unmap(p.a_space, SENDER_VA + PAGE);
    raw_go(p.a, &r);
    raw_faulted(p.a, FAULT_INVALID_ADDR, SENDER_VA + PAGE);
    {
        uint64_t mark = log_mark();

        map_page(p.a_space, SENDER_VA + PAGE, p.a_page[1], 0);
        proc_resume(p.a);
        EQ(raw_result(p.a).rdi, STATUS_OK);
        CHECK(log_has(mark, "system test: a line across two pages"));
    }
}

CASE(kernel_writes,
     .text = "a string that a kernel operation gives faults its invoker where there is no room")
{
    struct string_pair p = string_pair_new();
    struct lk_regs r = raw_regs(LK_CTL_CALL(6, 1) | LK_RSTR);
    struct lk_regs shown;

    proc_reply_endpoint(p.b, 9);
    proc_cap(p.b, 6, p.a);
    fill_receiver();
    r.rdi = OP_PROCESS_GET_STATE;
    r.rbp = RECEIVER_VA + PAGE - 20;
    r.r9 = 500ull << 32;
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], LK_RO);
    raw_go(p.b, &r);
    raw_faulted(p.b, FAULT_ACCESS_VIOLATION, RECEIVER_VA + PAGE);
    map_page(p.b_space, RECEIVER_VA + PAGE, p.b_page[1], 0);
    proc_resume(p.b);
    EQ(lk_string_length(raw_result(p.b).rax), sizeof(shown));
    EQ(raw_result(p.b).rax & LK_DLV_TRUNCATED, 0);
    shown = proc_state(p.a).r;
    CHECK(memcmp(receiver_bytes() + PAGE - 20, &shown, sizeof(shown)) == 0);
    CHECK(receiver_bytes()[PAGE - 21] == GUARD);
    CHECK(receiver_bytes()[PAGE - 20 + sizeof(shown)] == GUARD);
}

CASE(kernel_truncates, .text = "an answer longer than the room for it is cut, and says so")
{
    struct string_pair p = string_pair_new();
    struct lk_regs shown = proc_state(p.a).r;
    size_t n = 0;
    struct lk_in in;

    obj_get(p.a, R_A);
    fill_receiver();
    in = lk_call_recv0(LK_CTL_CALL(R_A, 1) | LK_RSTR, OP_PROCESS_GET_STATE, receiver_bytes(), 13);
    n = lk_string_length(in.delivery);
    EQ(n, 13);
    EQ(in.delivery & LK_DLV_TRUNCATED, LK_DLV_TRUNCATED);
    CHECK(memcmp(receiver_bytes(), &shown, 13) == 0);
    CHECK(receiver_bytes()[13] == GUARD);
    in = lk_call0(R_A, OP_PROCESS_GET_STATE);
    EQ(in.w[0], STATUS_OK);
    EQ(lk_string_length(in.delivery), 0);
    EQ(in.delivery & LK_DLV_TRUNCATED, LK_DLV_TRUNCATED);
}

CASE(kernel_unused_strings, .text = "operations without strings do not look at string addresses")
{
    struct string_pair p = string_pair_new();
    struct lk_regs r = raw_regs(LK_CTL_CALL(6, 2) | LK_SSTR | LK_RSTR);

    proc_reply_endpoint(p.a, 9);
    proc_cap(p.a, 6, p.endpoint);
    r.rdi = OP_ENDPOINT_SET_ENDPOINT_ID;
    r.rsi = 31;
    r.r10 = UINT64_MAX;
    r.rbp = 8;
    r.r9 = 65536 | 65536ull << 32;
    raw_go(p.a, &r);
    EQ(raw_result(p.a).rdi, STATUS_OK);
}

CASE(log_in_small_pieces, .text = "the log read in pieces of seven bytes is the log read at once")
{
    static char whole[1024], pieces[1024];
    uint64_t from = log_mark();
    uint64_t at = from;
    size_t n = 0;
    size_t length = 0;
    size_t got = 0;

    OK(lk_kernlog_append(R_KERNLOG, "one line of the system tests", 28));
    OK(lk_kernlog_append(R_KERNLOG, "and another one", 15));
    OK(lk_kernlog_read(R_KERNLOG, from, NULL, NULL, whole, sizeof(whole), &length));
    CHECK(length > 43);
    while (n < length) {
        OK(lk_kernlog_read(R_KERNLOG, at, &at, NULL, pieces + n, 7, &got));
        sys_at("at %lu of %lu", n, length);
        CHECK(got > 0 && got <= 7);
        n += got;
        EQ(at, from + n);
    }
    CHECK(memcmp(whole, pieces, length) == 0);
}
