/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proxied messages and the order of things: who runs first, and whose turn it is.
 */
#include "proxied.h"

#define ROUNDS 5 /* the first goes the long way, which notes */
#define MIDDLE 6 /* capability registers of the sender: Entries of who stands between; */
#define BACK 7   /* of the receiver: Entry of the sender */

static uint64_t order[2], ran;

static void note_order(uint64_t who)
{
    if (ran < 2) {
        order[ran++] = who;
    }
}

static void middle(void *arg)
{
    (void)arg;
    for (;;) {
        lk_wait(0);
        note_order(1);
    }
}

/* Lets the target go, and wakes the sender in the invocation in which it waits again. */
static void receiver(void *arg)
{
    (void)arg;
    lk_wait(X_GOT);
    for (;;) {
        note_order(2);
        OK(lk_process_clear_not_schedulable(X_GOT, LK_HOLD_PROXY, NULL));
        lk_call_ctl0(LK_CTL(LK_SEND | LK_RECV, BACK, 1) | LK_CTL_RECVS(X_GOT, 0, 0, 0), 0);
    }
}

/* Makes the one between ready, which does not run yet; then its message is proxied. */
static void sender(void *arg)
{
    uint64_t *rounds = arg;

    for (; *rounds < ROUNDS; ++*rounds) {
        ran = 0;
        lk_call_ctl0(LK_CTL(LK_SEND, MIDDLE, 1), 0);
        lk_call_ctl0(LK_CTL(LK_SEND | LK_RECV, X_PROXY, 1), 0);
        EQ(ran, 2);
        EQ(order[0], 1);
        EQ(order[1], 2);
    }
}

CASE(proxied_in_order,
     .text = "the receiver of a proxied message does not run before who is of higher priority",
     .steady = true)
{
    static uint64_t rounds;

    for (unsigned fast = 0; fast < 2; fast++) {
        struct worker s = worker_new(PRIO_HIGH, sender, &rounds);
        struct worker m = worker_new(PRIO_HIGH - 1, middle, NULL);
        struct worker r = worker_new(PRIO_HIGH - 2, receiver, NULL);
        obj t = proc_new(PRIO_HIGH);
        obj of_t = endpoint_new(t, TARGET_ID, false);

        sys_at("fast path %u", fast);
        OK(lk_sysctl_set_fast_path(R_SYSCTL, fast));
        rounds = 0;
        raw_do(t, LK_RECV);
        proc_slot(t, SLOT_PROXY_RECEIVER, entry_new(r.endpoint, 0));
        obj_get(of_t, R_A);
        OK(lk_endpoint_make_proxy_entry(R_A, 1, R_B));
        proc_cap(s.p, X_PROXY, obj_keep(R_B));
        proc_cap(s.p, MIDDLE, entry_new(m.endpoint, 0));
        proc_cap(r.p, BACK, entry_new(s.endpoint, 0));
        worker_start(r);
        worker_start(m);
        sleep_ns(NSEC_PER_MSEC); /* both wait */
        worker_start(s);
        EVENTUALLY(rounds == ROUNDS);
    }
}

/* What an open wait of `p` ends with. */
static unsigned receives(obj p)
{
    raw_do(p, LK_CTL_WAIT(X_GOT, 0, 0, 0));
    return lk_kind(raw_result(p).rax);
}

CASE(turn_of_proxied, .text = "a proxied message ends the turn of messages, whichever way it goes",
     .steady = true)
{
    obj r = proc_new(PRIO_HIGH);
    obj c = proc_new(PRIO_HIGH);
    obj s = proc_new(PRIO_HIGH);
    obj t = proc_new(PRIO_HIGH);
    obj e = endpoint_new(r, RECEIVER_ID, false);
    obj of_t = endpoint_new(t, TARGET_ID, false);

    proc_slot(t, SLOT_PROXY_RECEIVER, entry_new(e, 0));
    obj_get(of_t, R_A);
    OK(lk_endpoint_make_proxy_entry(R_A, 1, R_B));
    proc_cap(c, X_PROXY, obj_keep(R_B));
    proc_cap(s, X_PROXY, entry_new(e, 0));
    raw_do(t, LK_RECV);
    for (unsigned i = 0; i < 2 * ROUNDS; i++) {
        sys_at("round %u", i);
        OK(lk_sysctl_set_fast_path(R_SYSCTL, i < ROUNDS));
        obj_get(notice_new(e, 1), R_B);
        OK(lk_appnotice_post(R_B, 1));
        EQ(receives(r), LK_KIND_NOTICE);
        raw_do(r, LK_CTL_WAIT(X_GOT, 0, 0, 0));
        raw_do(c, LK_CTL(LK_SEND | LK_RECV, X_PROXY, 1));
        EQ(lk_kind(raw_result(r).rax), LK_KIND_PROXIED);
        raw_do(s, LK_CTL(LK_SEND | LK_BLOCK, X_PROXY, 1));
        EQ(proc_wait_kind(s), LK_WAIT_SENDING);
        OK(lk_appnotice_post(R_B, 1));
        EQ(receives(r), LK_KIND_NOTICE);
        EQ(receives(r), LK_KIND_MESSAGE);
        proc_release(t, LK_HOLD_PROXY);
        raw_do(r, LK_YIELD);
    }
}
