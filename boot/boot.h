/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the parts of the boot code: the two boot protocols, and what the parts ask of each other.
 */
#pragma once

/* The ways to be started, as boot.S tells boot_main(). */
#define BOOT_PVH 1
#define BOOT_MULTIBOOT2 2

/* PVH: ebx points to a structure that begins with this. Offsets in it: how many modules there are,
 * and where their list begins, of which each has 8 bytes for the place and 8 for the length. */
#define PVH_MAGIC 0x336ec578
#define PVH_MODULES 12
#define PVH_MODULE_LIST 16

/* Multiboot2: magic of our header, and what the loader leaves in eax. */
#define MB2_HEADER_MAGIC 0xe85250d6
#define MB2_LOADER_MAGIC 0x36d76289

/* Multiboot2: tags in the loader's information. */
#define MB2_TAG_END 0
#define MB2_TAG_COMMAND_LINE 1
#define MB2_TAG_LOADER_NAME 2
#define MB2_TAG_MODULE 3
#define MB2_TAG_MEMORY_MAP 6
#define MB2_TAG_RSDP_1 14
#define MB2_TAG_RSDP_2 15

#ifndef __ASSEMBLER__
#include <kernel/boot_info.h>
#include <kernel/panic.h>
#include <kernel/types.h>

/* The memory map while it is gathered: as the loader says it, in any order, overlapping. */
#define MEMMAP_MAX 256
struct memmap {
    unsigned ranges;
    struct {
        kpa_t start, end;
        bool is_ram;
    } range[MEMMAP_MAX];
};

/* Take in a range of `bytes` bytes. RAM is cut to whole pages, reserved memory widened to them;
 * what reaches over the end of the physical address space is cut there. boot_fail() if the map is
 * full. */
void memmap_add(struct memmap *map, uint64_t start, uint64_t bytes, bool is_ram);

/* Sort the RAM of `map` into boot->range, which is empty: by address, without overlaps, neighbours
 * joined. What is reserved, too, is none. boot_fail() if these are more than BOOT_MAX_RANGES. */
void memmap_finish(const struct memmap *map, struct boot_info *boot);

/* Does [start, end) lie wholly in RAM according to the finished map? */
bool memmap_is_ram(const struct boot_info *boot, kpa_t start, kpa_t end);

/* Read what a loader left, from physical memory, into `boot` and `map`. boot_fail() if it makes no
 * sense. */
void boot_read_pvh(kpa_t info, struct boot_info *boot, struct memmap *map);
void boot_read_multiboot2(kpa_t info, struct boot_info *boot, struct memmap *map);

/* From boot.S: on CPU 0's kernel stack, with interrupts off and CR0.WP, EFER.NXE, CR4.PAE and PGE
 * on. */
NORETURN void boot_main(unsigned way, uint32_t info);

/* Bounds of the image (boot/kernel.ld): physical. */
extern const uint8_t kernel_phys_start[], kernel_phys_end[];
#endif
