/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A machine for the books of the space bank (user/servers/bank): frames, objects in them, registers
 * with capabilities. It can be cut off at any call and at any store to the books' truth.
 */
#ifndef BANK_MACHINE_H
#define BANK_MACHINE_H

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
    uint32_t count[64];
};

/* What a register holds: an object, or a range. */
struct machine_cap {
    uint64_t type;
    uint64_t frame, index, frames;
    uint32_t count;
    uint64_t restrictions;
};

struct machine {
    uint32_t frames;
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

/* Is what a register names still there? */
bool machine_live(const struct machine *m, const struct machine_cap *c);

/* The books do all there is to do. */
void machine_work(void);

#endif
