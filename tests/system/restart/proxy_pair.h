/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Preemption notification under restart injection: a target T with its receiver R, what may be in
 * the way of a notification, and the forms of a proxied send.
 */
#pragma once

#include "inject.h"

#define TARGET 1
#define REG_GOT 24 /* 24..27: where R receives */
#define BUFFER_VA (WINDOW_VA + 8 * PAGE - 1000)

/* T and what leads to it; made new for each run. */
extern struct proxy_pair {
    obj t, r, e, q, entry, proxy, notice;
} pair;

/* Make them; they are compared beside the subject. */
void make_pair(struct run *r);
/* R waits for anything, with a string. */
void r_waits(void);
/* T waits for ever, as in a call that nobody answers. */
void t_waits(void);

/* What is in the way when it is sent. */
enum obstacle {
    NOTHING,
    R_DOES_NOT_WAIT,
    R_HELD,
    T_HELD,
    T_DEFERS,
    NO_RECEIVER,
};

/* T is in its wait, R where the obstacle says; and what takes the obstacle away. */
void obstruct(enum obstacle o);
void clear_the_way(enum obstacle o);

/* How it is sent. */
struct form {
    const char *name;
    uint64_t shape;
    bool string, caps, stale, no_page;
};

#define FORMS 10u
extern const struct form forms[FORMS];

/* A process that sends like this, and has not begun. */
obj sender(const struct form *f, struct lk_regs *regs);

/* Where strings come from and go to. */
void map_windows(void);
