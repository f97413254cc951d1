/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The oracle and what watches over it. T is the oracle itself, a process that receives questions,
 * thinks, and answers. R is the notice handler of T: a thread in the same memory, more urgent than
 * T, with capability registers of its own.
 *
 * main.c is given; watch.c is the exercise.
 */
#pragma once

#include <lykos/preempt.h>
#include <lykos/time.h>

#define WATCH_LIMIT_MSEC 2u                /* a question has so long */
#define WATCH_BOUND (3 * LK_NSEC_PER_MSEC) /* so long T may defer */
#define WATCH_BIT (1u << 31)               /* preempting notice bit: the time is over */

/* Capability registers of T. */
#define T_CLIENT 24u     /* reply capability of the client whose question this is */
#define T_R_ENDPOINT 28u /* Endpoint on which R receives */
#define T_WORK 29u       /* anything, for a moment */

/* Capability registers of R. */
#define R_TARGET 24u /* and three more, which lk_handler_run() uses */
#define R_REPLY 28u
#define R_CLIENT 29u /* for you */
#define R_WORK 30u   /* for you */

/* ---- watch.c ---- */

/* In T, before R begins and before the first question: R becomes the handler of T, and the kernel
 * is told of T's control word. */
void watch_init(void);

/* R: its program. */
void watch_run(void *unused);

/* In T: a question has come, its client is in T_CLIENT; it has been thought over, and is about to
 * be answered. */
void watch_begin(void);
void watch_end(void);

/* In T: begin and end of the critical section. */
void watch_enter(void);
void watch_leave(void);

/* ---- main.c ---- */

/* T receives questions, for ever. `unused` makes it fit lk_target_redirect(). */
_Noreturn void oracle_serve(void *unused);

/* The stack pointer with which T began oracle_serve() the first time. */
extern uint64_t oracle_stack;
