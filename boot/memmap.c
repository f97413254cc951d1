/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map: from what a loader says, in any order and overlapping, to sorted ranges that do
 * not overlap. Pure: compiles for the build machine too.
 */
#include "boot/boot.h"

#define PHYSICAL_END (1ull << 46) /* where the direct map ends: 64 TiB */

void memmap_add(struct memmap *map, uint64_t start, uint64_t bytes, bool is_ram)
{
    uint64_t from = start < PHYSICAL_END ? start : PHYSICAL_END; /* to round it up must not wrap */
    uint64_t end = bytes < PHYSICAL_END - from ? from + bytes : PHYSICAL_END;
    uint64_t cut = is_ram ? PAGE_MASK : 0; /* RAM is cut to whole pages, what is not is widened */

    from = (from + cut) & ~(uint64_t)PAGE_MASK;
    end = (end + (PAGE_MASK - cut)) & ~(uint64_t)PAGE_MASK;
    if (bytes == 0 || from >= end) {
        return;
    }
    if (map->ranges == MEMMAP_MAX) {
        boot_fail("the loader's memory map has more than %u entries", MEMMAP_MAX);
    }
    map->range[map->ranges].start = from;
    map->range[map->ranges].end = end;
    map->range[map->ranges++].is_ram = is_ram;
}

/* Is there RAM at `at`, and nothing else? *next: where that may change, the next address above it
 * at which a range begins or ends, or PHYSICAL_END. */
static bool ram_at(const struct memmap *map, uint64_t at, uint64_t *next)
{
    bool ram = false;
    bool reserved = false;

    *next = PHYSICAL_END;
    for (unsigned i = 0; i < map->ranges; i++) {
        bool inside = map->range[i].start <= at && at < map->range[i].end;
        uint64_t edge = inside ? map->range[i].end : map->range[i].start;

        ram |= inside && map->range[i].is_ram;
        reserved |= inside && !map->range[i].is_ram;
        if (edge > at && edge < *next) {
            *next = edge;
        }
    }
    return ram && !reserved;
}

void memmap_finish(const struct memmap *map, struct boot_info *boot)
{
    uint64_t next;

    /* From edge to edge: at most 2 * MEMMAP_MAX + 1 steps. */
    for (uint64_t at = 0; at < PHYSICAL_END; at = next) {
        if (!ram_at(map, at, &next)) {
            continue;
        }
        if (boot->ranges > 0 && boot->range[boot->ranges - 1].end == at) {
            boot->range[boot->ranges - 1].end = next;
        } else if (boot->ranges == BOOT_MAX_RANGES) {
            boot_fail("the loader's memory map falls into more than %u pieces", BOOT_MAX_RANGES);
        } else {
            boot->range[boot->ranges++] = (struct boot_range){ at, next };
        }
    }
}

bool memmap_is_ram(const struct boot_info *boot, kpa_t start, kpa_t end)
{
    for (unsigned i = 0; i < boot->ranges; i++) {
        if (boot->range[i].start <= start && start <= end && end <= boot->range[i].end) {
            return true; /* neighbours are joined: one range must do */
        }
    }
    return start == end;
}
