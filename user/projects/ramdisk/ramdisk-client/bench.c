/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-client: what reading and writing takes; see bench.h.
 */
#include "bench.h"

#include <lykos/lykos.h>

#define ROUNDS 64u
#define BATCH 32u
#define PAGE_BLOCKS (RAMDISK_PAGE / RAMDISK_BLOCK)

static uint64_t data[RAMDISK_PAGE / 8];
static uint8_t *part; /* of the buffer: nothing is copied on this side */

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* ROUNDS times, each of so many pages. */
static void measure(const char *name, struct disk *disk, bool (*once)(struct disk *, uint32_t i),
                    uint32_t pages)
{
    uint64_t start;
    bool right = once(disk, 0);

    start = ticks();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        right = once(disk, i) && right;
    }
    say("%-28s %6lu each%s", name, (ticks() - start) / ROUNDS / pages, right ? "" : ", and WRONG");
}

static bool read_single(struct disk *disk, uint32_t i)
{
    return disk_read(disk, (uint64_t)i * PAGE_BLOCKS, PAGE_BLOCKS, data) == STATUS_OK;
}
static bool read_in_place(struct disk *disk, uint32_t i)
{
    return disk_read(disk, (uint64_t)i * PAGE_BLOCKS, PAGE_BLOCKS, part) == STATUS_OK;
}
static bool write_single(struct disk *disk, uint32_t i)
{
    return disk_write(disk, (uint64_t)i * PAGE_BLOCKS, PAGE_BLOCKS, data) == STATUS_OK;
}
static bool read_block(struct disk *disk, uint32_t i)
{
    return disk_read(disk, i, 1, part) == STATUS_OK;
}
static bool flush(struct disk *disk, uint32_t i)
{
    (void)i;
    return disk_flush(disk) == STATUS_OK;
}
static bool read_message(struct disk *disk, uint32_t i)
{
    (void)disk;
    return ramdisk_read(lk_cap("disk"), (uint64_t)i * PAGE_BLOCKS, PAGE_BLOCKS, data, sizeof(data),
                        NULL) == STATUS_OK;
}
static bool discard(struct disk *disk, uint32_t i)
{
    return disk_discard(disk, (uint64_t)i * PAGE_BLOCKS, PAGE_BLOCKS) == STATUS_OK;
}

/* BATCH pages at once, from and to the buffer. */
static bool batch(struct disk *disk, enum ramdisk_what what)
{
    static struct disk_io io[BATCH];
    bool right = true;

    for (uint32_t i = 0; i < BATCH; i++) {
        io[i] = (struct disk_io){ .what = what,
                                  .block = (uint64_t)i * PAGE_BLOCKS,
                                  .count = PAGE_BLOCKS,
                                  .data = part + (size_t)i * RAMDISK_PAGE };
        right = disk_submit(disk, &io[i]) == STATUS_OK && right;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        const struct disk_io *done = disk_wait(disk);

        right = right && done != NULL && done->status == STATUS_OK;
    }
    return right;
}
static bool read_batch(struct disk *disk, uint32_t i)
{
    (void)i;
    return batch(disk, RAMDISK_WHAT_READ);
}
static bool write_batch(struct disk *disk, uint32_t i)
{
    (void)i;
    return batch(disk, RAMDISK_WHAT_WRITE);
}

static bool copy(struct disk *disk, uint32_t i)
{
    (void)disk, (void)i;
    memcpy(part, data, sizeof(data));
    __asm__ volatile("" : : "r"(part) : "memory");
    return true;
}

int bench(struct disk *disk)
{
    part = disk_buffer(disk, BATCH * PAGE_BLOCKS);
    if (part == NULL) {
        return 1;
    }
    disk_discard(disk, 0, (uint64_t)ROUNDS * PAGE_BLOCKS);
    measure("first write of 4 KiB", disk, write_single, 1);
    measure("write of 4 KiB", disk, write_single, 1);
    measure("read of 4 KiB", disk, read_single, 1);
    measure("read of 4 KiB in place", disk, read_in_place, 1);
    measure("read of a block in place", disk, read_block, 1);
    measure("flush", disk, flush, 1);
    measure("read of 4 KiB by message", disk, read_message, 1);
    measure("read of 4 KiB, 32 at once", disk, read_batch, BATCH);
    measure("write of 4 KiB, 32 at once", disk, write_batch, BATCH);
    measure("copy of 4 KiB", disk, copy, 1);
    measure("discard of 4 KiB", disk, discard, 1);
    return 0;
}
