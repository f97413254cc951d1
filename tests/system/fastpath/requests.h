/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests to kernel capabilities, one after the other by the same process, and all that they may
 * change.
 */
#pragma once

#include "twice.h"

/* Capability registers of who asks. What its requests may change has one of each kind. */
enum {
    Q_SELF = 1,
    Q_WAITS, /* processes: in an open wait; in a fault; that sends to who asks; held, with a higher
                priority; held, an equal; destroyed */
    Q_FAULTED,
    Q_SENDS,
    Q_HIGHER,
    Q_EQUAL,
    Q_DEAD,
    Q_GPT, /* memory: whole, read-only, weak, opaque; destroyed */
    Q_GPT_RO,
    Q_GPT_WK,
    Q_GPT_OP,
    Q_GPT_STALE,
    Q_PAGE,
    Q_PAGE_RO,
    Q_CAPPAGE,
    Q_CAPPAGE_WK,
    Q_ENDPOINT,
    Q_REPLY, /* its own reply endpoint */
    Q_NOTICE,
    Q_ENTRY,
    Q_SCHEDULE,     /* set up */
    Q_NEW_SCHEDULE, /* not yet */
    Q_SCHEDCTL,
    Q_DISCRIM,
    Q_RANGE, /* a small one */
    Q_TARGETS,
    Q_GOT = 28 /* 28..31: where it receives */
};

struct request {
    unsigned target;
    uint64_t w[LK_MAX_WORDS];
    uint64_t control; /* all but target */
};

#define REQUESTS 64

struct requests {
    struct request r[REQUESTS];
    unsigned n;
    bool notice, traced, stepped, sender; /* of who asks: notices, a debugger, a sender wait */
    bool higher;                          /* it has the higher priority, not who is held */
};

/* Play them with the fast path and without. */
void requests_both(const struct requests *q);
