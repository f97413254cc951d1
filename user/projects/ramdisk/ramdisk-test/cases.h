/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-test: what its files share.
 */
#pragma once

#include <libcheck/check.h>

#define WORDS_EACH (RAMDISK_BLOCK / 8)
#define BIT_DISK 1u
#define REG_DISK LK_REG_SCRATCH                     /* a session's */
#define REG_OTHER (LK_REG_SCRATCH + DISK_REGISTERS) /* a partition */
#define REG_MATE (REG_OTHER + 1)                    /* controls a program */

extern struct disk disk;
extern struct numbers numbers;
extern uint64_t data[MODEL_BLOCKS * WORDS_EACH];

/* A case. */
void check(const char *name, bool holds);

/* Pages of the disk that are in use. */
uint64_t pages_used(void);

/* Partitions one and two, or two alone, are zeros. */
enum status discard_all(void);
enum status discard_two(void);

/* A session in `disk`. */
void session(const char *device, uint32_t depth, uint32_t buffer);

/* Start another program, with a number behind its arguments, and wait for its end: was it well? */
void start_mate(const char *what, uint64_t seed);
bool mate_is_well(uint64_t seed);

/* Clients that mean no good. The model is that of partition one, which they must not change. */
void hostile_cases(const struct model *model);
