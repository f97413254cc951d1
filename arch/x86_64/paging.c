/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's final page tables: who may do what in the upper half. See <arch/paging.h> for the
 * layout.
 *
 * They are built once, in a piece of RAM taken from the memory map, through the early tables that
 * show the first 4 GiB. How many tables it takes is not worked out beforehand: a bound is, the
 * piece is that large, and what was not used is given back. Afterwards only arch_map_device() adds
 * to them, still at boot.
 */
#include "boot/boot.h"
#include <arch/mmu.h>
#include <arch/paging.h>
#include <arch/x86.h>
#include <kernel/arch.h>
#include <kernel/string.h>

#define PTE_LARGE (1ull << 7)
#define PTE_GLOBAL (1ull << 8)

#define TEXT (PTE_PRESENT | PTE_GLOBAL)
#define RODATA (PTE_PRESENT | PTE_GLOBAL | PTE_NO_EXEC)
#define DATA (RODATA | PTE_WRITE)
#define DEVICE (DATA | PTE_UNCACHED)

#define CPUID_GIB_PAGES (1u << 26) /* leaf 0x80000001, edx */

#define CPUID_ADDRESS_BITS 0x80000008u /* leaf; eax, bits 0 to 7: of physical addresses */

/* boot.S begins on the first one. */
struct guarded_stack kernel_stacks[STACKS * STACKS_PER_CPU]
    __attribute__((section(".bss.stacks"), aligned(PAGE_SIZE)));

kpa_t kernel_root;

/* const after paging_init(), but for device_next */
static kpa_t table_next, table_end;    /* memory for tables not used yet */
static const struct boot_info *memory; /* the map */
static unsigned largest;               /* level of the largest pages: 2 for 1 GiB, 1 for 2 MiB */
static uint64_t device_next = KERNEL_DEVICE_BASE;

/* Bytes that an entry at `level` covers: 0 is 4 KiB, 3 is 512 GiB. */
static uint64_t entry_bytes(unsigned level)
{
    return 1ull << (PAGE_SHIFT + 9 * level);
}

static kpa_t table_new(void)
{
    kpa_t table = table_next;

    ASSERT(table < table_end); /* there are more than the layout can need */
    table_next += PAGE_SIZE;
    memset(arch_kva(table), 0, PAGE_SIZE);
    return table;
}

/* The entry at `level` that covers `va`; the tables above it are made where they are missing, and
 * nothing above it may be a large page. */
static uint64_t *entry_at(uint64_t va, unsigned level)
{
    uint64_t *table = arch_kva(kernel_root);

    for (unsigned l = 3;; l--) {
        uint64_t *entry = &table[va >> (PAGE_SHIFT + 9 * l) & (MMU_ENTRIES - 1)];

        if (l == level) {
            return entry;
        }
        if (*entry == 0) {
            *entry = table_new() | PTE_PRESENT | PTE_WRITE; /* the last level decides */
        }
        table = arch_kva(*entry & PTE_TARGET);
    }
}

/* Map [pa, pa + bytes) at va, in the largest pages that fit, of level `most` at most. Whole pages;
 * nothing is mapped there yet. */
static void map(uint64_t va, kpa_t pa, uint64_t bytes, uint64_t flags, unsigned most)
{
    while (bytes > 0) {
        unsigned level = most;

        while (level > 0 &&
               (((va | pa) & (entry_bytes(level) - 1)) != 0 || bytes < entry_bytes(level))) {
            level--;
        }
        *entry_at(va, level) = pa | flags | (level > 0 ? PTE_LARGE : 0);
        va += entry_bytes(level);
        pa += entry_bytes(level);
        bytes -= entry_bytes(level);
    }
}

/* Map a part of the image, in pages of 4 KiB; it begins with one. */
static void map_image(const uint8_t *start, const uint8_t *end, uint64_t flags)
{
    map((uint64_t)start, (uint64_t)start - KERNEL_IMAGE_BASE,
        ((uint64_t)(end - start) + PAGE_MASK) & ~(uint64_t)PAGE_MASK, flags, 0);
}

/* The direct map of one range of RAM; [ro_start, ro_end), the image's text and rodata, is read-only
 * in it. */
static void map_ram(kpa_t start, kpa_t end, kpa_t ro_start, kpa_t ro_end)
{
    if (ro_start < end && start < ro_end) {
        map_ram(start, ro_start, ro_end, ro_end);
        map((uint64_t)arch_kva(ro_start), ro_start, ro_end - ro_start, RODATA, largest);
        start = ro_end;
    }
    if (start < end) {
        map((uint64_t)arch_kva(start), start, end - start, DATA, largest);
    }
}

/* More tables than the layout can need, in bytes. */
static uint64_t tables_bound(const struct boot_info *boot)
{
    /* Top; the image and the device window below it; theirs; the read-only part cuts its range in
     * three. Of each range both ends, ragged at each level, and the whole tables between them. */
    uint64_t tables = 1 + 2 + boot->kernel_end / entry_bytes(1) + 1 +
                      KERNEL_DEVICE_BYTES / entry_bytes(1) + 1 + 4 + (uint64_t)(6 * boot->ranges) +
                      boot_ram(boot) / entry_bytes(2) + boot_ram(boot) / entry_bytes(3);

    return tables * PAGE_SIZE;
}

void paging_init(struct boot_info *boot)
{
    kpa_t ro_start = (kpa_t)kernel_text_start - KERNEL_IMAGE_BASE;
    kpa_t ro_end = (kpa_t)kernel_rodata_end - KERNEL_IMAGE_BASE;

    table_next = boot_find_room(boot, tables_bound(boot), EARLY_MAPPED, "the kernel's page tables");
    table_end = table_next + tables_bound(boot);
    boot->tables_start = table_next;
    largest = (x86_cpuid(0x80000001u, 0).edx & CPUID_GIB_PAGES) != 0 ? 2 : 1;
    kernel_root = table_new();

    /* Every entry of the upper half that will ever be used exists from now on: spaces copy them. */
    map_image(kernel_text_start, kernel_text_end, TEXT);
    map_image(kernel_rodata_start, kernel_rodata_end, RODATA);
    map_image(kernel_data_start, kernel_bss_end, DATA);
    for (unsigned i = 0; i < STACKS * STACKS_PER_CPU; i++) {
        *entry_at((uint64_t)kernel_stacks[i].guard, 0) = 0;
    }
    for (unsigned i = 0; i < boot->ranges; i++) {
        map_ram(boot->range[i].start, boot->range[i].end, ro_start, ro_end);
    }
    for (uint64_t at = 0; at < KERNEL_DEVICE_BYTES; at += entry_bytes(1)) {
        entry_at(KERNEL_DEVICE_BASE + at, 0);
    }

    mmu_load_root(kernel_root);
    table_end = table_next;
    memory = boot;
    boot->tables_end = table_end;
}

void *arch_map_device(kpa_t pa, size_t n)
{
    uint64_t skew = pa & PAGE_MASK;
    uint64_t bytes = (skew + n + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    uint64_t va = device_next;

    if (n == 0 || n > KERNEL_DEVICE_BYTES || (pa & ~(PTE_TARGET | PAGE_MASK)) != 0) {
        return NULL;
    }
    if (memmap_is_ram(memory, pa, pa + n)) {
        return arch_kva(pa);
    }
    if (bytes > KERNEL_DEVICE_BASE + KERNEL_DEVICE_BYTES - device_next) {
        return NULL;
    }
    device_next += bytes;
    map(va, pa - skew, bytes, DEVICE, 0); /* was not present: nothing to flush */
    return (void *)(va + skew);
}

uint64_t arch_device_leaf(kpa_t pa, pfn_t n)
{
    if ((pa & ~PTE_TARGET) != 0 || memmap_is_ram(memory, pa, pa + PAGE_SIZE) ||
        pa >> (x86_cpuid(CPUID_ADDRESS_BITS, 0).eax & 0xff) != 0) {
        return 0;
    }
    for (uint64_t va = KERNEL_DEVICE_BASE; va < device_next; va += PAGE_SIZE) {
        if ((*entry_at(va, 0) & PTE_TARGET) == pa) {
            return 0;
        }
    }
    return pa | PTE_UNCACHED | PTE_DEVICE_FRAME(n);
}

uint64_t stack_top(unsigned cpu, unsigned which)
{
    return (uint64_t)(&kernel_stacks[cpu * STACKS_PER_CPU + which] + 1);
}

const struct guarded_stack *stack_at(uint64_t address)
{
    uint64_t n = (address - (uint64_t)kernel_stacks) / sizeof(struct guarded_stack);

    return n < ARRAY_LEN(kernel_stacks) ? &kernel_stacks[n] : NULL;
}
