/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages between two processes: acquiring, transferring, waiting, matching. Read ipc.h first.
 *
 * Why a wait is armed at once: a caller whose blocked send is taken must be RECEIVING in the same
 * step, or a reply that is sent without blocking would miss it and it would wait for ever (P11). So
 * the step that completes a send also begins the wait, and whoever already waits for the new
 * receiver is found later, in pieces (ipc_work).
 *
 * Why the saved control word is rewritten when the wait begins: whatever makes the process begin
 * its system call again (a page fault on its receive string, a debugger) then begins the receive
 * phase alone; a committed send is never sent twice (P12).
 */
#include <arch/mmu.h>
#include <kernel/cpu.h>
#include <kernel/fault.h>
#include <kernel/invoke.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/notice.h>
#include <kernel/preempt.h>
#include <kernel/sched.h>
#include <kernel/space.h>
#include <kernel/string.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

#define SCAN_STEPS 64 /* endpoints looked at in one piece of a closed wait's search */
#define DEAD_STEPS 16 /* senders told in one piece that their target is gone */
#define RING_STEPS 16 /* length of a ring of waits that is found */

/* --- acquiring a message --- */

enum acquire_result ipc_acquire_strings(struct message *m, enum fault_code *code, uva_t *address,
                                        const struct cap **handler)
{
    struct cpu *cpu = cpu_self();
    uint64_t control = m->to->regs.rax;
    size_t sent = m->length;
    size_t limit = control & LK_RSTR ? m->to->regs.r9 >> 32 : 0;
    size_t got;

    if (m->length > limit) {
        m->length = limit;
    }
    m->truncated = m->length < sent;
    m->to_string = m->to->regs.rbp;
    if (m->length == 0) {
        return ACQUIRE_OK;
    }
    *code = space_acquire(m->from, m->from_string, m->length, ACCESS_READ, cpu->from_page, address,
                          handler, &got);
    if (*code != FAULT_NONE) {
        return ACQUIRE_SENDER_FAULT;
    }
    *code = space_acquire(m->to, m->to_string, m->length, ACCESS_WRITE, cpu->to_page, address,
                          handler, &got);
    if (*code == FAULT_NONE) {
        return ACQUIRE_OK;
    }
    if (m->may_block) {
        return ACQUIRE_RECEIVER_FAULT;
    }
    /* The sender may not wait for the receiver's memory: cut, and the receiver told. */
    m->length = got;
    m->truncated = true;
    return ACQUIRE_OK;
}

/* --- moving it --- */

void ipc_store_more_caps(struct process *p, uint64_t control, unsigned n,
                         const struct process *from)
{
    for (unsigned i = 1; i < LK_MAX_CAPS; i++) {
        unsigned reg = control_recv_reg(control, i);

        if (reg != 0) {
            p->capreg[reg] =
                i < n ? from->capreg[control_send_reg(from->regs.rax, i)] : (struct cap){ 0 };
        }
    }
}

/* Copy `n` bytes between two runs of pages. The bytes of the two sides may lie differently in their
 * pages. A page may be seen half written by another process that maps it: memory shared by users is
 * theirs to guard (docs/abi.md, Strings). */
static void copy_pages(void *const to[], uva_t to_at, void *const from[], uva_t from_at, size_t n)
{
    size_t t = to_at & PAGE_MASK;
    size_t f = from_at & PAGE_MASK;

    while (n > 0) {
        size_t to_room = PAGE_SIZE - (t & PAGE_MASK);
        size_t from_room = PAGE_SIZE - (f & PAGE_MASK);
        size_t step = to_room < from_room ? to_room : from_room;

        if (step > n) {
            step = n;
        }
        /* NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult): the runs are as long as
         * `n` wants them, also the one of ipc_copy_string(), which is one page for less than one */
        memmove((char *)to[t >> PAGE_SHIFT] + (t & PAGE_MASK),
                (const char *)from[f >> PAGE_SHIFT] + (f & PAGE_MASK), step);
        /* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */
        t += step;
        f += step;
        n -= step;
    }
}

static __attribute__((noinline)) uint64_t give_pages(const struct process *from,
                                                     const struct process *to, size_t n)
{
    struct cpu *cpu = cpu_self();

    if (!space_mapped(from, from->regs.r10, n, ACCESS_READ, cpu->from_page) ||
        !space_mapped(to, to->regs.rbp, n, ACCESS_WRITE, cpu->to_page)) {
        return UINT64_MAX;
    }
    copy_pages(cpu->to_page, to->regs.rbp, cpu->from_page, from->regs.r10, n);
    return n;
}

uint64_t ipc_give_string(const struct process *from, const struct process *to)
{
    size_t n = (uint32_t)from->regs.r9;
    uva_t f = from->regs.r10;
    uva_t t = to->regs.rbp;
    char *source;
    char *target;

    if (!(to->regs.rax & LK_RSTR) || n > to->regs.r9 >> 32 || (f | t) >= LK_USER_END) {
        return UINT64_MAX;
    }
    if ((f & PAGE_MASK) + n > PAGE_SIZE || (t & PAGE_MASK) + n > PAGE_SIZE) {
        return give_pages(from, to, n);
    }
    if (!mmu_lookup(from->space_root, f, ACCESS_READ, &source) ||
        !mmu_lookup(to->space_root, t, ACCESS_WRITE, &target)) {
        return UINT64_MAX;
    }
    if (likely(n % 8 == 0 && (size_t)(target - source) >= n)) {
        arch_copy_words(target, source, n / 8);
    } else {
        memmove(target, source, n);
    }
    return n;
}

void ipc_copy_string(char *string, void *const pages[], uva_t address, size_t n, bool out)
{
    void *const buffer[] = { string }; /* of less than a page */

    if (out) {
        copy_pages(pages, address, buffer, 0, n);
    } else {
        copy_pages(buffer, 0, pages, address, n);
    }
}

void ipc_transfer(struct message *m)
{
    ASSERT_AFTER_COMMIT();
    ASSERT(m->to->s.run_state == LK_STATE_RECEIVING);
    if (m->length != 0) {
        copy_pages(cpu_self()->to_page, m->to_string, cpu_self()->from_page, m->from_string,
                   m->length);
    }
    ipc_deliver(m);
}

/* --- waiting --- */

const struct endpoint *ipc_waits_at(const struct process *p)
{
    const struct cap *slot = &p->slot[SLOT_REPLY_ENDPOINT];

    if (plist_node_queued(&p->sender_node)) {
        return cap_live(&p->sending_to) ? endpoint_of(&p->sending_to) : NULL;
    }
    if (p->s.run_state != LK_STATE_RECEIVING || p->s.wait != LK_WAIT_CLOSED ||
        (p->attention & ATTN_SLEEPING) || !cap_live(&p->last_called) ||
        slot->type != CAP_ENDPOINT || !cap_live(slot)) {
        return NULL;
    }
    return endpoint_expects(endpoint_of(slot)) && endpoint_of(slot)->state.id == p->regs.r8
               ? endpoint_of(&p->last_called)
               : NULL;
}

/* Does a ring of waits lead from `q` back to `p`? */
static bool ring_of_waits(const struct process *p, const struct process *q)
{
    for (unsigned i = 0; q != NULL && i < RING_STEPS; i++) {
        const struct endpoint *ep = ipc_waits_at(q);

        if (q == p) {
            return true;
        }
        q = ep == NULL ? NULL : endpoint_recipient(ep);
    }
    return false;
}

/* A wait that the kernel can see to be endless, or likely so, does not pass without a word. But a
 * quiet one is not told of by way of who waits for it either: its label may say anything. */
static void say_if_endless(const struct process *p, const struct process *to)
{
    char label[LABEL_TEXT];
    char to_label[LABEL_TEXT];

    if (to->quiet) {
        return;
    }
    process_label(p, label);
    process_label(to, to_label);
    if (ring_of_waits(p, to)) {
        log_about(p, LOG_WARN, "waits to send to %s, which waits for %s in turn: a ring of waits",
                  to_label, label);
    } else if (to->s.run_state == LK_STATE_FAULTED && !plist_node_queued(&to->sender_node) &&
               !(to->attention & ATTN_FAULT_TOLD)) {
        log_about(p, LOG_WARN,
                  "waits to send to %s, which is stopped by a fault that nobody handles", to_label);
    }
}

/* Into the queue of the target, and it is judged with one more that waits. EFFECT. */
static void wait_for_target(struct process *s, struct process *t)
{
    plist_insert(&t->preempt.senders, &s->sender_node, s->priority);
    preempt_judge(t);
}

void ipc_block_sender(struct process *p, struct endpoint *ep, const struct process *to,
                      struct process *t)
{
    ASSERT_AFTER_COMMIT();
    trace_event(TRACE_BLOCK, LK_WAIT_SENDING, object_oid(ep));
    p->s.run_state = LK_STATE_BLOCKED;
    p->s.wait = LK_WAIT_SENDING;
    p->sending_to = object_cap(&ep->hdr);
    sched_stop(p);
    if (t == NULL) {
        plist_insert(&ep->senders, &p->sender_node, p->priority);
        endpoint_update(ep);
    } else {
        t->preempt.waits++;
        wait_for_target(p, t);
    }
    say_if_endless(p, to);
}

const struct cap *ipc_sender_entry(struct process *p)
{
    const struct cap *c;

    if (p->fault_code != FAULT_NONE) {
        return fault_handler(p);
    }
    c = &p->capreg[control_target(p->regs.rax)];
    return (c->type == CAP_ENTRY || c->type == CAP_PROXYENTRY) && cap_valid(c) ? c : NULL;
}

void ipc_requeue_sender(struct process *p)
{
    const struct cap *entry = ipc_sender_entry(p);

    ASSERT_AFTER_COMMIT();
    /* Otherwise its target is gone and it is about to be told so: that queue has no order. */
    if (entry != NULL && cap_live(&p->sending_to) &&
        endpoint_of(entry) == endpoint_of(&p->sending_to)) {
        plist_remove(&p->sender_node);
        if (entry->type == CAP_PROXYENTRY) {
            wait_for_target(p, endpoint_recipient(endpoint_of(entry)));
            return;
        }
        plist_insert(&endpoint_of(entry)->senders, &p->sender_node, p->priority);
        endpoint_update(endpoint_of(entry));
    }
}

void ipc_recheck(struct process *p)
{
    ASSERT_AFTER_COMMIT();
    if (p->s.run_state == LK_STATE_RECEIVING && list_empty(&p->recheck_link)) {
        list_insert_before(&cpu_self()->rechecks, &p->recheck_link);
        cpu_self()->work = true;
    }
}

/* --- matching, in pieces --- */

void ipc_fail_sender(struct process *s, enum status status)
{
    if (s->fault_code != FAULT_NONE) { /* it was to tell a handler of it: whom does it tell now? */
        fault_tell_again(s);
        return;
    }
    process_end_wait(s);
    if (status == STATUS_AGAIN) {
        process_syscall_again(s);
    } else {
        process_result(s, status);
    }
    sched_wake(s);
}

/* The endpoint whose first sender the wait of `p` takes next: open, the one of highest priority;
 * closed, the first with the ID, searched for in pieces. False: the search goes on in the next
 * piece. */
static bool find_endpoint(struct process *p, struct endpoint **found)
{
    struct plist_node *n = plist_first(&p->senders);

    *found = NULL;
    if (p->s.wait == LK_WAIT_OPEN || n == NULL) {
        *found = n == NULL ? NULL : container_of(n, struct endpoint, recv_node);
        return true;
    }
    if ((p->attention & ATTN_SCAN) && p->scan_id == p->regs.r8) {
        n = p->scan_next == NULL ? NULL : &p->scan_next->recv_node;
    }
    for (unsigned i = 0; n != NULL; i++, n = plist_next(&p->senders, n)) {
        struct endpoint *ep = container_of(n, struct endpoint, recv_node);

        if (i == SCAN_STEPS) {
            p->attention |= ATTN_SCAN;
            p->scan_id = p->regs.r8;
            p->scan_next = ep;
            return false;
        }
        if (ep->state.id == p->regs.r8) {
            *found = ep;
            break;
        }
    }
    p->attention &= ~ATTN_SCAN;
    return true;
}

/* After a sender was served: what becomes of it. EFFECT. */
static void sender_done(struct process *s, uint64_t control)
{
    process_end_wait(s);
    if (control & LK_CALLBIT) {
        s->last_called = s->sending_to;
        s->fast.to_epoch = 0;
    }
    if (control & LK_RECV) {
        ipc_begin_wait(s, control);
    } else {
        process_result(s, STATUS_OK);
        sched_wake(s);
    }
}

/* The node leaves the queue of `ep`, which goes behind the other endpoints of its priority: a
 * receiver with several serves them in turn. EFFECT. */
static void take_from(struct endpoint *ep, struct plist_node *node)
{
    plist_remove(node);
    endpoint_unlink(ep);
    endpoint_update(ep);
}

/* Take the message of `s` into the wait of `p`: judged afresh, from the sender's registers. `s` is
 * first of the queue of `ep`; or, proxied, of those that wait for `t`, which is. Returns true if
 * `p` has its message; false: look again. Commits. */
static bool take_message(struct process *p, struct endpoint *ep, struct process *s,
                         struct process *t, unsigned *weight)
{
    uint64_t control = s->regs.rax;
    const struct cap *entry = ipc_sender_entry(s);
    const struct cap *handler = NULL;
    struct message m;
    enum fault_code code;
    enum status status = STATUS_INVALID_CAP;
    uva_t where = 0;

    if (entry != NULL && (t == NULL ? endpoint_of(entry) != ep || entry->type != CAP_ENTRY
                                    : endpoint_recipient(endpoint_of(entry)) != t ||
                                          entry->type != CAP_PROXYENTRY)) {
        txn_commit(); /* its register names another endpoint by now */
        ipc_fail_sender(s, STATUS_AGAIN);
        return false;
    }
    if (entry != NULL && s->fault_code != FAULT_NONE) {
        txn_commit();
        take_from(ep, &s->sender_node);
        trace_event(TRACE_MESSAGE, object_oid(s) | (uint64_t)object_oid(p) << 32, object_oid(ep));
        fault_transfer(s, p, entry);
        if (s->s.run_state == LK_STATE_FAULTED) {
            s->s.wait = LK_WAIT_NONE;
        }
        return true;
    }
    if (entry != NULL) {
        status = t == NULL ? ipc_prepare(&m, s, control, entry, true)
                           : preempt_prepare(&m, s, control, entry, true);
    }
    if (status != STATUS_OK) {
        txn_commit();
        ipc_fail_sender(s, status);
        return false;
    }
    switch (ipc_acquire_strings(&m, &code, &where, &handler)) {
    case ACQUIRE_SENDER_FAULT:
        txn_commit();
        process_end_wait(s);
        process_syscall_again(s);
        fault_raise(s, code, where, handler);
        return false;
    case ACQUIRE_RECEIVER_FAULT:
        txn_commit();
        fault_raise_receiving(p, code, where, handler);
        return false; /* notices may still come */
    case ACQUIRE_OK:
        break;
    }

    txn_commit();

    take_from(ep, t == NULL ? &s->sender_node : &t->preempt.node);
    trace_event(TRACE_MESSAGE, object_oid(s) | (uint64_t)object_oid(p) << 32, object_oid(ep));
    if (t == NULL) {
        ipc_transfer(&m);
    } else {
        plist_remove(&s->sender_node);
        preempt_transfer(&m, true);
    }
    *weight += (unsigned)(m.length / PAGE_SIZE);
    sender_done(s, control);
    return true;
}

/* The first node of the queue of `ep` into the wait of `p`. As take_message(). */
static bool take_first(struct process *p, struct endpoint *ep, unsigned *weight)
{
    struct plist_node *node = plist_first(&ep->senders);
    struct process *t = container_of(node, struct process, preempt.node);

    if (!node->preempt) {
        return take_message(p, ep, container_of(node, struct process, sender_node), NULL, weight);
    }
    node = plist_first(&t->preempt.senders);
    if (node == NULL || !preempt_possible(t, p) ||
        (t->preempt.notices != 0 && !t->preempt.after_notice)) {
        txn_commit();
        list_remove(&p->recheck_link); /* so that bits are delivered into the wait at once */
        preempt_judge(t);
        ipc_recheck(p);
        return false;
    }
    return take_message(p, ep, container_of(node, struct process, sender_node), t, weight);
}

/* One piece of matching the wait of `p` with what waits for it. A transaction of its own. Returns
 * its weight. */
static unsigned match(struct process *p)
{
    bool takes_notices = p->s.wait == LK_WAIT_OPEN || p->s.wait == LK_WAIT_NOTICE;
    unsigned weight = 1;
    struct endpoint *ep;

    txn_begin_work();
    if (p->notices != 0 && takes_notices &&
        (p->s.wait == LK_WAIT_NOTICE || plist_empty(&p->senders) ||
         p->fast.caller_epoch != FAST_AFTER_NOTICE || (p->attention & ATTN_RECV_FAULT))) {
        txn_commit();
        notice_deliver(p);
        return weight;
    }
    if (p->s.wait == LK_WAIT_NOTICE || (p->attention & ATTN_RECV_FAULT)) {
        list_remove(&p->recheck_link);
        return weight;
    }
    if (!find_endpoint(p, &ep)) { /* goes on in a later piece, when the others have had theirs */
        list_remove(&p->recheck_link);
        list_insert_before(&cpu_self()->rechecks, &p->recheck_link);
        return weight;
    }
    if (ep == NULL) {
        list_remove(&p->recheck_link);
        return weight;
    }
    if (take_first(p, ep, &weight)) {
        sched_wake(p);
    }
    return weight;
}

/* Place anew some of those whose target is gone or changed, or tell them. Returns how many. */
static unsigned place_displaced(struct cpu *cpu)
{
    unsigned i;

    txn_begin();
    txn_commit();
    for (i = 0; i < DEAD_STEPS && !plist_empty(&cpu->displaced); i++) {
        struct plist_node *node = plist_first(&cpu->displaced);
        struct process *s = container_of(node, struct process, sender_node);
        const struct cap *entry;

        if (node->preempt) {
            plist_remove(node);
            preempt_judge(container_of(node, struct process, preempt.node));
            continue;
        }
        entry = ipc_sender_entry(s);
        if (entry != NULL && entry->type == CAP_PROXYENTRY) {
            plist_remove(node);
            wait_for_target(s, endpoint_recipient(endpoint_of(entry)));
        } else {
            ipc_fail_sender(s, STATUS_INVALID_CAP);
        }
    }
    return i;
}

unsigned ipc_work(void)
{
    struct cpu *cpu = cpu_self();

    if (!plist_empty(&cpu->dead_endpoints)) {
        struct endpoint *ep =
            container_of(plist_first(&cpu->dead_endpoints), struct endpoint, recv_node);

        txn_begin();
        txn_commit();
        plist_remove(&ep->recv_node);
        plist_splice_end(&cpu->displaced, &ep->senders);
        return 1;
    }
    if (!plist_empty(&cpu->displaced)) {
        return place_displaced(cpu);
    }
    if (!list_empty(&cpu->judged)) {
        struct process *t = container_of(cpu->judged.next, struct process, preempt.watch);

        txn_begin();
        txn_commit();
        list_remove(&t->preempt.watch);
        preempt_judge(t);
        return 1;
    }
    if (!list_empty(&cpu->rechecks)) {
        return match(container_of(cpu->rechecks.next, struct process, recheck_link));
    }
    return 0;
}
