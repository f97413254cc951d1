/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls with a deadline; see deadline.h. The instruction sequence of the call itself is in
 * deadline_call.S, whose labels say where a stopped caller stands.
 *
 * Only one of caller and handler runs at any time: the handler looks only while the caller is
 * stopped. So what they share needs no lock, and what the handler sees of the caller's registers
 * stays true until the handler itself changes it, but for one thing: whoever answers the caller, or
 * takes the message it sends, goes on meanwhile. Each way of ending a call is one operation of the
 * kernel that fails when that has happened, and then the handler looks again.
 */
#include <lykos/deadline.h>
#include <lykos/start.h>
#include <lykos/stubs.h>

#define TRIES 4 /* a caller that is stopped gets its message taken once, and its answer once */

#define ENDPOINT_OUTSTANDING 2u /* of the flags of Endpoint.getState */

_Static_assert(offsetof(struct lk_deadline, call) == DEADLINE_CALL, "deadline_layout.h");
_Static_assert(offsetof(struct lk_deadline, ended) == DEADLINE_ENDED, "deadline_layout.h");

/* deadline_call.S */
enum status lk_deadline_call(struct lk_msg *msg, struct lk_deadline *d);
extern const char lk_deadline_enter[], lk_deadline_leave[], lk_deadline_over[],
    lk_deadline_abandon[];

/* ---- the caller ------------------------------------------------------------------------------ */

void lk_deadline_init(struct lk_deadline *d)
{
    d->enter = (uint64_t)lk_deadline_enter;
    d->leave = (uint64_t)lk_deadline_leave;
    d->over = (uint64_t)lk_deadline_over;
    d->abandon = (uint64_t)lk_deadline_abandon;
}

enum status lk_call_until(struct lk_deadline *d, struct lk_msg *msg, uint64_t until)
{
    enum status s = STATUS_OK;

    if ((msg->control & LK_SHAPE_CALL) != LK_SHAPE_CALL) {
        return STATUS_REQUEST_ERROR;
    }
    d->until = until;
    d->ended = STATUS_OK;
    d->call = ++d->calls; /* from now on it can be ended */
    if (until != LK_NO_DEADLINE) {
        s = lk_sleep_notice_at(lk_start->sleep, until, (uint64_t)LK_BIT_DEADLINE << 32);
        if (s != STATUS_OK) {
            d->call = 0;
            return s;
        }
    }
    s = lk_deadline_call(msg, d);
    if (until != LK_NO_DEADLINE) {
        /* Not needed: a notice that comes late ends nothing. But it would cost its delivery. */
        lk_sleep_notice_at(lk_start->sleep, LK_NO_DEADLINE, 0);
    }
    return s;
}

/* ---- the handler ----------------------------------------------------------------------------- */

/* The caller waits for the answer: answer it. STATE_CHANGED: somebody else has. */
static enum status end_wait(enum status result, uint32_t target, uint32_t scratch)
{
    struct lk_msg answer = { .control = LK_CTL(LK_SEND, scratch, 1), .w = { result } };
    uint64_t payload;
    enum status s = lk_process_get_slot(target, SLOT_REPLY_ENDPOINT, scratch);

    if (s == STATUS_OK) {
        s = lk_endpoint_get_state(scratch, NULL, &payload, NULL);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_make_entry(scratch, payload, scratch);
    }
    if (s != STATUS_OK) {
        return s;
    }
    /* Refused if the payload is not that of an outstanding reply any more. */
    return lk_invoke(&answer) == STATUS_OK ? STATUS_OK : STATUS_STATE_CHANGED;
}

/* The caller waits to send: its system call ends with this result and nothing is sent.
 * STATE_CHANGED: its message was taken. */
static enum status end_send(enum status result, uint32_t target, struct lk_regs *regs)
{
    regs->rax = (uint64_t)LK_KIND_RESULT << LK_DLV_KIND_SHIFT;
    regs->rdi = result;
    return lk_process_set_regs(target, LK_STATE_BLOCKED, regs, sizeof(*regs));
}

/* The caller stands before its system call, `state` READY or FAULTED: it goes on behind the call.
 * If it is to begin its *wait* again, its message was taken, and whoever has it must find the reply
 * capability used up. */
static enum status end_before(const struct lk_deadline *d, uint64_t state, uint32_t target,
                              uint32_t scratch, struct lk_regs *regs)
{
    uint64_t flags = 0;
    enum status s = lk_process_get_slot(target, SLOT_REPLY_ENDPOINT, scratch);

    if (s == STATUS_OK) {
        s = lk_endpoint_get_state(scratch, NULL, NULL, &flags);
    }
    if (s == STATUS_OK && (flags & ENDPOINT_OUTSTANDING) != 0) {
        s = lk_endpoint_set_payload_match(scratch, 1);
    }
    if (s != STATUS_OK) {
        return s;
    }
    regs->rip = d->abandon;
    return lk_process_set_regs(target, state, regs, sizeof(*regs));
}

/* One look at the caller, and what is to be done about it. STATE_CHANGED: look again. */
static enum status end_as_found(struct lk_deadline *d, enum status result, uint32_t target,
                                uint32_t scratch)
{
    struct lk_regs regs;
    uint64_t state;
    enum status s = lk_process_get_state(target, &state, NULL, NULL, NULL, NULL, NULL, NULL, &regs,
                                         sizeof(regs), NULL);

    if (s != STATUS_OK) {
        return s;
    }
    if (d->call == 0 || d->ended != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    if (regs.rip == d->leave && state == LK_STATE_RECEIVING) {
        s = end_wait(result, target, scratch);
        d->found_waiting += s == STATUS_OK;
    } else if (regs.rip == d->leave && state == LK_STATE_BLOCKED) {
        s = end_send(result, target, &regs);
        d->found_sending += s == STATUS_OK;
    } else if (regs.rip >= d->leave && regs.rip < d->over) {
        s = STATUS_NOT_FOUND; /* it has its answer */
    } else {
        if (regs.rip >= d->enter && regs.rip < d->leave) {
            s = end_before(d, state, target, scratch, &regs);
        }
        d->found_before += s == STATUS_OK;
    }
    if (s == STATUS_OK) {
        d->ended = result; /* seen at `enter` or `abandon`, if it comes by there */
    }
    return s;
}

enum status lk_deadline_end(struct lk_deadline *d, enum status result, uint32_t target,
                            uint32_t scratch)
{
    enum status s = STATUS_STATE_CHANGED;

    for (unsigned i = 0; i < TRIES && s == STATUS_STATE_CHANGED; i++) {
        s = end_as_found(d, result, target, scratch);
    }
    lk_drop_cap(scratch);
    d->found_nothing += s != STATUS_OK;
    return s == STATUS_STATE_CHANGED ? STATUS_NOT_FOUND : s;
}

enum status lk_deadline_cancel(struct lk_deadline *d, uint64_t number, uint32_t target,
                               uint32_t scratch)
{
    if (number != 0 && number != d->call) {
        return STATUS_NOT_FOUND;
    }
    return lk_deadline_end(d, STATUS_CANCELLED, target, scratch);
}

bool lk_deadline_notice(struct lk_deadline *d, uint64_t bits, uint32_t target, uint32_t scratch)
{
    uint64_t now = 0;

    if ((bits & LK_BIT_CANCEL) != 0 && d->cancel != 0 &&
        lk_deadline_cancel(d, d->cancel, target, scratch) == STATUS_OK) {
        return true;
    }
    if ((bits & LK_BIT_DEADLINE) == 0 || lk_sleep_now(lk_start->sleep, &now) != STATUS_OK ||
        d->call == 0 || now < d->until) {
        return false; /* of an earlier call, or none: a spurious notice is legal */
    }
    return lk_deadline_end(d, STATUS_TIMED_OUT, target, scratch) == STATUS_OK;
}

bool lk_deadline_take(struct lk_deadline *d, struct lk_event *event, uint32_t scratch)
{
    if (event->kind == LK_EVENT_PROXIED_NOTICE) {
        lk_deadline_notice(d, event->w[0], event->target, scratch);
        return (event->w[0] & (LK_BIT_DEADLINE | LK_BIT_CANCEL)) != 0;
    }
    if (event->kind == LK_EVENT_PROXIED && event->w[0] == LK_CANCEL) {
        event->out[0] = lk_deadline_cancel(d, event->w[1], event->target, scratch);
        event->out_words = 1;
        event->answer = true;
        return true;
    }
    return false;
}

/* ---- whoever cancels ------------------------------------------------------------------------- */

enum status lk_cancel(uint32_t proxy_entry, uint64_t number)
{
    return (enum status)lk_call1(proxy_entry, LK_CANCEL, number).w[0];
}

enum status lk_cancel_post(struct lk_deadline *d, uint32_t proxy_notice, uint64_t number)
{
    d->cancel = number;
    return lk_appnotice_post(proxy_notice, LK_BIT_CANCEL);
}
