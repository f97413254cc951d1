/* SPDX-License-Identifier: BSD-2-Clause
 *
 * P4: proxy receivers that are none. The ProxyEntry behaves as Null, T is untouched, and preempting
 * bits are posted all the same and stay pending.
 */
#include "trio.h"

/* With T as it is: refused, blocking or not, called or sent; bits stay. */
static void is_null(const struct trio *x)
{
    obj s = s_new(x->proxy, PRIO_HIGH);
    struct shape before, after;
    uint64_t bits = preempting(x->t);

    shape_of(x->t, &before);
    s_sends(s, 1);
    s_result(s, STATUS_INVALID_CAP);
    s_posts(s, 1);
    s_result(s, STATUS_INVALID_CAP);
    s_calls(s, 1);
    s_result(s, STATUS_INVALID_CAP);
    EQ(type_of(x->proxy), LK_TYPE_NULL);
    CHECK(reg_same(R_A, 0));
    post(x, 0x100);
    EQ(preempting(x->t), bits | 0x100);
    CHECK(!held(x->t));
    EQ(preemption(x->t).flags & LK_PREEMPT_RECEIVER, 0);
    shape_of(x->t, &after);
    shape_same(&before, &after, "T");
    EQ(kernel_check(), 0);
}

/* And then there is one: the bits are delivered, and senders again. */
static void works_again(const struct trio *x)
{
    EQ(type_of(x->proxy), LK_TYPE_PROXYENTRY);
    CHECK((preemption(x->t).flags & LK_PREEMPT_RECEIVER) != 0);
    r_waits(x);
    r_has_bits(x, 0x100);
    let_go(x->t);
    r_waits(x);
    sender(x, 9);
    r_has(x, 9);
    let_go(x->t);
}

CASE(receiver_null, .text = "P4: proxyReceiver Null")
{
    struct trio x = trio_new();

    set_receiver(x.t, NO_OBJ);
    is_null(&x);
    set_receiver(x.t, x.entry);
    works_again(&x);
}

CASE(receiver_rescinded, .text = "P4: proxyReceiver an Entry whose endpoint was destroyed")
{
    struct trio x = trio_new();

    obj_rescind(x.q);
    is_null(&x);
    x.q = endpoint_new(x.r, Q_ID, false);
    is_null(&x);
    set_receiver(x.t, entry_new(x.q, 1));
    works_again(&x);
}

CASE(receiver_without_recipient, .text = "P4: proxyReceiver an Entry whose endpoint has no "
                                         "recipient")
{
    struct trio x = trio_new();

    obj_get(x.q, R_A);
    OK(lk_endpoint_set_recipient(R_A, 0));
    is_null(&x);
    obj_get(x.q, R_A);
    obj_get(x.r, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    works_again(&x);
}

CASE(receiver_dead, .text = "P4: proxyReceiver an Entry whose recipient was destroyed")
{
    struct trio x = trio_new();

    obj_rescind(x.r);
    is_null(&x);
    x.r = proc_new(PRIO_HIGH);
    obj_get(x.q, R_A);
    obj_get(x.r, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B));
    works_again(&x);
}

CASE(receiver_itself, .text = "P4: proxyReceiver leads to T itself")
{
    struct trio x = trio_new();
    obj own = endpoint_new(x.t, 7, false);

    set_receiver(x.t, entry_new(own, 0));
    is_null(&x);
    raw_do(x.t, LK_RECV); /* also while it waits there */
    is_null(&x);
    set_receiver(x.t, entry_new(x.e, 0)); /* the very endpoint */
    is_null(&x);
    set_receiver(x.t, entry_new(own, 0));
    is_null(&x);
    obj_get(own, R_A);
    obj_get(x.r, R_B);
    OK(lk_endpoint_set_recipient(R_A, R_B)); /* the endpoint is another's by now */
    EQ(type_of(x.proxy), LK_TYPE_PROXYENTRY);
    r_waits(&x);
    has_bits(x.r, x.t, 0x100, 0);
    EQ(raw_result(x.r).r8, 7);
}

CASE(receiver_match, .text = "P4: proxyReceiver an Entry with payload match: a one-shot reply, "
                             "outstanding or used")
{
    struct trio x = trio_new();
    obj caller_p = proc_new(PRIO_HIGH);
    obj reply = proc_reply_endpoint(caller_p, 6);

    /* A call of R's, whose reply capability is the proxy receiver of T. */
    proc_cap(caller_p, REG_PROXY, x.entry);
    r_waits(&x);
    raw_do(caller_p, LK_CTL_CALL_CAPS(REG_PROXY, 1, 0, 0, 0, 0, REG_GOT, 0, 0, 0));
    proc_get_cap(x.r, REG_GOT, R_A);
    EQ(reg_type(R_A), LK_TYPE_ENTRY);
    set_receiver(x.t, obj_keep(R_A));
    is_null(&x);
    s_in_call(caller_p); /* it was not answered by anything of that */
    obj_get(reply, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 0)); /* now it is an Entry like others */
    EQ(type_of(x.proxy), LK_TYPE_PROXYENTRY);
    has_bits(caller_p, x.t, 0x100, 0); /* and the caller's wait is one for that endpoint */
    let_go(x.t);
    obj_get(reply, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 1));
    set_receiver(x.t, entry_new(reply, 0));
    is_null(&x);
    set_receiver(x.t, x.entry);
    works_again(&x);
}

CASE(receiver_match_set, .text = "P4: payload match switched on at Q while senders wait: each is "
                                 "told INVALID_CAP, and bits stay")
{
    struct trio x = trio_new();
    obj s[3];

    for (unsigned i = 0; i < 3; i++) {
        s[i] = sender(&x, i);
        s_waits(s[i]);
    }
    post(&x, 0x100);
    obj_get(x.q, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 1));
    for (unsigned i = 0; i < 3; i++) {
        EVENTUALLY(raw_done(s[i]));
        s_result(s[i], STATUS_INVALID_CAP);
    }
    is_null(&x);
    obj_get(x.q, R_A);
    OK(lk_endpoint_set_payload_match(R_A, 0));
    works_again(&x);
}

CASE(chain, .text = "P4: proxies do not chain: a message for the handler of a handler goes to the "
                    "first, however long or endless the chain is")
{
    enum { LINKS = 12 };
    obj p[LINKS], q[LINKS], proxy[LINKS], notice[LINKS];
    obj s;

    for (unsigned i = 0; i < LINKS; i++) {
        p[i] = proc_new(PRIO_HIGH);
        q[i] = endpoint_new(p[i], 100 + i, false);
        proxy[i] = proxy_new(q[i], i);
        notice[i] = proxy_notice_new(q[i], UINT32_MAX);
    }
    for (unsigned i = 0; i < LINKS; i++) { /* the last one's is the first: without end */
        set_receiver(p[i], entry_new(q[(i + 1) % LINKS], 0));
    }
    waits_open(p[2]); /* not p[1], which is p[0]'s receiver */
    s = s_new(proxy[0], PRIO_HIGH);
    s_sends(s, 5);
    s_waits(s);
    EQ(proc_state(p[2]).run_state, LK_STATE_RECEIVING);
    CHECK(!held(p[0]) && !held(p[1]));
    waits_open(p[1]);
    has_message(p[1], p[0], 5, 0);
    EQ(raw_result(p[1]).r8, 101);
    EQ(proc_state(p[2]).run_state, LK_STATE_RECEIVING);
    CHECK(!held(p[1]));
    let_go(p[0]);
    for (unsigned i = 0; i < LINKS; i++) { /* bits for each, and nobody waits */
        obj_get(notice[i], R_A);
        OK(lk_appnotice_post(R_A, 1));
    }
    EQ(kernel_check(), 0);
    EQ(raw_result(p[2]).rdi, 1); /* but p[2], for p[1] */
    CHECK(held(p[1]));
}

CASE(receiver_elsewhere, .text = "P4: two targets may have one receiver, each through an endpoint "
                                 "of its own: it knows which is which")
{
    struct trio x = trio_new();
    struct trio y = trio_new();
    obj q2 = endpoint_new(x.r, Q_ID + 5, false);

    set_receiver(y.t, entry_new(q2, 0));
    r_waits(&x);
    sender(&y, 4);
    has_message(x.r, y.t, 4, 0);
    EQ(raw_result(x.r).r8, Q_ID + 5);
    CHECK(!held(x.t));
    r_waits(&x); /* while the other is still held */
    sender(&x, 5);
    r_has(&x, 5);
    CHECK(held(y.t) && held(x.t));
}

CASE(receiver_shared_endpoint, .text = "P4: or through one endpoint: each delivery names its own "
                                       "target")
{
    struct trio x = trio_new();
    struct trio y = trio_new();

    set_receiver(y.t, x.entry);
    sender(&y, 4);
    sender(&x, 5);
    post(&y, 2);
    r_waits(&x);
    has_bits(x.r, y.t, 2, 0);
    r_waits(&x);
    has_message(x.r, x.t, 5, 0);
    let_go(y.t);
    r_waits(&x);
    has_message(x.r, y.t, 4, 0);
}
