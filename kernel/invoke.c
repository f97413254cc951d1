/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The system call: invoke a capability, and the three pseudo-instructions beside it.
 *
 * An invocation is an optional send phase followed by an optional receive phase, in one
 * transaction. What the capability in the target register is decides the send phase: an Entry goes
 * to a process (ipc.c), everything else to the operation table of its type, made from
 * kernel/abi. Either way the caller sees the same: words, capabilities and a string,
 * delivered into its wait.
 *
 * Read <abi/invoke.h>, txn.h and ipc.h first.
 */
#include <kernel/cpu.h>
#include <kernel/fault.h>
#include <kernel/invoke.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/preempt.h>
#include <kernel/sched.h>
#include <kernel/space.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

#define CAPS_FIELDS                                                                                \
    (7ull << LK_NSEND_SHIFT | 0xfffffull << LK_SEND_CAP_SHIFT | 0xfffffull << LK_RECV_CAP_SHIFT)

/* --- what ends a system call --- */

/* Commit a result with nothing sent and nothing received, and leave. */
static NORETURN void finish(struct process *p, enum status status)
{
    txn_commit();
    process_result(p, status);
    sched_exit();
}

/* Fault the process in its system call, which begins again when the fault is over. */
static NORETURN void finish_fault(struct process *p, enum fault_code code, uint64_t info,
                                  const struct cap *memory_handler)
{
    txn_commit();
    trace_event(TRACE_RESTART, cpu_self()->stats.restarts, 0);
    process_syscall_again(p);
    fault_raise(p, code, info, memory_handler);
    sched_exit();
}

/* Refusals in words, for whoever debugs a server. Register 0 is Null by definition, and would-block
 * is no mistake. */
static void say_refused(const struct process *p, uint64_t control, const struct cap *c,
                        uint64_t method, enum status status)
{
    static const char *const status_text[] = LK_STATUS_NAMES;
    static const char *const type_text[] = LK_TYPE_NAMES;
    static const char *const op_text[LK_TYPES][LK_OPS] = LK_OP_NAMES;
    const char *op = method < LK_OPS ? op_text[c->type][method] : NULL;

    if (control_target(control) == 0) {
        return;
    }
    trace_event(TRACE_RESULT, status, control);
    if (status == STATUS_WOULD_BLOCK || log_level < LOG_INFO) {
        return;
    }
    if (op != NULL) {
        log_about(p, LOG_INFO, "%s through capability register %u: %s", op, control_target(control),
                  status_text[status]);
    } else {
        log_about(p, LOG_INFO, "method %lu of %s through capability register %u: %s", method,
                  type_text[c->type], control_target(control), status_text[status]);
    }
}

/* Commit a refusal. */
static NOINLINE NORETURN void refuse(struct process *p, uint64_t control, const struct cap *c,
                                     uint64_t method, enum status status)
{
    say_refused(p, control, c, method, status);
    finish(p, status);
}

/* --- sending to a process --- */

/* Commit waiting: `p` stands in the queue of the endpoint of `entry`, or of the target `t` of a
 * proxied message, until its message is taken. */
static NOINLINE NORETURN void block_on(struct process *p, const struct cap *entry,
                                       const struct process *to, struct process *t)
{
    txn_commit();
    ipc_block_sender(p, endpoint_of(entry), to, t);
    sched_exit();
}

/* A call from `p` to `to`, noted for the fast path: nothing but what can be found out anew. */
static inline void fast_note(struct process *p, struct process *to)
{
    uint64_t epoch = cpu_self()->epoch;

    p->fast.to_epoch = 0;
    if (likely(to->fast.caller_epoch != FAST_AFTER_NOTICE) || to->s.wait == LK_WAIT_OPEN) {
        to->fast.caller = p;
        to->fast.caller_epoch = p->priority == to->priority ? epoch : epoch ^ FAST_OTHER;
    }
}

/* Send through an Entry: a call, or none, or with a string; or proxied, through a ProxyEntry.
 * Compiled once for each. */
static ALWAYS_INLINE NORETURN void send(struct process *p, uint64_t control,
                                        const struct cap *entry, const bool string,
                                        const bool proxied)
{
    struct message m;
    enum status status = proxied ? preempt_prepare(&m, p, control, entry, string)
                                 : ipc_prepare(&m, p, control, entry, string);
    struct process *t = proxied ? m.target : NULL;
    const struct cap *handler = NULL;
    enum fault_code code = FAULT_NONE;
    uva_t where = 0;

    if (unlikely(status != STATUS_OK)) {
        refuse(p, control, entry, p->regs.rdi, status);
    }
    if (unlikely(!ipc_accepts(m.to, m.ep)) ||
        (proxied && (preempt_waits(t) || !preempt_possible(t, m.to)))) {
        if (!m.may_block || m.to == p) { /* a wait that only the sender itself could end is none */
            refuse(p, control, entry, p->regs.rdi, STATUS_WOULD_BLOCK);
        }
        block_on(p, entry, m.to, t);
    }
    if (string && m.length != 0) {
        if (m.may_block && (m.to->attention & ATTN_RECV_FAULT)) {
            block_on(p, entry, m.to, t); /* behind the one that showed that a page is missing */
        }
        switch (ipc_acquire_strings(&m, &code, &where, &handler)) {
        case ACQUIRE_SENDER_FAULT:
            finish_fault(p, code, where, handler);
        case ACQUIRE_RECEIVER_FAULT:
            txn_commit();
            fault_raise_receiving(m.to, code, where, handler);
            ipc_block_sender(p, endpoint_of(entry), m.to, t);
            sched_exit();
        case ACQUIRE_OK:
            break;
        }
    }

    txn_commit();

    if (m.make_reply) {
        p->last_called.object = entry->object;
        if (proxied) {
            p->fast.to_epoch = 0;
        } else {
            fast_note(p, m.to);
        }
    }
    if (proxied) {
        preempt_transfer(&m, string);
    } else if (string) {
        ipc_transfer(&m);
    } else {
        ipc_deliver(&m);
    }
    if (likely(control & LK_RECV)) {
        ipc_begin_wait(p, control);
        if (endpoint_noted(m.ep)) {
            sched_go_on(p, m.to);
            sched_exit();
        }
    } else {
        process_result(p, STATUS_OK);
    }
    sched_sent(p, m.to);
    sched_exit();
}

static NOINLINE NORETURN void send_call(struct process *p, uint64_t control,
                                        const struct cap *entry)
{
    send(p, control | LK_SHAPE_CALL, entry, false, false); /* has all of it: the compiler sees it */
}

static NOINLINE NORETURN void send_to_process(struct process *p, uint64_t control,
                                              const struct cap *entry)
{
    send(p, control & ~(uint64_t)LK_CALLBIT, entry, false, false); /* it is not set */
}

static NOINLINE NORETURN void send_string(struct process *p, uint64_t control,
                                          const struct cap *entry)
{
    send(p, control, entry, true, false);
}

static NOINLINE NORETURN void send_proxied(struct process *p, uint64_t control,
                                           const struct cap *entry)
{
    send(p, control, entry, true, true);
}

/* --- kernel capabilities --- */

/* ACQUIRE. Pages of a string that the invoker has; or fault it. */
static void acquire_pages(struct process *p, uva_t address, size_t n, unsigned access,
                          void *pages[])
{
    const struct cap *handler;
    uva_t where;
    size_t got;
    enum fault_code code = space_acquire(p, address, n, access, pages, &where, &handler, &got);

    if (code != FAULT_NONE && n != 0) {
        finish_fault(p, code, where, handler);
    }
}

/* How long is the string sent? */
static size_t string_sent(const struct process *p, uint64_t control)
{
    return control & LK_SSTR ? (uint32_t)p->regs.r9 : 0;
}

/* The string of a request, into the invocation; or room for that of the answer of a call: no
 * operation has both. ACQUIRE; may fault the invoker. */
static void acquire_string(struct invocation *inv, uint64_t control, const struct operation *op)
{
    struct process *p = inv->invoker;
    size_t sent = string_sent(p, control);
    size_t limit = (control & LK_RSTR) && (control & LK_CALLBIT) ? p->regs.r9 >> 32 : 0;

    inv->string_len = sent < op->string_in ? sent : op->string_in;
    inv->out_len = 0;
    inv->out_room = limit < op->string_out ? limit : op->string_out;
    if (inv->string_len != 0) {
        acquire_pages(p, p->regs.r10, inv->string_len, ACCESS_READ, cpu_self()->from_page);
        ipc_copy_string(inv->string, cpu_self()->from_page, p->regs.r10, inv->string_len, false);
    }
    if (inv->out_room != 0) {
        acquire_pages(p, p->regs.rbp, inv->out_room, ACCESS_WRITE, cpu_self()->to_page);
    }
}

/* What few operations want: is the string of the right length, and may the capabilities sent have
 * the types that they have? */
static NOINLINE enum status check_more(const struct invocation *inv, uint64_t control,
                                       const struct operation *op)
{
    if (op->exact && string_sent(inv->invoker, control) != op->string_in) {
        return STATUS_REQUEST_ERROR;
    }
    for (unsigned i = 0; i < op->caps_in; i++) {
        if (!(op->takes[i] >> inv->arg[i + 1].type & 1)) {
            return STATUS_REQUEST_ERROR;
        }
    }
    return STATUS_OK;
}

/* Capability `i` that is sent, or Null. */
static ALWAYS_INLINE const struct cap *argument(struct process *p, uint64_t control, unsigned i)
{
    struct cap *c = &p->capreg[control_send_reg(control, i)];

    cap_prepare(c);
    return c;
}

/* Find the operation and check what its table entry says of the arguments. */
static ALWAYS_INLINE enum status find_operation(const struct process *p, uint64_t control,
                                                const struct cap *cap,
                                                const struct operation **found)
{
    const struct operation_table *table = &operation_tables[cap->type];
    uint64_t method = p->regs.rdi;
    const struct operation *op = &table->op[method];

    if (unlikely(method >= table->ops || op->fn == NULL)) {
        return STATUS_UNKNOWN_REQUEST;
    }
    *found = op;
    if (unlikely((control & 7u << LK_NWORDS_SHIFT) < op->words ||
                 (uint32_t)(control >> 32) < op->caps)) {
        return STATUS_REQUEST_ERROR;
    }
    if (unlikely(cap->restr & op->forbid)) {
        return STATUS_NO_ACCESS;
    }
    return unlikely(p->regs.rsi > op->most) ? (enum status)op->over : STATUS_OK;
}

static inline void clear_words(struct invocation *inv)
{
    uint64_t *o = inv->out;

    o[1] = o[2] = o[3] = o[4] = o[5] = o[6] = o[7] = 0;
}

/* Words and a string of an answer, into the call of the invoker. */
static NOINLINE void answer_more(struct invocation *inv, const struct operation *op)
{
    struct lk_regs *r = &inv->invoker->regs;

    ipc_store_words(r, inv->out);
    if (op->string_out != 0) {
        /* Then acquire_string() has set both. */
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
        if (inv->out_len > inv->out_room) {
            inv->out_len = inv->out_room;
            r->rax |= LK_DLV_TRUNCATED;
        }
        r->rax |= inv->out_len << LK_DLV_STRLEN_SHIFT;
        ipc_copy_string(inv->string, cpu_self()->to_page, r->rbp, inv->out_len, true);
    }
}

/* Not a call: whoever waits behind the Entry sent as capability 0 gets the answer, as a
 * non-blocking send; the invoker itself, perhaps, since its wait has begun by then. */
static void answer_entry(struct invocation *inv, const struct cap *entry,
                         const struct operation *op)
{
    struct endpoint *ep = endpoint_of(entry);
    struct process *to;

    if (entry->type != CAP_ENTRY || !cap_valid(entry)) {
        return;
    }
    to = endpoint_recipient(ep);
    if (ipc_accepts(to, ep)) {
        ipc_transfer(&(struct message){
            .to = to,
            .ep = ep,
            .payload = entry_payload(entry),
            .word = inv->out,
            .delivery = DELIVERS(1u + op->words_out),
            .cap = inv->out_cap[0],
            .caps = op->caps_out,
            /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): as above */
            .truncated = op->string_out != 0 && inv->out_len != 0,
        });
        sched_wake(to);
    }
}

/* The end of a committed operation that is no call, or is not answered at once. */
static NOINLINE NORETURN void finish_otherwise(struct invocation *inv, uint64_t control,
                                               const struct operation *op)
{
    struct process *p = inv->invoker;

    if (cpu_self()->current != p || inv->answer == ANSWER_NONE) {
        sched_exit(); /* it destroyed itself, or wrote its own registers */
    }
    if (inv->answer == ANSWER_LATER) {
        endpoint_make_reply(p->fast.reply); /* outstanding, in the hands of the clock */
    }
    if (control & LK_RECV) {
        ipc_begin_wait(p, control);
        if (inv->answer == ANSWER_GO_ON) {
            sched_sent(p, inv_object(inv, process));
        } else {
            sched_stop(p);
        }
    } else {
        process_result(p, STATUS_OK);
    }
    if (inv->answer == ANSWER_ENTRY) {
        answer_entry(inv, &inv->arg[0], op);
    }
    sched_exit();
}

/* Invoke what is no live Entry; a call or none. Compiled once for each. The answer to a call is
 * delivered into it exactly as a server's reply would be. */
static ALWAYS_INLINE NORETURN void invoke(struct process *p, uint64_t control, struct cap *cap,
                                          const bool call)
{
    static const struct operation none; /* an answer without anything */
    const struct operation *op = &none;
    struct cpu *cpu = cpu_self();
    struct lk_regs *r;
    struct invocation inv;
    struct endpoint *reply = NULL;
    enum status status;
    uint64_t id = 0;

    if (unlikely(!cap_prepare(cap))) {
        refuse(p, control, cap, 0, STATUS_INVALID_CAP);
    }
    if (cap->type == CAP_APPNOTICE && endpoint_find_recipient(endpoint_of(cap)) == NULL) {
        finish(p, STATUS_INVALID_CAP);
    }
    inv.invoker = p;
    inv.cap = *cap;
    inv.word = ipc_words(&p->regs);
    inv.answer = call ? ANSWER_CALL : ANSWER_ENTRY;
    if (call) {
        status = endpoint_check_reply(p);
        if (unlikely(status != STATUS_OK)) {
            finish(p, status);
        }
        reply = p->fast.reply; /* the operation may change the slot, and the ID */
        id = reply->state.id;
    } else {
        cap_set_null(&inv.arg[0]);
        if (control_nsend(control) != 0) {
            inv.arg[0] = *argument(p, control, 0);
        }
    }
    status = find_operation(p, control, cap, &op);
    for (unsigned i = 1; likely(status == STATUS_OK) && i <= op->caps_in; i++) {
        inv.arg[i] = *argument(p, control, i);
    }
    if (unlikely(status == STATUS_OK && op->checks)) {
        status = check_more(&inv, control, op);
    }
    if (likely(status == STATUS_OK)) {
        if (op->caps_out != 0) {
            cap_set_null(&inv.out_cap[0]);
        }
        if (!call || unlikely(op->more != 0)) {
            clear_words(&inv);
            if (op->string_in != 0 || op->string_out != 0) {
                acquire_string(&inv, control, op);
            }
        }
        if (op->form == OPERATION_EFFECT) {
            txn_commit();
            op->effect(&inv);
        } else if (op->form == OPERATION_SLOT) {
            status = op->slot(&inv.cap, inv.word[1], &inv.arg[1], &inv.out_cap[0]);
            if (status == STATUS_AGAIN) {
                txn_restart();
            }
        } else {
            status = op->fn(&inv);
        }
    }
    if (unlikely(status != STATUS_OK)) {
        say_refused(p, control, cap, inv.word[0], status);
        op = &none;
        clear_words(&inv);
        txn_commit();
    }
    ASSERT_AFTER_COMMIT();
    inv.out[0] = status;
    if (!call || unlikely(inv.answer != ANSWER_CALL || cpu->current != p)) {
        finish_otherwise(&inv, control, op);
    }
    r = &p->regs;
    r->r8 = id;
    r->r9 = likely(reply->self != 0) ? endpoint_reply_at_once(reply) : 0; /* or it is gone */
    if (control & LK_CAPS) {
        ipc_store_caps(p, control, inv.out_cap, op->caps_out, NULL);
    }
    r->rax = DELIVERS(1u + op->words_out) | (uint64_t)op->caps_out << LK_DLV_NCAPS_SHIFT;
    r->rdi = status; /* and no words more, as yet */
    r->rsi = r->rdx = r->rbx = r->r12 = r->r13 = r->r14 = r->r15 = 0;
    if (unlikely(op->more != 0)) {
        answer_more(&inv, op);
    }
    sched_exit();
}

static NOINLINE NORETURN void invoke_by_call(struct process *p, uint64_t control, struct cap *cap)
{
    invoke(p, control, cap, true);
}

static NOINLINE NORETURN void invoke_without_call(struct process *p, uint64_t control,
                                                  struct cap *cap)
{
    invoke(p, control, cap, false);
}

bool kernel_slot_operation(struct process *p, uint64_t control, const struct cap *cap)
{
    const struct operation *op;
    struct cap old;

    if (find_operation(p, control, cap, &op) != STATUS_OK || !cap_live(cap)) {
        return false;
    }
    txn_begin_syscall();
    if (op->slot(cap, p->regs.rsi, &p->capreg[control_send_reg(control, 1)], &old) != STATUS_OK) {
        return false;
    }
    ipc_store_caps(p, control, &old, 1, NULL);
    return true;
}

/* --- the system call --- */

/* No send phase: the receive phase alone, or yield. */
static NOINLINE NORETURN void wait_or_yield(struct process *p, uint64_t control)
{
    txn_commit();
    if (likely(control != LK_YIELD)) {
        ipc_begin_wait(p, control);
    } else {
        process_result(p, STATUS_OK);
        if (p->attention & ATTN_PREEMPT) {
            preempt_judge(p); /* perhaps it does not defer any more */
        }
        p->behind = 1; /* of its equals */
    }
    cpu_self()->resched = true;
    sched_exit();
}

/* Copy capability, set FS base, or a fault. */
static NOINLINE NORETURN void pseudo_instruction(struct process *p, uint64_t control)
{
    if ((control & ~(31ull << 8 | 31ull << 16)) == LK_COPY_CAP) {
        struct cap *from = &p->capreg[(control >> 8) & 31];
        unsigned to = (unsigned)(control >> 16) & 31;

        cap_prepare(from);
        txn_commit();
        if (to != 0) {
            cap_copy(&p->capreg[to], from);
        }
    } else if (control == LK_SET_FS_BASE && p->regs.rdi < LK_USER_END) {
        txn_commit();
        arch_set_fs_base(p, p->regs.rdi);
    } else {
        finish_fault(p, FAULT_MALFORMED_SYSCALL, control, NULL);
    }
    process_result(p, STATUS_OK);
    sched_exit();
}

/* The shapes that make sense: something is done, what belongs to a phase comes with it, and a call
 * is wholly one. */
#define SHAPE_OK(s)                                                                                \
    (((s) & (LK_SEND | LK_RECV)) && ((s)&LK_SEND || !((s) & (LK_BLOCK | LK_SSTR | LK_CALLBIT))) && \
     ((s)&LK_RECV || !((s) & (LK_CLOSED | LK_RSTR | LK_CALLBIT))) &&                               \
     (!((s)&LK_CALLBIT) || ((s)&LK_SHAPE_CALL) == LK_SHAPE_CALL))
/* What must be 0 in a control word of a shape. A table of all 256, made by the compiler. */
#define ZERO(s)                                                                                    \
    (!SHAPE_OK(s)     ? ~0ull                                                                      \
     : !((s)&LK_CAPS) ? LK_RESERVED_MASK | CAPS_FIELDS                                             \
     : (s)&LK_CALLBIT ? LK_RESERVED_MASK | 31ull << LK_SEND_CAP_SHIFT                              \
                      : LK_RESERVED_MASK)
#define ZERO_4(s) ZERO(s), ZERO((s) + 1), ZERO((s) + 2), ZERO((s) + 3)
#define ZERO_16(s) ZERO_4(s), ZERO_4((s) + 4), ZERO_4((s) + 8), ZERO_4((s) + 12)
#define ZERO_64(s) ZERO_16(s), ZERO_16((s) + 16), ZERO_16((s) + 32), ZERO_16((s) + 48)
static const uint64_t must_be_zero[256] = { ZERO_64(0u), ZERO_64(64u), ZERO_64(128u),
                                            ZERO_64(192u) };

/* Is this control word one that makes no sense? Clients write no code for this: it is a fault, not
 * a result. LK_YIELD is 0. */
static ALWAYS_INLINE bool malformed(const struct process *p, uint64_t control)
{
    return unlikely(control & must_be_zero[control & 0xff]) ||
           unlikely(control >= (LK_MAX_CAPS + 1ull) << LK_NSEND_SHIFT) ||
           (unlikely(control & (LK_SSTR | LK_RSTR)) &&
            (((control & LK_SSTR) && (uint32_t)p->regs.r9 > LK_MAX_STRING) ||
             ((control & LK_RSTR) && p->regs.r9 >> 32 > LK_MAX_STRING)));
}

static ALWAYS_INLINE NORETURN void dispatch(struct process *p, uint64_t control, struct cap *target)
{
    if (malformed(p, control)) {
        pseudo_instruction(p, control);
    }
    if (unlikely(!(control & LK_SEND))) {
        wait_or_yield(p, control);
    }
    if (target->type == CAP_ENTRY && likely(object_alive(target, FRAME_ENDPOINT))) {
        if (unlikely(control & LK_SSTR)) {
            send_string(p, control, target);
        }
        if (control & LK_CALLBIT) {
            send_call(p, control, target);
        }
        send_to_process(p, control, target);
    }
    if (target->type == CAP_PROXYENTRY && likely(object_alive(target, FRAME_ENDPOINT))) {
        send_proxied(p, control, target);
    }
    if (control & LK_CALLBIT) {
        invoke_by_call(p, control, target);
    }
    invoke_without_call(p, control, target);
}

/* What is seldom to be done first: a record says who receives what goes through an Entry; restart
 * injection; the debugger's trap, which is once, then the system call passes. */
static NOINLINE NORETURN void dispatch_watched(struct process *p, struct trace_record *r)
{
    const struct cap *entry = ipc_sender_entry(p);

    if (entry != NULL) {
        r->b |= (uint64_t)object_oid(endpoint_recipient(endpoint_of(entry))) << 32;
    }
    if (p->attention & ATTN_INJECT) {
        txn_watch();
    }
    if ((p->s.flags & PROC_TRAP_SYSCALL) && !(p->attention & ATTN_TRAP_ONCE)) {
        txn_commit();
        p->attention |= ATTN_TRAP_ONCE;
        arch_syscall_rewind(p);
        fault_raise(p, FAULT_SYSCALL_TRAP, p->regs.rax, NULL);
        sched_exit();
    }
    p->attention &= ~ATTN_TRAP_ONCE;
    dispatch(p, p->regs.rax, &p->capreg[control_target(p->regs.rax)]);
}

/* Each system call that comes here, not having taken the fast path, is recorded. */
void kernel_syscall(void)
{
    struct cpu *cpu = cpu_self();
    struct process *p = cpu->current;
    struct cap *target = &p->capreg[control_target(p->regs.rax)];

    __asm__("" : "+r"(target)); /* it is found out once */
    txn_begin_syscall();
    struct trace_record *r = trace_new(p, TRACE_SYSCALL);
    uint16_t type = target->type;

    __builtin_memcpy(&r->a, &p->regs.rax, 4);
    __builtin_memcpy((uint8_t *)&r->a + 4, &p->regs.rdi, 2);
    __builtin_memcpy((uint8_t *)&r->a + 6, &type, 2);
    r->b = target->oid;
    if (unlikely(p->state != 0 || cpu->tracing)) {
        dispatch_watched(p, r);
    }
    dispatch(p, p->regs.rax, target);
}
