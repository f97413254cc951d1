/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map: from what a loader says, in any order and overlapping, to sorted ranges that do
 * not overlap. Pure: compiles for the build machine too.
 */
#include "boot/boot.h"

#define PHYSICAL_END (1ull << 46) /* where the direct map ends: 64 TiB */

bool memmap_add(struct memmap *map, uint64_t start, uint64_t bytes, bool is_ram)
{
    uint64_t from = start < PHYSICAL_END ? start : PHYSICAL_END; /* to round it up must not wrap */
    uint64_t end = bytes < PHYSICAL_END - from ? from + bytes : PHYSICAL_END;

    if (is_ram) {
        from = (from + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
        end &= ~(uint64_t)PAGE_MASK;
    } else {
        from &= ~(uint64_t)PAGE_MASK;
        end = (end + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    }
    if (bytes == 0 || from >= end) {
        return true;
    }
    if (map->ranges == MEMMAP_MAX) {
        return false;
    }
    map->range[map->ranges].start = from;
    map->range[map->ranges].end = end;
    map->range[map->ranges++].is_ram = is_ram;
    return true;
}

/* The next address above `at` where a range begins or ends, or PHYSICAL_END. */
static uint64_t next_edge(const struct memmap *map, uint64_t at)
{
    uint64_t next = PHYSICAL_END;

    for (unsigned i = 0; i < map->ranges; i++) {
        if (map->range[i].start > at && map->range[i].start < next) {
            next = map->range[i].start;
        }
        if (map->range[i].end > at && map->range[i].end < next) {
            next = map->range[i].end;
        }
    }
    return next;
}

/* Is there RAM at `at`, and nothing else? */
static bool ram_at(const struct memmap *map, uint64_t at)
{
    bool found = false;

    for (unsigned i = 0; i < map->ranges; i++) {
        if (map->range[i].start <= at && at < map->range[i].end) {
            if (!map->range[i].is_ram) {
                return false;
            }
            found = true;
        }
    }
    return found;
}

bool memmap_finish(const struct memmap *map, struct boot_info *boot)
{
    uint64_t next;

    boot->ranges = 0;
    /* From edge to edge: at most 2 * MEMMAP_MAX + 1 steps. Between two edges everything is of one
     * kind. */
    for (uint64_t at = 0; at < PHYSICAL_END; at = next) {
        next = next_edge(map, at);
        if (!ram_at(map, at)) {
            continue;
        }
        if (boot->ranges > 0 && boot->range[boot->ranges - 1].end == at) {
            boot->range[boot->ranges - 1].end = next;
        } else if (boot->ranges == BOOT_MAX_RANGES) {
            return false;
        } else {
            boot->range[boot->ranges++] = (struct boot_range){ at, next };
        }
    }
    return true;
}

bool memmap_is_ram(const struct boot_info *boot, kpa_t start, kpa_t end)
{
    if (start >= end) {
        return start == end;
    }
    for (unsigned i = 0; i < boot->ranges; i++) {
        if (boot->range[i].start <= start && end <= boot->range[i].end) {
            return true; /* neighbours are joined: one range must do */
        }
    }
    return false;
}
