/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Work that is held against a model; see check.h.
 */
#include "check.h"

#define FLYING 24u  /* requests under way */
#define LONGEST 24u /* blocks of one */
#define WORDS (RAMDISK_BLOCK / 8)

uint64_t number(struct numbers *n)
{
    n->state ^= n->state << 13;
    n->state ^= n->state >> 7;
    n->state ^= n->state << 17;
    return n->state;
}

uint32_t number_below(struct numbers *n, uint32_t end)
{
    return (uint32_t)((number(n) >> 16) % end);
}

/* Word i of a block. */
static uint64_t word_of(uint64_t block, uint32_t version, unsigned i)
{
    return version == 0 ? 0 : (block << 40 ^ (uint64_t)version << 8 ^ i) * 0x9e3779b97f4a7c15ull;
}

void fill_block(void *to, uint64_t block, uint32_t version)
{
    uint64_t *word = to;

    for (unsigned i = 0; i < WORDS; i++) {
        word[i] = word_of(block, version, i);
    }
}

bool block_is(const void *from, uint64_t block, uint32_t version)
{
    const uint64_t *word = from;
    uint64_t wrong = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        wrong |= word[i] ^ word_of(block, version, i);
    }
    return wrong == 0;
}

uint32_t record_length(uint64_t i)
{
    return (uint32_t)(word_of(i, 1, 0) >> 32) % 1200;
}

void record_make(void *record, uint64_t i)
{
    uint8_t *byte = record;

    for (uint32_t at = 0; at < record_length(i); at++) {
        byte[at] = (uint8_t)((i + at) * 37);
    }
}

bool record_is(const void *record, uint32_t length, uint64_t i)
{
    const uint8_t *byte = record;
    bool right = length == record_length(i);

    for (uint32_t at = 0; right && at < length; at++) {
        right = byte[at] == (uint8_t)((i + at) * 37);
    }
    return right;
}

struct disk_plan session_plan(const char *device, uint32_t registers, uint32_t bits, uint32_t depth,
                              uint32_t buffer)
{
    return (struct disk_plan){ .device = lk_cap(device),
                               .bank = lk_cap("bank"),
                               .space = lk_cap("space"),
                               .discrim = lk_cap("discrim"),
                               .registers = registers,
                               .bits = bits,
                               .depth = depth,
                               .buffer = buffer,
                               .period = 50 * LK_NSEC_PER_MSEC };
}

/* A request under way, and its data. */
struct flight {
    struct disk_io io;
    bool flies;
    uint32_t version;
    uint64_t data[LONGEST * WORDS];
};

static struct flight flight[FLYING];
static bool busy[MODEL_BLOCKS]; /* blocks of requests that are under way */

static void set_busy(const struct disk_io *io, bool on)
{
    for (uint32_t i = 0; i < io->count; i++) {
        busy[io->block + i] = on;
    }
}

static bool any_busy(uint64_t block, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (busy[block + i]) {
            return true;
        }
    }
    return false;
}

/* The blocks that a request read are as in the model. */
static bool read_right(const struct model *m, const struct flight *f)
{
    for (uint32_t i = 0; i < f->io.count; i++) {
        if (!block_is(f->data + i * WORDS, f->io.block + i, m->version[f->io.block + i])) {
            say("block %lu is not of version %u", f->io.block + i, m->version[f->io.block + i]);
            return false;
        }
    }
    return true;
}

/* One that is done: does it fit? */
static bool land(struct model *m, struct flight *f)
{
    f->flies = false;
    set_busy(&f->io, false);
    if (f->io.status != STATUS_OK || f->io.blocks != f->io.count) {
        say("request of kind %d for %u blocks at %lu: %s", f->io.what, f->io.count, f->io.block,
            lk_status_text(f->io.status));
        return false;
    }
    if (f->io.what == RAMDISK_WHAT_READ) {
        return read_right(m, f);
    }
    for (uint32_t i = 0; f->io.what != RAMDISK_WHAT_FLUSH && i < f->io.count; i++) {
        m->version[f->io.block + i] = f->version;
    }
    return true;
}

/* A new one, at random. False: its blocks are busy, or there is no room. */
static bool start(struct model *m, struct disk *disk, struct numbers *n, struct flight *f)
{
    static const enum ramdisk_what kinds[16] = {
        RAMDISK_WHAT_READ,    RAMDISK_WHAT_READ,  RAMDISK_WHAT_READ,    RAMDISK_WHAT_READ,
        RAMDISK_WHAT_READ,    RAMDISK_WHAT_READ,  RAMDISK_WHAT_READ,    RAMDISK_WHAT_WRITE,
        RAMDISK_WHAT_WRITE,   RAMDISK_WHAT_WRITE, RAMDISK_WHAT_WRITE,   RAMDISK_WHAT_WRITE,
        RAMDISK_WHAT_DISCARD, RAMDISK_WHAT_FLUSH, RAMDISK_WHAT_DISCARD, RAMDISK_WHAT_WRITE,
    };
    uint32_t count = 1 + number_below(n, LONGEST);
    uint64_t block = number_below(n, MODEL_BLOCKS - count);

    f->io = (struct disk_io){ .what = kinds[number_below(n, 16)],
                              .barrier = number_below(n, 16) == 0,
                              .block = block,
                              .count = count,
                              .data = f->data,
                              .context = f };
    if (f->io.what == RAMDISK_WHAT_FLUSH) {
        f->io.block = f->io.count = 0;
    }
    if (any_busy(f->io.block, f->io.count)) {
        return false;
    }
    f->version = f->io.what == RAMDISK_WHAT_WRITE ? ++m->last : 0;
    for (uint32_t i = 0; f->io.what == RAMDISK_WHAT_WRITE && i < count; i++) {
        fill_block(f->data + i * WORDS, block + i, f->version);
    }
    f->flies = disk_submit(disk, &f->io) == STATUS_OK;
    if (f->flies) {
        set_busy(&f->io, true);
    }
    return f->flies;
}

bool model_work(struct model *m, struct disk *disk, struct numbers *n, uint32_t requests)
{
    bool right = true;

    while (right && requests > 0 && disk->over == STATUS_OK) {
        for (unsigned i = 0; i < FLYING && requests > 0; i++) {
            requests -= !flight[i].flies && start(m, disk, n, &flight[i]);
        }
        for (struct disk_io *io = disk_wait(disk); io != NULL; io = disk_next(disk)) {
            right = land(m, io->context) && right;
        }
    }
    for (struct disk_io *io = disk_wait(disk); io != NULL; io = disk_wait(disk)) {
        right = land(m, io->context) && right;
    }
    return right && disk->over == STATUS_OK;
}

bool model_holds(const struct model *m, struct disk *disk)
{
    static uint64_t data[MODEL_BLOCKS * WORDS];

    if (disk_read(disk, 0, MODEL_BLOCKS, data) != STATUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < MODEL_BLOCKS; i++) {
        if (!block_is(data + i * WORDS, i, m->version[i])) {
            say("block %u is not of version %u", i, m->version[i]);
            return false;
        }
    }
    return true;
}
