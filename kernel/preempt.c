/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification. Read preempt.h first.
 *
 * Everything is decided by preempt_judge(), at every moment that can make a delivery possible, and
 * nothing is remembered of an earlier verdict but where the process stands. The control word is
 * read last, when deferral is all that can stand in the way, and only while T runs nowhere.
 */
#include <kernel/cpu.h>
#include <kernel/preempt.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

/* Q: the endpoint that the slot proxyReceiver names, or NULL. */
static struct endpoint *receiver_endpoint(const struct process *t)
{
    const struct cap *c = &t->slot[SLOT_PROXY_RECEIVER];

    return c->type == CAP_ENTRY && object_alive(c, FRAME_ENDPOINT) ? endpoint_of(c) : NULL;
}

/* --- deferral (P6) --- */

/* The control word, or NULL: there is none that the process can write. It is reached through the
 * frame of its page, so touching it cannot fault. */
static volatile uint8_t *control_word(const struct process *t)
{
    const struct cap *c = &t->slot[SLOT_CONTROL_PAGE];

    if (c->type != CAP_PAGE || (c->restr & LK_RO) || !cap_live(c)) {
        return NULL;
    }
    return (uint8_t *)frame_data(container_of(oid_header(c->oid), struct frame, hdr)) +
           t->preempt.control;
}

bool preempt_says_defer(const struct process *t)
{
    const volatile uint8_t *word;

    arch_stop_cpu(t->cpu);
    if (t->preempt.bound == 0) {
        return false;
    }
    word = control_word(t);
    return word != NULL && word[LK_CONTROL_DEFER] != 0;
}

/* Deferral is all that stands in the way: tell `t`, and let the bound run. */
static void begin_deferral(struct process *t)
{
    struct preempt *pr = &t->preempt;

    if (pr->deferred_since != 0) {
        return;
    }
    trace_event(TRACE_DEFER, object_oid(t), pr->bound);
    control_word(t)[LK_CONTROL_PENDING] = 1;
    pr->deferred_since = arch_now();
    timer_insert(&cpu_self()->timers, &pr->bound_timer, pr->deferred_since + pr->bound);
    cpu_self()->resched = true; /* the timer is to be set anew */
}

void preempt_end_deferral(struct process *t)
{
    struct preempt *pr = &t->preempt;
    volatile uint8_t *word = control_word(t);

    if (pr->deferred_since == 0) {
        return;
    }
    timer_remove(&cpu_self()->timers, &pr->bound_timer);
    pr->deferred_since = 0;
    pr->over = false;
    if (word != NULL) {
        word[LK_CONTROL_PENDING] = 0;
    }
}

/* --- where T stands --- */

void preempt_leave(struct process *t)
{
    struct endpoint *q = receiver_endpoint(t);

    list_remove(&t->preempt.watch);
    if (plist_node_queued(&t->preempt.node)) {
        plist_remove(&t->preempt.node);
        if (q != NULL) {
            endpoint_update(q);
        }
    }
}

bool preempt_wait_over(struct process *t)
{
    bool forced = t->preempt.over && preempt_says_defer(t);

    preempt_leave(t);
    preempt_end_deferral(t);
    return forced;
}

/* Among the senders of Q: R's wait finds it there. */
static void stand_in_queue(struct process *t, struct endpoint *q)
{
    plist_insert(&q->senders, &t->preempt.node, t->priority);
    endpoint_update(q);
}

void preempt_displace_senders(struct process *t)
{
    if (!plist_empty(&t->preempt.senders)) {
        plist_splice_end(&cpu_self()->displaced, &t->preempt.senders);
        cpu_self()->work = true;
    }
}

void preempt_judge_watchers(struct list *watchers)
{
    if (!list_empty(watchers)) {
        list_splice_end(&cpu_self()->judged, watchers);
        cpu_self()->work = true;
    }
}

void preempt_endpoint_changes(struct endpoint *ep)
{
    struct process *r = endpoint_recipient(ep);

    ASSERT_AFTER_COMMIT();
    preempt_judge_watchers(&ep->watchers);
    if (r != NULL) {
        preempt_judge_watchers(&r->preempt.watchers);
        preempt_displace_senders(r);
        if (r->attention & ATTN_PREEMPT) { /* perhaps nothing waits for it any more: seen later */
            list_remove(&r->preempt.watch);
            list_insert_before(&cpu_self()->judged, &r->preempt.watch);
            cpu_self()->work = true;
        }
    }
}

void preempt_recipient_set(struct process *r)
{
    const struct cap *entry = r->s.wait == LK_WAIT_SENDING ? ipc_sender_entry(r) : NULL;

    ASSERT_AFTER_COMMIT();
    if (entry != NULL) {
        const struct process *to = endpoint_recipient(endpoint_of(entry));

        if ((entry->type == CAP_PROXYENTRY ? preempt_receiver(to) : to) == r) {
            ipc_fail_sender(r, STATUS_WOULD_BLOCK); /* it would wait for itself */
        }
    }
    if (r->attention & ATTN_PREEMPT) {
        preempt_judge(r); /* it may have become its own proxy receiver, which is none */
    }
}

/* --- delivery --- */

/* All preempting bits, to R, which waits for them. */
static void deliver_notice(struct process *t, struct process *r, struct endpoint *q)
{
    const uint64_t word[LK_MAX_WORDS] = { t->preempt.notices };
    struct message m = { .to = r, .ep = q, .target = t, .word = word, .delivery = DELIVERS(1) };

    t->preempt.notices = 0;
    preempt_transfer(&m, false);
    sched_wake(r);
}

/* Does T stand in the queue of Q, and is to go on waiting there? Then it keeps its turn, however
 * often something more comes to wait for it. */
static bool stands_well(const struct process *t, const struct endpoint *q, const struct process *r)
{
    const struct preempt *pr = &t->preempt;

    return plist_node_queued(&pr->node) && list_empty(&pr->watch) && r != NULL &&
           pr->node.priority == t->priority && pr->deferred_since == 0 && preempt_waits(t) &&
           !(t->s.holds & 1u << LK_HOLD_PROXY) && r->s.holds == 0 && !ipc_accepts(r, q);
}

void preempt_judge(struct process *t)
{
    struct preempt *pr = &t->preempt;
    struct endpoint *q = receiver_endpoint(t);
    struct process *r = preempt_receiver(t);

    ASSERT_AFTER_COMMIT();
    if (stands_well(t, q, r)) {
        return;
    }
    preempt_leave(t);
    if (r == NULL) {
        preempt_displace_senders(t);
    }
    if (!preempt_waits(t)) {
        t->attention &= ~ATTN_PREEMPT;
        preempt_end_deferral(t);
        return;
    }
    t->attention |= ATTN_PREEMPT;
    if (pr->deferred_since != 0 && !preempt_says_defer(t)) {
        preempt_end_deferral(t); /* the section is over; the next one has a bound of its own */
    }
    if (r == NULL) {
        if (q != NULL) {
            list_insert_before(&q->watchers, &pr->watch);
        }
    } else if ((t->s.holds & 1u << LK_HOLD_PROXY) || r->s.holds != 0) {
        list_insert_before(&r->preempt.watchers, &pr->watch);
    } else if (!ipc_accepts(r, q)) {
        stand_in_queue(t, q);
    } else if (preempt_defers(t)) {
        begin_deferral(t);
        list_insert_before(&r->preempt.watchers, &pr->watch);
    } else if (pr->notices != 0 && list_empty(&r->recheck_link) &&
               !(pr->after_notice && !plist_empty(&pr->senders))) {
        deliver_notice(t, r, q);
    } else {
        stand_in_queue(t, q);
        ipc_recheck(r);
    }
}

/* --- the fast path --- */

struct process *kernel_proxied(struct process *p, uint64_t control, const struct cap *entry)
{
    struct cpu *cpu = cpu_self();
    struct endpoint *ep = endpoint_of(entry);
    struct process *t, *r;
    struct cap held;

    if (!object_alive(entry, FRAME_ENDPOINT) || (ep->epoch ^ cpu->gate) << 1 != 0 ||
        ((control & LK_CALLBIT) && (p->fast.reply_epoch != cpu->gate ||
                                    endpoint_payload(p->fast.reply) > ENDPOINT_PAYLOAD_MAX - 2))) {
        return NULL;
    }
    t = ep->to;
    ep = receiver_endpoint(t);
    if (ep == NULL || ep->epoch != cpu->gate) {
        return NULL;
    }
    r = ep->to;
    if (t == p || r == t || (t->attention & ATTN_PREEMPT) || (t->s.holds & 1u << LK_HOLD_PROXY) ||
        r->s.word != WAITS_OPEN || (r->attention & ~(ATTN_RECV_MANY | ATTN_SLICE)) ||
        r->priority < p->priority || (r->priority != p->priority && cpu->slice_end != UINT64_MAX) ||
        preempt_says_defer(t)) {
        return NULL;
    }
    txn_begin_syscall();
    txn_commit();
    if (control & LK_CALLBIT) {
        t->slot[SLOT_PROXY_REPLY] = endpoint_make_reply(p->fast.reply);
        p->last_called.object = entry->object;
        p->fast.to_epoch = 0;
    }
    preempt_stop(t, r, false, false);
    held = process_cap(t);
    ipc_store_caps(r, r->regs.rax, &held, 1, NULL);
    r->regs.rax = (control & 7u << LK_NWORDS_SHIFT) | LK_KIND_PROXIED << LK_DLV_KIND_SHIFT |
                  1u << LK_DLV_NCAPS_SHIFT;
    r->regs.r8 = ep->state.id;
    r->regs.r9 = entry->payload;
    r->fast.caller_epoch = 0; /* after a notice it is the turn of messages no more */
    r->slice_left = 0;
    ipc_begin_wait(p, control);
    return r;
}

/* --- beginning and end --- */

void preempt_init(struct process *t)
{
    plist_init(&t->preempt.senders);
    plist_node_init(&t->preempt.node);
    t->preempt.node.preempt = true;
    list_init(&t->preempt.watch);
    list_init(&t->preempt.watchers);
    t->preempt.bound_timer.purpose = TIMER_BOUND;
}

void preempt_destroy(struct process *t)
{
    preempt_leave(t);
    preempt_displace_senders(t);
    preempt_judge_watchers(&t->preempt.watchers);
    timer_remove(&cpu_self()->timers, &t->preempt.bound_timer);
}
