/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A cache of a disk's pages; see cache.h. The line that was used longest ago makes room.
 */
#include "cache.h"

#include <lykos/string.h>

#define PER_PAGE (RAMDISK_PAGE / RAMDISK_BLOCK)
#define AT_ONCE 16u /* lines that are written at a time */

_Static_assert(PER_PAGE == 8, "`dirty` has a bit for each block of a page");

void cache_begin(struct cache *c, struct disk *disk, struct cache_line *lines, uint32_t count)
{
    *c = (struct cache){ .disk = disk, .line = lines, .count = count };
    for (uint32_t i = 0; i < count; i++) {
        lines[i].used = 0;
        lines[i].dirty = 0;
    }
}

/* The dirty blocks of a line, from the first to the last: those between are as at the device. */
static struct disk_io write_of(struct cache_line *line)
{
    uint32_t first = (uint32_t)__builtin_ctz(line->dirty);
    uint32_t last = 31 - (uint32_t)__builtin_clz(line->dirty);

    return (struct disk_io){ .what = RAMDISK_WHAT_WRITE,
                             .block = line->page * PER_PAGE + first,
                             .count = last - first + 1,
                             .data = line->data + first * RAMDISK_BLOCK };
}

static enum status clean(const struct cache *c, struct cache_line *line)
{
    enum status s = STATUS_OK;

    if (line->dirty != 0) {
        struct disk_io io = write_of(line);

        s = disk_write(c->disk, io.block, io.count, io.data);
        line->dirty = s == STATUS_OK ? 0 : line->dirty;
    }
    return s;
}

static struct cache_line *find(const struct cache *c, uint64_t page)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->line[i].used != 0 && c->line[i].page == page) {
            return &c->line[i];
        }
    }
    return NULL;
}

static struct cache_line *oldest(const struct cache *c)
{
    struct cache_line *found = &c->line[0];

    for (uint32_t i = 1; i < c->count; i++) {
        if (c->line[i].used < found->used) {
            found = &c->line[i];
        }
    }
    return found;
}

/* The line with a page. `whole`: all of it will be written, so it need not be read. */
static enum status line_of(struct cache *c, uint64_t page, bool whole, struct cache_line **out)
{
    struct cache_line *line = find(c, page);
    enum status s = STATUS_OK;

    c->hits += line != NULL;
    if (line == NULL) {
        c->misses++;
        line = oldest(c);
        s = clean(c, line);
        if (s == STATUS_OK) {
            line->used = 0;
            line->page = page;
            s = whole ? STATUS_OK : disk_read(c->disk, page * PER_PAGE, PER_PAGE, line->data);
        }
    }
    if (s == STATUS_OK) {
        line->used = ++c->clock;
    }
    *out = line;
    return s;
}

/* Bytes of the page at `at`, of `size`. */
static size_t piece_of(uint64_t at, size_t size)
{
    size_t most = RAMDISK_PAGE - at % RAMDISK_PAGE;

    return size < most ? size : most;
}

static bool in_range(const struct cache *c, uint64_t at, size_t size)
{
    uint64_t end = c->disk->blocks * RAMDISK_BLOCK;

    return at <= end && size <= end - at;
}

enum status cache_read(struct cache *c, uint64_t at, void *to, size_t size)
{
    enum status s = in_range(c, at, size) ? STATUS_OK : STATUS_OUT_OF_RANGE;
    uint8_t *out = to;

    while (s == STATUS_OK && size > 0) {
        size_t piece = piece_of(at, size);
        struct cache_line *line;

        s = line_of(c, at / RAMDISK_PAGE, false, &line);
        if (s == STATUS_OK) {
            memcpy(out, line->data + at % RAMDISK_PAGE, piece);
        }
        at += piece;
        out += piece;
        size -= piece;
    }
    return s;
}

enum status cache_write(struct cache *c, uint64_t at, const void *from, size_t size)
{
    enum status s = in_range(c, at, size) ? STATUS_OK : STATUS_OUT_OF_RANGE;
    const uint8_t *in = from;

    if (s == STATUS_OK && c->disk->read_only) {
        s = RAMDISK_READ_ONLY;
    }
    while (s == STATUS_OK && size > 0) {
        uint32_t start = (uint32_t)(at % RAMDISK_PAGE);
        size_t piece = piece_of(at, size);
        struct cache_line *line;

        s = line_of(c, at / RAMDISK_PAGE, piece == RAMDISK_PAGE, &line);
        if (s == STATUS_OK) {
            uint32_t last = (start + (uint32_t)piece - 1) / RAMDISK_BLOCK;

            memcpy(line->data + start, in, piece);
            line->dirty |= (uint8_t)((2u << last) - (1u << start / RAMDISK_BLOCK));
        }
        at += piece;
        in += piece;
        size -= piece;
    }
    return s;
}

/* Up to AT_ONCE dirty lines from *next on are submitted, and waited for. */
static enum status flush_some(const struct cache *c, uint32_t *next)
{
    struct disk_io io[AT_ONCE];
    struct cache_line *line[AT_ONCE];
    enum status result = STATUS_OK;
    uint32_t n = 0;

    for (; *next < c->count && n < AT_ONCE && result == STATUS_OK; *next += result == STATUS_OK) {
        line[n] = &c->line[*next];
        if (line[n]->dirty == 0) {
            continue;
        }
        io[n] = write_of(line[n]);
        io[n].quiet = true;
        result = disk_submit(c->disk, &io[n]);
        n += result == STATUS_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        enum status s = disk_settle(c->disk, &io[i]);

        line[i]->dirty = s == STATUS_OK ? 0 : line[i]->dirty;
        result = s == STATUS_OK ? result : s;
    }
    if (result != STATUS_WOULD_BLOCK) {
        return result;
    }
    return n > 0 ? STATUS_OK : clean(c, &c->line[*next]); /* which waits until there is room */
}

enum status cache_flush(struct cache *c)
{
    enum status s = STATUS_OK;

    for (uint32_t next = 0; s == STATUS_OK && next < c->count;) {
        s = flush_some(c, &next);
    }
    return s == STATUS_OK ? disk_flush(c->disk) : s;
}
