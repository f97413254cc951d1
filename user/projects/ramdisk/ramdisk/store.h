/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: where the blocks are. Pages of the bank stand in a window of the address space, one for
 * each PAGE bytes of the disk that has something in it. Nothing here knows who asks: blocks are
 * those of the whole disk, and in range.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

#define STORE_PAGES_MOST 65536u /* 256 MiB: as much as there are addresses for */

/* Begin, empty, with so many blocks. OUT_OF_RANGE: too many, none, or no whole pages. */
enum status store_begin(uint64_t blocks);

/* Blocks of the disk. */
uint64_t store_blocks(void);

/* Of `count` blocks from `block` on, those that stand in the same page as the first: the piece that
 * the three functions below work on. */
uint32_t store_piece(uint64_t block, uint32_t count);

/* Copy a piece out. What was never written is zeros. */
void store_read(uint64_t block, uint32_t count, void *to);

/* Copy a piece in. NO_MEMORY: there is no page for it, and nothing has changed. */
enum status store_write(uint64_t block, uint32_t count, const void *from);

/* Make a piece zeros. A whole page of them is given back. */
void store_discard(uint64_t block, uint32_t count);

/* Of `count` blocks from `block` on, how many at the beginning are in no page, so that there is
 * nothing to discard? Looks at STORE_LOOK pages at most. */
#define STORE_LOOK 256u
uint32_t store_absent(uint64_t block, uint32_t count);

/* How many pages the blocks take up. */
uint64_t store_used(uint64_t block, uint64_t count);
