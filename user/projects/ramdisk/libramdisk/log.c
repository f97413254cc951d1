/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A record store on a disk; see log.h.
 */
#include "log.h"

#include <lykos/string.h>

#define LOG_MAGIC 0x4c4f4752u

/* In front of each record. */
struct header {
    uint32_t magic;
    uint32_t length;
    uint64_t number;
    uint32_t sum; /* of length, number and the record, going on from the one before */
};

/* CRC-32, four bits at a time. */
static uint32_t crc(uint32_t sum, const void *data, size_t size)
{
    static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                        0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
    const uint8_t *bytes = data;

    sum = ~sum;
    for (size_t i = 0; i < size; i++) {
        sum = table[(sum ^ bytes[i]) & 15] ^ sum >> 4;
        sum = table[(sum ^ bytes[i] >> 4) & 15] ^ sum >> 4;
    }
    return ~sum;
}

static uint32_t sum_of(uint32_t before, const struct header *h, const void *record)
{
    uint32_t sum = crc(before, &h->length, sizeof(h->length));

    sum = crc(sum, &h->number, sizeof(h->number));
    return crc(sum, record, h->length);
}

static uint64_t disk_end(const struct log *log)
{
    return log->cache->disk->blocks * RAMDISK_BLOCK;
}

/* The record at a place, whether or not the log goes so far. */
static enum status look(const struct log *log, struct log_place *place, void *record,
                        uint32_t *length)
{
    uint64_t left = disk_end(log) - place->at;
    struct header h;
    enum status s;

    if (left < sizeof(h)) {
        return STATUS_NOT_FOUND;
    }
    s = cache_read(log->cache, place->at, &h, sizeof(h));
    if (s != STATUS_OK) {
        return s;
    }
    if (h.magic != LOG_MAGIC || h.number != place->count || h.length > LOG_RECORD_MOST ||
        h.length > left - sizeof(h)) {
        return STATUS_NOT_FOUND;
    }
    s = cache_read(log->cache, place->at + sizeof(h), record, h.length);
    if (s == STATUS_OK && sum_of(place->sum, &h, record) != h.sum) {
        s = STATUS_NOT_FOUND;
    }
    if (s == STATUS_OK) {
        *place = (struct log_place){ place->at + sizeof(h) + h.length, place->count + 1, h.sum };
        *length = h.length;
    }
    return s;
}

enum status log_open(struct log *log, struct cache *cache)
{
    uint8_t record[LOG_RECORD_MOST];
    struct log_place place = { 0 };
    uint32_t length;
    enum status s;

    *log = (struct log){ .cache = cache };
    do {
        s = look(log, &place, record, &length);
    } while (s == STATUS_OK);
    log->end = place.at;
    log->count = place.count;
    log->sum = place.sum;
    return s == STATUS_NOT_FOUND ? STATUS_OK : s;
}

enum status log_append(struct log *log, const void *record, uint32_t length)
{
    struct header h = { .magic = LOG_MAGIC, .length = length, .number = log->count };
    enum status s;

    if (length > LOG_RECORD_MOST) {
        return STATUS_OUT_OF_RANGE;
    }
    if (disk_end(log) - log->end < sizeof(h) + length) {
        return STATUS_EXHAUSTED;
    }
    h.sum = sum_of(log->sum, &h, record);
    s = cache_write(log->cache, log->end, &h, sizeof(h));
    if (s == STATUS_OK) {
        s = cache_write(log->cache, log->end + sizeof(h), record, length);
    }
    if (s == STATUS_OK) {
        log->end += sizeof(h) + length;
        log->count++;
        log->sum = h.sum;
    }
    return s;
}

enum status log_sync(struct log *log)
{
    return cache_flush(log->cache);
}

enum status log_next(struct log *log, struct log_place *place, void *record, uint32_t *length)
{
    return place->count < log->count ? look(log, place, record, length) : STATUS_NOT_FOUND;
}
