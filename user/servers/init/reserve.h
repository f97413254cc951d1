/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reserve: the frames that init keeps from the bank, for what must be there before the bank is,
 * and when it has to begin again: init's own objects, and the programs of the bank and the pager.
 *
 * It is one run of frames at the top of memory. Parts of it are purses, which are never given back,
 * but can be emptied and used again.
 */
#pragma once

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

/* Kinds of small objects that share frames. */
#define PURSE_KINDS 4

struct purse {
    uint64_t first;  /* frame */
    uint64_t frames; /* 0: no purse */
    uint64_t used;   /* frames, from the first on */
    struct {
        uint64_t frame; /* where the next object of this kind goes */
        uint64_t next, per_frame;
    } small[PURSE_KINDS];
};

/* Find out what the kernel has. False: it says nothing sensible. */
bool reserve_init(void);

/* Frames that `n` objects of a type take up. */
uint64_t reserve_frames_for(uint64_t type, uint64_t n);

/* Set the reserve up: the highest run of so many free frames. False: there is none. */
bool reserve_take(uint64_t frames);

/* A Range of all frames below the reserve, into register `reg`. */
enum status reserve_rest(uint32_t reg);

/* A purse of `frames` frames of the reserve. False: the reserve is used up. */
bool purse_open(struct purse *p, uint64_t frames);

/* Destroy everything in the purse; it can be used again. */
void purse_empty(struct purse *p);

/* Make an object from the purse, its capability into register `reg`. EXHAUSTED when it is empty. */
enum status purse_make(struct purse *p, uint64_t type, uint32_t reg);

/* A Range of the next `frames` frames of the purse into register `reg`. */
enum status purse_split(struct purse *p, uint64_t frames, uint32_t reg);
