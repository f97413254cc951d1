/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A small booted kernel for unit tests: memory, pools, objects, and operations on them as if
 * invoked.
 */
#pragma once

#include "tests/kernel/check/check.h"
#include "unit.h"

#include <arch/host.h>
#include <kernel/cpu.h>
#include <kernel/depend.h>
#include <kernel/gpt.h>
#include <kernel/invoke.h>
#include <kernel/object.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <ops.h>

/* Boot with so much memory and pools of this size; 0 and 0: as space_init() takes them. */
void world_boot(size_t mib, unsigned tables, unsigned depends);

/* New objects, of frames not used yet; or again at the place of one that was rescinded. */
struct objhdr *world_make(enum frame_kind kind);
struct objhdr *world_make_at(enum frame_kind kind, pfn_t pfn, unsigned index);
struct gpt *world_gpt(unsigned l2v);
struct objhdr *world_page(void);
struct process *world_process(const struct cap *space);

/* A capability to an object with this guard and these restrictions. */
struct cap world_cap(const struct objhdr *hdr, uint64_t match, unsigned l2g, unsigned restr);
/* The same with the guard that fresh capabilities have. */
struct cap world_plain_cap(const struct objhdr *hdr);

/* Carry out an operation on `cap`, by its code, word 1 and the types of
 * capabilities checked as its table says, begun again as
 * often as it restarts; *inv receives the answer, if not NULL. */
enum status world_op(unsigned code, struct cap cap, uint64_t word1, uint64_t word2,
                     const struct cap *arg, struct invocation *inv);
/* A Window in a slot, or with `root` below GPT_SLOTS a LocalWindow, by the operations. */
#define WORLD_BACKGROUND GPT_SLOTS
enum status world_window(struct gpt *g, unsigned slot, unsigned root, uint64_t offset,
                         uint64_t match, uint64_t l2g, uint64_t restr);
/* The commonest: GPT.swapSlot, by full authority. */
void world_set_slot(struct gpt *g, unsigned slot, struct cap c);
/* Destroy an object. */
void world_rescind(struct objhdr *hdr);
/* Change the address space of a process, as Process.swapSlot does. */
void world_set_space(struct process *p, struct cap c);

extern unsigned world_restarts; /* of the last operation */

/* A page fault of `p`, which need not be current: space_map() in a transaction of its own. */
enum fault_code world_fault(struct process *p, uva_t address, unsigned access, struct walk *w);
/* The rights with which an address is mapped; 0: it is not. */
unsigned world_probe(struct process *p, uva_t address);
/* A read of this address maps it. */
void world_map(struct process *p, uva_t address);

/* A GPT with a page in each of the first n slots. */
struct gpt *world_full_gpt(unsigned n);
/* A space of three levels: `leaf` at slot 1 of the middle, which is at slot 1 of the top. */
struct gpt *world_three_levels(struct gpt *leaf);
#define WORLD_LEAF_AT 0x110000ull /* where slot 0 of the leaf is then */
