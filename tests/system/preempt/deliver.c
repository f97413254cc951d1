/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P2: the one step in which T is stopped and R is told. What arrives where, in every register.
 */
#include "trio.h"

#define STRING_VA (WINDOW_VA + PAGE - 300)
#define BUFFER_VA (WINDOW_VA + 40 * PAGE - 700)

static const uint64_t words[LK_MAX_WORDS] = { 11, 22, 33, 44, 55, 66, 77, 88 };

CASE(one_message, .text = "P2: one step: T gets the proxy hold, R the message: kind, ID of Q, "
                          "payload of the ProxyEntry, and the Process capability to T")
{
    struct trio x = trio_new();
    struct lk_regs before = canary_regs(LK_RECV | LK_CTL_RECVS(REG_GOT, REG_GOT + 1, 0, 0), 4);
    struct delivery d = { LK_KIND_PROXIED, 5, 1, 0, { 0 }, Q_ID, PROXY_PAYLOAD };
    struct lk_regs sent = canary_regs(LK_CTL(LK_SEND | LK_BLOCK, REG_PROXY, 5), 5);
    struct lk_regs after;
    obj s = s_new(x.proxy, PRIO_HIGH);

    proc_cap(x.r, REG_GOT + 1, x.q); /* what is not sent becomes Null */
    raw_go(x.r, &before);
    canary_words(&sent, words);
    memcpy(d.w, words, sizeof(d.w));
    raw_go(s, &sent);
    after = raw_result(x.r);
    after.rip = (uint64_t)raw_after;
    canary_delivered(&before, &after, &d);
    has_process(x.r, x.t);
    proc_get_cap(x.r, REG_GOT + 1, R_A);
    EQ(reg_type(R_A), LK_TYPE_NULL);
    after = raw_result(s);
    canary_kept(&sent, &after, STATUS_OK);
    EQ(proc_state(x.t).holds, HOLD_0);
    EQ(proxy_reply_type(x.t), LK_TYPE_NULL);
    EQ(kernel_check(), 0);
}

CASE(plain_semantics, .text = "P2: the message goes as if S had invoked T.proxyReceiver: a closed "
                              "wait for Q takes it, one for another ID does not")
{
    struct trio x = trio_new();
    obj s;

    r_waits_closed(&x, Q_ID);
    sender(&x, 5);
    r_has(&x, 5);
    let_go(x.t);
    r_waits_closed(&x, Q_ID + 1);
    s = sender(&x, 6);
    s_waits(s);
    r_still_waits(&x);
    CHECK(!held(x.t));
    r_waits_closed(&x, LK_NOTICE_ID);
    s_waits(s);
    r_waits_closed(&x, Q_ID);
    r_has(&x, 6);
    s_result(s, STATUS_OK);
}

CASE(no_register, .text = "P2: R need not receive capabilities: T is stopped all the same")
{
    struct trio x = trio_new();

    raw_do(x.r, LK_RECV);
    sender(&x, 5);
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_PROXIED);
    EQ(lk_caps(raw_result(x.r).rax), 1);
    CHECK(held(x.t));
    let_go(x.t);
    raw_do(x.r, LK_RECV);
    post(&x, 4);
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_PROXIED_NOTICE);
    CHECK(held(x.t));
}

CASE(reply_moves, .text = "P2: the reply capability of a call goes to T.proxyReply, R moves it out "
                          "once, answers S, and clears the hold")
{
    struct trio x = trio_new();
    obj s;

    r_waits(&x);
    s = caller(&x, 7);
    r_has(&x, 7);
    s_in_call(s);
    EQ(proxy_reply_type(x.t), LK_TYPE_ENTRY);
    raw_do_word(x.r, LK_CTL_CALL_CAPS(REG_GOT, 1, 0, 0, 0, 0, REG_GOT + 1, 0, 0, 0),
                OP_PROCESS_FETCH_PROXY_REPLY);
    EQ(raw_result(x.r).rdi, STATUS_NO_REPLY_ENDPOINT); /* R has none: it asks as S does */
    EQ(proxy_reply_type(x.t), LK_TYPE_ENTRY);
    proc_reply_endpoint(x.r, 3);
    raw_do_word(x.r, LK_CTL_CALL_CAPS(REG_GOT, 1, 0, 0, 0, 0, REG_GOT + 1, 0, 0, 0),
                OP_PROCESS_FETCH_PROXY_REPLY);
    EQ(raw_result(x.r).rdi, STATUS_OK);
    EQ(lk_caps(raw_result(x.r).rax), 1);
    EQ(proxy_reply_type(x.t), LK_TYPE_NULL); /* moved, not copied */
    obj_get(x.t, R_A);
    OK(lk_process_fetch_proxy_reply(R_A, R_B));
    EQ(reg_type(R_B), LK_TYPE_NULL);
    s_in_call(s);
    raw_do_word(x.r, LK_CTL(LK_SEND, REG_GOT + 1, 1), 99);
    EQ(raw_result(x.r).rdi, STATUS_OK);
    s_answered(s, 99);
    CHECK(held(x.t));
    let_go(x.t);
    raw_do_word(x.r, LK_CTL(LK_SEND, REG_GOT + 1, 1), 98); /* one shot */
    EQ(raw_result(x.r).rdi, STATUS_INVALID_CAP);
}

CASE(reply_in_slot, .text = "P2: a reply capability in the slot is one: Process.getSlot shows a "
                            "copy, which answers the call like any other")
{
    struct trio x = trio_new();
    obj s;

    r_waits(&x);
    s = caller(&x, 7);
    obj_get(x.t, R_A);
    OK(lk_process_get_slot(R_A, SLOT_PROXY_REPLY, R_B));
    EQ(lk_post2(R_B, 5, 0, 0), STATUS_OK);
    s_answered(s, 5);
    EQ(proxy_reply_type(x.t), LK_TYPE_NULL); /* used up */
    let_go(x.t);
}

/* A sender of n capabilities, in a plain send or a call. */
static obj giver(const struct trio *x, obj gift[3], bool call)
{
    obj s = s_new(x->proxy, PRIO_HIGH);

    for (unsigned i = 0; i < 3; i++) {
        gift[i] = page_new();
        proc_cap(s, REG_GIFT + i, gift[i]);
    }
    raw_do(s, LK_CTL(call ? LK_SHAPE_CALL : LK_SEND | LK_BLOCK, REG_PROXY, 1) |
                  (call ? LK_CTL_SENDS(4, 0, REG_GIFT, REG_GIFT + 1, REG_GIFT + 2)
                        : LK_CTL_SENDS(3, REG_GIFT, REG_GIFT + 1, REG_GIFT + 2, 0)));
    return s;
}

CASE(capabilities, .text = "P2: capability 0 that S sends goes to T.proxyReply, 1 to 3 arrive "
                           "behind the Process capability")
{
    struct trio x = trio_new();
    obj gift[3];

    r_waits(&x);
    giver(&x, gift, false);
    EQ(lk_caps(raw_result(x.r).rax), 3);
    has_process(x.r, x.t);
    for (unsigned i = 1; i <= 3; i++) {
        proc_get_cap(x.r, REG_GOT + i, R_A);
        obj_get(i < 3 ? gift[i] : NO_OBJ, R_B);
        CHECK(reg_same(R_A, R_B));
    }
    obj_get(x.t, R_A);
    OK(lk_process_fetch_proxy_reply(R_A, R_A)); /* whatever it is */
    obj_get(gift[0], R_B);
    CHECK(reg_same(R_A, R_B));
    let_go(x.t);

    r_waits(&x);
    giver(&x, gift, true);
    EQ(lk_caps(raw_result(x.r).rax), 4);
    has_process(x.r, x.t);
    for (unsigned i = 1; i <= 3; i++) {
        proc_get_cap(x.r, REG_GOT + i, R_A);
        obj_get(gift[i - 1], R_B);
        CHECK(reg_same(R_A, R_B));
    }
    EQ(proxy_reply_type(x.t), LK_TYPE_ENTRY);
}

CASE(capabilities_queued, .text = "P2: the same for one that waited in between, and for a stale "
                                  "capability, which arrives as Null")
{
    struct trio x = trio_new();
    obj gift[3];
    obj s = giver(&x, gift, true);

    s_waits(s);
    obj_rescind(gift[1]);
    r_waits(&x);
    EQ(lk_caps(raw_result(x.r).rax), 4);
    has_process(x.r, x.t);
    for (unsigned i = 1; i <= 3; i++) {
        proc_get_cap(x.r, REG_GOT + i, R_A);
        obj_get(i == 2 ? NO_OBJ : gift[i - 1], R_B);
        CHECK(reg_same(R_A, R_B));
    }
    s_in_call(s);
    answer_and_let_go(x.t, 3);
    s_answered(s, 3);
}

CASE(process_works, .text = "P2: the Process capability that R receives controls T")
{
    struct trio x = trio_new();
    obj s;
    struct lk_regs r = raw_regs(LK_CTL_CALL(REG_GOT, 2));

    raw_do(x.t, LK_RECV);
    proc_reply_endpoint(x.r, 3);
    r_waits(&x);
    s = caller(&x, 7);
    s_in_call(s);
    r.rdi = OP_PROCESS_SET_NOT_SCHEDULABLE;
    r.rsi = LK_HOLD_DEBUG;
    raw_go(x.r, &r);
    EQ(raw_result(x.r).rdi, STATUS_OK);
    EQ(raw_result(x.r).rsi, HOLD_0);
    EQ(proc_state(x.t).holds, HOLD_0 | 1u << LK_HOLD_DEBUG);
    r.rdi = OP_PROCESS_CLEAR_NOT_SCHEDULABLE;
    r.rsi = LK_HOLD_PROXY;
    raw_go(x.r, &r);
    EQ(raw_result(x.r).rdi, STATUS_OK);
    EQ(proc_state(x.t).holds, 1u << LK_HOLD_DEBUG);
}

CASE(string, .text = "P2: a string of 64 KiB arrives with the message, whole, sent at once or from "
                     "the queue")
{
    static const uint64_t lengths[] = { 1, 4096, LK_MAX_STRING };
    struct trio x = trio_new();

    for (unsigned i = 0; i < 64; i++) {
        map_page(own_space(), WINDOW_VA + i * PAGE, page_new(), 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        uint8_t *from = (uint8_t *)STRING_VA; /* NOLINT */
        uint8_t *to = (uint8_t *)BUFFER_VA;   /* NOLINT */
        size_t n = lengths[i % 3];
        struct lk_regs wait = raw_regs(LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
        struct lk_regs send = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_PROXY, 1));
        obj s = s_new(x.proxy, PRIO_HIGH);

        sys_at("string %u", i);
        for (size_t j = 0; j < n; j++) {
            from[j] = (uint8_t)(j * 7 + i);
        }
        memset(to, 0xee, n < LK_MAX_STRING ? n + 1 : n);
        wait.rbp = BUFFER_VA;
        wait.r9 = (uint64_t)LK_MAX_STRING << 32;
        send.r10 = STRING_VA;
        send.r9 = n;
        if (i < 3) {
            raw_go(x.r, &wait);
            raw_go(s, &send);
        } else {
            raw_go(s, &send);
            s_waits(s);
            raw_go(x.r, &wait);
        }
        EQ(lk_string_length(raw_result(x.r).rax), n);
        r_has(&x, 0);
        s_result(s, STATUS_OK);
        for (size_t j = 0; j < n; j++) {
            if (to[j] != (uint8_t)(j * 7 + i)) {
                FAIL("byte %lu of %lu is %x", j, n, to[j]);
            }
        }
        let_go(x.t);
    }
}

CASE(string_too_long, .text = "P2: a string longer than R's buffer is cut and R told, as with any "
                              "message")
{
    static char text[200], buffer[200];
    struct trio x = trio_new();
    struct lk_regs wait = raw_regs(LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
    struct lk_regs send = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_PROXY, 1));
    obj s = s_new(x.proxy, PRIO_HIGH);

    wait.rbp = (uint64_t)buffer;
    wait.r9 = 100ull << 32;
    send.r10 = (uint64_t)text;
    send.r9 = 101;
    raw_go(x.r, &wait);
    raw_go(s, &send);
    has_message(x.r, x.t, 0, LK_DLV_TRUNCATED);
    EQ(lk_string_length(raw_result(x.r).rax), 100);
}

CASE(string_faults, .text = "P2, P3: a page missing from the string of S is S's fault, one missing "
                            "from R's buffer goes to R's handler; T is not stopped before it all "
                            "can happen")
{
    static char text[64];
    struct trio x = trio_new();
    struct lk_regs wait = raw_regs(LK_RECV | LK_RSTR | LK_CTL_RECVS(REG_GOT, 0, 0, 0));
    struct lk_regs send = raw_regs(LK_CTL(LK_SEND | LK_BLOCK | LK_SSTR, REG_PROXY, 1));
    obj s = s_new(x.proxy, PRIO_HIGH);

    unmap(own_space(), WINDOW_VA);
    wait.rbp = (uint64_t)text;
    wait.r9 = (uint64_t)sizeof(text) << 32;
    send.r10 = WINDOW_VA + 8;
    send.r9 = sizeof(text);
    raw_go(x.r, &wait);
    raw_go(s, &send);
    EQ(proc_state(s).fault, FAULT_INVALID_ADDR);
    CHECK(!held(x.t));
    r_still_waits(&x);

    wait.rbp = WINDOW_VA + 16;
    send.r10 = (uint64_t)text;
    raw_go(x.r, &wait);
    raw_go(s, &send);
    s_waits(s);
    CHECK(!held(x.t));
    EQ(proc_state(x.r).run_state, LK_STATE_RECEIVING);
    EQ(proc_state(x.r).fault, FAULT_INVALID_ADDR);
    EQ(kernel_check(), 0);
    post(&x, 8); /* bits need no page */
    EQ(lk_kind(raw_result(x.r).rax), LK_KIND_PROXIED_NOTICE);
    EQ(raw_result(x.r).rdi, 8);
    let_go(x.t);
    s_waits(s);
    map_page(own_space(), WINDOW_VA, page_new(), 0);
    raw_go(x.r, &wait);
    r_has(&x, 0);
    s_result(s, STATUS_OK);
    let_go(x.t);

    unmap(own_space(), WINDOW_VA); /* resumed by R's handler */
    raw_go(x.r, &wait);
    raw_go(s, &send);
    s_waits(s);
    map_page(own_space(), WINDOW_VA, page_new(), 0);
    obj_get(x.r, R_A);
    OK(lk_process_resume(R_A, 1));
    r_has(&x, 0);
    s_result(s, STATUS_OK);
    let_go(x.t);

    unmap(own_space(), WINDOW_VA); /* a non-blocking S is cut short, as ever */
    raw_go(x.r, &wait);
    send.rax = LK_CTL(LK_SEND | LK_SSTR, REG_PROXY, 1);
    raw_go(s, &send);
    s_result(s, STATUS_OK);
    has_message(x.r, x.t, 0, LK_DLV_TRUNCATED);
    EQ(lk_string_length(raw_result(x.r).rax), 0);
}

CASE(match_of_e, .text = "P2: a ProxyEntry and a proxy notice ignore the payload match of their "
                         "endpoint, and do not advance its payload")
{
    struct trio x = trio_new();
    uint64_t payload = 99;
    uint64_t flags = 0;
    obj proxy;
    obj s;

    obj_get(x.e, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 1));
    proxy = proxy_new(x.e, PROXY_PAYLOAD);
    r_waits(&x);
    sender(&x, 1);
    r_has(&x, 1);
    let_go(x.t);
    s = s_new(proxy, PRIO_HIGH);
    s_sends(s, 2);
    s_waits(s);
    r_waits(&x);
    r_has(&x, 2);
    let_go(x.t);
    r_waits(&x);
    post(&x, 16);
    r_has_bits(&x, 16);
    obj_get(x.e, R_A);
    OK(lk_endpoint_get_state(R_A, NULL, &payload, &flags));
    EQ(payload, 0);
    EQ(flags, 1 | 4);
}

CASE(bits_delivered, .text = "P2, P7: preempting bits arrive as a proxied notice: payload 0, "
                             "capability 0 the Process, no reply capability; other registers of "
                             "the wait become Null")
{
    struct trio x = trio_new();

    proc_cap(x.r, REG_GOT + 1, x.q);
    r_waits(&x);
    post(&x, 0x80000003);
    r_has_bits(&x, 0x80000003);
    EQ(preempting(x.t), 0);
    proc_get_cap(x.r, REG_GOT + 1, R_A);
    EQ(reg_type(R_A), LK_TYPE_NULL);
    let_go(x.t);
    r_waits_closed(&x, Q_ID);
    post(&x, 4);
    r_has_bits(&x, 4);
}

CASE(same_space, .text = "P2: R, T and S may be of three address spaces or of one: S, who cannot "
                         "run in T's, is served all the same")
{
    struct trio x = trio_new();
    obj s;

    proc_slot(x.t, SLOT_ADDR_SPACE, NO_OBJ); /* nobody looks at T's memory */
    r_waits(&x);
    s = sender(&x, 1);
    r_has(&x, 1);
    s_result(s, STATUS_OK);
    let_go(x.t);
    proc_slot(x.r, SLOT_ADDR_SPACE, space_new());
    r_waits(&x);
    s_sends(s, 2);
    r_has(&x, 2);
}
