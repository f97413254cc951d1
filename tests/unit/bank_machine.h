/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A machine for the books of the space bank (user/servers/bank): frames, objects in them, registers
 * with capabilities. It can be cut off at any call and at any store to the books' truth; at any
 * such moment whoever has a Range that is live may make something in it, and no frame of it may be
 * anybody else's.
 */
#pragma once

/* The books are compiled with this. */
void machine_cut_point(void);
#define BANK_CUT_POINT() machine_cut_point()

#include "user/servers/bank/books.h"
#include "user/servers/bank/mem.h"
#include "user/servers/bank/state.h"
#include "user/servers/bank/tree.h"

#include <setjmp.h>

#define FRAMES_MOST 1024u
#define MACHINE_REGS 64u

struct machine_frame {
    uint64_t type, objects;
    uint32_t counts; /* that it may give out, until it is retired */
    uint32_t lent;   /* count of the Range that is lent from here on; 0: none */
    uint32_t count[64];
};

/* What a register holds: an object, or a range. A range with count 0 is not lent; one with a count
 * lives with what is lent from the frame `behind` frames before its own first. */
struct machine_cap {
    uint64_t type;
    uint64_t frame, index, frames;
    uint64_t behind;
    uint32_t count;
    uint64_t restrictions;
};

struct machine {
    uint32_t frames;
    bool lent;   /* all of it is lent to the bank, which can lend nothing */
    bool racing; /* holders of Ranges work whenever it could be cut off */
    struct machine_cap reg[MACHINE_REGS];
    struct machine_frame frame[FRAMES_MOST]; /* the first of them */
};
extern struct machine machine;

/* The state pages. */
extern uint64_t machine_pages[(FRAMES_MOST * 14 + 4096) / 8];

/* All frames free, registers empty, books not yet opened. */
void machine_begin(uint32_t frames);

/* Cut off the n-th time that it can be: longjmp() to machine_cut. 0: never. */
extern jmp_buf machine_cut;
extern uint64_t machine_cut_in;

/* A server that finds what one before it left: all that is not truth is garbage first. */
void machine_restart(void);

/* All that must be true of the books and the machine when nothing is being done. */
void machine_check(void);

/* Is the object that a register names still there? Is the range there, and not taken back? */
bool machine_live(const struct machine *m, const struct machine_cap *c);
bool machine_range_live(const struct machine *m, const struct machine_cap *c);

/* Part of the range in a register, to another. */
void machine_split(uint32_t range, uint64_t first, uint64_t frames, uint32_t reg);

/* Make something at random in a frame of a range that is live, if that is possible there. */
void machine_make_in(const struct machine_cap *range);

/* The books do all there is to do. The second, for books_work(): nobody is told of what is done. */
void machine_work(void);
void machine_ignore(job_t job);
