/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The way by which a stopped process came to where it is: its return addresses, found by following
 * the frame pointers on its stack, which init reads through the process's own space.
 */
#pragma once

#include "instances.h"

/* A place on that way. */
struct frame {
    uint64_t address; /* 0: there is no more; else where it goes on */
    uint64_t stack;   /* its stack begins here, ... */
    uint64_t limit;   /* no stack goes beyond */
    uint64_t pointer; /* ... and here stand the frame pointer and return address of its caller */
    unsigned number;  /* 0: the innermost */
    bool just_called; /* the function may have no frame of its own */
};

/* The frame of a process of instance `i` that stands with these registers. What was read of the
 * memory of another is forgotten (peek.h). */
struct frame trace_begin(uint32_t i, const struct lk_regs *regs);

/* To the caller's frame; the process is in register `process`. Its memory is foreign: what is no
 * return address ends the way. Uses REG_CHILD and the scratch window. */
void trace_up(uint32_t i, uint32_t process, struct frame *f);

/* How many frames there are, counted up to TRACE_MOST. */
#define TRACE_MOST 100000u
unsigned trace_depth(uint32_t i, uint32_t process, const struct lk_regs *regs);
