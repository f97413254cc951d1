/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of the Process capability: slots, registers, state, holds, faults. Whatever reads a
 * process leaves its wait as it is; what writes the registers of one that waits ends the wait.
 */
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/fault.h>
#include <kernel/ipc.h>
#include <kernel/operations.h>
#include <kernel/preempt.h>
#include <kernel/process.h>
#include <kernel/sched.h>
#include <kernel/schedule.h>
#include <kernel/space.h>
#include <kernel/string.h>

#define DEBUG_FLAGS (PROC_SINGLE_STEP | PROC_TRAP_SYSCALL)

enum status process_op_get_slot(const struct cap *c, uint64_t slot, const struct cap *with UNUSED,
                                struct cap *old)
{
    return slot_get(c, &object_of(c, process)->slot[slot], old);
}

enum status process_op_swap_slot(struct invocation *inv)
{
    static const uint32_t takes[PROC_SLOTS] = CAP_SLOT_TAKES;
    struct process *p = inv_object(inv, process);
    const struct cap *c = &inv->arg[1];
    unsigned slot = (unsigned)inv->word[1];

    if (slot == SLOT_PROXY_REPLY) {
        return STATUS_NO_ACCESS;
    }
    /* A schedule must be set up: its priority is copied now and never looked at again. */
    if ((takes[slot] >> c->type & 1) == 0 ||
        (slot == SLOT_SCHEDULE && c->type == CAP_SCHEDULE && !schedule_of(c)->state.ready)) {
        return STATUS_REQUEST_ERROR;
    }

    txn_commit();

    if (slot == SLOT_PROXY_RECEIVER) {
        preempt_leave(p);
    } else if (slot == SLOT_CONTROL_PAGE) {
        preempt_end_deferral(p);
    }
    cap_copy(&inv->out_cap[0], &p->slot[slot]);
    cap_copy(&p->slot[slot], c);
    if (slot == SLOT_SCHEDULE || slot == SLOT_REPLY_ENDPOINT) {
        fast_forget();
    }
    if (p->attention & ATTN_PREEMPT) {
        preempt_judge(p);
        if (preempt_receiver(p) != NULL) {
            preempt_recipient_set(preempt_receiver(p));
        }
    }
    if (slot == SLOT_ADDR_SPACE) {
        space_set(p);
    } else if (slot == SLOT_SCHEDULE) {
        process_schedule_changed(p);
    } else if (slot == SLOT_HANDLER && p->fault_code != FAULT_NONE &&
               !(p->attention & ATTN_FAULT_TOLD)) {
        fault_tell_again(p); /* its message waits at the old handler, or there was none */
    }
    return STATUS_OK;
}

enum status process_op_get_cap_reg(const struct cap *c, uint64_t slot,
                                   const struct cap *with UNUSED, struct cap *old)
{
    return slot_get(c, &object_of(c, process)->capreg[slot], old);
}

enum status process_op_swap_cap_reg(const struct cap *c, uint64_t slot, const struct cap *with,
                                    struct cap *old)
{
    struct process *p = object_of(c, process);

    if (slot == 0) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    cap_copy(old, &p->capreg[slot]);
    cap_copy(&p->capreg[slot], with);
    if (p->s.wait == LK_WAIT_SENDING && control_target(p->regs.rax) == slot) {
        ipc_fail_sender(p, STATUS_AGAIN); /* it looks anew at whom it sends to */
    }
    return STATUS_OK;
}

/* The registers of `p` as they are shown: rcx and r11 as `syscall` leaves them, and 0 for those
 * that the delivery into a wait writes anyway, since not every way into a wait keeps them. */
static void show_regs(const struct process *p, struct lk_regs *r)
{
    static const uint64_t nothing[LK_MAX_WORDS];

    *r = p->regs;
    if (!(p->s.flags & PROC_IRET) && p->s.run_state <= LK_STATE_RECEIVING) {
        r->rcx = r->rip;
        r->r11 = r->rflags;
    }
    if (p->s.run_state == LK_STATE_RECEIVING) {
        r->rax &= RECV_SHAPE | RECV_CAP_MASK;
        ipc_store_words(r, nothing);
        r->r8 = r->rax & LK_CLOSED ? r->r8 : 0;
        r->r9 = r->rax & LK_RSTR ? r->r9 >> 32 << 32 : 0;
    }
}

void process_op_get_state(struct invocation *inv)
{
    const struct process *p = inv_object(inv, process);

    STATIC_ASSERT(sizeof(p->regs) == 152, "as in kernel/abi");

    inv->out[1] = p->s.run_state;
    inv->out[2] = p->s.holds;
    inv->out[3] = p->fault_code;
    inv->out[4] = p->fault_info;
    inv->out[5] = sched_cpu_time(p);
    inv->out[6] = p->notices | (uint64_t)p->preempt.notices << 32;
    inv->out[7] = (p->s.flags & DEBUG_FLAGS) | p->quiet * LK_FLAG_QUIET;
    show_regs(p, (struct lk_regs *)(void *)inv->string);
    inv->out_len = sizeof(p->regs);
}

enum status process_op_set_regs(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);
    struct lk_regs regs;

    if (inv->word[1] != p->s.run_state) {
        return STATUS_STATE_CHANGED;
    }
    memcpy(&regs, inv->string, sizeof(regs));
    if (!arch_regs_acceptable(&regs)) {
        return STATUS_REQUEST_ERROR;
    }
    regs.rflags = arch_flags_sanitise(regs.rflags);

    txn_commit();

    if (p->s.run_state == LK_STATE_RECEIVING || p->s.run_state == LK_STATE_BLOCKED) {
        process_end_wait(p);
    }
    if (regs.rip != p->regs.rip) {
        p->attention &= ~ATTN_TRAP_ONCE; /* not the system call that the debugger was told of */
    }
    p->regs = regs;
    p->s.flags |= PROC_IRET;
    arch_set_fs_base(p, regs.fs_base);
    if (p == inv->invoker) {
        inv->answer = ANSWER_NONE;
    }
    sched_wake(p);
    return STATUS_OK;
}

enum status process_op_resume(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);
    bool receiving = (p->attention & ATTN_RECV_FAULT) != 0;

    if (p->s.run_state != LK_STATE_FAULTED && !receiving) {
        return STATUS_STATE_CHANGED;
    }

    txn_commit();

    if (inv->word[1] != LK_RESUME_OVER) {
        p->attention = (p->attention & ~ATTN_FAULT_PASSED) |
                       (inv->word[1] == LK_RESUME_PASS_ON ? ATTN_FAULT_PASSED : 0);
        fault_tell_again(p);
    } else if (receiving) {
        process_leave_queue(p);
        p->attention &= ~(ATTN_RECV_FAULT | ATTN_FAULT_TOLD | ATTN_FAULT_PASSED);
        p->fault_code = FAULT_NONE;
        ipc_recheck(p);
    } else {
        process_end_wait(p);
        if (inv->answer == ANSWER_ENTRY && inv->arg[0].type == CAP_NULL &&
            (inv->invoker->regs.rax & LK_RECV)) {
            inv->answer = ANSWER_GO_ON; /* as by a reply */
        } else {
            sched_wake(p);
        }
    }
    return STATUS_OK;
}

enum status process_op_set_not_schedulable(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);

    if (inv->word[1] == LK_HOLD_PROXY) {
        return STATUS_OUT_OF_RANGE;
    }
    arch_stop_cpu(p->cpu);

    txn_commit();

    inv->out[1] = p->s.holds;
    process_hold(p, (unsigned)inv->word[1]);
    return STATUS_OK;
}

void process_op_clear_not_schedulable(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);

    inv->out[1] = p->s.holds;
    process_release(p, (unsigned)inv->word[1]);
}

void process_op_fetch_proxy_reply(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);

    cap_copy(&inv->out_cap[0], &p->slot[SLOT_PROXY_REPLY]);
    cap_set_null(&p->slot[SLOT_PROXY_REPLY]);
}

enum status process_op_set_control_word(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);
    const struct cap *page = &inv->arg[1];
    uint64_t offset = inv->word[1];

    if (offset > PAGE_SIZE - 2 || offset % 2 != 0 || inv->word[2] > LK_DEFER_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    if (page->restr & LK_RO) {
        return STATUS_NO_ACCESS;
    }

    txn_commit();

    preempt_end_deferral(p);
    cap_copy(&p->slot[SLOT_CONTROL_PAGE], page);
    p->preempt.control = (uint16_t)offset;
    p->preempt.bound = inv->word[2];
    if (p->attention & ATTN_PREEMPT) {
        preempt_judge(p);
    }
    return STATUS_OK;
}

void process_op_get_preemption(struct invocation *inv)
{
    const struct process *p = inv_object(inv, process);
    const struct preempt *pr = &p->preempt;
    const struct process *r = preempt_receiver(p);
    struct lk_preemption *out = (struct lk_preemption *)(void *)inv->string;

    STATIC_ASSERT(sizeof(*out) == 128, "as in kernel/abi");

    *out = (struct lk_preemption){
        .deferred_since = pr->deferred_since,
        .bound = pr->bound,
        .plain = p->notices,
        .preempting = pr->notices,
        .posts = pr->posts,
        .merges = pr->merges,
        .deliveries = pr->deliveries,
        .waits = pr->waits,
        .forced = pr->forced,
        .flags = (plist_empty(&pr->senders) ? 0 : LK_PREEMPT_SENDERS) |
                 (plist_node_queued(&pr->node) ? LK_PREEMPT_QUEUED : 0) |
                 (pr->over ? LK_PREEMPT_OVER : 0),
    };
    for (unsigned i = 0; i < LK_HOLDS; i++) {
        if (p->hold_since[i] != 0) {
            out->hold_since[i] = arch_now() - arch_cycles_to_ns(arch_cycles() - p->hold_since[i]);
        }
    }
    if (r != NULL) {
        out->flags |= LK_PREEMPT_RECEIVER;
        memcpy(out->receiver, r->label, sizeof(out->receiver));
    }
    inv->out_len = sizeof(*out);
}

void process_op_set_fs_base(struct invocation *inv)
{
    arch_set_fs_base(inv_object(inv, process), inv->word[1]);
}

void process_op_set_label(struct invocation *inv)
{
    memcpy(inv_object(inv, process)->label, &inv->word[1], sizeof(inv->invoker->label));
}

void process_op_get_label(struct invocation *inv)
{
    memcpy(&inv->out[1], inv_object(inv, process)->label, sizeof(inv->invoker->label));
}

void process_op_get_wait(struct invocation *inv)
{
    const struct process *p = inv_object(inv, process);
    const struct endpoint *ep = ipc_waits_at(p);
    const struct process *other = ep == NULL ? NULL : endpoint_recipient(ep);
    const struct cap *schedule = &p->slot[SLOT_SCHEDULE];

    inv->out[1] = p->attention & ATTN_SLEEPING ? LK_WAIT_SLEEPING : p->s.wait;
    if (p->s.wait == LK_WAIT_CLOSED) {
        inv->out[2] = p->regs.r8;
    } else if (ep != NULL) {
        inv->out[2] = ep->state.id;
    }
    if (other != NULL) {
        inv->out[3] = other->label[0];
        inv->out[4] = other->label[1];
    }
    inv->out[5] = p->attention & ATTN_SLEEPING ? p->sleep_timer.time : 0;
    inv->out[6] =
        schedule->type == CAP_SCHEDULE && cap_live(schedule) ? p->priority : LK_NO_PRIORITY;
}

void process_op_set_flags(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);

    p->s.flags &= (uint8_t)~DEBUG_FLAGS;
    p->s.flags |= (uint8_t)(inv->word[1] & DEBUG_FLAGS);
    p->quiet |= (inv->word[1] & LK_FLAG_QUIET) != 0;
    if (!(p->s.flags & PROC_TRAP_SYSCALL)) {
        p->attention &= ~ATTN_TRAP_ONCE;
    }
    /* The trap flag may be left from a step. */
    p->regs.rflags = arch_flags_sanitise(p->regs.rflags);
}

void process_op_get_fpu(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);

    arch_fpu_save(p);
    memcpy(inv->string, p->fpu, sizeof(p->fpu));
    inv->out_len = sizeof(p->fpu);
}

void process_op_set_fpu(struct invocation *inv)
{
    struct process *p = inv_object(inv, process);

    arch_fpu_drop(p);
    memcpy(p->fpu, inv->string, sizeof(p->fpu));
    arch_fpu_sanitise(p->fpu);
    p->context |= CONTEXT_FPU;
}
