/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification by hand; see by_hand.h. kernel/models/byhand.pml is the model of it.
 */
#include <lykos/by_hand.h>
#include <lykos/start.h>
#include <lykos/time.h>

/* T defers, and is stopped: see to it that T tells us when it does not any more, and the clock when
 * the bound is over; let T go; and wait for either. */
static enum status wait_for_end(struct lk_hand *hand, bool first)
{
    enum status s;

    /* A new deferral, or one that a handler before us left so: its bound begins now. */
    if (first || hand->control->pending == 0) {
        hand->control->pending = 1;
        hand->until = lk_now() + hand->bound;
    }
    s = lk_sleep_notice_at(lk_start->sleep, hand->until, LK_HAND_BOUND);
    lk_hand_go_on(hand);
    if (s == STATUS_OK) {
        hand->bits |= lk_park() & ~(uint64_t)(LK_HAND_ENDED | LK_HAND_BOUND);
    }
    return s;
}

enum status lk_hand_stop(struct lk_hand *hand)
{
    bool waited = false;
    enum status s;

    for (;;) {
        s = lk_process_set_not_schedulable(hand->target, hand->hold, NULL);
        if (s != STATUS_OK || hand->control == NULL || hand->control->defer == 0) {
            hand->forced = false;
            break;
        }
        /* If *pending* is not as we left it that deferral is over and this is another one: then it
         * does not matter what the clock says. */
        if (waited && hand->control->pending != 0 && lk_now() >= hand->until) {
            hand->forced = true;
            break;
        }
        s = wait_for_end(hand, !waited);
        waited = true;
        if (s != STATUS_OK) {
            return s;
        }
    }
    if (waited) {
        lk_sleep_notice_at(lk_start->sleep, UINT64_MAX, 0);
    }
    if (s == STATUS_OK && hand->control != NULL) {
        hand->control->pending = 0; /* T is stopped, so we may; nobody waits for it any more */
    }
    return s;
}

enum status lk_hand_go_on(struct lk_hand *hand)
{
    return lk_process_clear_not_schedulable(hand->target, hand->hold, NULL);
}
