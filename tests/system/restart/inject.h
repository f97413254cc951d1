/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A system call that is tried again and again, with a restart at each of its acquire points.
 */
#pragma once

#include "../lib/sys.h"

#define SUBJECT_SYSCTL 8 /* capability register of the subject */
#define RECEIVED 20      /* 20..23: where the subject receives */
#define WATCHED 3        /* other processes that are looked at */

/* One run, made new each time. */
struct run {
    obj subject;                 /* the process whose system call it is: raw, high priority */
    struct lk_regs regs;         /* with which it begins */
    obj other[WATCHED];          /* also looked at in the end; NO_OBJ: none */
    void (*then)(struct run *r); /* what happens after the system call began, or null */
    unsigned ignore;             /* bit i: word i of the answer may differ */
};

/* Make a run with `make`; then runs of the same with a restart at n = 1, 2, ... until it has no
 * more acquire points. Each must end like the first. Returns how many points there are. */
unsigned inject_all(const char *name, void (*make)(struct run *r, const void *arg),
                    const void *arg);

/* The same with restarts of the work that the kernel puts off in the system call: the delivery of a
 * message that waited. */
unsigned inject_work_all(const char *name, void (*make)(struct run *r, const void *arg),
                         const void *arg);

/* Which operations were subject to it, by type of the target and word 0. */
extern bool inject_tried[LK_TYPES][LK_OPS];
