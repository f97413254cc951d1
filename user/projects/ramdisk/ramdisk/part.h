/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: partitions, and what an Entry's payload means.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

/* A partition: blocks of the disk. */
struct part {
    bool there;
    uint64_t number; /* as in payloads; used once */
    uint64_t first, blocks;
};

/* Partition 0 is the whole disk; those that the description names by params follow one another. */
enum status part_begin(void);

/* The partition that an Entry of this payload leads to; NULL: none. */
struct part *part_of(uint64_t payload);

/* Is it a facet to read only? */
bool part_read_only(uint64_t payload);

/* Is this the whole disk, to be written? */
bool part_is_whole(uint64_t payload);

/* The payload of an Entry to it. */
uint64_t part_payload(const struct part *part, bool read_only);

/* Make one. EXHAUSTED: there are RAMDISK_PARTS. */
enum status part_make(uint64_t first, uint64_t blocks, struct part **out);

/* The partition of this number, not one of the description; NULL: there is none. */
struct part *part_made(uint64_t number);
