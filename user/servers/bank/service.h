/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bank as a server: methods, callers who wait, notices to itself.
 */
#pragma once

#include "books.h"

#include <lykos/start.h>

/* Registers, beside those of the library. Callers who wait for a job stand in those between the
 * last that has a name and SERVICE_REG_OWN. */
#define SERVICE_REG_OWN (LK_REG_NAMED_END - 1) /* AppNotice to the server itself */
#define SERVICE_REG_OUT LK_REG_FREE            /* 4: capabilities of an answer */

#define SERVICE_WAITERS 16

/* What the server has; all of it is found again at the start. */
struct service {
    uint32_t memory, discrim; /* registers */
    unsigned bank;            /* of the request */
    uint32_t waiter_first;    /* registers of callers who wait */
    unsigned waiters;
    job_t waits_for[SERVICE_WAITERS]; /* NO_JOB: the register is free */
    bool done_at_once;                /* job `now` is done */
    job_t now;
    struct bank_info info;
};
extern struct service service;

/* Find what the start block names, and open the books in the state pages. Dies in words if
 * something is missing. */
void service_begin(void *pages);

/* Serve one after the other, and work in between. */
_Noreturn void service_run(void);
