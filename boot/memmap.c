/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map: from what a loader says, in any order and overlapping, to sorted ranges that do
 * not overlap. Pure: compiles for the build machine too.
 */
#include "boot/boot.h"

#define PHYSICAL_END (1ull << 46) /* where the direct map ends: 64 TiB */

bool memmap_add(struct memmap *map, uint64_t start, uint64_t bytes, enum boot_range_kind kind)
{
    uint64_t end =
        bytes > PHYSICAL_END || start > PHYSICAL_END - bytes ? PHYSICAL_END : start + bytes;

    if (kind == BOOT_RAM) {
        start = (start + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
        end &= ~(uint64_t)PAGE_MASK;
    } else {
        start &= ~(uint64_t)PAGE_MASK;
        end = (end + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    }
    if (bytes == 0 || start >= end) {
        return true;
    }
    if (map->ranges == MEMMAP_MAX) {
        return false;
    }
    map->range[map->ranges++] = (struct boot_range){ .start = start, .end = end, .kind = kind };
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

/* What lies at `at`? False: nothing. */
static bool kind_at(const struct memmap *map, uint64_t at, enum boot_range_kind *kind)
{
    bool found = false;

    for (unsigned i = 0; i < map->ranges; i++) {
        if (map->range[i].start <= at && at < map->range[i].end) {
            if (!found || map->range[i].kind == BOOT_RESERVED) {
                *kind = map->range[i].kind;
            }
            found = true;
        }
    }
    return found;
}

bool memmap_finish(const struct memmap *map, struct boot_info *boot)
{
    boot->ranges = 0;
    /* From edge to edge: at most 2 * MEMMAP_MAX + 1 steps. Between two edges everything is of one
     * kind. */
    for (uint64_t at = 0; at < PHYSICAL_END;) {
        uint64_t next = next_edge(map, at);
        enum boot_range_kind kind = BOOT_RESERVED;

        if (kind_at(map, at, &kind)) {
            struct boot_range *last = boot->ranges > 0 ? &boot->range[boot->ranges - 1] : NULL;

            if (last != NULL && last->end == at && last->kind == kind) {
                last->end = next;
            } else if (boot->ranges == BOOT_MAX_RANGES) {
                return false;
            } else {
                boot->range[boot->ranges++] =
                    (struct boot_range){ .start = at, .end = next, .kind = kind };
            }
        }
        at = next;
    }
    return true;
}

bool memmap_is_ram(const struct boot_info *boot, kpa_t start, kpa_t end)
{
    if (start >= end) {
        return start == end;
    }
    for (unsigned i = 0; i < boot->ranges; i++) {
        const struct boot_range *r = &boot->range[i];

        if (r->kind == BOOT_RAM && r->start <= start && end <= r->end) {
            return true; /* neighbours of one kind are joined: one range must do */
        }
    }
    return false;
}
