/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Notices: two words of 32 bits per process, set by OR, never lost. Plain ones reach the process in
 * an open wait or a notices-only wait; preempting ones its proxy receiver (preempt.h).
 */
#pragma once

#include <kernel/process.h>

/* EFFECT. Add bits to the pending notices of `p` (plain ones, and from bit 32 preempting ones) and
 * deliver them if they can be. NO_FAIL. */
void notice_post(struct process *p, uint64_t bits);
/* What notice_post() is to post for these bits, through this AppNotice: its mask, plain or not. */
static inline uint64_t app_notice_bits(const struct cap *notice, uint64_t bits)
{
    return (bits & notice->payload) << (notice->restr & LK_PROXY ? 32 : 0);
}
/* EFFECT. Post bits through an AppNotice, masked by it. Null in any way: false. NO_FAIL. */
bool app_notice_post(const struct cap *notice, uint64_t bits);

/* EFFECT. Deliver the pending bits into the wait of `p`, which accepts them: it becomes READY and
 * may run. NO_FAIL. */
void notice_deliver(struct process *p);

/* The recipient behind an AppNotice capability, or NULL if it is Null in any way. */
struct process *app_notice_target(const struct cap *notice);
