/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Readers of the two boot protocols. PVH is the HVM direct boot of Xen, as QEMU's -kernel does it;
 * multiboot2 is what GRUB speaks. Every length and address is checked before it is followed.
 */
#include "boot/boot.h"
#include <arch/paging.h>
#include <kernel/string.h>

#define MB2_INFO_MAX (1u << 20) /* no loader writes more */

static uint8_t rsdp_copy[64] ALIGNED(8);

/* The `n` bytes at `pa`, through the early page tables; boot_fail() naming `what` if they reach
 * above 4 GiB. */
static const void *memory_at(kpa_t pa, uint64_t n, const char *what)
{
    if (pa == 0 || pa >= EARLY_MAPPED || n > EARLY_MAPPED - pa) {
        boot_fail("the loader put %s out of reach, at %lx", what, pa);
    }
    return arch_kva(pa);
}

/* Keep text of at most `n` bytes in `out`, of `size`: cut if need be, with a final NUL, and '?' for
 * what cannot be printed. A command line that is too long fills the room for it, by which its
 * reader (kernel/cmdline.c) sees that it was cut. */
static void take_text(char *out, size_t size, const char *text, uint64_t n)
{
    size_t i;

    for (i = 0; i < n && i < size - 1 && text[i] != '\0'; i++) {
        out[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
    }
    out[i] = '\0';
}

/* Keep where the archive lies; boot_fail() if it is empty or the second one. Whether it is in RAM
 * is looked at by boot_main(), which finds an end below the beginning, too. */
static void take_archive(struct boot_info *boot, uint64_t start, uint64_t bytes)
{
    if (boot->archive_start != boot->archive_end) {
        boot_fail("the loader gave more than one module; the archive is the only one");
    }
    if (bytes == 0) {
        boot_fail("the loader's first module has 0 bytes; it is to be the archive");
    }
    boot->archive_start = start;
    boot->archive_end = start + bytes;
}

/* An entry of the memory map, which is the same for both; in multiboot2 more may follow it. */
struct memory {
    uint64_t start, bytes;
    uint32_t type, reserved;
};
#define MEMORY_RAM 1u

/* The memory map: entries of `step` bytes, in `bytes` bytes. */
static void take_memory(struct memmap *map, const void *entries, uint64_t bytes, uint32_t step)
{
    for (uint64_t at = 0; bytes - at >= step; at += step) {
        const struct memory *m =
            (const struct memory *)(const void *)((const uint8_t *)entries + at);

        memmap_add(map, m->start, m->bytes, m->type == MEMORY_RAM);
    }
}

/* --- PVH --- */

struct pvh_info {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, command_line, rsdp;
    /* version 1 and later */
    uint64_t memory_map;
    uint32_t memory_map_entries, reserved;
};

struct pvh_module {
    uint64_t start, bytes, command_line, reserved;
};

void boot_read_pvh(kpa_t info, struct boot_info *boot, struct memmap *map)
{
    const struct pvh_info *pvh = memory_at(info, sizeof(*pvh), "its PVH information");
    uint64_t map_bytes = pvh->memory_map_entries * sizeof(struct memory);

    if (pvh->version >= 1 && map_bytes != 0) {
        take_memory(map, memory_at(pvh->memory_map, map_bytes, "the memory map"), map_bytes,
                    sizeof(struct memory));
    }
    for (unsigned i = 0; i < pvh->modules; i++) { /* the second one is refused */
        const struct pvh_module *module =
            memory_at(pvh->module_list + i * sizeof(*module), sizeof(*module), "the module list");

        take_archive(boot, module->start, module->bytes);
    }
    if (pvh->command_line != 0) {
        take_text(boot->command_line, sizeof(boot->command_line),
                  memory_at(pvh->command_line, 1, "the command line"),
                  EARLY_MAPPED - pvh->command_line);
    }
    boot->rsdp = pvh->rsdp;
}

/* --- multiboot2 --- */

struct mb2_tag {
    uint32_t type, bytes; /* with this head; the next tag begins at the next multiple of 8 */
};

struct mb2_module {
    struct mb2_tag head;
    uint32_t start, end;
};

struct mb2_memory_map {
    struct mb2_tag head;
    uint32_t entry_bytes, entry_version;
};

/* The reader of a tag needs at least `n` bytes of it. */
static void need(const struct mb2_tag *tag, uint64_t n)
{
    if (tag->bytes < n) {
        boot_fail("the multiboot2 information is malformed: too short is a tag of type %u",
                  tag->type);
    }
}

static void read_tag(const struct mb2_tag *tag, struct boot_info *boot, struct memmap *map)
{
    const char *text = (const char *)(tag + 1);
    uint64_t rest = tag->bytes - sizeof(*tag);

    switch (tag->type) {
    case MB2_TAG_COMMAND_LINE:
        take_text(boot->command_line, sizeof(boot->command_line), text, rest);
        break;
    case MB2_TAG_LOADER_NAME:
        take_text(boot->loader, sizeof(boot->loader), text, rest);
        break;
    case MB2_TAG_MODULE: {
        const struct mb2_module *module = (const struct mb2_module *)(const void *)tag;

        need(tag, sizeof(*module));
        take_archive(boot, module->start, (uint64_t)module->end - module->start);
        break;
    }
    case MB2_TAG_MEMORY_MAP: {
        const struct mb2_memory_map *list = (const struct mb2_memory_map *)(const void *)tag;

        need(tag, sizeof(*list));
        if (list->entry_bytes < sizeof(struct memory) || list->entry_bytes % 8 != 0) {
            boot_fail("the multiboot2 memory map has entries of an unknown size: %u",
                      list->entry_bytes);
        }
        take_memory(map, list + 1, tag->bytes - sizeof(*list), list->entry_bytes);
        break;
    }
    case MB2_TAG_RSDP_1:
        if (boot->rsdp != 0) {
            break; /* the newer one, if both are there */
        }
        /* falls through */
    case MB2_TAG_RSDP_2:
        memcpy(rsdp_copy, text, rest < sizeof(rsdp_copy) ? rest : sizeof(rsdp_copy));
        boot->rsdp = (kpa_t)rsdp_copy - KERNEL_IMAGE_BASE;
        break;
    default: /* tells nothing that we need */
        break;
    }
}

void boot_read_multiboot2(kpa_t info, struct boot_info *boot, struct memmap *map)
{
    const uint32_t *total = memory_at(info, 8, "its multiboot2 information");
    uint32_t bytes = *total;
    uint32_t at = 8;

    if (info % 8 != 0 || bytes < 16 || bytes > MB2_INFO_MAX) {
        boot_fail("the multiboot2 information is malformed; its length: %u", bytes);
    }
    memory_at(info, bytes, "its multiboot2 information");
    while (at + sizeof(struct mb2_tag) <= bytes) {
        const struct mb2_tag *tag =
            (const struct mb2_tag *)(const void *)((const uint8_t *)total + at);

        if (tag->type == MB2_TAG_END) {
            return;
        }
        if (tag->bytes < sizeof(*tag) || tag->bytes > bytes - at) {
            break;
        }
        read_tag(tag, boot, map);
        at += (tag->bytes + 7) & ~7u;
    }
    boot_fail("the multiboot2 information is malformed, at offset %u", at);
}
