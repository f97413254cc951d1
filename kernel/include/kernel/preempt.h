/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification: proxied messages and preempting notices (DESIGN 6; laws P1 to P15).
 *
 * T is the target, S a sender that invoked a ProxyEntry to an endpoint whose recipient is T, R the
 * process to which T's slot proxyReceiver leads, Q the endpoint through which it does. A delivery
 * stops T (the proxy hold) and gives R the message or the bits, with a Process capability to T, in
 * one step. T's wait, if it is in one, stays armed throughout.
 *
 * While a delivery is not possible, whoever waits for it waits on T; and T is always found by what
 * can make it possible:
 *   - R does not wait: T stands among the senders of Q by a link of its own (preempt.node), so that
 *     the matching of R's wait finds it;
 *   - T has the proxy hold, or defers, or R is not schedulable: T is on the list of R's watchers;
 *   - there is no R, but Q is there: T is on Q's.
 * Whatever changes R or Q puts the watchers on a list of the CPU, and each is judged again, in
 * pieces, before the CPU goes back to user level (ipc_work).
 */
#pragma once

#include <kernel/ipc.h>
#include <kernel/process.h>

/* R of `t`: the recipient that its proxyReceiver leads to, through an endpoint without payload
 * match, and not `t` itself. NULL: it has none; a ProxyEntry to it is Null then (P4). */
struct process *preempt_receiver(const struct process *t);

/* Does anything wait for `t` to be notified? What comes now goes behind it. */
static inline bool preempt_waits(const struct process *t)
{
    return t->preempt.notices != 0 || !plist_empty(&t->preempt.senders);
}

/* The one routine that decides (P8). EFFECT. Something about `t`, its senders, its bits, its
 * deferral or its receiver changed: deliver what can be delivered, or put `t` where it will be
 * found. A message is delivered by the matching of R's wait, a transaction of its own. NO_FAIL. */
void preempt_judge(struct process *t);

/* ACQUIRE. Fill in `m` for the message that `from` sends through `target`, a live ProxyEntry. */
enum status preempt_prepare(struct message *m, struct process *from, const struct cap *target);
/* ACQUIRE. May the message be delivered now, as far as T and R's holds are concerned (P3)? R's wait
 * is ipc_accepts()'s to judge. Makes T stop where it runs, if it does (P10). */
bool preempt_possible(struct process *t, const struct process *r);
/* EFFECT. Deliver: T is held, R (`m->to`) becomes READY with the message, not queued to run yet.
 * NO_FAIL. */
void preempt_transfer(struct message *m);

/* EFFECT. All that wait on `t` are judged afresh, each by its own registers, soon. NO_FAIL. */
void preempt_displace_senders(struct process *t);
/* EFFECT. All processes on this list of watchers are judged again, soon. NO_FAIL. */
void preempt_judge_watchers(struct list *watchers);
/* EFFECT. Recipient or payload match of `ep` is about to change, or it is about to go: whoever
 * waits through it or watches it is judged again. NO_FAIL. */
void preempt_endpoint_changes(struct endpoint *ep);
/* EFFECT. `r` has become the recipient of an endpoint, perhaps a proxy receiver by it. NO_FAIL. */
void preempt_recipient_set(struct process *r);
/* EFFECT. Nothing waits any more for `t` to end its deferral, or its control word is about to be
 * another. NO_FAIL. */
void preempt_end_deferral(struct process *t);
/* EFFECT. `t` is off every queue and list of this page: before its slot proxyReceiver changes.
 * NO_FAIL. */
void preempt_leave(struct process *t);
/* EFFECT. The bound of the deferral of `t` is over. NO_FAIL. */
void preempt_bound_over(struct process *t);
/* EFFECTS of fabrication and destruction. */
void preempt_init(struct process *t);
void preempt_destroy(struct process *t);
