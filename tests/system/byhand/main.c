/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: preemption notification by hand (<lykos/by_hand.h>), the alternative to
 * proxy entries that the list named in 2008.
 *
 *   play.c      the target, its handler, and what lets the one or the other go on
 *   sound.c     what by hand keeps, as the proxy does: the closed wait survives, exclusion, no lost
 *               wake-up, deferral and its bound
 *   steps.c     the same at every instruction of the handler, and of the target
 *   races.c     what by hand does not keep, and the proxy does: counter-examples of
 *               kernel/models/byhand.pml, replayed; each with the same order of events by proxy
 *   careless.c  what a handler must not leave out, or it loses what sound.c shows
 */
#include "../lib/sys.h"

const char sys_scenario[] = "byhand";
