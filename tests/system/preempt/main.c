/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: preemption notification, as its users see it. Laws P1 to P15 of
 * docs/preemption.md; each case says which it is about.
 *
 *   trio.c      the target, its proxy receiver, and senders
 *   make.c      P1: making ProxyEntries and proxy notices
 *   deliver.c   P2: what arrives where, in one step
 *   receiver.c  P4: proxy receivers that are none
 *   queue.c     P3: who waits, in which order, and who does not
 *   sender.c    P3: senders that are T or R, or change while they wait
 *   hold.c      P5: holds, the reply slot, reading and changing a stopped target
 *   defer.c     P6: deferral
 *   bound.c     P6: its bound
 *   word.c      P6: control words that are wrong, go away, or are scribbled over
 *   bits.c      P7: plain and preempting notices, and who posts them
 *   wakeup.c    P8: a case for each place where a delivery becomes possible
 *   gone.c      P9: those that are destroyed or changed in the middle
 *   state.c     P11, P12: a target in each state (states.c) goes on as if nothing had been
 *   survive.c   P11: one that runs, too
 *   ring.c      handlers that are targets, several receivers
 *   flood.c     P13, P14: nothing is lost and nobody starves
 *   see.c       P15: what getPreemption shows
 *   slice.c     slice-expired notices
 *   random.c    all of it at once, against a model (parties.c)
 */
#include "../lib/sys.h"

const char sys_scenario[] = "preempt";
