/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of endpoints: one-shot replies, and what happens when their payloads are used up.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/process.h>

/* A process and its reply endpoint, whose last payload was `payload`. */
static struct endpoint *make_reply_endpoint(struct process **p, uint64_t payload)
{
    struct endpoint *ep = (struct endpoint *)(void *)test_make(FRAME_ENDPOINT);

    *p = test_make_process(1);
    ep->state.recipient = object_cap(&(*p)->hdr);
    ep->state.match = 1;
    ep->state.reply = payload << CAP_PAYLOAD_SHIFT;
    return ep;
}

static enum status check_reply_slot(struct process *p, struct cap slot)
{
    p->slot[SLOT_REPLY_ENDPOINT] = slot;
    fast_forget();
    txn_begin();
    return endpoint_check_reply(p);
}

static enum status check_reply(const struct endpoint *ep, struct process *p)
{
    return check_reply_slot(p, object_cap(&ep->hdr));
}

SELFTEST(endpoint_one_shot,
         "a reply capability is good for one reply, and a new one makes the old one stale")
{
    struct process *p;
    struct endpoint *ep = make_reply_endpoint(&p, 0);
    struct cap first;
    struct cap copy;
    struct cap second;

    CHECK_EQUAL(check_reply(ep, p), STATUS_OK);
    test_commit();
    first = endpoint_make_reply(ep);
    copy = first;
    CHECK(cap_valid(&first) && cap_valid(&copy));
    endpoint_reply_delivered(ep);
    CHECK(!cap_valid(&first) && !cap_valid(&copy));
    CHECK(cap_live(&copy));
    first = endpoint_make_reply(ep);
    second = endpoint_make_reply(ep);
    CHECK(!cap_valid(&first) && cap_valid(&second));
    CHECK_EQUAL(endpoint_check(ep), 0);
    test_rescind(&ep->hdr);
    test_rescind_process(p);
}

SELFTEST(endpoint_payload_wrap, "at its last payload an endpoint makes no more reply capabilities")
{
    struct process *p;
    struct endpoint *ep = make_reply_endpoint(&p, ENDPOINT_PAYLOAD_MAX - 4);
    struct cap reply[4];
    unsigned made = 0;

    while (check_reply(ep, p) == STATUS_OK && made < ARRAY_LEN(reply)) {
        txn_commit();
        reply[made] = endpoint_make_reply(ep);
        CHECK(cap_valid(&reply[made]));
        for (unsigned i = 0; i < made; i++) {
            CHECK(!cap_valid(&reply[i]));
        }
        CHECK(entry_payload(&reply[made]) <= ENDPOINT_PAYLOAD_MAX);
        endpoint_reply_delivered(ep);
        made++;
    }
    CHECK_EQUAL(made, 2); /* one payload for each capability, one for its use */
    CHECK_EQUAL(check_reply(ep, p), STATUS_EXHAUSTED);
    CHECK(endpoint_payload(ep) <= ENDPOINT_PAYLOAD_MAX);
    test_rescind(&ep->hdr);
    test_rescind_process(p);
}

SELFTEST(endpoint_wide_payload, "payloads above 32 bits are told apart")
{
    struct process *p;
    struct endpoint *ep = make_reply_endpoint(&p, 0xfffffffeull);
    struct cap reply;
    struct cap low;

    test_commit();
    reply = endpoint_make_reply(ep); /* 0xffffffff */
    endpoint_reply_delivered(ep);
    reply = endpoint_make_reply(ep); /* 0x100000001 */
    low = reply;
    low.aux = 0;
    CHECK_EQUAL(entry_payload(&reply), 0x100000001ull);
    CHECK(cap_valid(&reply) && !cap_valid(&low));
    test_rescind(&ep->hdr);
    test_rescind_process(p);
}

SELFTEST(endpoint_not_for_replies,
         "an endpoint without payload match, or of another process, makes no replies")
{
    struct process *p;
    struct process *other = test_make_process(1);
    struct endpoint *ep = make_reply_endpoint(&p, 0);

    CHECK_EQUAL(check_reply(ep, other), STATUS_NO_REPLY_ENDPOINT);
    ep->state.match = 0;
    CHECK_EQUAL(check_reply(ep, p), STATUS_NO_REPLY_ENDPOINT);
    CHECK_EQUAL(check_reply_slot(p, (struct cap){ 0 }), STATUS_NO_REPLY_ENDPOINT);
    test_rescind(&ep->hdr);
    test_rescind_process(p);
    test_rescind_process(other);
}

SELFTEST(endpoint_queue,
         "senders wait by priority, and all of them are told when the endpoint is destroyed")
{
    static const uint8_t priority[] = { 5, 9, 5, 200, 9 };
    static const uint8_t expected[] = { 3, 1, 4, 0, 2 };
    struct process *sender[ARRAY_LEN(priority)];
    struct process *receiver = test_make_process(1);
    struct endpoint *ep = (struct endpoint *)(void *)test_make(FRAME_ENDPOINT);
    struct cpu *cpu = cpu_self();
    const struct plist_node *n;

    ep->state.recipient = object_cap(&receiver->hdr);
    for (unsigned i = 0; i < ARRAY_LEN(priority); i++) {
        sender[i] = test_make_process(priority[i]);
        test_commit();
        process_end_wait(sender[i]);
        sender[i]->regs.rax = LK_SEND | LK_BLOCK;
        ipc_block_sender(sender[i], ep, endpoint_recipient(ep), NULL);
        CHECK(sender[i]->s.run_state == LK_STATE_BLOCKED && sender[i]->s.wait == LK_WAIT_SENDING);
        CHECK_EQUAL(endpoint_check(ep), 0);
    }
    n = plist_first(&ep->senders);
    for (unsigned i = 0; i < ARRAY_LEN(priority) && CHECK(n != NULL); i++) {
        CHECK(n == &sender[expected[i]]->sender_node);
        n = plist_next(&ep->senders, n);
    }
    CHECK(plist_first(&receiver->senders) == &ep->recv_node && ep->recv_node.priority == 200);
    test_rescind(&ep->hdr);
    for (unsigned i = 0; ipc_work() && i < 100; i++) {
        /* bounded pieces */
    }
    CHECK(plist_empty(&cpu->displaced) && plist_empty(&receiver->senders));
    for (unsigned i = 0; i < ARRAY_LEN(priority); i++) {
        CHECK_EQUAL(sender[i]->s.run_state, LK_STATE_READY);
        CHECK_EQUAL(sender[i]->regs.rdi, STATUS_INVALID_CAP);
        test_rescind_process(sender[i]);
    }
    test_rescind_process(receiver);
}
