/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The system call: invoke a capability, and the three pseudo-instructions beside it.
 *
 * An invocation is an optional send phase followed by an optional receive phase, in one
 * transaction. What the capability in the target register is decides the send phase: an Entry goes
 * to a process (ipc.c), everything else to the operation table of its type, made from
 * kernel/abi/lykos.toml. Either way the caller sees the same: words, capabilities and a string,
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
#include <kernel/string.h>
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
        log_about(p, LOG_INFO, "method %llu of %s through capability register %u: %s",
                  (unsigned long long)method, type_text[c->type], control_target(control),
                  status_text[status]);
    }
}

/* --- sending to a process --- */

/* After a committed send: the sender begins its wait or goes on, and the CPU goes to whom it
 * should. */
static ALWAYS_INLINE NORETURN void after_send(struct process *p, uint64_t control,
                                              struct process *to)
{
    if (control & LK_RECV) {
        ipc_begin_wait(p, control);
    } else {
        process_result(p, STATUS_OK);
    }
    if (to->priority >= p->priority) {
        sched_switch_to(to);
    } else {
        sched_wake(to);
    }
    if ((control & LK_RECV) && cpu_self()->current == p) {
        sched_stop(p);
    }
    sched_exit();
}

/* Commit waiting: `p` stands in the queue of the endpoint, or of the target `t` of a proxied
 * message, until its message is taken. */
static NORETURN void block_on(struct process *p, const struct message *m, struct process *t)
{
    txn_commit();
    ipc_block_sender(p, m, t);
    sched_exit();
}

/* What the long way finds out is noted, so that the fast path need not. It is nothing but what can
 * be found out anew: no EFFECT. The reply endpoint of `p` is fit for calls: */
static inline void fast_note_reply(struct process *p, uint64_t epoch)
{
    p->fast.reply = endpoint_of(&p->slot[SLOT_REPLY_ENDPOINT]);
    p->fast.reply_epoch = epoch;
}

/* `to` is the recipient of a live endpoint. */
static inline void fast_note_recipient(struct endpoint *ep, struct process *to)
{
    if (!ep->state.match && schedule_runs(to)) {
        ep->to = to;
        ep->epoch = cpu_self()->epoch;
    }
}

/* A call goes from `p` to another. */
static inline void fast_note(struct process *p, const struct message *m)
{
    uint64_t epoch = cpu_self()->epoch;

    p->fast.to_epoch = 0;
    fast_note_reply(p, epoch);
    if (m->to->s.wait == LK_WAIT_OPEN) {
        m->to->fast.caller = p;
        m->to->fast.caller_epoch = p->priority == m->to->priority ? epoch : epoch ^ FAST_OTHER;
    }
    fast_note_recipient(m->ep, m->to);
}

/* Send through an Entry, or proxied, through a ProxyEntry. Compiled once for each. */
static ALWAYS_INLINE NORETURN void send(struct process *p, uint64_t control,
                                        const struct cap *entry, const bool proxied)
{
    struct message m;
    enum status status = proxied ? preempt_prepare(&m, p, entry) : ipc_prepare(&m, p, entry);
    struct process *t = proxied ? m.target : NULL;
    const struct cap *handler = NULL;
    enum fault_code code = FAULT_NONE;
    uva_t where = 0;

    if (status != STATUS_OK) {
        say_refused(p, control, entry, p->regs.rdi, status);
        finish(p, status);
    }
    if (!ipc_accepts(m.to, m.ep) || (proxied && (preempt_waits(t) || !preempt_possible(t, m.to)))) {
        if (!m.may_block || m.to == p) { /* a wait that only the sender itself could end is none */
            finish(p, STATUS_WOULD_BLOCK);
        }
        block_on(p, &m, t);
    }
    if (unlikely(m.length != 0 && m.may_block && (m.to->attention & ATTN_RECV_FAULT))) {
        block_on(p, &m, t); /* behind the one whose string showed that a page is missing */
    }
    switch (m.length == 0 ? ACQUIRE_OK : ipc_acquire_strings(&m, &code, &where, &handler)) {
    case ACQUIRE_SENDER_FAULT:
        finish_fault(p, code, where, handler);
    case ACQUIRE_RECEIVER_FAULT:
        txn_commit();
        fault_raise_receiving(m.to, code, where, handler);
        ipc_block_sender(p, &m, t);
        sched_exit();
    case ACQUIRE_OK:
        break;
    }

    txn_commit();

    if (m.make_reply) {
        p->last_called = (struct cap){ .low = CAP_ENDPOINT, .object = entry->object };
        if (proxied) {
            p->fast.to_epoch = 0;
        } else {
            fast_note(p, &m);
        }
    }
    if (proxied) {
        preempt_transfer(&m);
    } else {
        ipc_transfer(&m);
    }
    after_send(p, control, m.to);
}

static NORETURN void send_to_process(struct process *p, uint64_t control, const struct cap *entry)
{
    send(p, control, entry, false);
}

static __attribute__((noinline)) NORETURN void send_proxied(struct process *p, uint64_t control,
                                                            const struct cap *entry)
{
    send(p, control, entry, true);
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

/* The string of a request, into the invocation. ACQUIRE; may fault the invoker. */
static void acquire_string_in(struct invocation *inv, uint64_t control, size_t most)
{
    struct process *p = inv->invoker;
    void **pages = cpu_self()->from_page;

    inv->string_len = 0;
    inv->string_cut = false;
    if (!(control & LK_SSTR) || most == 0) {
        return;
    }
    inv->string_len = (uint32_t)p->regs.r9;
    if (inv->string_len > most) {
        inv->string_len = most;
        inv->string_cut = true;
    }
    acquire_pages(p, p->regs.r10, inv->string_len, ACCESS_READ, pages);
    ipc_copy_string(inv->string, pages, p->regs.r10, inv->string_len, false);
}

/* Room for the string of the answer of a call. ACQUIRE; may fault the invoker. Returns how much
 * there is. */
static size_t acquire_string_out(struct invocation *inv, uint64_t control, size_t most)
{
    struct process *p = inv->invoker;
    size_t limit = p->regs.r9 >> 32;

    if (!(control & LK_RSTR) || !(control & LK_CALLBIT) || most == 0 || limit == 0) {
        return 0;
    }
    if (limit > most) {
        limit = most;
    }
    acquire_pages(p, p->regs.rbp, limit, ACCESS_WRITE, cpu_self()->to_page);
    return limit;
}

/* May the capabilities sent have the types that they have? */
static __attribute__((noinline)) enum status check_types(const struct invocation *inv,
                                                         const struct operation *op)
{
    for (unsigned i = 0; i < op->typed; i++) {
        if (!(op->takes[i] >> inv->arg[i + 1].type & 1)) {
            return STATUS_REQUEST_ERROR;
        }
    }
    return STATUS_OK;
}

/* Find the operation and check what its table entry says of the arguments. ACQUIRE. */
static enum status find_operation(const struct invocation *inv, const struct operation **found)
{
    const struct operation_table *table = &operation_tables[inv->cap.type];
    uint64_t method = inv->word[0];
    const struct operation *op;

    if (method >= table->ops || table->op[method].fn == NULL) {
        return STATUS_UNKNOWN_REQUEST;
    }
    op = &table->op[method];
    *found = op;
    if (inv->words < 1u + op->words_in || (op->caps_in != 0 && inv->caps < 1u + op->caps_in)) {
        return STATUS_REQUEST_ERROR;
    }
    if (inv->cap.restr & op->forbid) {
        return STATUS_NO_ACCESS;
    }
    if (inv->word[1] > op->most) {
        return (enum status)op->over;
    }
    return unlikely(op->typed) ? check_types(inv, op) : STATUS_OK;
}

/* The operation's answer is delivered into the call of the invoker, exactly as a server's reply
 * would be. */
static void answer_call(struct invocation *inv, uint64_t control, const struct cap *reply,
                        uint64_t id, unsigned words)
{
    struct process *p = inv->invoker;
    struct lk_regs *r = &p->regs;
    uint64_t payload = 0;

    if (object_alive(reply, FRAME_ENDPOINT)) {
        payload = endpoint_reply_at_once(endpoint_of(reply));
    }
    if (control & LK_CAPS) {
        ipc_store_caps(p, control, inv->out_cap, inv->out_caps);
    }
    r->rax = (uint64_t)LK_KIND_MESSAGE << LK_DLV_KIND_SHIFT |
             (uint64_t)(words - 1u) << LK_DLV_NWORDS_SHIFT |
             (uint64_t)inv->out_caps << LK_DLV_NCAPS_SHIFT;
    if (inv->out_len > inv->out_room) {
        inv->out_len = inv->out_room;
        r->rax |= LK_DLV_TRUNCATED;
    }
    r->rax |= inv->out_len << LK_DLV_STRLEN_SHIFT;
    if (inv->out_len != 0) {
        ipc_copy_string(inv->out_string, cpu_self()->to_page, r->rbp, inv->out_len, true);
    }
    ipc_store_words(r, inv->out);
    r->r8 = id;
    r->r9 = payload;
}

/* Not a call: whoever waits behind the Entry sent as capability 0 gets the answer, as a
 * non-blocking send; the invoker itself, perhaps, since its wait has begun by then. */
static void answer_entry(struct invocation *inv, const struct cap *entry, unsigned words)
{
    struct message m;
    struct process *to;

    if (entry->type != CAP_ENTRY || !cap_valid(entry)) {
        return;
    }
    to = endpoint_recipient(endpoint_of(entry));
    if (!ipc_accepts(to, endpoint_of(entry))) {
        return;
    }
    m = (struct message){
        .to = to,
        .ep = endpoint_of(entry),
        .payload = entry_payload(entry),
        .is_entry = true,
        .words = words,
        .caps = inv->out_caps,
        .truncated = inv->out_len != 0,
    };
    memcpy(m.word, inv->out, sizeof(m.word));
    m.cap[0] = inv->out_cap[0];
    ipc_transfer(&m);
    sched_wake(to);
}

/* Carry out a committed operation's end: answer, and the receive phase. */
static NORETURN void finish_operation(struct invocation *inv, uint64_t control,
                                      const struct cap *reply, uint64_t id, unsigned words)
{
    struct process *p = inv->invoker;

    if (cpu_self()->current != p || inv->no_answer) {
        sched_exit(); /* it destroyed itself, or wrote its own registers */
    }
    if (inv->answer_later) {
        endpoint_make_reply(endpoint_of(reply)); /* outstanding, in the hands of the clock */
        ipc_begin_wait(p, control);
        sched_stop(p);
        sched_exit();
    }
    if (inv->is_call) {
        answer_call(inv, control, reply, id, words);
        sched_exit();
    }
    if (control & LK_RECV) {
        ipc_begin_wait(p, control);
        sched_stop(p);
    } else {
        process_result(p, STATUS_OK);
    }
    answer_entry(inv, &inv->arg[0], words);
    sched_exit();
}

static void load_invocation(struct invocation *inv, struct process *p, uint64_t control,
                            const struct cap *cap)
{
    const struct lk_regs *r = &p->regs;

    inv->invoker = p;
    inv->cap = *cap;
    inv->obj = cap_is_object(cap) ? oid_header(cap->oid) : NULL;
    inv->is_call = (control & LK_CALLBIT) != 0;
    inv->no_answer = false;
    inv->answer_later = false;
    inv->words = control_words(control);
    inv->caps = control_nsend(control);
    inv->word[0] = r->rdi;
    inv->word[1] = r->rsi;
    inv->word[2] = r->rdx;
    inv->word[3] = r->rbx;
    inv->word[4] = r->r12;
    inv->word[5] = r->r13;
    inv->word[6] = r->r14;
    inv->word[7] = r->r15;
    cap_set_null(&inv->arg[0]);
    for (unsigned i = 0; i < inv->caps; i++) {
        struct cap *c = &p->capreg[control_send_reg(control, i)];

        cap_prepare(c);
        inv->arg[i] = *c;
    }
    memset(inv->out, 0, sizeof(inv->out));
    cap_set_null(&inv->out_cap[0]);
    inv->out_caps = 0;
    inv->out_len = 0;
    inv->out_room = 0;
}

static NORETURN void invoke_kernel(struct process *p, uint64_t control, const struct cap *cap)
{
    char string[KERNEL_STRING_MAX];
    char out_string[KERNEL_STRING_MAX];
    struct invocation inv;
    const struct operation *op = NULL;
    struct cap reply = p->slot[SLOT_REPLY_ENDPOINT]; /* the operation may change the slot */
    enum status status = STATUS_OK;
    uint64_t id = 0;
    unsigned words = 1;

    if (cap->type == CAP_APPNOTICE) {
        struct process *to = endpoint_recipient(endpoint_of(cap));

        if (to == NULL) {
            finish(p, STATUS_INVALID_CAP);
        }
        fast_note_recipient(endpoint_of(cap), to);
    }
    if (control & LK_CALLBIT) {
        status = endpoint_check_reply(&reply, p);
        if (status != STATUS_OK) {
            finish(p, status);
        }
        id = endpoint_of(&reply)->state.id;
        fast_note_reply(p, cpu_self()->epoch);
    }
    load_invocation(&inv, p, control, cap);
    inv.string = string;
    inv.out_string = out_string;
    status = find_operation(&inv, &op);
    if (status == STATUS_OK) {
        acquire_string_in(&inv, control, op->string_in);
        inv.out_room = acquire_string_out(&inv, control, op->string_out);
        if (op->is_effect) {
            txn_commit();
            op->effect(&inv);
        } else {
            status = op->fn(&inv);
        }
    }
    if (status != STATUS_OK) {
        say_refused(p, control, cap, inv.word[0], status);
        txn_commit();
    } else {
        words = 1u + op->words_out;
        inv.out_caps = op->caps_out;
    }
    ASSERT_AFTER_COMMIT();
    inv.out[0] = status;
    finish_operation(&inv, control, &reply, id, words);
}

/* --- the system call --- */

/* Yield, copy capability, set FS base. */
static NORETURN void pseudo_instruction(struct process *p, uint64_t control)
{
    if (control == LK_YIELD) {
        txn_commit();
        process_result(p, STATUS_OK);
        if (p->attention & ATTN_PREEMPT) {
            preempt_judge(p); /* perhaps it does not defer any more */
        }
        sched_yield();
        sched_exit();
    }
    if ((control & ~(31ull << 8 | 31ull << 16)) == LK_COPY_CAP) {
        struct cap *from = &p->capreg[(control >> 8) & 31];
        unsigned to = (unsigned)(control >> 16) & 31;

        cap_prepare(from);
        txn_commit();
        if (to != 0) {
            cap_copy(&p->capreg[to], from);
        }
        process_result(p, STATUS_OK);
        sched_exit();
    }
    if (control == LK_SET_FS_BASE && p->regs.rdi < LK_USER_END) {
        txn_commit();
        arch_set_fs_base(p, p->regs.rdi);
        process_result(p, STATUS_OK);
        sched_exit();
    }
    finish_fault(p, FAULT_MALFORMED_SYSCALL, control, NULL);
}

/* The shapes that make sense: something is done, what belongs to a phase comes with it, and a call
 * is wholly one. A table of all 256, made by the compiler. */
#define SHAPE_OK(s)                                                                                \
    (((s) & (LK_SEND | LK_RECV)) && ((s)&LK_SEND || !((s) & (LK_BLOCK | LK_SSTR | LK_CALLBIT))) && \
     ((s)&LK_RECV || !((s) & (LK_CLOSED | LK_RSTR | LK_CALLBIT))) &&                               \
     (!((s)&LK_CALLBIT) || ((s)&LK_SHAPE_CALL) == LK_SHAPE_CALL))
#define SHAPES_4(s) SHAPE_OK(s), SHAPE_OK((s) + 1), SHAPE_OK((s) + 2), SHAPE_OK((s) + 3)
#define SHAPES_16(s) SHAPES_4(s), SHAPES_4((s) + 4), SHAPES_4((s) + 8), SHAPES_4((s) + 12)
#define SHAPES_64(s) SHAPES_16(s), SHAPES_16((s) + 16), SHAPES_16((s) + 32), SHAPES_16((s) + 48)
static const bool shape_ok[256] = { SHAPES_64(0u), SHAPES_64(64u), SHAPES_64(128u),
                                    SHAPES_64(192u) };

/* Is this control word one that makes no sense? Clients write no code for this: it is a fault, not
 * a result. */
static inline bool malformed(const struct process *p, uint64_t control)
{
    if (!shape_ok[control & 0xff] || (control & LK_RESERVED_MASK) ||
        control_nsend(control) > LK_MAX_CAPS) {
        return true;
    }
    if (!(control & LK_CAPS) ? (control & CAPS_FIELDS) != 0
                             : (control & LK_CALLBIT) && control_send_reg(control, 0) != 0) {
        return true;
    }
    return unlikely(control & (LK_SSTR | LK_RSTR)) &&
           (((control & LK_SSTR) && (uint32_t)p->regs.r9 > LK_MAX_STRING) ||
            ((control & LK_RSTR) && p->regs.r9 >> 32 > LK_MAX_STRING));
}

/* The debugger's trap: once, then the system call passes. */
static void trap_syscall(struct process *p, uint64_t control)
{
    if (!(p->attention & ATTN_TRAP_ONCE)) {
        txn_commit();
        p->attention |= ATTN_TRAP_ONCE;
        arch_syscall_rewind(p);
        fault_raise(p, FAULT_SYSCALL_TRAP, control, NULL);
        sched_exit();
    }
    p->attention &= ~ATTN_TRAP_ONCE;
}

void kernel_syscall(void)
{
    struct process *p = cpu_self()->current;
    uint64_t control = p->regs.rax;
    struct cap *target;

    txn_begin_syscall(p);
    trace_event(TRACE_SYSCALL, control, p->capreg[control_target(control)].oid);
    if (unlikely(p->s.flags & PROC_TRAP_SYSCALL)) {
        trap_syscall(p, control);
    }
    if (unlikely(!(control & (LK_SEND | LK_RECV)))) {
        pseudo_instruction(p, control);
    }
    if (unlikely(malformed(p, control))) {
        finish_fault(p, FAULT_MALFORMED_SYSCALL, control, NULL);
    }
    if (!(control & LK_SEND)) {
        txn_commit();
        ipc_begin_wait(p, control);
        sched_stop(p);
        sched_exit();
    }
    target = &p->capreg[control_target(control)];
    if (target->type == CAP_ENTRY && object_alive(target, FRAME_ENDPOINT)) {
        send_to_process(p, control, target);
    }
    if (!cap_prepare(target)) {
        say_refused(p, control, target, 0, STATUS_INVALID_CAP);
        finish(p, STATUS_INVALID_CAP);
    }
    if (target->type == CAP_PROXYENTRY) {
        send_proxied(p, control, target);
    }
    invoke_kernel(p, control, target);
}
