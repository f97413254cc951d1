/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Endpoints: who waits where, and one-shot replies.
 *
 * A reply capability is an Entry with the payload that its endpoint had when it was made. Making
 * one advances the payload, and so does the delivery through it, so a used, copied or stale one
 * never matches again. Whoever still waits to send with an old payload is told so: the whole queue
 * of a matching endpoint is stale whenever its payload advances.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/preempt.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/txn.h>

struct process *endpoint_note_recipient(struct endpoint *ep)
{
    struct process *to = endpoint_recipient(ep);

    if (to != NULL && schedule_runs(to)) {
        ep->to = to;
        ep->epoch = cpu_self()->epoch ^ (ep->state.match ? FAST_OTHER : 0);
    }
    return to;
}

bool endpoint_note_reply(struct process *p)
{
    const struct cap *slot = &p->slot[SLOT_REPLY_ENDPOINT];
    struct endpoint *ep = endpoint_of(slot);

    if (slot->type != CAP_ENDPOINT || !object_alive(slot, FRAME_ENDPOINT) || !ep->state.match ||
        endpoint_recipient(ep) != p) {
        return false;
    }
    p->fast.reply = ep;
    p->fast.reply_epoch = cpu_self()->epoch;
    return true;
}

void endpoint_fail_waiting(struct endpoint *ep)
{
    plist_splice_end(&cpu_self()->displaced, &ep->senders);
    cpu_self()->work = true;
    endpoint_unlink(ep);
}

void endpoint_unlink(struct endpoint *ep)
{
    struct process *r = endpoint_recipient(ep);

    if (r != NULL && (r->attention & ATTN_SCAN) && r->scan_next == ep) {
        struct plist_node *next = plist_next(&r->senders, &ep->recv_node);

        r->scan_next = next == NULL ? NULL : container_of(next, struct endpoint, recv_node);
    }
    plist_remove(&ep->recv_node);
    if (r != NULL && plist_empty(&r->senders)) {
        r->attention &= ~ATTN_SENDERS;
    }
}

void endpoint_update(struct endpoint *ep)
{
    struct process *r = endpoint_recipient(ep);
    struct plist_node *first = plist_first(&ep->senders);

    ASSERT_AFTER_COMMIT();
    if (first == NULL || r == NULL) { /* nobody waits, or nobody is there to receive */
        endpoint_unlink(ep);
        endpoint_fail_senders(ep);
        return;
    }
    if (plist_node_queued(&ep->recv_node) && ep->recv_node.priority == first->priority) {
        return;
    }
    endpoint_unlink(ep);
    plist_insert(&r->senders, &ep->recv_node, first->priority);
    r->attention |= ATTN_SENDERS;
    /* A closed wait that is passing over the list in pieces must not miss what comes in behind it.
     */
    if ((r->attention & ATTN_SCAN) && r->scan_id == ep->state.id) {
        r->scan_next = ep;
    }
}

void endpoint_init(struct endpoint *ep)
{
    ep->self = object_cap(&ep->hdr).object;
    plist_init(&ep->senders);
    plist_node_init(&ep->recv_node);
    list_init(&ep->watchers);
}

void endpoint_destroy(struct endpoint *ep)
{
    const struct process *r = endpoint_recipient(ep);

    ASSERT_AFTER_COMMIT();
    /* A caller in a closed wait on this endpoint waits for ever now: that deserves a word. */
    if (r != NULL && r->s.run_state == LK_STATE_RECEIVING && r->s.wait == LK_WAIT_CLOSED &&
        r->regs.r8 == ep->state.id) {
        log_about(r, LOG_WARN, "in a closed wait on endpoint ID %lu, whose endpoint was destroyed",
                  ep->state.id);
    }
    preempt_endpoint_changes(ep);
    endpoint_fail_senders(ep);
    endpoint_unlink(ep);
    ep->self = 0;
}
