/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Notices: 32 bits per process, set by OR, never lost. They reach the process in an open wait or a
 * notices-only wait.
 */
#ifndef KERNEL_NOTICE_H
#define KERNEL_NOTICE_H

#include <kernel/process.h>

/* EFFECT. Add bits to the pending notices of `p` and deliver them if it waits for them. NO_FAIL. */
void notice_post(struct process *p, uint32_t bits);

/* EFFECT. Deliver the pending bits into the wait of `p`, which accepts them: it becomes READY and
 * may run. NO_FAIL. */
void notice_deliver(struct process *p);

/* The recipient behind an AppNotice capability, or NULL if it is Null in any way. */
struct process *app_notice_target(const struct cap *notice);

#endif
