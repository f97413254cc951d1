/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of the dispatcher. See <lykos/dispatch.h>.
 */
#pragma once

#include <lykos/dispatch.h>

/* Registers behind plan.work, of the initial thread. */
enum {
    REG_KEEPER,   /* its Process */
    REG_ENDPOINT, /* of the thread that is made */
    REG_WORKER,   /* the Process of a worker */
    REG_WATCH,    /* the keeper's Endpoint for it, or an Entry to that */
    REG_WORKER_SCHEDULE,
    REG_KEEPER_SCHEDULE,
    REG_WORKERS, /* CapPage: their Processes */
    REG_WARDEN   /* its Process */
};

/* The same of keeper and warden: four registers of which the first is the target's, then: */
enum { REG_TARGET = 0, REG_REPLY_TO = 4, REG_NOTICE };

/* The keeper's endpoint for worker n has the ID KEEPER_ID + n. */
#define KEEPER_ID 16u

/* ---- client.c ---- */

/* The client of the port, with its lock; NULL: there is none. No lock is held before. */
struct dispatch_client *dispatch_port_lock(struct dispatch_port *port);

/* Take the lock of a client that is kept by a reference, or that is its port's. */
void dispatch_client_lock(struct dispatch_client *c);

/* A client begins on this port, which has none; initial thread, no lock is held. */
void dispatch_client_begin(struct dispatch_port *port);

/* Whoever is the port's client goes. Initial thread, no lock is held. */
void dispatch_client_end(struct dispatch_port *port);

/* The slot that has waited longest for a worker; NULL: the client is not in WAIT_DISPATCH. The
 * client's lock is held. */
struct dispatch_slot *dispatch_client_waits(const struct dispatch_client *c);

/* A free slot, NULL: as many calls are in flight as may be. The client's lock is held. */
struct dispatch_slot *dispatch_free_slot(struct dispatch_port *port);

/* Put something at the end of the queue; write as much of the queue as the transport takes. The
 * client's lock is held; to write, initial thread. */
void dispatch_queue(struct dispatch_port *port, struct dispatch_out *out, const uint8_t *bytes,
                    size_t length);
void dispatch_write(struct dispatch_port *port, const struct dispatch_client *c);

/* ---- worker.c ---- */

/* The first function of a worker, also after it was given up. */
void dispatch_work(void *worker);

/* The call of a worker is over: queue the answer, drop the reference. The server lock is held. */
void dispatch_finish(struct dispatch_worker *w, const uint8_t *bytes, size_t length);

/* ---- keeper.c ---- */

/* The first functions of the keeper and of the warden. */
void dispatch_keep(void *d);
void dispatch_ward(void *d);

/* What the procedure of this number is called. */
const char *dispatch_procedure_name(int32_t number);
