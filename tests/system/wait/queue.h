/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Senders that wait for a receiver, all raw processes.
 */
#pragma once

#include "../lib/sys.h"

#define REG_TARGET 5

/* A process of this priority blocks sending `word` through the Entry. */
obj sender_new(unsigned priority, obj entry, uint64_t word);
/* Let a process that was made so send again. */
void sender_again(obj p, uint64_t word);
/* It waits to send; it was served; it was refused with this result. */
void sender_waits(obj p);
void sender_served(obj p);
void sender_refused(obj p, uint64_t result);
/* An open wait of `p`, or a closed one for `id`, which ends at once: the word received. */
uint64_t take_open(obj p);
uint64_t take_closed(obj p, uint64_t id);
/* The same, and `p` still waits. */
void waits_open(obj p);
void waits_closed(obj p, uint64_t id);
