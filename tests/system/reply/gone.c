/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Callers and servers that go away in the middle of a call.
 */
#include "reply.h"

CASE(server_destroyed, .text = "destroying a server answers every caller whose reply capability it "
                               "holds with INVOKEE_GONE")
{
    enum { CLIENTS = 31 }; /* in every register that there is */
    obj server = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(server, SERVER_ID, false), 0);
    obj client[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++) {
        client[i] = proc_new(PRIO_HIGH);
        proc_reply_endpoint(client[i], CLIENT_ID);
        proc_cap(client[i], REG_SERVER, entry);
        raw_do(server, LK_RECV | LK_CTL_RECVS(1 + i, 0, 0, 0));
        raw_do_word(client[i], LK_CTL_CALL_CAPS(REG_SERVER, 1, 0, 0, 0, 0, 9, 10, 11, 12), i);
        proc_cap(client[i], 9, entry);
    }
    proc_get_cap(server, 1, R_A); /* a copy of one stays with us */
    obj_rescind(server);
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct lk_regs got = raw_result(client[i]);

        sys_at("client %u", i);
        EQ(lk_kind(got.rax), LK_KIND_MESSAGE);
        EQ(got.rdi, STATUS_INVOKEE_GONE);
        EQ(got.rsi | got.rdx | got.rbx | got.r12 | got.r13 | got.r14 | got.r15, 0);
        EQ(got.r8, CLIENT_ID);
        proc_get_cap(client[i], 9, R_B);
        EQ(reg_type(R_B), LK_TYPE_NULL);
    }
    EQ(lk_post2(R_A, 1, 0, 0), STATUS_INVALID_CAP);
}

CASE(server_destroyed_copies, .text = "copies do not answer twice, and used ones not at all")
{
    struct session s = session_new();

    session_call(s, 1);
    for (unsigned i = 10; i < 32; i++) {
        raw_do(s.server, LK_COPY_CAP | REG_REPLY << 8 | i << 16);
    }
    answer(s.server, REG_REPLY, LK_SEND, 3);
    client_has(s, 3);
    raw_do(s.client, LK_RECV);
    obj_rescind(s.server);
    EQ(proc_state(s.client).run_state, LK_STATE_RECEIVING);
}

CASE(server_destroyed_not_waiting, .text = "a caller that does not wait any more is left alone")
{
    struct session s = session_new();

    session_call(s, 1);
    raw_do(s.client, LK_YIELD);
    obj_rescind(s.server);
    EQ(raw_result(s.client).rdi, STATUS_OK);
}

CASE(server_destroyed_queue,
     .text = "callers that wait to be received get INVALID_CAP when the server is destroyed")
{
    enum { CLIENTS = 5 };
    obj server = proc_new(PRIO_HIGH);
    obj entry = entry_new(endpoint_new(server, SERVER_ID, false), 0);
    obj client[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++) {
        client[i] = proc_new(PRIO_HIGH + i);
        proc_reply_endpoint(client[i], CLIENT_ID);
        proc_cap(client[i], REG_SERVER, entry);
        raw_do_word(client[i], LK_CTL_CALL(REG_SERVER, 1), i);
        EQ(proc_wait_kind(client[i]), LK_WAIT_SENDING);
    }
    obj_rescind(server);
    for (unsigned i = 0; i < CLIENTS; i++) {
        EQ(raw_result(client[i]).rax, 0);
        EQ(raw_result(client[i]).rdi, STATUS_INVALID_CAP);
    }
}

CASE(client_destroyed, .text = "the reply to a caller that is gone is an invalid capability, also "
                               "for one that blocks on it")
{
    struct session s = session_new();

    session_call(s, 1);
    obj_rescind(s.client);
    answer(s.server, REG_REPLY, LK_SEND, 3);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);

    s = session_new();
    session_call(s, 1);
    raw_do(s.client, LK_YIELD);
    answer(s.server, REG_REPLY, LK_SEND | LK_BLOCK, 3);
    EQ(proc_wait_kind(s.server), LK_WAIT_SENDING);
    obj_rescind(s.client);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);
}

CASE(reply_endpoint_destroyed, .text = "destroying the reply endpoint of a caller makes its reply "
                                       "Null and leaves a line in the log")
{
    struct session s = session_new();
    uint64_t mark = log_mark();

    session_call(s, 1);
    obj_rescind(s.reply);
    answer(s.server, REG_REPLY, LK_SEND | LK_BLOCK, 3);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);
    client_waits(s);
    CHECK(log_has(mark, "closed wait"));
    raw_do_word(s.client, LK_CTL_CALL(REG_SERVER, 1), 1); /* and it can make no more calls */
    EQ(raw_result(s.client).rdi, STATUS_NO_REPLY_ENDPOINT);
}

CASE(reply_endpoint_gone_while_sending,
     .text = "a caller that waits to be received and loses its reply endpoint is told so")
{
    struct session s = session_new();

    raw_do_word(s.client, LK_CTL_CALL(REG_SERVER, 1), 1);
    EQ(proc_wait_kind(s.client), LK_WAIT_SENDING);
    obj_rescind(s.reply);
    raw_do(s.server, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
    EQ(raw_result(s.client).rdi, STATUS_NO_REPLY_ENDPOINT);
    EQ(proc_state(s.server).run_state, LK_STATE_RECEIVING);
}

CASE(server_endpoint_gone_after,
     .text = "a call that was received is answered though the server's endpoint is gone")
{
    struct session s = session_new();

    session_call(s, 1);
    obj_rescind(s.endpoint);
    answer(s.server, REG_REPLY, LK_SEND, 3);
    client_has(s, 3);
}

CASE(self_destroyed_in_reply,
     .text =
         "a caller that destroys itself, and one that destroys its own reply endpoint, in a call")
{
    obj p = proc_new(PRIO_HIGH);
    obj reply = proc_reply_endpoint(p, 5);

    obj_get(p, R_A);
    proc_cap(p, 6, p);
    proc_cap(p, 7, reply);
    obj_get(p, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, 8, R_RANGE, 0));
    raw_do_word(p, LK_CTL_CALL_CAPS(8, 1, 1, 7, 0, 0, 0, 0, 0, 0), OP_RANGE_RESCIND);
    EQ(raw_result(p).rdi, STATUS_OK); /* the answer needs no endpoint */
    raw_do_word(p, LK_CTL(LK_SEND, 8, 1) | LK_CTL_SENDS(2, 0, 6, 0, 0), OP_RANGE_RESCIND);
    EQ(reg_type(R_A), LK_TYPE_NULL);
}
