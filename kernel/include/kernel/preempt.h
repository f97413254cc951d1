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
#include <kernel/trace.h>

/* R of `t`: the recipient that its proxyReceiver leads to, through an endpoint without payload
 * match, and not `t` itself. NULL: it has none; a ProxyEntry to it is Null then (P4). */
static ALWAYS_INLINE struct process *preempt_receiver(const struct process *t)
{
    const struct cap *c = &t->slot[SLOT_PROXY_RECEIVER];
    struct process *r = NULL;

    if (c->type == CAP_ENTRY && object_alive(c, FRAME_ENDPOINT) && !endpoint_of(c)->state.match) {
        r = endpoint_find_recipient(endpoint_of(c));
    }
    return r == t ? NULL : r;
}

/* Does anything wait for `t` to be notified? What comes now goes behind it. */
static inline bool preempt_waits(const struct process *t)
{
    return t->preempt.notices != 0 || !plist_empty(&t->preempt.senders);
}

/* The one routine that decides (P8). EFFECT. Something about `t`, its senders, its bits, its
 * deferral or its receiver changed: deliver what can be delivered, or put `t` where it will be
 * found. A message is delivered by the matching of R's wait, a transaction of its own. NO_FAIL. */
void preempt_judge(struct process *t);

/* Does `t` say that it defers? Stops it first, wherever it runs (P10). And is that in the way of a
 * delivery: is its bound not over? */
bool preempt_says_defer(const struct process *t);
static inline bool preempt_defers(const struct process *t)
{
    return preempt_says_defer(t) && !t->preempt.over;
}

/* EFFECT. What was waited for comes: `t` is off every queue and list of this page, and its deferral
 * is over. Was that forced? NO_FAIL. */
bool preempt_wait_over(struct process *t);

/* ACQUIRE. Fill in `m` for the message that `from` sends, with `control`, through `target`, a live
 * ProxyEntry. */
static ALWAYS_INLINE enum status preempt_prepare(struct message *m, struct process *from,
                                                 uint64_t control, const struct cap *target,
                                                 const bool string) MAY_RESTART
{
    struct process *t = endpoint_find_recipient(endpoint_of(target));
    enum status status;

    m->target = t;
    if (t == NULL || preempt_receiver(t) == NULL) {
        return STATUS_INVALID_CAP;
    }
    status = ipc_prepare(m, from, control, &t->slot[SLOT_PROXY_RECEIVER], string);
    m->payload = target->payload;
    return status;
}

/* ACQUIRE. May the message be delivered now, as far as T and R's holds are concerned (P3)? R's wait
 * is ipc_accepts()'s to judge. Makes T stop where it runs, if it does (P10). */
static inline bool preempt_possible(struct process *t, const struct process *r)
{
    return !(t->s.holds & 1u << LK_HOLD_PROXY) && r->s.holds == 0 && !preempt_defers(t);
}

/* EFFECT. A delivery to R stops T, `forced` if that said that it defers. NO_FAIL. */
static ALWAYS_INLINE void preempt_stop(struct process *t, const struct process *r, bool notice,
                                       bool forced)
{
    /* A bool made 64 bits wide: the checker overlooks the cast. */
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    trace_event(TRACE_PROXY, object_oid(t), object_oid(r) | (uint64_t)forced << 32);
    t->preempt.after_notice = notice;
    t->preempt.deliveries++;
    t->preempt.forced += forced;
    process_hold(t, LK_HOLD_PROXY);
}

/* EFFECT. Deliver: T is held, R (`m->to`) becomes READY with the message, not queued to run yet.
 * NO_FAIL. */
static ALWAYS_INLINE void preempt_transfer(struct message *m, const bool string)
{
    struct process *t = m->target;
    bool waits = (t->attention & ATTN_PREEMPT) != 0; /* it stands somewhere */
    bool forced = unlikely(waits) && preempt_wait_over(t);

    if (m->make_reply) {
        m->cap = endpoint_make_reply(m->from->fast.reply);
        m->make_reply = false;
    }
    ASSERT(t->slot[SLOT_PROXY_REPLY].type == CAP_NULL); /* INV-PROC-7 */
    if (m->caps != 0) {
        cap_copy(&t->slot[SLOT_PROXY_REPLY], &m->cap);
    } else {
        m->caps = 1;
    }
    m->cap = process_cap(t);
    m->delivery += (m->from == NULL ? LK_KIND_PROXIED_NOTICE : LK_KIND_PROXIED) - LK_KIND_MESSAGE +
                   (forced ? LK_DLV_FORCED : 0);
    preempt_stop(t, m->to, m->from == NULL, forced);
    if (string) {
        ipc_transfer(m);
    } else {
        ipc_deliver(m);
    }
    if (unlikely(waits)) {
        preempt_judge(t); /* what is left waits for the end of the hold */
    }
}

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
/* EFFECTS of fabrication and destruction. */
void preempt_init(struct process *t);
void preempt_destroy(struct process *t);
