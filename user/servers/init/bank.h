/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A simple bank: hands out runs of free frames of init's Range.
 *
 * init knows how much memory a program needs before it builds it, so each program gets one run of
 * frames, its purse, and everything it is made of comes from there. To destroy a program is then to
 * empty its purse, whatever the program may have made in its part of it, and nothing has to be
 * remembered object by object.
 */
#ifndef INIT_BANK_H
#define INIT_BANK_H

#include <abi/gen.h>
#include <stdbool.h>
#include <stdint.h>

/* Kinds of small objects, several of which share a frame. */
#define PURSE_KINDS 4

struct purse {
    uint64_t first, frames; /* the run; frames == 0: no purse */
    uint64_t used;          /* frames of it in use so far */
    struct {
        uint64_t frame; /* the frame of this kind being filled */
        uint64_t next, per_frame;
    } small[PURSE_KINDS];
};

/* Set the bank up. False: the Range does not answer as it must. */
bool bank_init(void);

/* How many frames `n` objects of a type fill. */
uint64_t bank_frames_for(uint64_t type, uint64_t n);

/* Take a run of frames, none of which is in use. False: there is no such run. */
bool bank_take(struct purse *p, uint64_t frames);

/* Destroy everything in the purse and give the frames back. */
void bank_give_back(struct purse *p);

/* Make an object from the purse, its capability into register `reg`. EXHAUSTED when the purse is
 * empty. */
enum status purse_fabricate(struct purse *p, uint64_t type, uint32_t reg);

/* A Range of the next `frames` frames of the purse into register `reg`. */
enum status purse_split(struct purse *p, uint64_t frames, uint32_t reg);

#endif
