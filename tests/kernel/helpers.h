/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the self-tests share: objects made and destroyed outside of any system call, and random
 * numbers from a seed.
 */
#pragma once

#include "tests/kernel/check/check.h"

#include <kernel/object.h>
#include <kernel/txn.h>

struct process;

/* Begin another transaction and commit it. */
void test_commit(void);

/* A frame with nothing in it. There always is one. */
pfn_t test_free_frame(void);

/* Make an object in a frame of its own. Commits. */
struct objhdr *test_make(enum frame_kind kind);

/* Make a process with a schedule of this priority, which stands in its slot. */
struct process *test_make_process(uint8_t priority);

/* Destroy an object, hardware mappings first; and a process with its schedule. Commits. */
void test_rescind(struct objhdr *hdr);
void test_rescind_process(struct process *p);

/* The next of a row of random numbers, 0..n-1. */
uint32_t test_random(uint64_t *state, uint32_t n);
