/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keeper: handler of all workers, told of their deadlines and faults. See <lykos/dispatch.h>.
 *
 * While it looks at a worker that one is stopped, and has no lock: it defers as long as it has one.
 * So the keeper may take locks itself, and whatever it finds in the worker's memory stays as it is.
 * A worker in DISPATCH_WORKER_CALL has not finished its call, and will not if it is sent back to
 * its beginning: the call's reference is dropped by either of them, and never by both.
 *
 * The warden is the keeper's handler, and does nothing else: without a keeper no call is given up,
 * and a worker that faults stays stopped, perhaps with what all others wait for. So it has the
 * program end as a whole. It takes no lock, since the keeper may have any.
 */
#include "inside.h"

#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/stack.h>
#include <lykos/start.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define TRIES 8 /* a worker that is stopped gets an answer once, its message taken once */
#define STACK_ALIGN 16u
#define RETURN_ADDRESS 8u       /* what the compiler thinks a call has pushed */
#define USER_FLAGS 0x202ull     /* interrupts on; the bit that is always one */
#define ENDPOINT_OUTSTANDING 2u /* of the flags of Endpoint.getState */

/* ---- sending a worker back to its beginning -------------------------------------------------- */

/* Whoever still has a reply capability of the worker's last call finds it used up. */
static enum status forget_call(uint32_t process, uint32_t work)
{
    uint64_t flags = 0;
    enum status s = lk_process_get_slot(process, SLOT_REPLY_ENDPOINT, work);

    if (s == STATUS_OK) {
        s = lk_endpoint_get_state(work, NULL, NULL, &flags);
    }
    if (s == STATUS_OK && (flags & ENDPOINT_OUTSTANDING) != 0) {
        s = lk_endpoint_set_payload_match(work, 1);
    }
    lk_drop_cap(work);
    return s;
}

/* It begins again, on an empty stack; a wait that it was in is over. */
static enum status send_back(struct dispatch_worker *w, uint32_t process)
{
    uint64_t top = (uint64_t)w->stack + w->stack_size;
    struct lk_regs regs = {
        .rip = (uint64_t)dispatch_work,
        .rdi = (uint64_t)w,
        .rsp = (top & ~(uint64_t)(STACK_ALIGN - 1)) - RETURN_ADDRESS,
        .rflags = USER_FLAGS,
    };
    struct lk_look look;
    enum status s = STATUS_STATE_CHANGED;

    for (unsigned i = 0; i < TRIES && s == STATUS_STATE_CHANGED; i++) {
        s = lk_target_look(process, &look);
        if (s == STATUS_OK) {
            s = lk_target_set_regs(process, &look, &regs);
        }
    }
    return s;
}

/* Answer its call with this error instead of it, and have it begin again. */
static void give_up(struct dispatch_worker *w, uint32_t process, const struct rpc_error *error)
{
    struct dispatch *d = w->dispatch;
    struct rpc_output out = { .memory = d->keeper_memory, .size = sizeof(d->keeper_memory) };

    lk_must(send_back(w, process), "sending a worker back");
    lk_must(forget_call(process, d->plan.work + REG_NOTICE), "forgetting a worker's call");
    w->state = DISPATCH_WORKER_OWN;
    rpc_fail(&w->header, error, &out);
    lk_lock(&d->server);
    dispatch_finish(w, out.memory, out.used);
    lk_unlock(&d->server);
}

/* ---- what the keeper is told ----------------------------------------------------------------- */

const char *dispatch_procedure_name(int32_t number)
{
    for (unsigned i = 0; i < RPC_PROCEDURES; i++) {
        if (rpc_procedures[i].number == number) {
            return rpc_procedures[i].name;
        }
    }
    return "an unknown procedure";
}

/* It has locks, though its deferral has lasted as long as it may: have it stopped again when it has
 * none, or after as long a time. */
static void try_again(const struct dispatch_worker *w, uint32_t process)
{
    uint32_t notice = w->dispatch->plan.work + REG_NOTICE;

    if (lk_preempt_make_notice(process, LK_BIT_DEADLINE, notice) == STATUS_OK) {
        lk_appnotice_post(notice, LK_BIT_DEADLINE);
        lk_drop_cap(notice);
    }
}

static void deadline(struct dispatch_worker *w, const struct lk_event *event)
{
    struct rpc_error error;

    if (w->state != DISPATCH_WORKER_CALL || lk_now() < w->until) {
        return; /* of an earlier call: it was finished in time, but late */
    }
    if (event->forced) {
        try_again(w, event->target);
        return;
    }
    if (!lk_team_idle(&w->thread)) {
        return; /* it waits on a condition, against the rules: it is left alone */
    }
    w->given_up++;
    rpc_error_set(&error, REMOTE_ERR_INTERNAL, REMOTE_FROM_DOMAIN,
                  "%s took longer than %lu ms and was given up",
                  dispatch_procedure_name(w->header.procedure),
                  w->dispatch->plan.deadline / LK_NSEC_PER_MSEC);
    give_up(w, event->target, &error);
}

/* What kind of fault it is, in words. The page below a stack that has a guard is never there. */
static const char *fault_words(const struct dispatch_worker *w, const struct lk_event *event)
{
    uint64_t address = event->w[2], low = (uint64_t)w->stack;
    bool guarded = w->stack != w->stack_memory;

    return guarded && address < low && low - address <= LK_STACK_GUARD ? "stack overflow"
                                                                       : lk_fault_text(event->w[1]);
}

/* A fault elsewhere than in a call, or with a lock, is a mistake of this program, and its end. */
static void fault(struct dispatch_worker *w, const struct lk_event *event)
{
    const char *what = fault_words(w, event);
    const char *name = dispatch_procedure_name(w->header.procedure);
    struct rpc_error error;

    say("%s: %s failed at 0x%lx: %s (0x%lx)", w->label, name, event->w[3], what, event->w[2]);
    if (w->state != DISPATCH_WORKER_CALL || !lk_team_idle(&w->thread)) {
        lk_team_die_of(event->target, "%s faulted %s", w->label,
                       w->state == DISPATCH_WORKER_CALL ? "with a lock" : "outside of a call");
    }
    w->faulted++;
    rpc_error_set(&error, REMOTE_ERR_INTERNAL, REMOTE_FROM_DOMAIN, "%s failed: %s", name, what);
    give_up(w, event->target, &error);
}

static enum lk_after take(struct lk_event *event)
{
    struct dispatch *d = event->context;
    uint64_t number = event->id - KEEPER_ID;
    struct dispatch_worker *w;

    if (event->kind == LK_EVENT_NOTICE || number >= d->plan.workers) {
        return LK_STAY; /* it was woken */
    }
    w = &d->plan.worker[number];
    if (event->kind == LK_EVENT_PROXIED_NOTICE) {
        deadline(w, event);
    } else if (event->kind == LK_EVENT_FAULT) {
        fault(w, event);
    }
    return LK_GO_ON;
}

void dispatch_keep(void *dispatch)
{
    struct dispatch *d = dispatch;
    const struct lk_handler handler = {
        .take = take,
        .target = d->plan.work + REG_TARGET,
        .reply = d->plan.work + REG_REPLY_TO,
        .context = d,
    };

    lk_handler_run(&handler);
}

/* ---- the warden ------------------------------------------------------------------------------ */

static enum lk_after take_keeper(struct lk_event *event)
{
    if (event->kind == LK_EVENT_FAULT) {
        lk_team_die_of(event->target, "the keeper faulted at 0x%lx: %s (0x%lx)", event->w[3],
                       lk_fault_text(event->w[1]), event->w[2]);
    }
    return LK_STAY; /* it was woken */
}

void dispatch_ward(void *dispatch)
{
    const struct dispatch *d = dispatch;
    const struct lk_handler handler = {
        .take = take_keeper,
        .target = d->plan.work + REG_TARGET,
        .reply = d->plan.work + REG_REPLY_TO,
    };

    lk_handler_run(&handler);
}
