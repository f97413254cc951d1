/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A small cache of a disk's pages, with write-back: bytes at any place, few requests. What was
 * written is at the device when cache_flush() has come back, and may be there earlier, in any
 * order. The lines, and the memory for them, are the caller's. It and its disk are one thread's,
 * and what goes past it to the same pages it does not see.
 */
#pragma once

#include "disk.h"

/* A page of the disk. */
struct cache_line {
    uint64_t page;
    uint64_t used; /* when it was used last; 0: there is nothing in it */
    uint8_t dirty; /* a bit for each block that is not yet at the device */
    uint8_t data[RAMDISK_PAGE];
};

/* A cache. */
struct cache {
    struct disk *disk;
    struct cache_line *line;
    uint32_t count;
    uint64_t clock;
    uint64_t hits, misses;
};

/* Begin with `count` lines, 1 or more. */
void cache_begin(struct cache *cache, struct disk *disk, struct cache_line *lines, uint32_t count);

/* Bytes at `at`, counted from the beginning of the disk. Errors as disk_read() and disk_write(): a
 * line that cannot be written stays as it is. */
enum status cache_read(struct cache *cache, uint64_t at, void *to, size_t size);
enum status cache_write(struct cache *cache, uint64_t at, const void *from, size_t size);

/* Write all that is dirty, at once, and wait until the device has it. */
enum status cache_flush(struct cache *cache);
