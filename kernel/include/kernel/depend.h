/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cache of hardware page tables: which tables there are, and what each of their entries was
 * made from.
 *
 * A table is a pure function of its key: the object that produces it, where in that object's space
 * its region begins, and the restrictions met on the way. So every space that reaches the same
 * region in the same way uses the same table; it stands on a chain of its producer
 * (objhdr.product), where it is found again.
 *
 * Three things lead from what may change to the entries made from it:
 *
 *   - Each entry is linked with the others that name the same page (chain from objhdr.depend of
 *     the page) or the same lower table (chain from table.parents).
 *
 *   - Each GPT passed on the way from a table's producer to an entry has a dependency (chain from
 *     objhdr.depend of the GPT): in this table its slot 0 begins at entry `first`. Which entries
 *     come from which slot follows from l2v. So has the GPT through one of whose slots a window
 *     leads: `first` is such that the slot lies where the window does. Below windows a slot may
 *     seem to lie before the window, too: then more is thrown away than came from it.
 *
 *   - The products of a GPT hang on the GPT itself.
 *
 * Everything here is cache: it may be thrown away at any time, and is when room is needed.
 */
#pragma once

#include <arch/mmu.h>
#include <kernel/list.h>
#include <kernel/object.h>

struct gpt;

/* What a table is made from. The producer is the innermost GPT through which every address of the
 * region goes; where the guard of the root capability lets through only a part of the region, or
 * windows are passed behind that GPT, it is the object of the root capability. */
struct table_key {
    oid_t producer;
    uint8_t level;  /* 1: entries are pages; MMU_LEVELS: a root */
    uint8_t restr;  /* restrictions on the way to the producer: LK_RO, LK_NX, LK_WK */
    uint16_t edge;  /* holds the first page (1), the last below 2^47 (2), where nothing is mapped:
                      such a table is used nowhere else */
    uint64_t base;  /* where the region begins in the producer's space; with guard, in the user's */
    uint64_t guard; /* 0, or the guard of the root capability: match << 8 | l2g */
};
STATIC_ASSERT(sizeof(struct table_key) == 24, "no padding: keys are compared with memcmp");

/* INV-MAP-1: a present entry of a page grants exactly what the walk from the producer on grants.
 *
 * INV-MAP-2: a present entry depends on every slot that was passed to make it, and is linked with
 * its page or lower table.
 *
 * INV-MAP-3: a lower table is the one that the walk would choose: same key; or, in a table made
 * from the root capability, one made so, too. Windows are passed only in tables made from it.
 *
 * INV-MAP-4: chains are linked both ways, counted, and of live objects only.
 *
 * INV-MAP-5: space_root of a process is the kernel's root, or the root made from its address space
 * capability.
 *
 * INV-MAP-6: a dependency of a table that is exact is of a GPT that is passed on the way to its
 * entries, with its restrictions; and so is each before it. Only tables of pages are, without
 * windows or first or last page. */
struct table {
    struct table_key key;  /* producer 0: free */
    uint32_t parents;      /* first entry that names this table, as entry + 1 */
    uint32_t refs;         /* number of these; of a root: of processes */
    uint32_t depends;      /* first dependency of this table, as index + 1 */
    uint32_t pin;          /* equals depend_pin: needed by the walk in progress */
    uint16_t present;      /* entries in use, not counting the kernel's */
    bool used;             /* since the clock hand passed */
    bool exact;            /* INV-MAP-6 holds */
    struct list processes; /* of a root: by process.space_link */
};

extern struct table *table_list; /* const after boot; tables are named by their index */

/* Boot: take the pools. At least DEPEND_TABLES_MIN tables and DEPEND_MIN dependencies. */
#define DEPEND_TABLES_MIN 8u
#define DEPEND_MIN 256u /* a walk has less than 200 steps */
void depend_init(unsigned tables, unsigned depends);

/* Address bits that a table of a level covers, and that one of its entries does. */
static inline unsigned table_bits(unsigned level)
{
    unsigned bits = PAGE_SHIFT + level * MMU_INDEX_BITS;

    return bits > MMU_USER_BITS ? MMU_USER_BITS : bits;
}
static inline unsigned entry_bits(unsigned level)
{
    return PAGE_SHIFT + (level - 1) * MMU_INDEX_BITS;
}
/* Entries of a table that are user level's. */
static inline unsigned table_size(unsigned level)
{
    return 1u << (table_bits(level) - entry_bits(level));
}
static inline unsigned entry_index(uva_t address, unsigned level)
{
    return (unsigned)(address >> entry_bits(level)) % MMU_ENTRIES;
}

/* Where the tables stand, one behind the other. Const after boot. */
extern pte_t *table_frames;
extern kpa_t table_base;

/* Where a table stands, and which table stands there. */
static inline pte_t *table_entries(unsigned t)
{
    return table_frames + (size_t)t * MMU_ENTRIES;
}
static inline kpa_t table_kpa(unsigned t)
{
    return table_base + (kpa_t)t * PAGE_SIZE;
}
static inline uint64_t table_root(unsigned t) /* as a root */
{
    return mmu_root(table_kpa(t), t + 1);
}
static inline unsigned table_of(kpa_t kpa)
{
    return (unsigned)((kpa - table_base) >> PAGE_SHIFT);
}

/* Tables touched since this number was last raised are not thrown away by what follows. */
extern uint32_t depend_pin;
static inline void table_touch(unsigned t)
{
    table_list[t].pin = depend_pin;
    table_list[t].used = true;
}

/* Take those apart, to begin again. */
void depend_give_up(void);

/* Find the table of a key: its index + 1, or 0. Looks at a bounded number of products. */
unsigned table_find(const struct table_key *key);
/* The same, or make it, which may throw others away. Touches it. Returns its index. */
unsigned table_make(const struct table_key *key);
/* Take a table apart. Not bounded by more than its entries, users and dependencies. */
void table_destroy(unsigned t);

/* Fill an empty entry: with a page, or a lower table. Clear one, if it is not. */
void entry_set(unsigned t, unsigned i, pte_t e);
void entry_clear(unsigned t, unsigned i);

/* Entries of table `t` from `first` (of slot 0; may be negative) on, but before `end`, are made
 * through the slots of `g`, which is reached with restrictions `restr`, of LK_RO, LK_NX and LK_WK.
 * Returns false if there is no room, and nothing left to throw away but the tables touched. */
bool depend_record(unsigned t, struct gpt *g, int64_t first, unsigned end, unsigned restr)
    WARN_UNUSED;

/* Make the processor forget what was thrown away. Before anything here returns to its caller's
 * caller. */
void depend_forget(void);

/* The rest is for depend.c and its checks (tests/kernel/check/depend.c). */

/* A place on a chain: numbers of things of one kind, from 1 on; 0: the chain begins or ends here.
 */
struct link {
    uint32_t next, prev;
};

/* See depend_record(). Chained twice: from the GPT, and from the table. */
struct depend {
    oid_t gpt;
    uint16_t table, end : 10, restr : 3;
    int64_t first;
};
extern struct depend *depend_list; /* const after boot, as are the next four */

/* The links of tables with the same producer, of entries with the same target, of dependencies of
 * the same GPT and of the same table. Things that are free are chained by those of the first or
 * third kind. */
extern struct link *product_links, *entry_links, *gpt_links, *table_links;

/* The head of the chain on which an entry of a table of this level stands. */
uint32_t *depend_chain(unsigned level, pte_t e);

/* The entries [from, end) that a dependency covers: of one slot of its GPT, or of all. */
void depend_range(const struct depend *d, const struct gpt *g, unsigned slot, unsigned *from,
                  unsigned *end);
