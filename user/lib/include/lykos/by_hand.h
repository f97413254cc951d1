/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification by hand: without the kernel's proxy entries. Whoever wants the target T
 * told sends to its handler R, or posts to it, by a plain Entry or AppNotice; R stops T itself, by
 * a hold of its own, looks, does what it has to, and lets T go.
 *
 * It asks nothing of the kernel but holds. What it asks of R is here, and the order matters: stop T
 * first, read its *defer* afterwards. Where it differs from <lykos/preempt.h> is in what happens
 * between the message and the stop, and when R dies: user/programs/byhand/README.md lists it, and
 * tests/system/byhand shows it.
 *
 *      T                                           R
 *      lk_defer_begin(&control);                   in = lk_wait(reply);
 *      ... critical section ...                    if (lk_hand_stop(&hand) == STATUS_OK) {
 *      lk_hand_defer_end(&control, notice);            ... T is stopped ...
 *                                                      lk_hand_go_on(&hand);
 *                                                  }
 */
#pragma once

#include <lykos/preempt.h>
#include <lykos/stubs.h>

/* Plain notice bits to R. */
#define LK_HAND_ENDED (1u << 31) /* T: a deferral has ended that R waits for */
#define LK_HAND_BOUND (1u << 30) /* the clock: the bound of a deferral is over */

/* One target, for its handler. */
struct lk_hand {
    uint32_t target;            /* register of the Process T */
    uint32_t hold;              /* hold that is this handler's alone: LK_HOLD_BY_HAND */
    struct lk_control *control; /* T's control word, in memory that R can write; null: T never
                                   defers */
    uint64_t bound;             /* longest deferral, nanoseconds */
    bool forced;                /* T is stopped inside its critical section */
    uint64_t bits;              /* other bits that came while R waited for a deferral to end */
    uint64_t until;             /* end of the bound, while a deferral is waited for */
};

/* ---- T ---- */

/* The end of a critical section that lk_defer_begin() began: R lets T be in it, as long as the
 * bound allows. If R waits for the end it is told, by a notice: `notice` is the register of an
 * AppNotice to R with LK_HAND_ENDED. The order matters as in lk_defer_end(). */
LK_INLINE void lk_hand_defer_end(struct lk_control *control, uint32_t notice)
{
    bool last;

    __asm__ volatile("decb %0" : "+m"(control->defer), "=@ccz"(last) : : "memory");
    if (last && __builtin_expect(control->pending != 0, 0)) {
        control->pending = 0;
        lk_appnotice_post(notice, LK_HAND_ENDED);
    }
}

/* ---- R ---- */

/* Stop T, at a moment when it does not defer, or when the bound is over. Waits for that, for
 * notices only, so R takes no other message meanwhile, nor one about another target. `forced` is
 * set. OK: T is stopped. INVALID_CAP: T is gone. */
enum status lk_hand_stop(struct lk_hand *hand);

/* T goes on, as if nothing had happened. */
enum status lk_hand_go_on(struct lk_hand *hand);
