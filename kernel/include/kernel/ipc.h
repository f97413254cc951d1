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

/* Control word fields. */
static inline unsigned control_target(uint64_t control)
{
    return (unsigned)(control >> LK_TARGET_SHIFT) & 31u;
}
static inline unsigned control_send_reg(uint64_t control, unsigned i)
{
    return (unsigned)(control >> (LK_SEND_CAP_SHIFT + LK_CAP_BITS * i)) & 31u;
}
static inline unsigned control_nsend(uint64_t control)
{
    return (unsigned)(control >> LK_NSEND_SHIFT) & 7u;
}
static inline unsigned control_words(uint64_t control)
{
    return ((unsigned)(control >> LK_NWORDS_SHIFT) & 7u) + 1;
}

/* The bits of a control word that describe the receive phase. */
#define RECV_SHAPE (LK_RECV | LK_CLOSED | LK_RSTR | LK_CAPS)
#define RECV_CAP_MASK (0xfffffull << LK_RECV_CAP_SHIFT)

/* A message about to be transferred; filled in by what is acquired. */
struct message {
    struct process
        *from; /* its registers hold the words; NULL: the kernel's own message, in `word` */
    struct process *to;
    struct process *target; /* of a proxied one only: who is stopped (preempt.h) */
    struct endpoint *ep;    /* through which it goes */
    uint64_t payload;       /* shown to the receiver */
    uint64_t word[LK_MAX_WORDS];
    struct cap cap[LK_MAX_CAPS];
    unsigned caps;
    unsigned words;
    bool make_reply; /* capability 0 is a reply capability of `from`, made at the commit */
    bool may_block;
    bool is_entry; /* goes through an Entry: a matching endpoint's payload advances */
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

/* Does `to` wait for a message through `ep` now? */
static inline bool ipc_accepts(const struct process *to, const struct endpoint *ep)
{
    return to->s.run_state == LK_STATE_RECEIVING &&
           (to->s.wait == LK_WAIT_OPEN ||
            (to->s.wait == LK_WAIT_CLOSED && to->regs.r8 == ep->state.id));
}

/* ACQUIRE. Fill in `m` for the message that `from` sends by its registers through `target` (a valid
 * Entry). Does not look at strings. */
enum status ipc_prepare(struct message *m, struct process *from, const struct cap *target);
/* ACQUIRE. Find the pages of the strings, into the CPU's page arrays. */
enum acquire_result ipc_acquire_strings(struct message *m, enum fault_code *code, uva_t *address,
                                        const struct cap **handler);
/* EFFECT. Move the message: `to` becomes READY (not queued to run yet). NO_FAIL. */
void ipc_transfer(struct message *m);

/* EFFECT. `p` begins the receive phase of `control`: RECEIVING, armed, its saved control word now
 * the receive phase alone. Then whoever waits for it is matched (ipc_recheck), if anyone does.
 * NO_FAIL. */
void ipc_begin_wait(struct process *p, uint64_t control);

/* EFFECT. `p` waits to send `m`: on its endpoint, or, proxied, on the target `t`. NO_FAIL. */
void ipc_block_sender(struct process *p, const struct message *m, struct process *t);

/* The Entry or ProxyEntry through which the waiting sender `p` sends: in its register, or of its
 * fault handler. NULL: nothing there. */
const struct cap *ipc_sender_entry(struct process *p);
/* The endpoint at which `p` waits to send or to tell of a fault, or from whose recipient it waits
 * for the answer to a call (likely, not certain: the reply capability may have been passed on).
 * NULL: it waits for neither. */
const struct endpoint *ipc_waits_at(const struct process *p);
/* EFFECT. The waiting sender `s` has its system call ended with this result; one that was to tell
 * of a fault looks for its handler again. NO_FAIL. */
void ipc_fail_sender(struct process *s, enum status status);
/* EFFECT. The waiting sender `s` is to look anew at whom it sends to: it begins its system call, or
 * the telling of its fault, again. NO_FAIL. */
void ipc_sender_again(struct process *s);
/* EFFECT. The priority of the waiting sender `p` changed: it waits behind its new equals. NO_FAIL.
 */
void ipc_requeue_sender(struct process *p);

/* EFFECT. The wait of `p` is to be matched before the CPU goes back. NO_FAIL. */
void ipc_recheck(struct process *p);

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

/* EFFECT. The `n` capabilities of a message to the registers that the control word of `p` names,
 * and Null to the rest of these. */
static inline void ipc_store_caps(struct process *p, uint64_t control, const struct cap *cap,
                                  unsigned n)
{
    uint64_t regs = (control & RECV_CAP_MASK) >> LK_RECV_CAP_SHIFT;

    for (unsigned i = 0; regs != 0; i++, regs >>= LK_CAP_BITS) {
        if ((regs & 31) != 0) {
            p->capreg[regs & 31] = i < n ? cap[i] : (struct cap){ 0 };
        }
    }
}

/* EFFECT. The words of a message to the registers in which they travel. */
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
