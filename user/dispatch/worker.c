/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Workers of the dispatcher. See <lykos/dispatch.h>.
 *
 * A worker takes a message with the server lock and its client's, and then has all that it needs
 * for itself: the message is copied, the client kept by a reference. From `begin` to `end` it may
 * be stopped by its keeper and sent back to its beginning; there it has no lock, and nothing of its
 * own but its memory, which the next call uses again.
 */
#include "inside.h"

#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define PREEMPTING_SHIFT 32 /* of the bits that Sleep.noticeAt posts */

/* ---- taking a call --------------------------------------------------------------------------- */

/* May another call of this port begin? Each port has a worker of its own, if there are as many:
 * those beyond are for everybody. The server lock is held. */
static bool may_begin(const struct dispatch *d, const struct dispatch_port *port)
{
    unsigned without = 0;

    if (port->running == 0) {
        return true;
    }
    for (unsigned i = 0; i < d->plan.ports; i++) {
        without += d->plan.port[i].running == 0;
    }
    return d->idle > without;
}

/* What changes the connection is carried out alone, so that what a client sent behind it finds the
 * connection as it is then. */
static bool is_alone(const remote_header *h)
{
    return h->prog == REMOTE_PROGRAM &&
           (h->procedure == REMOTE_CONNECT_OPEN || h->procedure == REMOTE_CONNECT_CLOSE);
}

/* The worker has this call now. Both locks are held. */
static void take(struct dispatch_worker *w, struct dispatch_client *c, struct dispatch_slot *slot)
{
    memcpy(w->message, slot->memory, slot->have);
    w->have = slot->have;
    w->client = c;
    w->slot = (unsigned)(slot - c->port->slot);
    w->open = c->open;
    rpc_read_header(w->message, &w->header);
    w->alone = is_alone(&w->header);
    c->alone = w->alone;
    c->references++;
    slot->state = DISPATCH_RUNS;
}

/* Look for a client in WAIT_DISPATCH, beginning behind the one that was served last, and take its
 * message. The server lock is held. */
static bool take_call(struct dispatch_worker *w)
{
    struct dispatch *d = w->dispatch;

    for (unsigned i = 0; i < d->plan.ports && w->client == NULL; i++) {
        struct dispatch_port *port = &d->plan.port[(d->next + i) % d->plan.ports];
        struct dispatch_client *c = port->client;
        struct dispatch_slot *slot;

        if (c == NULL || !may_begin(d, port)) {
            continue;
        }
        lk_lock(&c->lock);
        slot = c->alone ? NULL : dispatch_client_waits(c);
        if (slot != NULL) {
            take(w, c, slot);
            port->running++;
            d->idle--;
            d->next = (port->number + 1) % d->plan.ports;
        }
        lk_unlock(&c->lock);
    }
    return w->client != NULL;
}

/* ---- carrying it out ------------------------------------------------------------------------- */

/* The handler, and its answer. */
static void handle(struct dispatch_worker *w)
{
    struct rpc_error error = { .code = REMOTE_ERR_INTERNAL, .domain = REMOTE_FROM_RPC };
    void *result = rpc_arena_alloc(&w->arena, w->call.procedure->result_size);

    if (result == NULL) {
        rpc_error_set(&error, REMOTE_ERR_INTERNAL, REMOTE_FROM_RPC, "no memory for the answer");
    } else if (w->call.handler(w->client, &w->call, result, &error)) {
        rpc_answer(&w->call, result, &w->out);
        return;
    }
    rpc_fail(&w->call.header, &error, &w->out);
}

/* From here on its keeper may give it up. The deadline comes as a preempting notice, which the
 * keeper judges by `until`: one that is late does no harm. */
static void begin(struct dispatch_worker *w)
{
    w->until = lk_now() + w->dispatch->plan.deadline;
    w->state = DISPATCH_WORKER_CALL;
    lk_sleep_notice_at(lk_start->sleep, w->until, (uint64_t)LK_BIT_DEADLINE << PREEMPTING_SHIFT);
}

static void end(struct dispatch_worker *w)
{
    w->state = DISPATCH_WORKER_OWN;
    lk_sleep_notice_at(lk_start->sleep, LK_NO_DEADLINE, 0);
    w->carried_out++;
}

/* No lock is held. */
static void carry_out(struct dispatch_worker *w)
{
    lk_no_lock("runs a handler");
    begin(w);
    rpc_arena_init(&w->arena, w->arena_memory, sizeof(w->arena_memory));
    w->out = (struct rpc_output){ .memory = w->out_memory, .size = sizeof(w->out_memory) };
    if (rpc_take(&w->dispatch->service, w->open, w->message, w->have, &w->arena, &w->call,
                 &w->out) == RPC_CALL) {
        handle(w);
    }
    end(w);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* Its client is there: the answer goes where the call was. The client's lock is held. */
static void answer(const struct dispatch_worker *w, const uint8_t *bytes, size_t length)
{
    struct dispatch_slot *slot = &w->client->port->slot[w->slot];

    slot->state = DISPATCH_FREE;
    if (length != 0) {
        memcpy(slot->memory, bytes, length);
        slot->state = DISPATCH_ANSWERED;
        dispatch_queue(w->client->port, &slot->out, slot->memory, length);
    }
}

void dispatch_finish(struct dispatch_worker *w, const uint8_t *bytes, size_t length)
{
    struct dispatch *d = w->dispatch;
    struct dispatch_client *c = w->client;
    struct dispatch_port *port = c->port;

    lk_lock(&c->lock);
    if (!c->gone) {
        answer(w, bytes, length);
    }
    if (w->alone) {
        c->alone = false;
        lk_signal_all(&d->job); /* whoever looked meanwhile left the client's next calls alone */
    }
    c->references--;
    c->used = !c->gone || c->references != 0;
    lk_unlock(&c->lock);
    w->client = NULL;
    port->running--;
    d->idle++;
    lk_loop_ready(&port->ready, 1);
}

void dispatch_work(void *worker)
{
    struct dispatch_worker *w = worker;
    struct dispatch *d = w->dispatch;

    lk_lock(&d->server);
    for (;;) {
        while (!take_call(w)) {
            lk_wait_for(&d->job);
        }
        lk_unlock(&d->server);
        carry_out(w);
        lk_lock(&d->server);
        dispatch_finish(w, w->out.memory, w->out.used);
    }
}
