/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A record store on a disk: records are put one behind another, and what was there at the last
 * log_sync() is there after whatever happened to this program. Each record has a checksum that goes
 * on from that of the one before it; the log ends with the last whose checksum is right. So what a
 * program wrote behind that, before it was killed, is never taken for a part of it, also when it
 * comes to lie behind a new record.
 */
#pragma once

#include "cache.h"

#define LOG_RECORD_MOST 2048u /* bytes */

/* A log. */
struct log {
    struct cache *cache;
    uint64_t end;   /* bytes */
    uint64_t count; /* records */
    uint32_t sum;   /* of the last one */
};

/* Where somebody reads; all zero: at the beginning. */
struct log_place {
    uint64_t at, count;
    uint32_t sum;
};

/* Find the end of the log on the disk of a cache. Zeros are an empty log. */
enum status log_open(struct log *log, struct cache *cache);

/* Put a record behind the others. EXHAUSTED: the disk is full. OUT_OF_RANGE: it is too long. */
enum status log_append(struct log *log, const void *record, uint32_t length);

/* What was appended is there for good when this has come back. */
enum status log_sync(struct log *log);

/* The next record, which `record` has LOG_RECORD_MOST bytes of room for. NOT_FOUND: there is none.
 */
enum status log_next(struct log *log, struct log_place *place, void *record, uint32_t *length);
