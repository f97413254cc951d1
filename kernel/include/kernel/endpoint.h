/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Endpoint: a rendezvous. Senders that wait are queued here, by priority; an endpoint with waiting
 * senders is itself queued at its recipient, by the priority of its first sender.
 */
#pragma once

#include <kernel/list.h>
#include <kernel/object.h>
#include <kernel/process.h>
#include <kernel/txn.h>

/* Payloads of replies have 48 bits; at the last one the endpoint makes no more. */
#define ENDPOINT_PAYLOAD_MAX ((1ull << 48) - 1)

/* INV-EP-1  senders not empty and recipient valid  <=>  queued in the recipient's `senders`, by the
 *           priority of the first.
 * INV-EP-2  a reply outstanding  =>  payload match is on.
 * INV-EP-3  id != LK_NOTICE_ID.
 * INV-FAST-1 (process.h) says what `to` and `epoch` mean. */
struct endpoint {
    struct objhdr hdr;
    struct {
        struct cap recipient; /* Process, or Null */
        uint64_t id;
        uint64_t reply; /* of the outstanding reply capability cap.low; or its payload alone */
        uint8_t match;  /* payload match is on */
    } state;
    uint64_t self;      /* what a capability to it has: cap.object; 0: it is destroyed */
    struct process *to; /* while `epoch` is the CPU's: the recipient, which has a valid schedule; */
    uint64_t epoch;     /* FAST_OTHER is flipped if payload match is on */
    struct plist senders;        /* processes, by sender_node, and targets by preempt.node */
    struct plist_node recv_node; /* in the recipient's process.senders */
    struct list watchers;        /* processes whose proxyReceiver leads here, and no further */
};
STATIC_ASSERT(sizeof(struct endpoint) <= 192, "21 endpoints in a frame");
#define ENDPOINT_SIZE 192

/* The endpoint of a live Endpoint, Entry, ProxyEntry or AppNotice. */
static inline struct endpoint *endpoint_of(const struct cap *c)
{
    return (struct endpoint *)(void *)oid_header(c->oid);
}

/* Protected payload of an Entry: all 48 bits. */
static inline uint64_t entry_payload(const struct cap *c)
{
    return c->low >> CAP_PAYLOAD_SHIFT;
}

/* Is a reply outstanding? */
static inline bool endpoint_expects(const struct endpoint *ep)
{
    return (ep->state.reply & CAP_TYPE_MASK) != CAP_NULL;
}

/* Payload of the reply that is or was last outstanding. */
static inline uint64_t endpoint_payload(const struct endpoint *ep)
{
    return ep->state.reply >> CAP_PAYLOAD_SHIFT;
}

struct process *endpoint_note_recipient(struct endpoint *ep);
/* The recipient, or NULL. */
static inline struct process *endpoint_recipient(const struct endpoint *ep)
{
    return process_of(&ep->state.recipient);
}

/* Is `to` what endpoint_recipient() would find, and may it run but for holds and waits? */
static ALWAYS_INLINE bool endpoint_noted(const struct endpoint *ep)
{
    return likely((ep->epoch ^ cpu_self()->epoch) << 1 == 0);
}

/* As endpoint_recipient(), noted for the next time: nothing but what can be found out anew. */
static ALWAYS_INLINE struct process *endpoint_find_recipient(struct endpoint *ep)
{
    return endpoint_noted(ep) ? ep->to : endpoint_note_recipient(ep);
}

/* Does this Entry to the live endpoint `ep` pass its payload match: off, or the payload of the
 * outstanding reply? */
static inline bool endpoint_matches(const struct endpoint *ep, const struct cap *entry)
{
    return !ep->state.match || ep->state.reply == entry->low;
}

/* May a message go through this live Entry: a recipient, and payload match? */
static inline bool endpoint_entry_valid(const struct cap *entry)
{
    return endpoint_recipient(endpoint_of(entry)) != NULL &&
           endpoint_matches(endpoint_of(entry), entry);
}
/* EFFECT. Those who wait here wait in vain: they get INVALID_CAP, in pieces, soon. O(1). NO_FAIL.
 */
void endpoint_fail_waiting(struct endpoint *ep);
static ALWAYS_INLINE void endpoint_fail_senders(struct endpoint *ep)
{
    if (unlikely(!plist_empty(&ep->senders))) {
        endpoint_fail_waiting(ep);
    }
}

/* ACQUIRE. Is the slot replyEndpoint of `p` fit for a call: an endpoint whose recipient it is,
 * payload match on, payloads left? If so p->fast.reply is that endpoint. */
bool endpoint_note_reply(struct process *p);
static ALWAYS_INLINE enum status endpoint_check_reply(struct process *p) MAY_RESTART
{
    txn_acquire_point();
    if (unlikely(p->fast.reply_epoch != cpu_self()->epoch) && !endpoint_note_reply(p)) {
        return STATUS_NO_REPLY_ENDPOINT;
    }
    /* One payload for the reply capability, one for its use. */
    return likely(endpoint_payload(p->fast.reply) <= ENDPOINT_PAYLOAD_MAX - 2) ? STATUS_OK
                                                                               : STATUS_EXHAUSTED;
}

/* A capability of a type and payload to the endpoint: Entry, ProxyEntry, AppNotice. */
static inline struct cap endpoint_cap(const struct endpoint *ep, uint8_t type, uint64_t payload)
{
    return (struct cap){ .low = type | payload << CAP_PAYLOAD_SHIFT, .object = ep->self };
}

/* EFFECT. Make the reply capability of a call: the payload advances, what was outstanding is stale.
 * NO_FAIL. */
static ALWAYS_INLINE struct cap endpoint_make_reply(struct endpoint *ep)
{
    ASSERT_AFTER_COMMIT();
    ep->state.reply = (endpoint_payload(ep) + 1) << CAP_PAYLOAD_SHIFT | CAP_ENTRY;
    endpoint_fail_senders(ep);
    return (struct cap){ .low = ep->state.reply, .object = ep->self };
}

/* EFFECT. As if a reply capability was made and used. Its payload. NO_FAIL. */
static ALWAYS_INLINE uint64_t endpoint_reply_at_once(struct endpoint *ep)
{
    uint64_t payload = endpoint_payload(ep) + 1;

    ASSERT_AFTER_COMMIT();
    ep->state.reply = (payload + 1) << CAP_PAYLOAD_SHIFT;
    endpoint_fail_senders(ep);
    return payload;
}

/* EFFECT. A reply was delivered through a matching endpoint: the capability is used up. NO_FAIL. */
static ALWAYS_INLINE void endpoint_reply_delivered(struct endpoint *ep)
{
    ASSERT_AFTER_COMMIT();
    ep->state.reply = (endpoint_payload(ep) + 1) << CAP_PAYLOAD_SHIFT;
    endpoint_fail_senders(ep);
}

/* EFFECT. Put the endpoint where it belongs in its recipient's list, after its senders, recipient
 * or ID changed. NO_FAIL. */
void endpoint_update(struct endpoint *ep);
/* EFFECT. Take the endpoint out of the list of its recipient. NO_FAIL. */
void endpoint_unlink(struct endpoint *ep);
/* EFFECTS of fabrication and destruction (object.c). */
void endpoint_init(struct endpoint *ep);
void endpoint_destroy(struct endpoint *ep);
