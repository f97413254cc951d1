/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A client that calls a server.
 */
#include "reply.h"

struct session session_new(void)
{
    struct session s;

    s.client = proc_new(PRIO_HIGH);
    s.server = proc_new(PRIO_HIGH);
    s.endpoint = endpoint_new(s.server, SERVER_ID, false);
    s.entry = entry_new(s.endpoint, 0x77);
    s.reply = proc_reply_endpoint(s.client, CLIENT_ID);
    proc_cap(s.client, REG_SERVER, s.entry);
    return s;
}

void session_call(struct session s, uint64_t method)
{
    struct lk_regs got;

    raw_do(s.server, LK_RECV | LK_CTL_RECVS(REG_REPLY, 0, 0, 0));
    raw_do_word(s.client, LK_CTL_CALL(REG_SERVER, 1), method);
    got = raw_result(s.server);
    EQ(lk_kind(got.rax), LK_KIND_MESSAGE);
    EQ(got.rdi, method);
    EQ(got.r8, SERVER_ID);
    proc_get_cap(s.server, REG_REPLY, R_A);
    EQ(reg_type(R_A), LK_TYPE_ENTRY);
    client_waits(s);
}

void answer(obj p, unsigned reg, uint64_t shape, uint64_t result)
{
    raw_do_word(p, LK_CTL(shape, reg, 1), result);
}

void client_has(struct session s, uint64_t result)
{
    struct lk_regs got = raw_result(s.client);

    EQ(lk_kind(got.rax), LK_KIND_MESSAGE);
    EQ(got.rdi, result);
    EQ(got.r8, CLIENT_ID);
}

void client_waits(struct session s)
{
    EQ(proc_state(s.client).run_state, LK_STATE_RECEIVING);
    EQ(proc_wait_kind(s.client), LK_WAIT_CLOSED);
}

uint64_t endpoint_payload(obj endpoint)
{
    uint64_t payload = 0;

    obj_get(endpoint, R_T0);
    OK(lk_endpoint_get_state(R_T0, NULL, &payload, NULL));
    return payload;
}

uint64_t endpoint_flags(obj endpoint)
{
    uint64_t flags = 0;

    obj_get(endpoint, R_T0);
    OK(lk_endpoint_get_state(R_T0, NULL, NULL, &flags));
    return flags;
}
