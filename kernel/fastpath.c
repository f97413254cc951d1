/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fast path: a call, or a reply with the next wait, of words alone, to a process that waits for
 * it. And the invocation of a Null capability, which is nothing but its result.
 *
 * The form is: tests, one reason each, every failure goes the long way (invoke.c); then the commit;
 * then stores only. What it does is exactly what the long way would have done, to the last
 * register; SysCtl.setFastPath switches it off, so that the tests can compare. It runs before the
 * registers that C preserves are saved: rbx and r12 to r15, words 3 to 7, are carried over by
 * entry.S while they are still in the registers.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/ipc.h>
#include <kernel/sched.h>
#include <kernel/trace.h>

/* Bits of a control word other than its shape that the fast path knows: target, number of words,
 * first capability register to receive into. Any other, and it is no message of words alone. */
#define KNOWN_FIELDS                                                                               \
    (31ull << LK_TARGET_SHIFT | 15ull << LK_NWORDS_SHIFT | 31ull << LK_RECV_CAP_SHIFT)
#define RECV_FIRST (31ull << LK_RECV_CAP_SHIFT)
#define RECV_OTHERS (0x7fffull << (LK_RECV_CAP_SHIFT + LK_CAP_BITS))
#define RECV_SHAPE (LK_RECV | LK_CLOSED | LK_RSTR | LK_CAPS)

/* State word of a process that waits, with no holds and no flags. */
#define WAITS(wait) ((uint32_t)PROC_RECEIVING | (uint32_t)(wait) << 8)

static inline unsigned first_recv_reg(uint64_t control)
{
    return (unsigned)(control >> LK_RECV_CAP_SHIFT) & 31u;
}

/* Are shape and fields those of a message of words alone? (A string may be received in the wait
 * that follows.) */
static inline bool plain(uint64_t control)
{
    unsigned shape = (unsigned)control & 0xff & ~(LK_CAPS | LK_RSTR);

    return (shape == LK_SHAPE_CALL || shape == LK_SHAPE_REPLY_WAIT) &&
           (control & ~(0xffull | KNOWN_FIELDS)) == 0 &&
           ((control & LK_CAPS) || (control & RECV_FIRST) == 0) &&
           ((control >> LK_NWORDS_SHIFT) & 15) <= LK_MAX_WORDS;
}

/* A message of words alone from `p`, or NULL. Not inline, so that an invocation of Null does not
 * pay for its registers. */
static __attribute__((noinline)) struct process *message(struct process *p, uint64_t control)
{
    struct cpu *cpu = cpu_self();
    const struct cap *target = &p->capreg[control_target(control)];
    bool call = (control & LK_CALLBIT) != 0;
    struct endpoint *reply = NULL;
    struct endpoint *ep;
    struct process *to;

    if (!plain(control)) {
        return NULL;
    }
    if ((control & LK_RSTR) && p->regs.r9 >> 32 > LK_MAX_STRING) {
        return NULL; /* malformed */
    }
    if (unlikely(((p->attention & ~ATTN_AFTER_NOTICE) | p->s.word | cpu->busy) != 0)) {
        return NULL; /* notices, a debugger, FPU state; work put off, another to run, the fast path
                        is off */
    }
    if (target->type != CAP_ENTRY || !object_alive(target, FRAME_ENDPOINT)) {
        return NULL; /* a kernel capability, or none any more */
    }
    ep = endpoint_of(target);
    to = endpoint_recipient(ep);
    if (to == NULL || !endpoint_matches(ep, target)) {
        return NULL; /* Null in effect */
    }
    if (to->s.word != WAITS(WAIT_OPEN) &&
        (to->s.word != WAITS(WAIT_CLOSED) || to->regs.r8 != ep->state.id)) {
        return NULL; /* does not wait for this, or is held, or has FPU state */
    }
    if (((to->attention & ~ATTN_AFTER_NOTICE) | (to->regs.rax & RECV_OTHERS)) != 0) {
        return NULL; /* notices, a fault in its wait; more capability registers to clear */
    }
    if (to->priority < p->priority || !schedule_runs(to)) {
        return NULL; /* it does not run next */
    }
    if (!plist_empty(&p->senders)) {
        return NULL; /* somebody may be waiting for the wait that begins */
    }
    if (ep->state.match && !plist_empty(&ep->senders)) {
        return NULL; /* others with the reply capability to be told that it is used */
    }
    if (call) {
        const struct cap *slot = &p->slot[SLOT_REPLY_ENDPOINT];

        if (slot->type != CAP_ENDPOINT || !object_alive(slot, FRAME_ENDPOINT)) {
            return NULL; /* cannot call */
        }
        reply = endpoint_of(slot);
        if (!reply->state.match || reply->state.recipient.oid != object_oid(p) ||
            reply->state.recipient.count != p->hdr.count) {
            return NULL; /* cannot call */
        }
        if (!plist_empty(&reply->senders) || endpoint_payload(reply) > ENDPOINT_PAYLOAD_MAX - 2) {
            return NULL; /* stale repliers to be told; no payloads left */
        }
    }

    /* --- commit --- */

    to->regs.rdi = p->regs.rdi;
    to->regs.rsi = p->regs.rsi;
    to->regs.rdx = p->regs.rdx;
    to->regs.r8 = ep->state.id;
    to->regs.r9 = entry_payload(target);
    if (ep->state.match) {
        ep->state.reply += 1ull << CAP_PAYLOAD_SHIFT;
        ep->state.expect = 0;
    }
    if (call) {
        unsigned reg = to->regs.rax & LK_CAPS ? first_recv_reg(to->regs.rax) : 0;

        p->last_called =
            (struct cap){ .type = CAP_ENDPOINT, .oid = target->oid, .count = target->count };
        reply->state.reply += 1ull << CAP_PAYLOAD_SHIFT;
        reply->state.expect = reply->state.reply;
        if (reg != 0) {
            to->capreg[reg] = (struct cap){ .low = reply->state.reply, .object = reply->self };
        }
        p->regs.r8 = reply->state.id;
        p->s.word = WAITS(WAIT_CLOSED); /* no endpoint has the ID of notices */
    } else {
        cap_set_null(&to->capreg[to->regs.rax & LK_CAPS ? first_recv_reg(to->regs.rax) : 0]);
        p->s.word = WAITS(WAIT_OPEN);
    }
    to->regs.rax = (uint64_t)LK_KIND_MESSAGE << LK_DLV_KIND_SHIFT |
                   ((control >> LK_NWORDS_SHIFT) & 15) << LK_DLV_NWORDS_SHIFT |
                   (uint64_t)call << LK_DLV_NCAPS_SHIFT;
    p->regs.rax = control & (RECV_SHAPE | RECV_FIRST);
    if (to->s.wait == WAIT_OPEN) {
        to->attention = 0; /* the turn of messages is over */
    }
    to->s.word = 0; /* READY, no wait */
    sched_hand_over(to);
    return to;
}

struct process *kernel_fastpath(struct process *p)
{
    uint64_t control = p->regs.rax;

    if ((control & ~(7ull << LK_NWORDS_SHIFT)) != LK_SHAPE_CALL) {
        return message(p, control); /* not a plain call of register 0 */
    }
    if (unlikely(((p->attention & ~ATTN_AFTER_NOTICE) | p->s.word | cpu_self()->busy) != 0)) {
        return NULL; /* as above */
    }

    /* --- commit --- */

    process_result(p, STATUS_INVALID_CAP); /* register 0 is Null: INV-PROC-5 */
    return p;
}
