/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What processes of a play execute beside the one system call of a raw process: acts.S.
 */
#pragma once

#include <stdint.h>

/* These take a ticket, a number that tells who came when, into rcx, before their breakpoint. */
extern uint64_t act_tickets;
extern char act_syscall[]; /* behind a system call, as a raw process */
extern char act_ticket[];
extern char act_count[]; /* a breakpoint again and again; counts in rdi and r15 */
extern char act_read[];  /* reads at rdi, into al; then as act_count */
extern char act_write[]; /* writes al at rdi; then as act_count */
/* These fault again whenever they are resumed. */
extern char act_divide[], act_invalid[], act_protection[];
extern char act_sse[];       /* loads MXCSR from where rdi points, and divides by zero */
extern char act_jump[];      /* goes to rdi */
extern char act_malformed[]; /* a system call that makes no sense */
extern char act_waits[];     /* a breakpoint, and a system call with control word r10 */
/* The lines of a program from where rsp points on: struct line. */
extern char act_program[];
/* rbp times a system call with control word r10 and words 0 and 1 of act_request; what it left is
 * written where rsp points, ACT_LOGGED words each time. */
extern char act_handler[];
extern uint64_t act_request[2];
#define ACT_LOGGED 11
/* rbp system calls, from where rsp points on; each is written over by what it left. */
extern char act_calls[];
struct act_call {
    uint64_t control, w[4], id, payload, ticket;
};
/* rbp system calls; rsp points to control word, word 0, word 1 of each. */
extern char act_conductor[];
