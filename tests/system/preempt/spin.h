/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs for raw processes that run on: no register changes.
 */
#ifndef PREEMPT_SPIN_H
#define PREEMPT_SPIN_H

extern char spin_on[]; /* a jump to itself */

#endif
