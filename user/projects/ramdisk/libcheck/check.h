/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the test programs share: numbers from a seed, contents of blocks that can be told from one
 * another, a model of a disk, and the work that is held against it.
 */
#pragma once

#include <libramdisk/log.h>
#include <lykos/lykos.h>

/* Numbers that repeat: xorshift. The seed is not 0. */
struct numbers {
    uint64_t state;
};
uint64_t number(struct numbers *n);
/* One below `end`. */
uint32_t number_below(struct numbers *n, uint32_t end);

/* The contents of a block: of its number and a version. Version 0: zeros. */
void fill_block(void *block, uint64_t number, uint32_t version);
bool block_is(const void *block, uint64_t number, uint32_t version);

/* Record i of a log, whose length and contents follow from i; room for LOG_RECORD_MOST bytes. */
uint32_t record_length(uint64_t i);
void record_make(void *record, uint64_t i);
bool record_is(const void *record, uint32_t length, uint64_t i);

/* A session with the device of this name, with a buffer of so many pages. */
struct disk_plan session_plan(const char *device, uint32_t registers, uint32_t bits, uint32_t depth,
                              uint32_t buffer);

/* Where ramdisk-mate says in partition two that all was well, by the number it was given. */
#define MATE_BLOCK 2047u

#define MODEL_BLOCKS 1024u

/* What should stand in the first blocks of a disk. */
struct model {
    uint32_t version[MODEL_BLOCKS];
    uint32_t last; /* version that was given */
};

/* So many random requests, as many as possible under way, each answer held against the model. What
 * did not fit is said. */
bool model_work(struct model *model, struct disk *disk, struct numbers *numbers, uint32_t requests);

/* Is all as in the model? */
bool model_holds(const struct model *model, struct disk *disk);
