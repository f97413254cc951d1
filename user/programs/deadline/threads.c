/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deadline: the threads beside the caller. The handler is all that a program needs to have calls
 * with a deadline; the other two are there to be called and to cancel.
 */
#include "deadline.h"

/* Registers of the handler. */
#define HANDLER_TARGET LK_REG_SCRATCH /* and three more */
#define HANDLER_REPLY (LK_REG_SCRATCH + 4)
#define HANDLER_SCRATCH (LK_REG_SCRATCH + 5)

struct server_notes notes;
struct canceller_notes cancelled;

/* ---- the handler ----------------------------------------------------------------------------- */

static enum lk_after take(struct lk_event *event)
{
    lk_deadline_take(&own, event, HANDLER_SCRATCH);
    return LK_GO_ON;
}

void handle(void *unused)
{
    static const struct lk_handler handler = {
        .take = take,
        .target = HANDLER_TARGET,
        .reply = HANDLER_REPLY,
    };

    (void)unused;
    lk_handler_run(&handler);
}

/* ---- the server ------------------------------------------------------------------------------ */

/* It knows nothing of deadlines: it takes its time, answers without waiting, and notes whether the
 * answer went. */
void serve(void *unused)
{
    struct lk_in in;

    (void)unused;
    for (;;) {
        in = lk_wait(LK_REG_CALLER);
        if (lk_kind(in.delivery) != LK_KIND_MESSAGE || in.w[0] != SERVER_WORK) {
            continue;
        }
        uint64_t number = in.w[1] % REQUESTS;

        notes.received++;
        notes.got[number]++;
        lk_sleep_until(in.w[2]);
        if (lk_caps(in.delivery) > 0) {
            notes.sent[number] = lk_post2(LK_REG_CALLER, STATUS_OK, number, 0);
        }
    }
}

/* ---- the canceller --------------------------------------------------------------------------- */

/* It cancels the call of a number: one that has not begun is waited for. */
void cancel(void *unused)
{
    struct lk_in in;

    (void)unused;
    for (;;) {
        in = lk_wait(0);
        if (lk_kind(in.delivery) != LK_KIND_MESSAGE) {
            continue;
        }
        lk_sleep_until(in.w[2]);
        while (lk_call_number(&own) < in.w[1]) {
            lk_sleep_ms(1);
        }
        if (in.w[0] == CANCEL_BY_ENTRY) {
            cancelled.result = lk_cancel(CANCELLER_ENTRY, in.w[1]);
        } else {
            cancelled.result = lk_cancel_post(&own, CANCELLER_NOTICE, in.w[1]);
        }
        cancelled.done++;
    }
}
