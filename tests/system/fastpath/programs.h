/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs: processes that go on by themselves, one system call after the other, so that what
 * they leave in their registers is their own, and who runs when is up to the kernel alone. What
 * each line got, and when, is written over it.
 */
#pragma once

#include "acts.h"
#include "twice.h"

struct line {
    uint64_t control, w0, w1, id, lengths; /* became: rax, rdi, rsi, r8, r9 */
    uint64_t w2, ticket, unused;
};
#define LINE_END UINT64_MAX         /* as control word: a breakpoint, for ever */
#define LINE_FAULT (UINT64_MAX - 1) /* a breakpoint, and on */
#define LINE_SPIN (UINT64_MAX - 2)

#define ACTORS 4
#define LINES 16

/* Capability registers of each of them. */
#define G_PROCESS 1 /* 1..4 */
#define G_ENTRY 5   /* 5..8: of their endpoints */
#define G_GOT 9     /* 9..11: where they receive */
#define G_NOTICE 12 /* 12..15: to them; bits 0..7 */
#define G_PROXY 16  /* 16..19: ProxyEntries */
#define G_GIFT 20   /* a page */
#define G_MORE 21   /* 21 and up: what a case gives the first */
#define PROGRAM_ID 30

struct programs {
    struct line line[ACTORS][LINES];
    unsigned n; /* how many take part */
    unsigned priority[ACTORS];
    bool fpu[ACTORS], fs[ACTORS];
    bool late[ACTORS]; /* held: another lets it go */
    bool idle[ACTORS]; /* it must not run its first line at all */
    unsigned nudges;   /* how often one that waits is made to go on */
    /* What else is to be made, before they begin. */
    void (*more)(const obj *actor);
};

/* Play it with the fast path and without. The last actor's proxy receiver and fault handler is the
 * first, that of the others the next one. */
void programs_both(const struct programs *p);
