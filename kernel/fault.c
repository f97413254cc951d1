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

/* A capability by which a handler can be told: a valid Entry to somebody else. */
static bool usable(const struct cap *c, const struct process *p)
{
    return c != NULL && c->type == CAP_ENTRY && cap_valid(c) &&
           endpoint_recipient(endpoint_of(c)) != p;
}

const struct cap *fault_handler(struct process *p)
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

void fault_message(struct message *m, struct process *p, const struct cap *entry)
{
    *m = (struct message){
        .ep = endpoint_of(entry),
        .to = endpoint_recipient(endpoint_of(entry)),
        .payload = entry_payload(entry),
        .is_entry = true,
        .words = LK_MAX_WORDS,
        .caps = 1,
        .word = { LK_FAULT_MESSAGE, p->fault_code, p->fault_info, p->regs.rip, p->regs.rsp,
                  p->regs.rflags, p->label[0], p->label[1] },
    };
    ASSERT(m->to != NULL); /* the Entry is valid */
    m->cap[0] = object_cap(&p->hdr);
}

static void say_unhandled(const struct process *p)
{
    log_about(p, LOG_WARN,
              "%s, %s 0x%llx, at instruction 0x%llx: nobody handles it, it stays stopped",
              fault_text((enum fault_code)p->fault_code),
              is_memory_fault(p->fault_code) ? "at address" : "information",
              (unsigned long long)p->fault_info, (unsigned long long)p->regs.rip);
}

void fault_tell(struct process *p, const struct cap *memory_handler)
{
    const struct cap *entry = usable(memory_handler, p) ? memory_handler : fault_handler(p);
    struct cpu *cpu = cpu_self();
    struct message m;

    ASSERT_AFTER_COMMIT();
    p->attention &= ~ATTN_FAULT_TOLD;
    if (p->s.run_state == LK_STATE_FAULTED) {
        p->s.wait = LK_WAIT_NONE;
    }
    if (entry == NULL) {
        say_unhandled(p);
        return;
    }
    fault_message(&m, p, entry);
    if (!ipc_accepts(m.to, m.ep)) {
        if (p->s.run_state == LK_STATE_FAULTED) {
            p->s.wait = LK_WAIT_FAULT_SEND;
        }
        p->sending_to = object_cap(&m.ep->hdr);
        plist_insert(&m.ep->senders, &p->sender_node, p->priority);
        endpoint_update(m.ep);
        return;
    }
    ipc_transfer(&m);
    p->attention |= ATTN_FAULT_TOLD;
    if (p == cpu->current && m.to->priority >= p->priority) {
        sched_switch_to(m.to);
    } else {
        sched_wake(m.to);
    }
}

void fault_tell_again(struct process *p)
{
    process_leave_queue(p);
    fault_tell(p, NULL);
}

static inline void take_fault(struct process *p, enum fault_code code, uint64_t info,
                              const struct cap *memory_handler)
{
    ASSERT_AFTER_COMMIT();
    cpu_self()->stats.faults++;
    trace_event(TRACE_FAULT, code, info);
    p->fault_code = (uint8_t)code;
    p->fault_info = info;
    fault_tell(p, memory_handler);
}

void fault_raise(struct process *p, enum fault_code code, uint64_t info,
                 const struct cap *memory_handler)
{
    p->s.run_state = LK_STATE_FAULTED;
    p->s.wait = LK_WAIT_NONE;
    take_fault(p, code, info, memory_handler); /* may switch directly to the handler */
    sched_stop(p);
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
