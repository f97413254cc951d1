/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients of the dispatcher: where they begin and end, and what is to be sent to them. See
 * <lykos/dispatch.h>.
 *
 * Only the initial thread makes a client a port's, and takes it away. A worker keeps a client by a
 * reference; one that went is deleted with the last of them. Slots, events and the queue belong to
 * the port, and so to its next client at once: who finds its client gone does not touch them.
 */
#include "inside.h"

#include <lykos/start.h>
#include <lykos/string.h>

void dispatch_client_lock(struct dispatch_client *c)
{
    struct dispatch *d = c->port->dispatch;

    lk_lock(&d->server);
    lk_lock(&c->lock);
    lk_unlock(&d->server);
}

struct dispatch_client *dispatch_port_lock(struct dispatch_port *port)
{
    struct dispatch *d = port->dispatch;
    struct dispatch_client *c;

    lk_lock(&d->server);
    c = port->client;
    if (c != NULL) {
        lk_lock(&c->lock);
    }
    lk_unlock(&d->server);
    return c;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* One that is not used: there are as many as ports and workers, and each port and each worker keeps
 * one at most (INV-DISPATCH-3). */
static struct dispatch_client *find_unused(struct dispatch *d)
{
    for (unsigned i = 0; i < DISPATCH_CLIENTS; i++) {
        if (!d->client[i].used) {
            return &d->client[i];
        }
    }
    lk_team_die("dispatcher: more clients than there can be");
}

void dispatch_client_begin(struct dispatch_port *port)
{
    struct dispatch *d = port->dispatch;
    struct dispatch_client *c;

    lk_lock(&d->server);
    c = find_unused(d);
    lk_lock(&c->lock);
    c->used = true;
    c->port = port;
    c->session = port->session;
    c->references = 0;
    c->gone = c->begun = c->alone = c->open = c->read_only = c->close_asked = false;
    c->callbacks = 0;
    memset(c->callback, 0, sizeof(c->callback));
    port->client = c;
    lk_unlock(&c->lock);
    lk_unlock(&d->server);
}

/* Nothing is left of the client that went. */
static void empty(struct dispatch_port *port)
{
    for (unsigned i = 0; i < DISPATCH_CALLS; i++) {
        port->slot[i].state = DISPATCH_FREE;
        port->slot[i].out.length = 0;
    }
    for (unsigned i = 0; i < DISPATCH_EVENTS; i++) {
        port->event[i].out.length = 0;
    }
    port->pong.length = 0;
    port->first = port->last = NULL;
    port->sent = 0;
    port->events_lost = 0;
}

void dispatch_client_end(struct dispatch_port *port)
{
    struct dispatch *d = port->dispatch;
    struct dispatch_client *c;

    lk_lock(&d->server);
    c = port->client;
    if (c != NULL) {
        lk_lock(&c->lock);
        c->gone = true;
        c->used = c->references != 0;
        port->client = NULL;
        empty(port);
        lk_unlock(&c->lock);
    }
    lk_unlock(&d->server);
}

/* ---- calls in flight ------------------------------------------------------------------------- */

struct dispatch_slot *dispatch_client_waits(const struct dispatch_client *c)
{
    struct dispatch_slot *longest = NULL;

    for (unsigned i = 0; i < DISPATCH_CALLS; i++) {
        struct dispatch_slot *slot = &c->port->slot[i];

        if (slot->state == DISPATCH_WAITS && (longest == NULL || slot->number < longest->number)) {
            longest = slot;
        }
    }
    return longest;
}

struct dispatch_slot *dispatch_free_slot(struct dispatch_port *port)
{
    for (unsigned i = 0; i < DISPATCH_CALLS; i++) {
        if (port->slot[i].state == DISPATCH_FREE) {
            return &port->slot[i];
        }
    }
    return NULL;
}

/* ---- what is to be sent ---------------------------------------------------------------------- */

void dispatch_queue(struct dispatch_port *port, struct dispatch_out *out, const uint8_t *bytes,
                    size_t length)
{
    out->next = NULL;
    out->bytes = bytes;
    out->length = length;
    *(port->first == NULL ? &port->first : &port->last->next) = out;
    port->last = out;
}

/* The first of the queue was taken whole: it is free again. */
static void sent(struct dispatch_port *port)
{
    struct dispatch_out *out = port->first;

    port->first = out->next;
    port->sent = 0;
    out->length = 0;
    if (out->slot != NULL) {
        out->slot->state = DISPATCH_FREE;
    }
}

void dispatch_write(struct dispatch_port *port, const struct dispatch_client *c)
{
    const struct dispatch_transport *t = port->dispatch->plan.transport;

    while (port->first != NULL) {
        const struct dispatch_out *out = port->first;
        size_t left = out->length - port->sent;
        size_t most = left < DISPATCH_CHUNK ? left : DISPATCH_CHUNK;
        size_t n = t->write(t->context, port->number, c->session, out->bytes + port->sent, most);

        port->sent += n < most ? n : most;
        if (port->sent == out->length) {
            sent(port);
        } else if (n < most) {
            return; /* the transport says when there is room */
        }
    }
}
