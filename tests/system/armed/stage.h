/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The directed part: one round at a time, led by the case itself, which has a higher priority than
 * T and W and a lower one than R and A. So whatever R and A can do is done when a system call of
 * the case returns; T and W move when the case calls the idler, and have done all they can when the
 * idler, of the lowest priority, answers.
 */
#pragma once

#include "armed.h"

/* Capability registers of the case. */
#define D_T R_A
#define D_W R_B
#define D_R R_C
#define D_PROXY R_D   /* ProxyEntry to T */
#define D_PREEMPT R_E /* AppNotice with the proxy bit to T */
#define D_PLAIN R_F   /* AppNotice to T */
#define D_ORDER_A R_G /* Entry of A */
#define D_ORDER_R R_H /* Entry of R, beside Q */
#define D_IDLE R_I    /* Entry of the idler */
#define D_REPLY R_J   /* T's reply endpoint */

#define PRIO_R 150
#define PRIO_A 145
#define PRIO_IDLE 20

/* Capability registers of T and W. */
#define C_SERVER 1  /* Entry of W */
#define C_SLEEP 2   /* the clock */
#define C_PROXY 3   /* T's own ProxyEntry */
#define C_PREEMPT 4 /* and notices */
#define C_PLAIN 5
#define C_T 6 /* Process T */
#define C_R 7 /* Process R */
#define C_SYSCTL 8
#define C_GOT 9     /* capability 0 of what is received */
#define C_TARGET 10 /* W: Entry of T's open wait */
#define C_EARLY 11  /* W: Entry of T's reply endpoint */

#define T_REPLY_ID 9
#define T_OPEN_ID 1
#define SERVER_PAYLOAD 0x517
#define OPEN_PAYLOAD 0x0be
#define STRING_BYTES LK_MAX_STRING

/* T or W: a raw process that runs the programs of target.S. */
#define ROW 6
struct actor {
    unsigned reg; /* of the case, with its Process */
    struct lk_msg row[ROW];
    unsigned count;       /* messages of the row */
    struct lk_regs given; /* with which it began */
    bool fpu;             /* its FPU is looked at */
    uint8_t fpu_given[FPU_IMAGE];
    uint8_t fpu_after[FPU_IMAGE] __attribute__((aligned(16)));
    uint8_t stack[512] __attribute__((aligned(16)));
};
extern struct actor target, partner;

/* Look at it: run state, registers, and so on. */
struct pstate actor_look(const struct actor *a);
bool at_end(const struct pstate *s);
/* The first message of a new row; one more. */
struct lk_msg *row_first(struct actor *a, uint64_t control, uint64_t w0, uint64_t w1);
struct lk_msg *row_next(struct actor *a, uint64_t control, uint64_t w0, uint64_t w1);
/* Let it run its row from this program. It is READY then, and has not run. */
void actor_go(struct actor *a, const char *program);
/* It has run to its end: every preserved register is as it was, and the FPU. */
void actor_intact(struct actor *a);
/* From now on its FPU is full of canaries. */
void actor_use_fpu(struct actor *a, uint64_t seed);
/* T and W do what they can. */
void settle(void);

/* ---- R ---- */
struct hand {
    /* Set by the case, read by R. */
    bool keep;          /* take what comes and leave T held until finish is ordered */
    bool busy;          /* waits for orders alone */
    bool answer_late;   /* clear the hold first, then answer */
    unsigned inject[3]; /* restart at this acquire point of fetch, answer, clear; 0: none */
    /* Set by R. */
    bool current;        /* T is held by a delivery */
    uint64_t count;      /* deliveries */
    uint64_t forced;     /* of these marked so */
    uint64_t number;     /* of the last message */
    uint64_t messages;   /* how many were messages */
    uint64_t bits;       /* of all notices */
    uint64_t reply_type; /* of what is in proxyReply */
    struct pstate look;  /* T, when it came */
    uint64_t wait;       /* its kind of wait then */
};
extern volatile struct hand hand;
enum order { ORDER_FINISH = 1, ORDER_BUSY, ORDER_BACK };
void order_r(enum order o);
void receiver(void *unused);

/* ---- A: sends through the ProxyEntry, blocking ---- */
struct poster {
    /* Set by the case. */
    uint64_t number;
    enum kind kind;
    unsigned inject; /* restart at this acquire point of the send */
    /* Set by A. */
    bool busy;
    uint64_t result, answer;
};
extern volatile struct poster poster;
void poster_main(void *unused);
void idler_main(void *unused);

/* Make all of them. */
void stage_new(void);

/* ---- Acquire points that were hit (points.c) ---- */
enum point {
    PT_CALL,
    PT_CALL_STRING,
    PT_REPLY,
    PT_REPLY_STRING,
    PT_ANSWER_SLEEPER,
    PT_SEND_OPEN,
    PT_RESUME,
    PT_POST,
    PT_POST_PROXY,
    PT_PROXY_CALL,
    PT_PROXY_ONEWAY,
    PT_PROXY_NONBLOCK,
    PT_FETCH,
    PT_ANSWER,
    PT_CLEAR,
    PT_SUSPEND,
    PT_RESUME_HOLD,
    PT_LOOK,
    POINTS
};
/* At which acquire point of such an operation the next restart is to be. */
unsigned point_next(enum point p);
/* It was asked for at `n`, and was made or not. */
void point_was(enum point p, unsigned n, bool hit);
/* How many are known. */
unsigned points_max(enum point p);
void points_reset(void);
void points_print(void);
/* Was every one hit, and are there as many as a string has pages? */
bool points_complete(void);
/* What became of the last injection. */
bool injected(enum point p, unsigned n);
