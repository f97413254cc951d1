/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The hardware side of kernel/space.c: top tables, and making the processor forget. Entries are in
 * <arch/mmu.h>.
 *
 * One CPU runs. Telling the others belongs into the three functions that change what this CPU
 * remembers: they are the only ones, and all of them return only when the change holds.
 */
#include <arch/mmu.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/string.h>

#define KERNEL_HALF (MMU_ENTRIES / 2)

bool mmu_tagged;

void mmu_root_init(pte_t *root)
{
    memcpy(root + KERNEL_HALF, (pte_t *)arch_kva(kernel_root) + KERNEL_HALF, PAGE_SIZE / 2);
}

bool mmu_root_loaded(uint64_t root)
{
    for (unsigned i = 0; i < cpu_count; i++) {
        if (cpu_table[i].loaded_root == root) {
            return true;
        }
    }
    return false;
}

/* Kinds of INVPCID (Intel SDM volume 2). */
#define INVPCID_ADDRESS 0ul
#define INVPCID_ALL 3ul /* but what is global: the kernel's half */

static void invpcid(uint64_t kind, uint64_t root, uva_t address)
{
    const struct {
        uint64_t tag, address;
    } what = { root & ROOT_TAG, address };

    __asm__ volatile("invpcid %0, %1" : : "m"(what), "r"(kind) : "memory");
}

void mmu_load_root(uint64_t root)
{
    struct cpu *cpu = cpu_self();

    cpu->loaded_root = root;
    cpu->stats.cr3_writes++;
    x86_write_cr3(root);
}

void mmu_invalidate_page(uint64_t root, uva_t address)
{
    cpu_self()->stats.invalidations++;
    if (mmu_root_loaded(root)) {
        __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
    } else {
        invpcid(INVPCID_ADDRESS, root, address);
    }
}

void mmu_invalidate_all(void)
{
    struct cpu *cpu = cpu_self();

    cpu->stats.invalidations++;
    if (mmu_tagged) {
        invpcid(INVPCID_ALL, 0, 0);
    } else {
        mmu_load_root(cpu->loaded_root);
    }
}

void mmu_unload_root(uint64_t root)
{
    if (mmu_root_loaded(root)) {
        mmu_load_root(kernel_root);
    }
}
