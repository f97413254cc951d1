/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Used, copied, stale and foreign reply capabilities.
 */
#include "reply.h"

#define FLAG_MATCH 1u
#define FLAG_OUTSTANDING 2u

static const uint64_t send_shapes[] = { LK_SEND, LK_SEND | LK_BLOCK };

/* A reply is refused as an invalid capability, and nobody hears of it. */
static void refused(obj p, unsigned reg)
{
    for (unsigned i = 0; i < 2; i++) {
        answer(p, reg, send_shapes[i], 99);
        EQ(raw_result(p).rax, 0);
        EQ(raw_result(p).rdi, STATUS_INVALID_CAP);
    }
}

CASE(payload_advances,
     .text = "the payload advances with each reply capability made and with each used")
{
    struct session s = session_new();
    uint64_t before = endpoint_payload(s.reply);

    EQ(endpoint_flags(s.reply) & (FLAG_MATCH | FLAG_OUTSTANDING), FLAG_MATCH);
    session_call(s, 1);
    EQ(endpoint_payload(s.reply), before + 1);
    EQ(endpoint_flags(s.reply) & (FLAG_MATCH | FLAG_OUTSTANDING), FLAG_MATCH | FLAG_OUTSTANDING);
    answer(s.server, REG_REPLY, LK_SEND, 0);
    client_has(s, 0);
    EQ(raw_result(s.client).r9, before + 1);
    EQ(endpoint_payload(s.reply), before + 2);
    EQ(endpoint_flags(s.reply) & (FLAG_MATCH | FLAG_OUTSTANDING), FLAG_MATCH);
    proc_cap(s.client, 6, s.endpoint); /* the same if the kernel answers */
    raw_do_word(s.client, LK_CTL_CALL(6, 1), OP_GET_TYPE);
    client_has(s, 0);
    EQ(raw_result(s.client).r9, before + 3);
    EQ(endpoint_payload(s.reply), before + 4);
    EQ(endpoint_flags(s.reply) & (FLAG_MATCH | FLAG_OUTSTANDING), FLAG_MATCH);
}

CASE(payload_advances_reply_wait,
     .text = "so it does when the reply goes on to wait, and nothing is outstanding then")
{
    struct session s = session_new();

    for (unsigned i = 0; i < 3; i++) {
        uint64_t before = endpoint_payload(s.reply);

        if (i == 0) {
            session_call(s, i);
        } else { /* the server waits already */
            raw_do_word(s.client, LK_CTL_CALL(REG_SERVER, 1), i);
        }
        EQ(endpoint_payload(s.reply), before + 1);
        raw_do_word(s.server, LK_CTL_REPLY_WAIT(REG_REPLY, 1), 50 + i);
        client_has(s, 50 + i);
        EQ(endpoint_payload(s.reply), before + 2);
        EQ(endpoint_flags(s.reply) & (FLAG_MATCH | FLAG_OUTSTANDING), FLAG_MATCH);
        obj_get(s.reply, R_A);
        OK(lk_endpoint_make_entry(R_A, before + 2, R_B));
        EQ(lk_post2(R_B, 1, 0, 0), STATUS_INVALID_CAP);
        EQ(proc_state(s.server).run_state, LK_STATE_RECEIVING);
    }
}

CASE(second_reply,
     .text = "a second reply, through the capability or a copy of it, is an invalid capability")
{
    struct session s = session_new();

    session_call(s, 1);
    raw_do(s.server, LK_COPY_CAP | REG_REPLY << 8 | (REG_REPLY + 1) << 16);
    answer(s.server, REG_REPLY, LK_SEND, 5);
    client_has(s, 5);
    refused(s.server, REG_REPLY);
    refused(s.server, REG_REPLY + 1);
    client_has(s, 5);
    proc_get_cap(s.server, REG_REPLY, R_A);
    EQ(reg_type(R_A), LK_TYPE_NULL);
}

CASE(second_reply_next_call, .text = "nor does it answer the next call")
{
    struct session s = session_new();

    session_call(s, 1);
    raw_do(s.server, LK_COPY_CAP | REG_REPLY << 8 | 20 << 16);
    answer(s.server, REG_REPLY, LK_SEND, 5);
    client_has(s, 5);
    session_call(s, 2);
    refused(s.server, 20);
    client_waits(s);
    answer(s.server, REG_REPLY, LK_SEND | LK_BLOCK, 6);
    client_has(s, 6);
}

CASE(reply_by_third, .text = "the reply capability may be passed on; whoever is first answers")
{
    struct session s = session_new();
    obj third = proc_new(PRIO_HIGH);
    obj e = endpoint_new(third, 3, false);

    session_call(s, 1);
    proc_cap(s.server, 6, entry_new(e, 0));
    raw_do(third, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
    raw_do(s.server, LK_CTL(LK_SEND, 6, 1) | LK_CTL_SENDS(1, REG_REPLY, 0, 0, 0));
    answer(third, REG_REPLY, LK_SEND, 8);
    client_has(s, 8);
    refused(s.server, REG_REPLY);
}

CASE(two_blocked_repliers,
     .text =
         "of two that block on one reply capability, one delivers and the other gets INVALID_CAP")
{
    struct session s = session_new();
    obj second = proc_new(PRIO_HIGH);

    session_call(s, 1);
    proc_get_cap(s.server, REG_REPLY, R_B);
    proc_cap(second, REG_REPLY, obj_keep(R_B));
    /* Take the client out of its wait; its reply endpoint still has a reply outstanding. */
    raw_do(s.client, LK_YIELD);
    raw_result(s.client);
    answer(s.server, REG_REPLY, LK_SEND | LK_BLOCK, 10);
    answer(second, REG_REPLY, LK_SEND | LK_BLOCK, 11);
    EQ(proc_wait_kind(s.server), LK_WAIT_SENDING);
    EQ(proc_wait_kind(second), LK_WAIT_SENDING);
    raw_do(s.client, LK_RECV); /* an open wait takes the answer as well */
    client_has(s, 10);
    EQ(raw_result(s.server).rdi, STATUS_OK);
    EQ(raw_result(second).rdi, STATUS_INVALID_CAP);
}

CASE(blocked_replier_next_call,
     .text = "a replier that blocks is told when the caller makes another call instead")
{
    struct session s = session_new();
    obj other = proc_new(PRIO_HIGH);
    obj e = endpoint_new(other, 3, false);

    session_call(s, 1);
    raw_do(s.client, LK_YIELD);
    answer(s.server, REG_REPLY, LK_SEND | LK_BLOCK, 10);
    EQ(proc_wait_kind(s.server), LK_WAIT_SENDING);
    proc_cap(s.client, 6, entry_new(e, 0));
    raw_do(other, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
    raw_do_word(s.client, LK_CTL_CALL(6, 1), 2);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);
    client_waits(s);
    answer(other, REG_REPLY, LK_SEND, 12);
    client_has(s, 12);
}

CASE(blocked_replier_kernel_call, .text = "so it is when the kernel answers that other call")
{
    struct session s = session_new();

    session_call(s, 1);
    raw_do(s.client, LK_YIELD);
    answer(s.server, REG_REPLY, LK_SEND | LK_BLOCK, 10);
    proc_cap(s.client, 6, s.endpoint);
    raw_do_word(s.client, LK_CTL_CALL(6, 1), OP_GET_TYPE);
    client_has(s, 0);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);
}

CASE(caller_gave_up, .text = "a reply after the caller gave up and called again is refused, and "
                             "the new call is untouched")
{
    struct session s = session_new();

    session_call(s, 1);
    raw_do(s.server, LK_COPY_CAP | REG_REPLY << 8 | 20 << 16);
    raw_do(s.client, LK_YIELD); /* its wait is ended from outside */
    answer(s.server, 20, LK_SEND, 7);
    EQ(raw_result(s.server).rdi, STATUS_WOULD_BLOCK); /* the caller may still come back for it */
    session_call(s, 2);
    refused(s.server, 20);
    client_waits(s);
    answer(s.server, REG_REPLY, LK_SEND, 8);
    client_has(s, 8);
}

CASE(caller_comes_back,
     .text = "a caller whose wait was ended can take the reply by waiting for it again")
{
    struct session s = session_new();
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);

    session_call(s, 1);
    raw_do(s.client, LK_YIELD);
    r.r8 = CLIENT_ID;
    raw_go(s.client, &r);
    answer(s.server, REG_REPLY, LK_SEND, 9);
    client_has(s, 9);
}

CASE(match_set_again, .text = "setting payload match, on or off, ends what is outstanding")
{
    for (unsigned first = 0; first < 2; first++) {
        struct session s = session_new();

        session_call(s, 1);
        obj_get(s.reply, R_A);
        OK(lk_endpoint_set_payload_match(R_A, first));
        OK(lk_endpoint_set_payload_match(R_A, 1));
        refused(s.server, REG_REPLY);
        client_waits(s);
    }
}

CASE(match_off,
     .text = "without payload match any Entry of the endpoint answers, as often as it likes")
{
    struct session s = session_new();

    session_call(s, 1);
    obj_get(s.reply, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 0));
    answer(s.server, REG_REPLY, LK_SEND, 5);
    client_has(s, 5);
    raw_do(s.client, LK_RECV);
    answer(s.server, REG_REPLY, LK_SEND, 6);
    client_has(s, 6);
    EQ(endpoint_flags(s.reply) & FLAG_OUTSTANDING, 0);
}

/* The holder of the reply endpoint ends a call that has lasted too long (P5). */
CASE(timed_out, .text = "the holder of the reply endpoint can answer a call itself; then the "
                        "server's reply is refused")
{
    struct session s = session_new();

    session_call(s, 1);
    obj_get(s.reply, R_A);
    OK(lk_endpoint_make_entry(R_A, endpoint_payload(s.reply), R_B));
    OK(lk_post2(R_B, STATUS_TIMED_OUT, 0, 0));
    client_has(s, STATUS_TIMED_OUT);
    refused(s.server, REG_REPLY);
    EQ(lk_post2(R_B, 1, 0, 0), STATUS_INVALID_CAP);
    session_call(s, 2); /* and all goes on */
    answer(s.server, REG_REPLY, LK_SEND, 3);
    client_has(s, 3);
}

CASE(timed_out_late, .text = "if the server was first, the one that would end the call is refused")
{
    struct session s = session_new();

    session_call(s, 1);
    obj_get(s.reply, R_A);
    OK(lk_endpoint_make_entry(R_A, endpoint_payload(s.reply), R_B));
    answer(s.server, REG_REPLY, LK_SEND, 3);
    client_has(s, 3);
    EQ(lk_post2(R_B, STATUS_TIMED_OUT, 0, 0), STATUS_INVALID_CAP);
}

CASE(entry_with_payload_match,
     .text = "an Entry made with any other payload is Null, whatever the payload")
{
    struct session s = session_new();
    uint64_t payload;

    obj_get(s.reply, R_A);
    OK(lk_endpoint_make_entry(R_A, endpoint_payload(s.reply), R_B));
    EQ(lk_post2(R_B, 1, 0, 0), STATUS_INVALID_CAP); /* the right one, but nothing is outstanding */
    session_call(s, 1);
    payload = endpoint_payload(s.reply);
    for (unsigned bit = 0; bit < 48; bit++) {
        sys_at("payload bit %u", bit);
        obj_get(s.reply, R_A);
        OK(lk_endpoint_make_entry(R_A, payload ^ 1ull << bit, R_B));
        EQ(lk_post2(R_B, 1, 0, 0), STATUS_INVALID_CAP);
        EQ(reg_type(R_B), LK_TYPE_NULL);
    }
    obj_get(s.reply, R_A);
    STATUS(lk_endpoint_make_entry(R_A, 1ull << 48, R_B), STATUS_OUT_OF_RANGE);
    OK(lk_endpoint_make_entry(R_A, (1ull << 48) - 1, R_B));
    client_waits(s);
}

CASE(strange_capability_0,
     .text = "a server that answers to whatever comes as capability 0 harms nobody, whatever it is")
{
    struct session s = session_new();
    obj victim = proc_new(PRIO_HIGH);
    obj e = endpoint_new(victim, 3, false);
    obj strange[5];

    strange[0] = NO_OBJ;
    strange[1] = e;                        /* a kernel capability: result OK is getType */
    strange[2] = entry_new(e, 1);          /* a third party that does not wait */
    strange[3] = entry_new(s.endpoint, 1); /* the server itself */
    strange[4] = page_new();
    for (unsigned i = 0; i < 5; i++) {
        struct lk_regs got;

        sys_at("capability %u", i);
        proc_cap(s.client, 10, strange[i]);
        raw_do(s.server, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
        raw_do_word(s.client, LK_CTL(LK_SEND, REG_SERVER, 1) | LK_CTL_SENDS(1, 10, 0, 0, 0), 1);
        raw_result(s.server);
        raw_do_word(s.server, LK_CTL_REPLY_WAIT(REG_REPLY, 1), STATUS_OK);
        if (i == 1 || i == 4) {
            EQ(proc_state(s.server).run_state, LK_STATE_RECEIVING);
        } else {
            got = raw_result(s.server);
            EQ(lk_kind(got.rax), LK_KIND_RESULT);
            EQ(got.rdi, i == 0 ? STATUS_INVALID_CAP : STATUS_WOULD_BLOCK);
        }
    }
}

CASE(reply_carries_call, .text = "a reply can be a call itself, through the reply capability")
{
    struct session s = session_new();

    proc_reply_endpoint(s.server, 50);
    session_call(s, 1);
    raw_do_word(s.server, LK_CTL_CALL(REG_REPLY, 1), 21);
    client_has(s, 21);
    EQ(lk_caps(raw_result(s.client).rax), 1); /* it brought the server's reply capability */
    EQ(proc_wait_kind(s.server), LK_WAIT_CLOSED);
}

CASE(nested_calls, .text = "a chain of calls through eight servers comes back in order")
{
    enum { DEPTH = 8 };
    obj p[DEPTH + 1];

    for (unsigned i = 0; i <= DEPTH; i++) {
        p[i] = proc_new(PRIO_HIGH);
        proc_reply_endpoint(p[i], 100 + i);
    }
    for (unsigned i = 0; i < DEPTH; i++) {
        proc_cap(p[i], REG_SERVER, entry_new(endpoint_new(p[i + 1], i, false), i));
        raw_do(p[i + 1], LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
    }
    for (unsigned i = 0; i < DEPTH; i++) {
        raw_do_word(p[i], LK_CTL_CALL(REG_SERVER, 1), 1000 + i);
        EQ(raw_result(p[i + 1]).rdi, 1000 + i);
    }
    for (unsigned i = DEPTH; i > 0; i--) {
        answer(p[i], REG_REPLY, LK_SEND, 2000 + i);
        EQ(raw_result(p[i - 1]).rdi, 2000 + i);
    }
}

CASE(
    reply_endpoint_swapped,
    .text = "a call waits on the endpoint that its reply capability names, though the slot changes")
{
    struct session s = session_new();
    obj other = endpoint_new(s.client, 60, true);

    session_call(s, 1);
    proc_slot(s.client, SLOT_REPLY_ENDPOINT, other);
    answer(s.server, REG_REPLY, LK_SEND, 4);
    client_has(s, 4);
}

CASE(reply_id_changed,
     .text =
         "a caller whose reply endpoint gets another ID is still to be reached by a wait for that")
{
    struct session s = session_new();
    struct lk_regs r = raw_regs(LK_RECV | LK_CLOSED);

    session_call(s, 1);
    obj_get(s.reply, R_A);
    OK(lk_endpoint_set_endpoint_id(R_A, 61));
    answer(s.server, REG_REPLY, LK_SEND, 4);
    EQ(raw_result(s.server).rdi, STATUS_WOULD_BLOCK);
    r.r8 = 61;
    raw_go(s.client, &r);
    answer(s.server, REG_REPLY, LK_SEND, 4);
    EQ(raw_result(s.server).rdi, STATUS_OK);
    EQ(raw_result(s.client).r8, 61);
}

CASE(many_calls, .text = "two thousand calls in a row, each with its own reply capability")
{
    struct session s = session_new();
    uint64_t before = endpoint_payload(s.reply);

    for (unsigned i = 0; i < 2000; i++) {
        raw_do(s.server, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
        raw_do_word(s.client, LK_CTL_CALL(REG_SERVER, 1), i);
        answer(s.server, REG_REPLY, LK_SEND, i * 3);
        EQ(raw_result(s.client).rdi, i * 3);
    }
    EQ(endpoint_payload(s.reply), before + 4000);
}
