/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An MMU for tests. It remembers every page and every table that it came across and forgets only
 * what it must: a real one may forget sooner, so whatever holds here holds there. As on a real one,
 * what is absent is not remembered, forgetting one page forgets all tables, and a fault forgets its
 * page.
 */
#include "tests/kernel/probe.h"

#include <arch/host.h>
#include <arch/mmu.h>
#include <kernel/cpu.h>
#include <limits.h>

#define REMEMBER 1024u /* a power of two */

/* One thing remembered: an entry of a table of `level`. */
struct remembered {
    uva_t region;   /* address >> entry_bits */
    unsigned tag;   /* of the root that it was found through */
    unsigned level; /* 0: nothing */
    pte_t entry;
};

kpa_t kernel_root;
bool mmu_tagged;
bool host_mmu_deaf;

static struct remembered memory[REMEMBER];

static unsigned tag(void)
{
    return (unsigned)(cpu_self()->loaded_root & ROOT_TAG);
}

static unsigned region_shift(unsigned level)
{
    return PAGE_SHIFT + (level - 1) * MMU_INDEX_BITS;
}

/* Where this is remembered below the loaded root, or with `free` could be; NULL: nowhere. */
static struct remembered *place(uva_t address, unsigned level, bool free)
{
    uva_t region = address >> region_shift(level);
    unsigned hash = (unsigned)((region * 0x9e3779b97f4a7c15ull) >> 40) + level + tag();

    for (unsigned i = 0; i < 8; i++) {
        struct remembered *r = &memory[(hash + i) % REMEMBER];

        if ((r->level == level && r->region == region && r->tag == tag()) ||
            (free && r->level == 0)) {
            return r;
        }
    }
    return NULL;
}

static void remember(uva_t address, unsigned level, pte_t e)
{
    struct remembered *r = place(address, level, true);

    if (r != NULL) {
        *r = (struct remembered){
            .region = address >> region_shift(level), .tag = tag(), .level = level, .entry = e
        };
    }
}

/* Of a page, and perhaps of all tables, below the root with this tag. */
static void forget_page(unsigned below, uva_t address, bool tables)
{
    for (unsigned i = 0; i < REMEMBER; i++) {
        struct remembered *r = &memory[i];

        if (r->tag == below && (r->level == 1 ? r->region == address >> PAGE_SHIFT : tables)) {
            r->level = 0;
        }
    }
}

#define EVERY_TAG UINT_MAX

static void forget_tag(unsigned below)
{
    for (unsigned i = 0; i < REMEMBER; i++) {
        if (memory[i].tag == below || below == EVERY_TAG) {
            memory[i].level = 0;
        }
    }
}

bool host_mmu_access(uva_t address, unsigned access, kpa_t *page)
{
    kpa_t table = mmu_target(cpu_self()->loaded_root);
    unsigned level = MMU_LEVELS;
    pte_t e = 0;

    for (unsigned known = 1; known <= MMU_LEVELS;
         known++) { /* begin at the lowest level that is remembered */
        const struct remembered *r = place(address, known, false);

        if (r != NULL) {
            e = r->entry;
            table = mmu_target(e);
            level = known - 1;
            break;
        }
    }
    for (; level > 0; level--) {
        e = ((const pte_t *)arch_kva(table))[(address >> region_shift(level)) % MMU_ENTRIES];
        if (!mmu_present(e) || !(e & PTE_USER)) {
            return false;
        }
        remember(address, level, e);
        table = mmu_target(e);
    }
    *page = mmu_target(e);
    if ((mmu_access(e) & access) == access) {
        return true;
    }
    forget_page(tag(), address, false);
    return false;
}

bool host_mmu_remembered(unsigned *at, unsigned *below, uva_t *address, unsigned *access,
                         kpa_t *page)
{
    for (; *at < REMEMBER; ++*at) {
        const struct remembered *r = &memory[*at];

        if (r->level == 1) {
            *below = r->tag;
            *address = r->region << PAGE_SHIFT;
            *access = mmu_access(r->entry);
            *page = mmu_target(r->entry);
            ++*at;
            return true;
        }
    }
    return false;
}

/* --- the contract of <arch/mmu.h> --- */

void mmu_root_init(pte_t *root)
{
    const pte_t *kernel = arch_kva(kernel_root);

    for (unsigned i = MMU_ENTRIES / 2; i < MMU_ENTRIES; i++) {
        root[i] = kernel[i];
    }
}

bool mmu_root_loaded(uint64_t root)
{
    return cpu_self()->loaded_root == root;
}

void mmu_load_root(uint64_t root)
{
    cpu_self()->loaded_root = root;
    cpu_self()->stats.cr3_writes++;
    if (!host_mmu_deaf && !(root & ROOT_KEEPS)) {
        forget_tag(tag());
    }
}

void mmu_invalidate_page(uint64_t root, uva_t address)
{
    cpu_self()->stats.invalidations++;
    if (!host_mmu_deaf) {
        forget_page((unsigned)(root & ROOT_TAG), address, mmu_root_loaded(root));
    }
}

void mmu_invalidate_all(void)
{
    cpu_self()->stats.invalidations++;
    if (!mmu_tagged) {
        mmu_load_root(cpu_self()->loaded_root);
    }
    if (mmu_tagged && !host_mmu_deaf) {
        forget_tag(EVERY_TAG);
    }
}

void mmu_unload_root(uint64_t root)
{
    if (mmu_root_loaded(root)) {
        mmu_load_root(kernel_root);
    }
}
