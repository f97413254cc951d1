/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dispatcher's initial thread: it makes the others, reads what clients send and writes what is
 * to be sent to them. See <lykos/dispatch.h>.
 *
 * The callback of a port goes in steps, each under the lock of the port's client, taken by way of
 * the server lock, which is let go of at once. What needs the server lock itself is done behind a
 * step, when the client's lock is let go of: to signal *job*, whose lock it is, and to have a
 * client begin or end. A call may be taken before it is signalled, by a worker that looks anyway.
 */
#include "inside.h"

#include <lykos/say.h>
#include <lykos/stack.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define STEPS 16u /* of one port, before others have their turn */
#define SLICE (10 * LK_NSEC_PER_MSEC)

/* ---- reading --------------------------------------------------------------------------------- */

/* What came of a step. */
enum step {
    STEP_IDLE,   /* nothing more is to be read for now */
    STEP_MORE,   /* there may be more */
    STEP_CALL,   /* the client has one call more in WAIT_DISPATCH */
    STEP_CLIENT, /* another client begins; its first message is in the frame */
    STEP_END     /* the client has gone, or cannot be understood any more */
};

/* May another message be taken from its client? */
static bool has_room(struct dispatch_port *port)
{
    return port->pong.length == 0 && dispatch_free_slot(port) != NULL;
}

/* Answer what is no call: a PING, that is. */
static void answer_here(struct dispatch_port *port, const struct dispatch_client *c)
{
    struct rpc_arena none = { .size = 0 };
    struct rpc_output out = { .memory = port->pong_memory, .size = sizeof(port->pong_memory) };
    struct rpc_call call;

    /* Without a client a port's frame finds no message: it looks for one that begins. */
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    if (rpc_take(&port->dispatch->service, c->open, port->frame.memory, port->frame.have, &none,
                 &call, &out) == RPC_ANSWER) {
        dispatch_queue(port, &port->pong, port->pong_memory, out.used);
    }
}

/* A message of this client is whole, and there is room for it. */
static enum step take_message(struct dispatch_port *port, const struct dispatch_client *c)
{
    struct dispatch_slot *slot = dispatch_free_slot(port);
    remote_header header;

    rpc_read_header(port->frame.memory, &header);
    if (header.type != REMOTE_TYPE_CALL) {
        answer_here(port, c);
        return STEP_MORE;
    }
    memcpy(slot->memory, port->frame.memory, port->frame.have);
    slot->have = port->frame.have;
    slot->number = ++port->calls;
    slot->state = DISPATCH_WAITS;
    return STEP_CALL;
}

/* What the next piece of news means. MORE: there is data. */
static enum step read_news(struct dispatch_port *port)
{
    const struct dispatch_transport *t = port->dispatch->plan.transport;
    struct dispatch_read r = { .news = DISPATCH_NOTHING };

    t->read(t->context, port->number, port->chunk, &r);
    switch (r.news) {
    case DISPATCH_DATA:
        port->in = (struct rpc_input){
            .at = port->chunk,
            .left = r.bytes < DISPATCH_CHUNK ? r.bytes : DISPATCH_CHUNK,
            .begins = r.begins,
        };
        return STEP_MORE;
    case DISPATCH_OPENED:
    case DISPATCH_CLOSED:
        port->session = r.session;
        rpc_frame_await_client(&port->frame);
        return STEP_END;
    case DISPATCH_NOTHING:
        break;
    }
    return STEP_IDLE;
}

/* Go on reading. Where the client is read no further, only whether it has gone is looked at. */
static enum step read_on(struct dispatch_port *port, struct dispatch_client *c)
{
    const struct dispatch_transport *t = port->dispatch->plan.transport;

    if (port->in.left != 0 && c != NULL && !has_room(port)) {
        if (!t->over(t->context, port->number, port->session)) {
            return STEP_IDLE;
        }
        port->in.left = 0;
    }
    if (port->in.left == 0) {
        return read_news(port);
    }
    switch (rpc_frame_feed(&port->frame, &port->in)) {
    case RPC_FRAME_MESSAGE:
    case RPC_FRAME_TOO_LONG:
        return take_message(port, c);
    case RPC_FRAME_NEW_CLIENT:
        if (c == NULL || c->begun) {
            return STEP_CLIENT;
        }
        c->begun = true;
        return take_message(port, c);
    case RPC_FRAME_LOST:
        return STEP_END;
    case RPC_FRAME_NEED_MORE:
        break;
    }
    return STEP_MORE;
}

/* ---- the callback of a port ------------------------------------------------------------------ */

static enum step step(struct dispatch_port *port)
{
    struct dispatch_client *c = dispatch_port_lock(port);
    enum step s;

    if (c != NULL) {
        dispatch_write(port, c);
    }
    s = read_on(port, c);
    if (c != NULL) {
        lk_unlock(&c->lock);
    }
    return s;
}

/* A client begins; whoever was there has gone. */
static void begin_client(struct dispatch_port *port)
{
    struct dispatch_client *c;

    dispatch_client_end(port);
    dispatch_client_begin(port);
    c = dispatch_port_lock(port);
    c->begun = true;
    take_message(port, c);
    lk_unlock(&c->lock);
}

static void signal_job(struct dispatch *d)
{
    lk_lock(&d->server);
    lk_signal(&d->job);
    lk_unlock(&d->server);
}

/* No lock is held. False: the step was the last for now. */
static bool after_step(struct dispatch_port *port, enum step s)
{
    switch (s) {
    case STEP_CLIENT:
        begin_client(port);
        /* falls through */
    case STEP_CALL:
        signal_job(port->dispatch);
        break;
    case STEP_END:
        dispatch_client_end(port);
        break;
    case STEP_IDLE:
        return false;
    case STEP_MORE:
        break;
    }
    return true;
}

/* There is something to read, or room to write, or something to be written. */
static void serve(struct lk_source *source, uint32_t why)
{
    struct dispatch_port *port = source->context;

    (void)why;
    for (unsigned i = 0; i < STEPS; i++) {
        if (!after_step(port, step(port))) {
            return;
        }
    }
    lk_loop_ready(&port->ready, 1);
}

void dispatch_port_ready(struct dispatch *d, unsigned port)
{
    if (port < d->plan.ports) {
        lk_loop_ready(&d->plan.port[port].ready, 1);
    }
}

/* ---- events ---------------------------------------------------------------------------------- */

/* A callback for the event of this domain? */
static bool wants(const struct dispatch_callback *callback, const remote_lifecycle *event)
{
    return callback->id != 0 && callback->event == 0 &&
           (!callback->one || memcmp(callback->uuid, event->dom.uuid, sizeof(callback->uuid)) == 0);
}

/* Queue it once. False: there is no room for it. */
static bool queue_event(struct dispatch_port *port, const remote_lifecycle *event)
{
    for (unsigned i = 0; i < DISPATCH_EVENTS; i++) {
        struct dispatch_event *e = &port->event[i];
        struct rpc_output out = { .memory = e->memory, .size = sizeof(e->memory) };

        if (e->out.length == 0) {
            if (rpc_event_lifecycle(event, &out)) {
                dispatch_queue(port, &e->out, e->memory, out.used);
                return true;
            }
            return false;
        }
    }
    return false;
}

/* Tell a client, as often as it asked. Its lock is held. True: it has lost an event, the first. */
static bool tell(struct dispatch_port *port, const struct dispatch_client *c,
                 const remote_lifecycle *event)
{
    remote_lifecycle mine = *event;
    bool first = false;

    for (unsigned i = 0; i < DISPATCH_CALLBACKS; i++) {
        if (wants(&c->callback[i], event)) {
            mine.callback = c->callback[i].id;
            if (!queue_event(port, &mine)) {
                first |= port->events_lost++ == 0;
            }
        }
    }
    return first;
}

void dispatch_event(struct dispatch *d, const remote_lifecycle *event)
{
    bool lost[DISPATCH_PORTS] = { false };

    lk_lock(&d->server);
    for (unsigned i = 0; i < d->plan.ports; i++) {
        struct dispatch_port *port = &d->plan.port[i];
        struct dispatch_client *c = port->client;

        if (c != NULL) {
            lk_lock(&c->lock);
            lost[i] = tell(port, c, event);
            lk_unlock(&c->lock);
            lk_loop_ready(&port->ready, 1);
        }
    }
    lk_unlock(&d->server);
    for (unsigned i = 0; i < d->plan.ports; i++) {
        if (lost[i]) {
            say("the client of port %u does not read: it misses events", i);
        }
    }
}

/* ---- making it ------------------------------------------------------------------------------- */

static bool plan_is_valid(const struct dispatch_plan *plan)
{
    return plan->ports >= 1 && plan->ports <= DISPATCH_PORTS && plan->workers >= 1 &&
           plan->workers <= DISPATCH_WORKERS && plan->deadline > 0 &&
           plan->gives <= DISPATCH_GIVE && plan->worker_priority <= plan->keeper_priority &&
           (!plan->notices || plan->notice + plan->ports <= 28);
}

static enum status open_port(struct dispatch *d, unsigned i)
{
    struct dispatch_port *port = &d->plan.port[i];
    enum status s;

    port->dispatch = d;
    port->number = i;
    for (unsigned n = 0; n < DISPATCH_CALLS; n++) {
        port->slot[n].out.slot = &port->slot[n];
    }
    rpc_frame_init(&port->frame, port->frame_memory, sizeof(port->frame_memory));
    rpc_frame_await_client(&port->frame);
    s = lk_loop_add(
        d->plan.loop, &port->ready,
        &((struct lk_source_plan){ .kind = LK_SOURCE_READY, .callback = serve, .context = port }));
    if (s == STATUS_OK && d->plan.notices) {
        s = lk_loop_add(d->plan.loop, &port->notice,
                        &((struct lk_source_plan){ .kind = LK_SOURCE_NOTICE,
                                                   .callback = serve,
                                                   .context = port,
                                                   .bits = 1u << (d->plan.notice + i) }));
    }
    return s == STATUS_OK ? lk_loop_ready(&port->ready, 1) : s;
}

/* It is the handler of the keeper, and has its priority. */
static enum status make_warden(struct dispatch *d)
{
    const struct dispatch_plan *p = &d->plan;
    const struct lk_thread_plan plan = {
        .label = "warden",
        .fn = dispatch_ward,
        .arg = d,
        .stack = d->warden_stack,
        .stack_size = sizeof(d->warden_stack),
        .space = p->space,
        .schedule = p->work + REG_KEEPER_SCHEDULE,
        .handler = p->handler,
        .process = p->work + REG_WARDEN,
        .endpoint = p->work + REG_ENDPOINT,
    };
    enum status s = lk_schedule_make(p->room, p->schedctl, p->keeper_priority, SLICE,
                                     p->work + REG_KEEPER_SCHEDULE);

    if (s == STATUS_OK) {
        s = lk_team_make(&d->warden, p->room, &plan);
    }
    return s == STATUS_OK ? lk_endpoint_make_entry(plan.endpoint, 0, p->work + REG_WATCH) : s;
}

/* Behind make_warden(). */
static enum status make_keeper(struct dispatch *d)
{
    const struct dispatch_plan *p = &d->plan;
    const struct lk_thread_plan plan = {
        .label = "keeper",
        .fn = dispatch_keep,
        .arg = d,
        .stack = d->keeper_stack,
        .stack_size = sizeof(d->keeper_stack),
        .space = p->space,
        .schedule = p->work + REG_KEEPER_SCHEDULE,
        .handler = p->work + REG_WATCH,
        .process = p->work + REG_KEEPER,
        .endpoint = p->work + REG_ENDPOINT,
    };

    return lk_team_make(&d->keeper, p->room, &plan);
}

/* The keeper's endpoint for this worker: an Entry to it, which stands in its slots only. */
static enum status make_watch(const struct dispatch *d, unsigned i)
{
    uint32_t reg = d->plan.work + REG_WATCH;
    enum status s = lk_room_make(d->plan.room, LK_TYPE_ENDPOINT, reg);

    if (s == STATUS_OK) {
        s = lk_endpoint_set_endpoint_id(reg, KEEPER_ID + i);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_set_recipient(reg, d->plan.work + REG_KEEPER);
    }
    return s == STATUS_OK ? lk_endpoint_make_entry(reg, 0, reg) : s;
}

/* Guard pages are where there is a pager. */
static void choose_stack(struct dispatch_worker *w)
{
    unsigned number;

    w->stack = lk_stack_take(&number);
    w->stack_size = LK_STACK_SIZE;
    if (w->stack == NULL) {
        w->stack = w->stack_memory;
        w->stack_size = sizeof(w->stack_memory);
    }
}

static enum status make_thread(const struct dispatch *d, struct dispatch_worker *w)
{
    const struct dispatch_plan *p = &d->plan;
    const struct lk_thread_plan plan = {
        .label = w->label,
        .fn = dispatch_work,
        .arg = w,
        .stack = w->stack,
        .stack_size = w->stack_size,
        .space = p->space,
        .schedule = p->work + REG_WORKER_SCHEDULE,
        .handler = p->work + REG_WATCH,
        .process = p->work + REG_WORKER,
        .endpoint = p->work + REG_ENDPOINT,
    };
    enum status s = lk_team_make(&w->thread, p->room, &plan);

    for (unsigned i = 0; s == STATUS_OK && i < p->gives; i++) {
        s = lk_thread_give(&w->thread, p->give[i], p->give[i]);
    }
    /* Its keeper is told of its faults and its deadline. */
    return s == STATUS_OK ? lk_preempt_register(p->work + REG_WORKER, p->work + REG_WATCH) : s;
}

static enum status make_worker(struct dispatch *d, unsigned i)
{
    struct dispatch_worker *w = &d->plan.worker[i];
    enum status s = make_watch(d, i);

    w->dispatch = d;
    w->number = i;
    lk_format(w->label, sizeof(w->label), "worker %u", i);
    choose_stack(w);
    if (s == STATUS_OK) {
        s = make_thread(d, w);
    }
    return s == STATUS_OK
               ? lk_cappage_swap_slot(d->plan.work + REG_WORKERS, i, d->plan.work + REG_WORKER, 0)
               : s;
}

static enum status make_workers(struct dispatch *d)
{
    const struct dispatch_plan *p = &d->plan;
    enum status s = lk_room_make(p->room, LK_TYPE_CAPPAGE, p->work + REG_WORKERS);

    if (s == STATUS_OK) {
        s = lk_schedule_make(p->room, p->schedctl, p->worker_priority, SLICE,
                             p->work + REG_WORKER_SCHEDULE);
    }
    for (unsigned i = 0; s == STATUS_OK && i < p->workers; i++) {
        s = make_worker(d, i);
    }
    return s;
}

enum status dispatch_open(struct dispatch *d, const struct dispatch_plan *plan)
{
    enum status s = plan_is_valid(plan) ? STATUS_OK : STATUS_REQUEST_ERROR;

    memset(d, 0, sizeof(*d));
    d->plan = *plan;
    d->service = *plan->service;
    dispatch_connection_service(&d->service);
    d->server = (struct lk_lock)LK_LOCK("the server lock", 1);
    d->job = (struct lk_condition)LK_CONDITION("job", &d->server);
    for (unsigned i = 0; i < DISPATCH_CLIENTS; i++) {
        struct dispatch_client *c = &d->client[i];

        lk_format(c->name, sizeof(c->name), "client lock %u", i);
        c->lock = (struct lk_lock)LK_LOCK_UNDER(c->name, 2, &d->server);
    }
    d->idle = plan->workers;
    if (s == STATUS_OK) {
        s = make_warden(d);
    }
    if (s == STATUS_OK) {
        s = make_keeper(d);
    }
    if (s == STATUS_OK) {
        s = make_workers(d);
    }
    for (unsigned i = 0; s == STATUS_OK && i < plan->ports; i++) {
        s = open_port(d, i);
    }
    return s;
}

/* ---- running it ------------------------------------------------------------------------------ */

/* Before the loop polls for the first time: the workers may have the lock, and wait for jobs. */
static void before_poll(void *context)
{
    struct dispatch *d = context;

    if (d->server_held) {
        d->server_held = false;
        lk_unlock(&d->server);
    }
}

static enum status start_worker(const struct dispatch *d, unsigned i)
{
    enum status s = lk_cappage_get_slot(d->plan.work + REG_WORKERS, i, d->plan.work + REG_WORKER);

    return s == STATUS_OK ? lk_thread_start(&d->plan.worker[i].thread) : s;
}

enum status dispatch_run(struct dispatch *d)
{
    enum status s = lk_thread_start(&d->warden);

    if (s == STATUS_OK) {
        s = lk_thread_start(&d->keeper);
    }
    lk_loop_set_idle(d->plan.loop, before_poll, NULL, d);
    lk_lock(&d->server);
    d->server_held = true;
    for (unsigned i = 0; s == STATUS_OK && i < d->plan.workers; i++) {
        s = start_worker(d, i);
    }
    if (s != STATUS_OK) {
        before_poll(d);
        return s;
    }
    lk_loop_run(d->plan.loop);
    return STATUS_OK;
}

/* ---- invariants ------------------------------------------------------------------------------ */

/* How many workers have a call for this client. The server lock is held. */
static unsigned references(const struct dispatch *d, const struct dispatch_client *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < d->plan.workers; i++) {
        n += d->plan.worker[i].client == c;
    }
    return n;
}

static bool check_client(struct dispatch *d, struct dispatch_client *c)
{
    bool fine;

    lk_lock(&c->lock);
    fine = c->references == references(d, c) &&
           (c->references != 0 || c->used == (c->port != NULL && c->port->client == c)) &&
           (c->references == 0 || c->used);
    lk_unlock(&c->lock);
    return fine;
}

static bool check_port(const struct dispatch_port *port)
{
    bool fine = true;

    if (port->client == NULL) {
        fine = port->first == NULL && port->pong.length == 0;
        for (unsigned i = 0; i < DISPATCH_CALLS; i++) {
            fine &= port->slot[i].state == DISPATCH_FREE;
        }
        for (unsigned i = 0; i < DISPATCH_EVENTS; i++) {
            fine &= port->event[i].out.length == 0;
        }
    }
    return fine;
}

bool dispatch_check(struct dispatch *d)
{
    bool fine = true;
    unsigned running = 0;

    lk_lock(&d->server);
    for (unsigned i = 0; i < DISPATCH_CLIENTS; i++) {
        fine &= check_client(d, &d->client[i]);
    }
    for (unsigned i = 0; i < d->plan.ports; i++) {
        fine &= check_port(&d->plan.port[i]);
        running += d->plan.port[i].running;
    }
    fine &= running + d->idle == d->plan.workers;
    lk_unlock(&d->server);
    return fine;
}
