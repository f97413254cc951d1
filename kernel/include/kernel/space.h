/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Address spaces: the software walk over the tree of GPTs, which is the truth, and the hardware
 * page tables, which are a cache of it and never grant more.
 */
#pragma once

#include <kernel/object.h>

struct process;
struct gpt;

#define ACCESS_READ 1u
#define ACCESS_WRITE 2u
#define ACCESS_EXEC 4u

/* What a walk found. */
struct walk {
    struct frame *frame;       /* the page found */
    unsigned restr;            /* restrictions accumulated along the path */
    const struct cap *handler; /* fault handler slot of the innermost GPT on the path that has one,
                                * or NULL; also set when the walk fails */
};

/* Walk from a memory capability to the page at `address`. Bounded: l2v must fall at every step
 * from window to window, and few windows are passed. Pure: changes nothing. Returns FAULT_NONE, or
 * the fault that an access of this kind takes there.
 */
enum fault_code space_walk(const struct cap *root, uva_t address, unsigned access, struct walk *out)
    WARN_UNUSED;

/* Make the hardware page tables of `p` map `address` for this access, if the walk allows it (then
 * FAULT_NONE). May throw other mappings away to find room. Changes only the cache, so it belongs
 * before the commit point. Bounded. */
enum fault_code space_map(struct process *p, uva_t address, unsigned access, struct walk *out)
    WARN_UNUSED;

/* The pages of [address, address + n), n at most 65,536, as the kernel sees them, into `page`, if
 * the hardware tables of `p` have them already, in one table, and allow the access. */
bool space_mapped(const struct process *p, uva_t address, size_t n, unsigned access, void *page[]);

/* ACQUIRE. The pages of [address, address + n) in the space of `p`, as the kernel sees them, into
 * `page`: at most STRING_PAGES. On a fault: the code, where, and the handler of the memory if it
 * has one; *got is how many bytes before it are there. */
enum fault_code space_acquire(struct process *p, uva_t address, size_t n, unsigned access,
                              void *page[], uva_t *where, const struct cap **handler, size_t *got);

/* The address space slot of `p` changed (or p is new): give it the right root, or the empty one
 * until it faults. */
void space_set(struct process *p) NO_FAIL;
/* `p` is going away: forget its root. */
void space_drop(struct process *p) NO_FAIL;

/* Remove hardware mappings that were made through slot `slot` of `g` (SPACE_ALL_SLOTS: all of
 * them), or through the object, in a bounded piece. Returns false if more is to be done: the caller
 * restarts the system call. Belongs before the commit point: throwing a cache entry away is always
 * allowed (depend.c). */
#define SPACE_ALL_SLOTS 16u
bool space_flush_slot(struct gpt *g, unsigned slot) WARN_UNUSED;
bool space_flush_object(struct objhdr *hdr) WARN_UNUSED;

/* EFFECT. What stands in a slot of `g` is new there, and there are no mappings through the slot: if
 * it is a page beside others that are mapped, map it, so that nobody needs to fault first. Never
 * more than the walk would find (INV-MAP-6). NO_FAIL. */
void space_fill_slot(struct gpt *g, unsigned slot);

/* Boot: take the pools. */
void space_init(void);

/* Use of the pools of page tables and dependencies, for SysCtl.getMemory and tests. */
struct space_totals {
    uint64_t tables, tables_max, depends_max, depends;
};
extern struct space_totals space_totals;
