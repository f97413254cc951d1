/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Fuzzers, and the team of them that the case keeps going.
 */
#pragma once

#include "../lib/sys.h"

/* ---- What a fuzzer is (fuzzer.c): code that runs in spaces which have nothing but the text of
 * this program and a few pages for each fuzzer. ---- */

#define FUZZERS_MOST 8
#define AREA_VA 0x500000ull /* pages of fuzzer i: 16 from area_va(i) */
#define AREA_BYTES 0x10000ull
static inline uint64_t area_va(unsigned i)
{
    return AREA_VA + i * AREA_BYTES;
}

/* What stands where among the 16 pages. AREA_RW_3 begins with REGISTERS_MOST struct lk_regs. */
enum {
    AREA_CONTEXT,
    AREA_RW,
    AREA_RO,
    AREA_GAP,
    AREA_RW_2,
    AREA_RW_3,
    AREA_GAP_2,
    AREA_CAPS,
    AREA_WEAK
};

/* At the start of page AREA_CONTEXT; the stack comes down from its end. */
#define REGISTERS_MOST 23
#define STATUSES 16
struct context {
    uint64_t calls;
    uint64_t status[STATUSES]; /* of the results; the last: any other */
    uint64_t messages, notices, proxied;
};

/* Ports that it may have: where the firmware shows how far it is, harmless. */
#define PORT_FIRST 0x80u
#define PORT_LAST 0x8fu

#define FUZZER_FPU 1u /* bit of the seed: it uses the FPU, too */
_Noreturn void fuzzer_main(uint64_t seed, struct context *context);

/* A random invocation. What is random about it does not depend on anything but the numbers. */
void compose(struct rng *rng, struct lk_msg *m);

/* ---- The team (team.c): the fuzzers, their spaces, and all that they hold. ---- */

struct counts {
    uint64_t calls, status[STATUSES], messages, notices, proxied, faults, rebuilt, spaces, ticks,
        checks;
};
extern struct counts counts;

/* Once for each case: frames for all. */
void team_init(void);
/* Make a team from a seed; it does not run yet. */
void team_make(uint64_t seed);
/* Let it run, and keep it going, for so many ticks. */
void team_run(unsigned ticks);
/* The same with one invocation at a time, and the kernel's checks behind each. */
void team_step(unsigned steps);
/* Nobody holds what was never given; then destroy everything, in any order: nothing is left. */
void team_end(void);
