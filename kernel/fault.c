/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Faults of processes. A process that faults stops, and the kernel sends a message to its handler
 * on its behalf, as a blocking send would: if the handler does not wait, the faulted process waits
 * in its queue like any other sender.
 *
 * A fault on the string that a waiting process is to receive is special: the process stays in its
 * wait, armed, because a non-blocking reply must not miss it (P11). Only blocked senders are held
 * back until the handler is done; whatever else arrives ends the wait and the fault with it.
 */
#include <kernel/cpu.h>
#include <kernel/fault.h>
#include <kernel/log.h>
#include <kernel/sched.h>
#include <kernel/space.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

const char *fault_text(enum fault_code code)
{
    static const char *const text[] = LK_FAULT_NAMES;

    return (unsigned)code < ARRAY_LEN(text) && text[code] != NULL ? text[code] : "unknown fault";
}

static bool is_memory_fault(unsigned code)
{
    return code >= FAULT_INVALID_ADDR && code <= FAULT_MALFORMED_SPACE;
}

/* Can somebody be told through this capability: a valid Entry, to another than `p`? */
static inline bool usable(const struct cap *c, const struct process *p)
{
    struct process *to;

    if (c == NULL || c->type != CAP_ENTRY || unlikely(!object_alive(c, FRAME_ENDPOINT))) {
        return false;
    }
    to = endpoint_find_recipient(endpoint_of(c));
    return likely(to != NULL && to != p && endpoint_matches(endpoint_of(c), c));
}

ALWAYS_INLINE const struct cap *fault_handler(struct process *p)
{
    const struct cap *slot = &p->slot[SLOT_HANDLER];

    if (is_memory_fault(p->fault_code) && !(p->attention & ATTN_FAULT_PASSED)) {
        struct walk walk;
        enum fault_code again =
            space_walk(&p->slot[SLOT_ADDR_SPACE], p->fault_info, ACCESS_READ, &walk);

        (void)again; /* by now the page may be there: the handler is told all the same */
        if (usable(walk.handler, p)) {
            return walk.handler;
        }
    }
    return usable(slot, p) ? slot : NULL;
}

ALWAYS_INLINE void fault_transfer(struct process *p, struct process *to, const struct cap *entry)
{
    const uint64_t word[LK_MAX_WORDS] = { LK_FAULT_MESSAGE, p->fault_code, p->fault_info,
                                          p->regs.rip,      p->regs.rsp,   p->regs.rflags,
                                          p->label[0],      p->label[1] };
    struct message m = {
        .to = to,
        .ep = endpoint_of(entry),
        .payload = entry_payload(entry),
        .word = word,
        .delivery = DELIVERS(LK_MAX_WORDS),
        .cap = process_cap(p),
        .caps = 1,
    };

    ipc_deliver(&m);
    p->attention |= ATTN_FAULT_TOLD;
}

static void say_unhandled(const struct process *p)
{
    log_about(
        p, LOG_WARN, "%s, %s 0x%lx, at instruction 0x%lx: nobody handles it, it stays stopped",
        fault_text((enum fault_code)p->fault_code),
        is_memory_fault(p->fault_code) ? "at address" : "information", p->fault_info, p->regs.rip);
}

/* Tell the handler: that of the memory if it can be, or the process's own. EFFECT. */
static ALWAYS_INLINE void tell(struct process *p, const struct cap *memory_handler)
{
    const struct cap *entry = usable(memory_handler, p) ? memory_handler : fault_handler(p);
    struct process *to;
    struct endpoint *ep;

    p->attention &= ~ATTN_FAULT_TOLD;
    if (p->s.run_state == LK_STATE_FAULTED) {
        p->s.wait = LK_WAIT_NONE;
    }
    if (entry == NULL) {
        say_unhandled(p);
        return;
    }
    ep = endpoint_of(entry);
    to = endpoint_find_recipient(ep);
    if (!ipc_accepts(to, ep)) {
        if (p->s.run_state == LK_STATE_FAULTED) {
            p->s.wait = LK_WAIT_FAULT_SEND;
        }
        p->sending_to = object_cap(&ep->hdr);
        plist_insert(&ep->senders, &p->sender_node, p->priority);
        endpoint_update(ep);
        return;
    }
    fault_transfer(p, to, entry);
    if (p != cpu_self()->current) {
        trace_event(TRACE_MESSAGE, object_oid(p) | (uint64_t)object_oid(to) << 32, object_oid(ep));
        sched_wake(to);
    } else if (endpoint_noted(ep)) {
        sched_go_on(p, to);
    } else {
        sched_sent(p, to);
    }
}

void fault_tell_again(struct process *p)
{
    ASSERT_AFTER_COMMIT();
    process_leave_queue(p);
    tell(p, NULL);
}

static ALWAYS_INLINE void take_fault(struct process *p, enum fault_code code, uint64_t info,
                                     const struct cap *memory_handler)
{
    ASSERT_AFTER_COMMIT();
    cpu_self()->stats.faults++;
    trace_event(TRACE_FAULT, code, info);
    p->fault_code = (uint8_t)code;
    p->fault_info = info;
    tell(p, memory_handler);
}

void fault_raise(struct process *p, enum fault_code code, uint64_t info,
                 const struct cap *memory_handler)
{
    p->s.run_state = LK_STATE_FAULTED;
    p->s.wait = LK_WAIT_NONE;
    if (cpu_self()->current == p) {
        p->ready_epoch = cpu_self()->epoch; /* it runs, so its schedule lets it */
    }
    take_fault(p, code, info, memory_handler); /* may switch directly to the handler */
    if (cpu_self()->current == p) {
        sched_stop(p);
    }
}

void fault_raise_receiving(struct process *p, enum fault_code code, uint64_t info,
                           const struct cap *memory_handler)
{
    ASSERT(p->s.run_state == LK_STATE_RECEIVING);
    p->attention |= ATTN_RECV_FAULT;
    take_fault(p, code, info, memory_handler);
}

void kernel_fault(unsigned fault_code, uint64_t info)
{
    struct process *p = cpu_self()->current;

    txn_begin();
    txn_commit();
    fault_raise(p, (enum fault_code)fault_code, info, NULL);
    sched_exit();
}

void kernel_memory_fault(uva_t address, unsigned access)
{
    struct process *p = cpu_self()->current;
    struct walk walk;
    enum fault_code code;

    txn_begin();
    code = space_map(p, address, access, &walk);
    if (code != FAULT_NONE) {
        txn_commit();
        fault_raise(p, code, address, walk.handler);
    }
    sched_exit();
}
