/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The stage: who plays in this scenario, and what each file offers the others. See main.c.
 */
#pragma once

#include "../lib/sys.h"

/* ---- What is counted: state of T x kind of event x place. ---- */
enum state {
    S_CLOSED,   /* in the closed wait of a call */
    S_RUNNING,  /* has the CPU */
    S_READY,    /* could run; another has the CPU */
    S_BLOCKED,  /* blocked sending */
    S_SLEEPING, /* in Sleep.sleepUntil */
    S_FAULTED,  /* stopped by a fault, its handler told */
    S_OPEN,     /* in an open wait */
    S_STRING,   /* a string of 64 KiB is on its way to it or from it */
    STATES
};
enum kind {
    K_PLAIN,    /* plain notice bits */
    K_PREEMPT,  /* preempting notice bits */
    K_CALL,     /* a call through a ProxyEntry */
    K_ONEWAY,   /* a blocking send through it that asks for no answer */
    K_NONBLOCK, /* a non-blocking send through it */
    K_SUSPEND,  /* hold 1 set and cleared */
    K_LOOK,     /* everything read that can be read */
    K_HELD_END, /* what T waits for comes while T is held */
    K_TIMED,    /* preempting bits from the clock */
    K_RHOLD,    /* R is held, bits are posted, R is let go */
    KINDS
};
enum place {
    P_USER,    /* at a user instruction of a stub: T's, or of the one who ends what T is in */
    P_ACQUIRE, /* at an acquire point of a system call that is thrown away there */
    P_WAIT,    /* while T waits in the kernel and nobody does anything */
    P_HELD,    /* while T is held */
    P_DEFER,   /* while T defers */
    PLACES
};

/* cells.c */
const char *cell_senseless(enum state s, enum kind k, enum place p); /* why, or NULL */
void cells_reset(void);
void cell_hit(enum state s, enum kind k, enum place p);
/* The cell that makes sense and was hit least; how often, as it counts (cells.c, worth()). */
uint64_t cell_least(struct rng *r, enum state *s, enum kind *k, enum place *p);
/* Any that makes sense. */
void cell_any(struct rng *r, enum state *s, enum kind *k, enum place *p);
void cells_print(void);
const char *state_name(enum state s);
const char *kind_name(enum kind k);
const char *place_name(enum place p);

/* ---- Programs of T and W (target.S): rdi a row of messages, ebx how many. ---- */
extern char armed_list[];        /* invokes each */
extern char armed_defer[];       /* the same inside a critical section; r13 the control word */
extern char armed_break[];       /* a breakpoint first */
extern char armed_defer_break[]; /* the same inside a critical section */
extern char armed_lowered[], armed_yield[]; /* the end of the section, up to its system call */
extern char armed_end[]; /* where all of them end; saves the FPU at r12 if r14 is odd */

/* What the storm's client keeps in its registers over a call. */
struct keep {
    uint64_t callee[6];                                  /* rbx, rbp, r12..r15, as given */
    uint64_t after[6];                                   /* as found */
    uint8_t fpu[512] __attribute__((aligned(16)));       /* FXSAVE image given */
    uint8_t fpu_after[512] __attribute__((aligned(16))); /* and found */
};
enum status canary_call(struct lk_msg *m, struct keep *k);
/* The same with the FPU left alone: k->fpu is neither loaded nor looked at. */
enum status canary_call_plain(struct lk_msg *m, struct keep *k);
/* Other values into the FPU registers of whoever calls this. */
void spoil_fpu(uint64_t seed);

/* ---- The control word: one page of the case, where everybody can see it. ---- */
#define CONTROL_VA (WINDOW_VA + 0x4000000ull)
static inline volatile uint8_t *control_word(void)
{
    uintptr_t at = CONTROL_VA;

    __asm__("" : "+r"(at));
    return (volatile uint8_t *)at;
}

/* ---- Endpoint IDs, payloads. ---- */
#define Q_ID 77 /* R receives what is proxied here */
#define PROXY_PAYLOAD 0x5107
#define SERVER_ID 3
#define EVENT_BITS 0xffffu /* that notices of this scenario may have */

/* ---- Numbers that a message carries, so that none can be taken for another. ---- */
#define NUMBER_ANSWER 0x414e535745520000ull /* answer to n is n ^ this */

/* ---- Images of the FPU (fpu.c). ---- */
#define FPU_IMAGE 512
void fpu_canary(uint8_t image[FPU_IMAGE], uint64_t seed);
bool fpu_same(const uint8_t a[FPU_IMAGE], const uint8_t b[FPU_IMAGE]);

/* ---- How many rounds this run makes, and how often it hits each cell at least (main.c). ---- */
#define DIRECTED_PERCENT 20
#define STORM_PERCENT 35 /* each of two */
#define SECTION_PERCENT 10
uint64_t share_of_rounds(uint64_t percent);
uint64_t share_of_cell(void);
