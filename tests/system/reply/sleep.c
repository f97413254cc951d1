/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A sleep is a call which the clock answers late: the same rules hold for its answer as for any
 * other.
 */
#include "reply.h"

#define LONG (3600ull * 1000 * NSEC_PER_MSEC)
#define SHORT (5 * NSEC_PER_MSEC)
#define MATCH 1u
#define OUTSTANDING 2u

static void sleep_until(struct session s, uint64_t until)
{
    struct lk_regs r = raw_regs(LK_CTL_CALL(R_SLEEP, 2));

    obj_get(s.client, R_T0);
    OK(lk_process_swap_cap_reg(R_T0, R_SLEEP, R_SLEEP, 0));
    r.rdi = OP_SLEEP_SLEEP_UNTIL;
    r.rsi = until;
    raw_go(s.client, &r);
    EQ(proc_wait_kind(s.client), LK_WAIT_SLEEPING);
}

/* The reply capability of the outstanding call, made by the holder of the reply endpoint. */
static obj reply_of(struct session s)
{
    EQ(endpoint_flags(s.reply) & (MATCH | OUTSTANDING), MATCH | OUTSTANDING);
    return entry_new(s.reply, endpoint_payload(s.reply));
}

CASE(sleep_is_a_call,
     .text = "the clock answers as a server does: through the reply endpoint, once")
{
    struct session s = session_new();
    uint64_t until = now() + SHORT;
    uint64_t payload;
    obj stale;

    sleep_until(s, until);
    payload = endpoint_payload(s.reply);
    stale = reply_of(s);
    sleep_ns(2 * SHORT);
    client_has(s, STATUS_OK);
    CHECK(raw_result(s.client).rsi >= until);
    EQ(raw_result(s.client).r9, payload);
    EQ(endpoint_payload(s.reply), payload + 1);
    EQ(endpoint_flags(s.reply) & (MATCH | OUTSTANDING), MATCH);
    proc_cap(s.server, REG_REPLY, stale);
    answer(s.server, REG_REPLY, LK_SEND, 9);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);
}

CASE(sleep_ended, .text = "who holds the reply endpoint ends a sleep by answering first; the clock "
                          "has nothing to say then")
{
    static const uint64_t shapes[] = { LK_SEND, LK_SEND | LK_BLOCK };

    for (unsigned i = 0; i < 2; i++) {
        struct session s = session_new();

        sys_at("shape %lx", shapes[i]);
        sleep_until(s, now() + (i == 0 ? LONG : SHORT));
        proc_cap(s.server, REG_REPLY, reply_of(s));
        answer(s.server, REG_REPLY, shapes[i], STATUS_TIMED_OUT);
        EQ(raw_result(s.server).rdi, STATUS_OK);
        client_has(s, STATUS_TIMED_OUT);
        session_call(s, 4); /* its next call is not the clock's to answer */
        sleep_ns(2 * SHORT);
        client_waits(s);
        answer(s.server, REG_REPLY, LK_SEND, 8);
        client_has(s, 8);
    }
}

CASE(sleep_replied_and_waited, .text = "a reply and wait ends it as well")
{
    struct session s = session_new();

    sleep_until(s, now() + LONG);
    proc_cap(s.server, REG_REPLY, reply_of(s));
    raw_do_word(s.server, LK_CTL_REPLY_WAIT(REG_REPLY, 1), STATUS_TIMED_OUT);
    client_has(s, STATUS_TIMED_OUT);
    EQ(proc_wait_kind(s.server), LK_WAIT_OPEN);
}

CASE(sleep_endpoint_lost,
     .text =
         "a sleeper whose reply endpoint is another's by then wakes, and is told that it has none")
{
    for (unsigned how = 0; how < 3; how++) {
        struct session s = session_new();

        sys_at("way %u", how);
        sleep_until(s, now() + SHORT);
        if (how == 0) { /* another receives there */
            obj_get(s.reply, R_A);
            obj_get(s.server, R_B);
            OK(lk_endpoint_set_recipient(R_A, R_B));
        } else if (how == 1) {
            obj_rescind(s.reply);
        } else {
            proc_slot(s.client, SLOT_REPLY_ENDPOINT, NO_OBJ);
        }
        sleep_ns(2 * SHORT);
        EQ(raw_result(s.client).rdi, STATUS_NO_REPLY_ENDPOINT);
        EQ(kernel_check(), 0);
    }
}

CASE(sleeper_gone,
     .text = "a sleeper that is destroyed leaves nothing behind that its time could disturb")
{
    struct session s = session_new();
    obj reply;

    sleep_until(s, now() + SHORT);
    reply = reply_of(s);
    obj_rescind(s.client);
    proc_cap(s.server, REG_REPLY, reply);
    answer(s.server, REG_REPLY, LK_SEND, 9);
    EQ(raw_result(s.server).rdi, STATUS_INVALID_CAP);
    sleep_ns(2 * SHORT);
    EQ(kernel_check(), 0);
}
