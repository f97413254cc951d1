/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Something played twice, with the fast path on and off, that notes on its way whatever can be
 * seen: what is noted must be the same. Unlike a play (play.h) it is a function, which may do
 * anything that does not depend on time.
 */
#pragma once

#include "../lib/sys.h"

/* Play it with the fast path on, then with it off. It makes all its objects anew each time; they
 * are destroyed behind it. A difference fails the case, and says where the two parted. It is done
 * if it is its turn (sys_turn()). */
void play_twice(void (*play)(const void *arg), const void *arg);

/* Processes of the play: as proc_new() and proc_new_in(), with this label. */
obj actor_new(unsigned priority, const char *label);
obj actor_new_in(obj space, unsigned priority, const char *label);

/* What is being done: shown with a difference. */
void note_step(const char *what);

/* Note a value, the i-th of this name. */
void note(const char *what, unsigned i, uint64_t value);

/* Note what a process looks like, its slots and the bits of its capabilities with it; no times. Of
 * one that is gone, that it is. */
void note_process(obj p, const char *who);

/* Only its state and its registers. */
void note_registers(obj p, const char *who);

/* Its floating-point state; this saves it, if it is loaded. */
void note_fpu(obj p, const char *who);

void note_endpoint(obj e, const char *who);

/* The 16 slots of a GPT, its l2v and flags. */
void note_gpt(obj g, const char *who);

/* A sum of some memory. */
void note_memory(const void *at, size_t bytes, const char *who);
