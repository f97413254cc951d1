/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages between two processes.
 *
 * There are two ways a message moves, and both end in ipc_transfer(): a running process sends to
 * one that waits (the send phase of invoke.c), or a process that waits is matched with a sender
 * that waits (ipc_work). Whatever makes a match possible (a wait begun, a hold or fault ended, a
 * recipient set) calls ipc_recheck(), and the matching is done in bounded pieces, each a
 * transaction of its own, before the CPU goes back to user level.
 */
#pragma once

#include <kernel/endpoint.h>
#include <kernel/process.h>
#include <kernel/txn.h>

/* Control word fields. */
static inline unsigned control_target(uint64_t control)
{
    return (unsigned)(control >> LK_TARGET_SHIFT) & 31u;
}
static inline unsigned control_send_reg(uint64_t control, unsigned i)
{
    return (unsigned)(control >> (LK_SEND_CAP_SHIFT + LK_CAP_BITS * i)) & 31u;
}
static inline unsigned control_recv_reg(uint64_t control, unsigned i)
{
    return (unsigned)(control >> (LK_RECV_CAP_SHIFT + LK_CAP_BITS * i)) & 31u;
}
static inline unsigned control_nsend(uint64_t control)
{
    return (unsigned)(control >> LK_NSEND_SHIFT) & 7u;
}

/* The bits of a control word that describe the receive phase. */
#define RECV_SHAPE (LK_RECV | LK_CLOSED | LK_RSTR | LK_CAPS)
#define RECV_CAP_MASK (0xfffffull << LK_RECV_CAP_SHIFT)
#define RECV_MORE_CAPS (RECV_CAP_MASK & ~(31ull << LK_RECV_CAP_SHIFT)) /* than the first */

/* The words of a message, in the registers in which they travel. */
static inline const uint64_t *ipc_words(const struct lk_regs *r)
{
    STATIC_ASSERT(offsetof(struct lk_regs, r15) - offsetof(struct lk_regs, rdi) == 56, "in a row");
    return (const uint64_t *)((uintptr_t)r + offsetof(struct lk_regs, rdi));
}
static inline void ipc_store_words(struct lk_regs *r, const uint64_t word[LK_MAX_WORDS])
{
    r->rdi = word[0];
    r->rsi = word[1];
    r->rdx = word[2];
    r->rbx = word[3];
    r->r12 = word[4];
    r->r13 = word[5];
    r->r14 = word[6];
    r->r15 = word[7];
}

/* Kind and number of words of the delivery word of a message. */
#define DELIVERS(words)                                                                            \
    (LK_KIND_MESSAGE << LK_DLV_KIND_SHIFT | (uint64_t)((words)-1) << LK_DLV_NWORDS_SHIFT)

/* A message about to be transferred; filled in by what is acquired. */
struct message {
    struct process *from; /* its registers name capabilities 1..; NULL: the kernel's own message */
    struct process *to;
    struct process *target; /* of a proxied one only: who is stopped (preempt.h) */
    struct endpoint *ep;    /* through which it goes */
    uint64_t payload;       /* shown to the receiver */
    const uint64_t *word;   /* all eight: in the registers of `from`, or the kernel's own */
    struct cap cap;         /* capability 0 */
    unsigned caps;
    uint64_t delivery; /* of the delivery word: kind and number of words */
    bool make_reply;   /* capability 0 is a reply capability of `from`, made at the commit */
    bool may_block;
    uva_t from_string, to_string;
    size_t length; /* bytes to copy */
    bool truncated;
};

/* How an attempt to acquire a transfer ended. */
enum acquire_result {
    ACQUIRE_OK,
    ACQUIRE_SENDER_FAULT,   /* the sender's string: fault code and address in the result */
    ACQUIRE_RECEIVER_FAULT, /* the receiver's, on a blocking send */
};

void ipc_store_more_caps(struct process *p, uint64_t control, unsigned n,
                         const struct process *from);
/* EFFECT. The `n` capabilities of a message, the first and those that the registers of `from` name,
 * to the registers that the control word of `p` names, and Null to the rest of these. */
static ALWAYS_INLINE void ipc_store_caps(struct process *p, uint64_t control,
                                         const struct cap *first, unsigned n,
                                         const struct process *from)
{
    unsigned reg = control_recv_reg(control, 0);

    if (likely(reg != 0)) {
        p->capreg[reg] = n == 0 ? ((struct cap){ 0 }) : *first;
    }
    if (unlikely(control & RECV_MORE_CAPS)) {
        ipc_store_more_caps(p, control, n, from);
    }
}

/* EFFECT. The wait of `p` is to be matched before the CPU goes back. NO_FAIL. */
void ipc_recheck(struct process *p);

/* Does `to` wait for a message through `ep` now? */
static inline bool ipc_accepts(const struct process *to, const struct endpoint *ep)
{
    uint32_t waits = to->s.word & 0xffff;

    return waits == WAITS_OPEN || (waits == WAITS_CLOSED && to->regs.r8 == ep->state.id);
}

/* ACQUIRE. Fill in `m` for the message that `from` sends by its registers, with `control`, through
 * `target` (a valid Entry). Does not look at the string, if there may be one. */
static ALWAYS_INLINE enum status ipc_prepare(struct message *m, struct process *from,
                                             uint64_t control, const struct cap *target,
                                             const bool string) MAY_RESTART
{
    txn_acquire_point();
    m->from = from;
    m->ep = endpoint_of(target);
    m->to = endpoint_find_recipient(m->ep);
    if (unlikely(m->to == NULL || !endpoint_matches(m->ep, target))) {
        return STATUS_INVALID_CAP;
    }
    m->payload = entry_payload(target);
    m->word = ipc_words(&from->regs);
    m->may_block = (control & LK_BLOCK) != 0;
    m->make_reply = (control & LK_CALLBIT) != 0;
    m->delivery = (control & 7u << LK_NWORDS_SHIFT) | LK_KIND_MESSAGE << LK_DLV_KIND_SHIFT;
    m->caps = control_nsend(control);
    m->from_string = from->regs.r10;
    m->length = string && (control & LK_SSTR) ? (uint32_t)from->regs.r9 : 0;
    m->truncated = false;
    for (unsigned i = 0; i < m->caps; i++) {
        cap_prepare(&from->capreg[control_send_reg(control, i)]);
    }
    if (m->make_reply) {
        m->caps += m->caps == 0;
        return endpoint_check_reply(from);
    }
    m->cap = from->capreg[control_send_reg(control, 0)];
    return STATUS_OK;
}
/* ACQUIRE. Find the pages of the strings, into the CPU's page arrays. */
enum acquire_result ipc_acquire_strings(struct message *m, enum fault_code *code, uva_t *address,
                                        const struct cap **handler);
/* EFFECT. Move the message: `to` becomes READY (not queued to run yet). NO_FAIL. */
void ipc_transfer(struct message *m);

/* EFFECT. The same, but for a string. Inline in what goes straight on. */
static ALWAYS_INLINE void ipc_deliver(struct message *m)
{
    struct process *to = m->to;
    struct lk_regs *r = &to->regs;
    uint64_t control = r->rax;

    if (m->ep->state.match) {
        endpoint_reply_delivered(m->ep);
    }
    if (m->make_reply) {
        m->cap = endpoint_make_reply(m->from->fast.reply);
    }
    if (control & LK_CAPS) {
        ipc_store_caps(to, control, &m->cap, m->caps, m->from);
    }
    ipc_store_words(r, m->word);
    r->rax = m->delivery | (uint64_t)m->caps << LK_DLV_NCAPS_SHIFT |
             m->length << LK_DLV_STRLEN_SHIFT | (m->truncated ? LK_DLV_TRUNCATED : 0);
    r->r8 = m->ep->state.id;
    r->r9 = m->payload;
    if (unlikely(to->fast.caller_epoch == FAST_AFTER_NOTICE) && to->s.wait == LK_WAIT_OPEN) {
        to->fast.caller_epoch = 0; /* the turn of messages is over */
    }
    if (unlikely((to->attention & ~(ATTN_NOTICE | ATTN_SENDERS | ATTN_SLICE)) != 0 ||
                 !list_empty(&to->recheck_link))) {
        process_end_wait(to);
    } else { /* a wait with nothing to it */
        to->s.word &= ~0xffffu;
    }
}

/* EFFECT. `p` begins the receive phase of `control`: RECEIVING, armed, its saved control word now
 * the receive phase alone. Then whoever waits for it is matched (ipc_recheck), if anyone does.
 * NO_FAIL. */
static ALWAYS_INLINE void ipc_begin_wait(struct process *p, uint64_t control)
{
    struct lk_regs *r = &p->regs;

    if (control & LK_CALLBIT) {
        r->r8 = p->fast.reply->state.id; /* which this transaction has looked at */
    }
    r->rax = control & (RECV_SHAPE | RECV_CAP_MASK);
    p->s.run_state = LK_STATE_RECEIVING;
    p->s.wait = likely(!(control & LK_CLOSED))  ? LK_WAIT_OPEN
                : likely(r->r8 != LK_NOTICE_ID) ? LK_WAIT_CLOSED
                                                : LK_WAIT_NOTICE;
    p->attention |= (uint32_t)(control >> ATTN_RECV_SHIFT) & ATTN_RECV_MANY;
    if (unlikely(p->attention & (ATTN_SENDERS | ATTN_NOTICE)) &&
        ((p->attention & ATTN_SENDERS) || p->s.wait != LK_WAIT_CLOSED)) {
        ipc_recheck(p);
    }
}

/* EFFECT. `p` waits to send through `ep`: on it, or, proxied, on the target `t`. It goes to `to`.
 * NO_FAIL. */
void ipc_block_sender(struct process *p, struct endpoint *ep, const struct process *to,
                      struct process *t);

/* The Entry or ProxyEntry through which the waiting sender `p` sends: in its register, or of its
 * fault handler. NULL: nothing there. */
const struct cap *ipc_sender_entry(struct process *p);
/* The endpoint at which `p` waits to send or to tell of a fault, or from whose recipient it waits
 * for the answer to a call (likely, not certain: the reply capability may have been passed on).
 * NULL: it waits for neither. */
const struct endpoint *ipc_waits_at(const struct process *p);
/* EFFECT. The waiting sender `s` has its system call ended with this result, or with STATUS_AGAIN
 * begun again; one that was to tell of a fault looks for its handler again. NO_FAIL. */
void ipc_fail_sender(struct process *s, enum status status);
/* EFFECT. The priority of the waiting sender `p` changed: it waits behind its new equals. NO_FAIL.
 */
void ipc_requeue_sender(struct process *p);

/* One bounded piece of the work put off on this CPU; each is a transaction of its own. Returns its
 * weight: 1, and 1 more for each 4 KiB copied; 0: there was no work. */
unsigned ipc_work(void);

/* For the fast path, instead of acquiring, when nothing else stands in the way of the message: copy
 * the string of `from`, whose registers say where it is and that it is not too long, into the
 * buffer of `to`, which waits for it. How long it was; UINT64_MAX: it does not fit, or a page is to
 * be found, and nothing has changed. */
uint64_t ipc_give_string(const struct process *from, const struct process *to);
/* Copy between a kernel buffer and acquired pages, to them if `out`, which is an EFFECT. */
void ipc_copy_string(char *string, void *const pages[], uva_t address, size_t n, bool out);
