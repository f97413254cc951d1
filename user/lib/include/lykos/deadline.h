/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A call with a deadline, and how to cancel one. The kernel's IPC has no time-outs; this is made of
 * the clock, a preempting notice, and a notice handler (<lykos/preempt.h>).
 *
 * The caller asks the clock for a preempting notice to itself at the deadline and makes an ordinary
 * call. If the notice comes first, the kernel stops the caller, wherever it stands, and tells its
 * handler. The handler looks at the caller and ends the call *by answering it*, as any server
 * would: it makes an Entry of the caller's reply endpoint with the payload as it stands and sends
 * "timed out" through it. The first answer is the only one, so an answer of the server that came
 * before wins, and one that comes after finds its reply capability Null. A caller that still
 * waits to send has its send withdrawn. One that has not yet sent goes on behind the call.
 *
 * A notice of a deadline may come late: its call is over, the next one begun. It does no harm,
 * because the handler compares times: it ends a call only if the deadline of that very call has
 * passed. Whoever cancels names the number of the call that is meant.
 *
 *      caller                                      handler
 *      struct lk_deadline own;                     static enum lk_after take(struct lk_event *e)
 *      lk_deadline_init(&own);                     {
 *      ...                                             lk_deadline_take(&own, e, scratch);
 *      lk_call_until(&own, &msg, lk_now() + n);        return LK_GO_ON;
 *                                                  }
 *
 * The caller's process has one timed notice (Sleep.noticeAt), which a call with a deadline uses up.
 * Without a handler nothing ends the call; and a caller that defers is not told before it stops
 * deferring, or its bound is over. Who makes an ordinary call with the same process in between is
 * not concerned: only calls made by lk_call_until() are ended.
 */
#pragma once

#include <lykos/deadline_layout.h>
#include <lykos/invoke.h>
#include <lykos/preempt.h>
#include <stdbool.h>

/* Preempting notice bits that the handler passes to lk_deadline_notice(). */
#define LK_BIT_DEADLINE (1u << 31) /* the clock: a deadline has come */
#define LK_BIT_CANCEL (1u << 30)   /* somebody has written the number of a call into `cancel` */

/* Method of a message to a ProxyEntry of the caller: end the call whose number is word 1; 0: the
 * one in progress. Answer: as lk_deadline_end(). */
#define LK_CANCEL 0x4c434e43ull

#define LK_NO_DEADLINE UINT64_MAX

/* What a caller and its handler share. One for each process that makes such calls; only that
 * process, its handler, and for `cancel` others, touch it. All zero, then lk_deadline_init(). */
struct lk_deadline {
    volatile uint64_t call;   /* number of the call in progress; 0: none */
    volatile uint64_t ended;  /* enum status: the handler has ended the call; 0: it has not */
    volatile uint64_t until;  /* its deadline */
    volatile uint64_t cancel; /* number of a call that is to be ended, for LK_BIT_CANCEL */
    volatile uint64_t calls;  /* calls so far: the number of the last one */
    uint64_t enter;           /* addresses in the caller's program, see deadline_call.S */
    uint64_t leave;
    uint64_t over;
    uint64_t abandon;
    /* How the handler found the caller each time it ended a call, and how often it found nothing
     * to end: to be looked at. */
    uint64_t found_waiting, found_sending, found_before, found_nothing;
};

/* For the caller, before its first call. */
void lk_deadline_init(struct lk_deadline *d);

/* The call `msg`, whose control word has the shape of a call, until the absolute time `until` in
 * nanoseconds since boot, or LK_NO_DEADLINE: it can be cancelled all the same. Returns word 0 of
 * the answer. TIMED_OUT, CANCELLED: it was ended, no answer came nor will come; whether the server
 * ever got the request is not known, as with any call that goes unanswered. If `until` is past
 * the request is most likely not even sent. REQUEST_ERROR: not a call. INVALID_CAP may also mean
 * that this process has no Sleep capability. */
enum status lk_call_until(struct lk_deadline *d, struct lk_msg *msg, uint64_t until);

/* Number of the last call that was begun with `d`, to name it to whoever may want to cancel it. */
static inline uint64_t lk_call_number(const struct lk_deadline *d)
{
    return d->calls;
}

/* ---- For the handler. The target is stopped, by the proxy hold or another one. It is in register
 * `target`; register `scratch` is used and empty afterwards. ---- */

/* The handler's part: take an event that belongs here, a notice with one of the bits above or a
 * message with LK_CANCEL. False: it is none of these, and nothing was done. */
bool lk_deadline_take(struct lk_deadline *d, struct lk_event *event, uint32_t scratch);

/* Of this the following are the parts, for a handler with a loop of its own.
 *
 * End the call in progress with this result, TIMED_OUT or CANCELLED. OK: the caller will see it.
 * NOT_FOUND: no call is in progress, or it has its answer. INVALID_CAP: the target is gone. */
enum status lk_deadline_end(struct lk_deadline *d, enum status result, uint32_t target,
                            uint32_t scratch);

/* A proxied notice: does what its bits LK_BIT_DEADLINE and LK_BIT_CANCEL ask for, if that is still
 * asked for; other bits are ignored. True: a call was ended. */
bool lk_deadline_notice(struct lk_deadline *d, uint64_t bits, uint32_t target, uint32_t scratch);

/* A proxied message with LK_CANCEL: end the call of this number, or if it is 0 the one in progress.
 * As lk_deadline_end(). */
enum status lk_deadline_cancel(struct lk_deadline *d, uint64_t number, uint32_t target,
                               uint32_t scratch);

/* ---- For whoever cancels. ---- */

/* Ask the handler behind a ProxyEntry of the caller to end a call; 0: the one in progress. OK: it
 * is ended. NOT_FOUND: it was over. Waits until the handler has time. */
enum status lk_cancel(uint32_t proxy_entry, uint64_t number);

/* The same without waiting and without an answer, for those who share memory with the caller: the
 * number first, then the notice (an AppNotice with the proxy bit, on an endpoint of the caller). */
enum status lk_cancel_post(struct lk_deadline *d, uint32_t proxy_notice, uint64_t number);
