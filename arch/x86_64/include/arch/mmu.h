/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The x86-64 page table as kernel/space.c needs it: four levels of 512 entries, of which the lower
 * half of the top table is user level's. Entries here are always the user's: the kernel's own half
 * is copied from kernel_root.
 *
 * The processor remembers entries that were present (and, inside INVLPG's reach, the tables on the
 * way to them), never absent ones. Where it has PCID (Intel SDM volume 3, 4.10.1), each root
 * carries a tag, and what is remembered is remembered by tag, whatever root is loaded; else loading
 * a root forgets everything that was remembered of user level.
 */
#pragma once

#include <kernel/space.h>
#include <kernel/types.h>

#define MMU_LEVELS 4
#define MMU_INDEX_BITS 9
#define MMU_ENTRIES 512u
#define MMU_USER_BITS 47 /* bits of a user address */

typedef uint64_t pte_t;

#define PTE_PRESENT 0x001ull
#define PTE_WRITE 0x002ull
#define PTE_USER 0x004ull
#define PTE_UNCACHED 0x018ull /* PWT and PCD: entry 3 of the PAT. Of a device's page */
#define PTE_MEMORY 0x200ull   /* software's: it is the entry of a page that the kernel may touch */
#define PTE_DEVICE_FRAME(n) ((uint64_t)(n) << 52) /* its number, in bits that are software's */
#define PTE_ACCESSED 0x020ull
#define PTE_DIRTY 0x040ull
#define PTE_TARGET 0x000ffffffffff000ull
#define PTE_NO_EXEC 0x8000000000000000ull

/* Entry for a page; `page` is what its frame's `leaf` says: its address with PTE_MEMORY, or what
 * arch_device_leaf() gave. Accessed and dirty are set from the start: nobody reads them, and the
 * processor is spared the locked write that sets them. */
static inline pte_t mmu_leaf(uint64_t page, unsigned access)
{
    return page | PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY |
           (access & ACCESS_WRITE ? PTE_WRITE : 0) | (access & ACCESS_EXEC ? 0 : PTE_NO_EXEC);
}

/* Entry for a lower table. It grants everything; the entries of pages decide. */
static inline pte_t mmu_branch(kpa_t table)
{
    return table | PTE_PRESENT | PTE_USER | PTE_WRITE | PTE_ACCESSED;
}

static inline bool mmu_present(pte_t e)
{
    return (e & PTE_PRESENT) != 0;
}

/* May the kernel read, or write, what an entry of a page names for its process? Not a device's. */
static inline bool mmu_allows(pte_t e, unsigned access)
{
    pte_t need = PTE_MEMORY | (access & ACCESS_WRITE ? PTE_WRITE : 0);

    return (e & need) == need;
}

/* Which frame the entry of a page names: pfn, that of a device's page behind those of memory. */
static inline pfn_t mmu_frame(pte_t e, pfn_t devices)
{
    return e & PTE_UNCACHED ? devices + (e >> 52 & (DEVICE_FRAMES - 1))
                            : (e & PTE_TARGET) >> PAGE_SHIFT;
}

static inline kpa_t mmu_target(pte_t e)
{
    return e & PTE_TARGET;
}

/* Is a page at a user address below `root` that may be accessed so? Where the kernel sees it: *out.
 */
static ALWAYS_INLINE bool mmu_lookup(uint64_t root, uva_t address, unsigned access, char **out)
{
    pte_t e = root;

#pragma GCC unroll 4
    for (unsigned shift = MMU_USER_BITS - 8; shift >= 12; shift -= MMU_INDEX_BITS) {
        e = *(const pte_t *)arch_kva(mmu_target(e) + (address >> (shift - 3) & 0xff8));
        if (unlikely(shift > 12 ? !mmu_present(e) : !mmu_allows(e, access))) {
            return false;
        }
    }
    *out = (char *)arch_kva(mmu_target(e) + (address & 0xfff));
    return true;
}

/* Physical address of the kernel's top table (paging.c). Its entries 256 to 511 belong into the top
 * table of every space: they never change after boot. Its lower half is empty, so it is also the
 * space of those who have none. */
extern kpa_t kernel_root;

/* Give a cleared top table the kernel's half, behind the user's. */
void mmu_root_init(pte_t *root);

/* Is what the processor remembers kept apart by tag? Const after boot. */
extern bool mmu_tagged;

/* A *root* is what CR3 is loaded with: where the top table stands and, with tags, the tag of that
 * table alone, 1 to MMU_TAGS, and that loading it forgets nothing. The kernel's root has tag 0. */
#define MMU_TAGS 4095u
#define ROOT_TAG 0xfffull
#define ROOT_KEEPS (1ull << 63)

static inline uint64_t mmu_root(kpa_t table, unsigned tag)
{
    return mmu_tagged ? table | tag | ROOT_KEEPS : table;
}

/* Is this root loaded on some CPU? Without tags nothing is remembered of one that is not. */
bool mmu_root_loaded(uint64_t root);

/* Load a root on this CPU. */
void mmu_load_root(uint64_t root);

/* Forget what is remembered of one user address below a root; of all addresses below any. */
void mmu_invalidate_page(uint64_t root, uva_t address);
void mmu_invalidate_all(void);

/* The root is about to be taken apart: have no CPU use it. When there are several, they are told
 * from here. What is remembered of it is forgotten with its entries. */
void mmu_unload_root(uint64_t root);
