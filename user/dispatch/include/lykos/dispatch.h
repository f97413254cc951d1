/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dispatcher: a server for calls of libvirt's remote protocol (<lykos/rpc.h>), with a pool of
 * workers, shaped like libvirt's qemud. A program makes it of a table of handlers, a transport that
 * carries bytes, and memory:
 *
 *      static struct dispatch dispatch;
 *      static struct dispatch_port ports[8];
 *      static struct dispatch_worker workers[12];
 *
 *      lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_TEAM + 1), "a team");
 *      lk_loop_init(&loop);
 *      lk_must(dispatch_open(&dispatch, &plan), "the dispatcher");
 *      lk_must(dispatch_run(&dispatch), "the workers");
 *
 * Its threads are members of one team: the *initial thread* runs the event loop (<lykos/loop.h>),
 * *workers* carry out calls, the *keeper* watches over the workers, the *warden* over the keeper.
 *
 * **Locks.** The server lock (rank 1) is top level. Each client has a lock (rank 2) that is taken
 * only with the server lock held, which may be let go of then. Ranks from 3 on are the handlers'.
 * The event loop has a lock of its own. The condition *job* belongs to the server lock. While a
 * handler runs no lock is held, and its client's reference count is up.
 *
 * **Clients.** A client begins with the call AUTH_LIST, serial 0, at the start of a receive buffer,
 * whatever came before on that port; what comes on a port before that is ignored. It ends when its
 * port is closed, when another client begins there, or with a length that no message can have.
 * What is still being computed for it then is thrown away.
 *
 * **Limits.** Per client DISPATCH_CALLS calls are in flight: from when a call was read until its
 * answer was taken by the transport. Then that client is read no further until an answer is out;
 * nothing is lost. The same holds while an answer to its PING waits to be taken. Each port has a
 * worker of its own whenever there are as many workers as ports; what there is beyond that is for
 * whoever has several calls in flight. Events wait to be taken, DISPATCH_EVENTS of them; what comes
 * when there are so many is not sent to this client, and the log says so.
 *
 * **Order.** Calls of one client are begun in the order in which they came, and may be answered in
 * any. CONNECT_OPEN and CONNECT_CLOSE are carried out alone: what came later begins when they are
 * answered.
 *
 * **Deadline.** A handler that runs for longer than the plan allows, or faults, is given up: the
 * keeper answers its call with an error and sends its worker back to its beginning, wherever it
 * stood, also in a call that nobody answers. So a handler
 *   - takes memory from nowhere but the arena of its call, and leaves nothing half done that others
 *     see, unless a lock guards it: with a lock it is not stopped (for at most a second, see
 *     LK_TEAM_DEFER), and is given up behind it;
 *   - waits on no condition, and uses neither its timed notice nor its preempting notices;
 *   - does not fault with a lock: that ends the program.
 * A fault of the keeper ends the program, too: who would give up calls then?
 */
#pragma once

#include <lykos/deadline.h>
#include <lykos/lock.h>
#include <lykos/loop.h>
#include <lykos/rpc.h>

#define DISPATCH_PORTS 8u    /* at most: each has at most one client at a time */
#define DISPATCH_WORKERS 16u /* at most */
#define DISPATCH_CLIENTS                                                                           \
    (DISPATCH_PORTS + DISPATCH_WORKERS) /* those that went, too: every one of
                                                                them is kept by a worker */
#define DISPATCH_CALLS 5u               /* in flight, per client */
#define DISPATCH_CALLBACKS 64u          /* for events, per client */
#define DISPATCH_EVENTS 64u             /* that wait to be taken, per client */
#define DISPATCH_GIVE 16u               /* capabilities that workers are given, at most */

#define DISPATCH_REPLY_MAX 32768u /* bytes of an answer; what is longer becomes an error */
#define DISPATCH_EVENT_MAX 512u   /* bytes of an event; what is longer is not sent */
#define DISPATCH_CHUNK 4096u      /* bytes that the transport gives at most at a time */
#define DISPATCH_RESULT 32768u    /* bytes for the result of a call, beside its arguments */

#define DISPATCH_STACK 16384u /* bytes; in a program with a pager, workers have stacks from there */

struct dispatch;
struct dispatch_port;

/* ---- What carries the bytes. ---- */

/* What a transport has for the reader of a port. */
enum dispatch_news {
    DISPATCH_NOTHING, /* for now: the port will be said to be ready when there is something */
    DISPATCH_OPENED,  /* a client connected */
    DISPATCH_CLOSED,  /* it went; what it sent and was not read is void */
    DISPATCH_DATA     /* bytes of one receive buffer, or the next part of it */
};

struct dispatch_read {
    enum dispatch_news news;
    uint64_t session; /* of the port: one more each time it is opened */
    bool begins;      /* the first byte is the first of a receive buffer */
    size_t bytes;     /* of data, 1..DISPATCH_CHUNK */
};

/* All functions are called on the initial thread only, never wait for the other side, and may be
 * called with a client lock held. When there is something to read again behind DISPATCH_NOTHING,
 * or room to write again behind a write that was not taken whole, the transport says so: by the
 * notice of the port, or by dispatch_port_ready().
 *   read: the next piece of news of a port; data goes to `memory`, DISPATCH_CHUNK bytes
 *   write: take bytes for the client of this session, perhaps only the first ones, or none; returns
 *       how many. If that session is over they are all taken, and thrown away
 *   over: is that session over? What is behind unread data then comes with the next read. */
struct dispatch_transport {
    void (*read)(void *context, unsigned port, uint8_t *memory, struct dispatch_read *read);
    size_t (*write)(void *context, unsigned port, uint64_t session, const uint8_t *bytes, size_t n);
    bool (*over)(void *context, unsigned port, uint64_t session);
    void *context;
};

/* ---- Making one. ---- */

/* What it is made of. Numbers of registers are those of the initial thread, which has opened the
 * team and the loop. */
struct dispatch_plan {
    const struct rpc_service *service; /* handlers; those about the connection itself are added */
    const struct dispatch_transport *transport;
    struct lk_loop *loop;
    struct dispatch_port *port; /* memory of `ports` and `workers`, all zero */
    struct dispatch_worker *worker;
    unsigned ports;           /* 1..DISPATCH_PORTS */
    unsigned workers;         /* 1..DISPATCH_WORKERS; more than ports, so that calls of one client
                                 run beside each other */
    uint64_t deadline;        /* nanoseconds that a handler may take, more than 0 */
    unsigned notice;          /* port i is ready when notice bit `notice` + i comes to the initial
                                 thread ... */
    bool notices;             /* ... if this is true */
    unsigned worker_priority; /* not above that of the keeper */
    unsigned keeper_priority; /* above all that is to be given up */
    struct lk_room *room;     /* for: per worker 1 Process, 3 Endpoints; 3 Schedules; 1 CapPage; the
                                 Processes and Endpoints of the keeper and the warden */
    uint32_t space;           /* GPT: the root of the address space */
    uint32_t schedctl;        /* SchedCtl */
    uint32_t handler;         /* Entry told of faults of the warden; 0: none */
    uint32_t work;            /* the first of 8 registers that are free here, in the keeper and in
                                 the warden */
    const uint32_t *give; /* registers that each worker is to have, too, under the same number */
    unsigned gives;       /* how many, at most DISPATCH_GIVE */
};

/* Make the dispatcher, its warden, its keeper and its workers; these do not run yet. REQUEST_ERROR:
 * the plan is out of range. Else as lk_room_make(), lk_team_make() and lk_loop_add() say; then what
 * was made so far stays, and nothing is to be done but to end. */
enum status dispatch_open(struct dispatch *d, const struct dispatch_plan *plan);

/* Start the workers and run the loop, until lk_loop_stop(). The initial thread, once. */
enum status dispatch_run(struct dispatch *d);

/* ---- For any member, with no lock of the dispatcher. ---- */

/* The transport has something for this port. */
void dispatch_port_ready(struct dispatch *d, unsigned port);

/* Tell each client that asked for it. `callback` of the event is filled in here. */
void dispatch_event(struct dispatch *d, const remote_lifecycle *event);

/* ---- For handlers: `client` is what they are called with. ---- */

struct dispatch_client;

/* Has the client opened its connection to read only? */
bool dispatch_client_read_only(const struct dispatch_client *client);

/* The dispatcher that it is a client of, and its port. */
struct dispatch *dispatch_of(const struct dispatch_client *client);
unsigned dispatch_client_port(const struct dispatch_client *client);

/* The handlers about the connection itself, put into a table where it has none. (connection.c) */
void dispatch_connection_service(struct rpc_service *service);

/* ---- What is inside; to be looked at, not to be changed. ---- */

/* Something to be sent to a client: a link of its queue. */
struct dispatch_out {
    struct dispatch_out *next;
    const uint8_t *bytes;
    size_t length;              /* 0: it is free */
    struct dispatch_slot *slot; /* of which it is the answer; NULL: it is none */
};

/* A call in flight. Its memory has the message first, the answer afterwards. */
enum dispatch_call_state { DISPATCH_FREE, DISPATCH_WAITS, DISPATCH_RUNS, DISPATCH_ANSWERED };
struct dispatch_slot {
    enum dispatch_call_state state;
    uint64_t number; /* waits: in which order they came */
    size_t have;     /* waits: bytes of the message */
    struct dispatch_out out;
    uint8_t memory[DISPATCH_REPLY_MAX] __attribute__((aligned(8)));
};

/* An event that waits to be taken. */
struct dispatch_event {
    struct dispatch_out out;
    uint8_t memory[DISPATCH_EVENT_MAX] __attribute__((aligned(8)));
};

/* A port. One with a client is guarded by that client's lock, but for the fields of the first
 * group.
 *
 * INV-DISPATCH-1  Without a client all slots and events are free, the queue is empty, and the frame
 *                 waits for another client (it is lost): so no message is whole. */
struct dispatch_port {
    /* const after dispatch_open() */
    struct dispatch *dispatch;
    unsigned number;
    struct lk_source ready, notice;
    /* initial thread only */
    struct rpc_frame frame;
    struct rpc_input in; /* what is left of the last piece of data */
    uint64_t session;
    /* server lock; written by the initial thread only */
    struct dispatch_client *client; /* NULL: none */
    /* server lock */
    unsigned running; /* workers that run a handler for this port, also for clients that went */
    /* the lock of its client */
    struct dispatch_out *first, *last; /* to be sent */
    size_t sent;                       /* bytes of the first */
    uint64_t calls;                    /* so far */
    struct dispatch_out pong;
    uint64_t events_lost; /* of this client */
    struct dispatch_slot slot[DISPATCH_CALLS];
    struct dispatch_event event[DISPATCH_EVENTS];
    uint8_t pong_memory[RPC_ERROR_BYTES] __attribute__((aligned(8)));
    uint8_t frame_memory[RPC_CALL_MAX] __attribute__((aligned(8)));
    uint8_t chunk[DISPATCH_CHUNK] __attribute__((aligned(8)));
};

/* For which events a client wants to be told. */
struct dispatch_callback {
    int32_t id;    /* 0: free */
    int32_t event; /* event ID of the protocol; 0: lifecycle */
    bool one;      /* of one domain only: */
    uint8_t uuid[REMOTE_UUID_BYTES];
};

/* A client: one session of one port.
 *
 * INV-DISPATCH-2  `references` is how many workers run a handler for it.
 * INV-DISPATCH-3  It is used as long as it is its port's client, or has references. */
struct dispatch_client {
    struct lk_lock lock; /* under the server lock */
    char name[16];       /* of that */
    /* server lock */
    bool used;
    /* const while used */
    struct dispatch_port *port;
    uint64_t session;
    /* its own lock */
    unsigned references;
    bool gone;         /* it is its port's client no more */
    bool begun;        /* its AUTH_LIST was taken */
    bool alone;        /* a call runs that is to be carried out alone */
    bool open;         /* CONNECT_OPEN */
    bool read_only;    /* in its flags */
    bool close_asked;  /* it wants to be told when the connection ends */
    int32_t callbacks; /* ID of the last one */
    struct dispatch_callback callback[DISPATCH_CALLBACKS];
};

/* What a worker does, as its keeper sees it; the worker writes it, and the keeper while the worker
 * is stopped. */
enum dispatch_worker_state {
    DISPATCH_WORKER_OWN,  /* its own business, which is short */
    DISPATCH_WORKER_CALL, /* decodes, carries out, encodes: it may be given up */
};

struct dispatch_worker {
    /* const after dispatch_open() */
    struct dispatch *dispatch;
    unsigned number;
    void *stack;
    size_t stack_size;
    struct lk_thread thread;
    /* see above */
    volatile uint32_t state;
    volatile uint64_t until; /* the deadline of its call */
    /* the worker's, while it has a call */
    struct dispatch_client *client;
    unsigned slot;
    bool open;            /* was its client when the call began? */
    bool alone;           /* its call is carried out alone */
    remote_header header; /* of the call */
    size_t have;          /* bytes of the message */
    struct rpc_arena arena;
    struct rpc_call call;
    struct rpc_output out;
    uint64_t carried_out, given_up, faulted; /* how often */
    char label[16];
    uint8_t stack_memory[DISPATCH_STACK] __attribute__((aligned(16)));
    uint8_t message[RPC_CALL_MAX] __attribute__((aligned(8)));
    uint8_t arena_memory[RPC_ARENA_BYTES + DISPATCH_RESULT] __attribute__((aligned(8)));
    uint8_t out_memory[DISPATCH_REPLY_MAX] __attribute__((aligned(8)));
};

/* A dispatcher. */
struct dispatch {
    struct dispatch_plan plan;
    struct rpc_service service;
    struct lk_lock server;
    struct lk_condition job;
    /* server lock */
    unsigned idle;    /* workers that have no call */
    unsigned next;    /* port that is looked at first for the next call */
    bool server_held; /* the initial thread has not polled yet */
    struct dispatch_client client[DISPATCH_CLIENTS];
    /* the keeper's */
    struct lk_thread keeper;
    uint8_t keeper_stack[DISPATCH_STACK] __attribute__((aligned(16)));
    uint8_t keeper_memory[RPC_ERROR_BYTES] __attribute__((aligned(8)));
    /* the warden's */
    struct lk_thread warden;
    uint8_t warden_stack[DISPATCH_STACK] __attribute__((aligned(16)));
};

/* Do the invariants hold? Takes the server lock, and each client's. */
bool dispatch_check(struct dispatch *d);
