/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A server on ports; see <lykos/portserver.h>. Here its parts are put together: the core
 * (<lykos/dispatch.h>), what happens to programs (<lykos/domains.h>), and the ports (ports.h).
 */
#include "ports.h"

#include <lykos/connect.h>
#include <lykos/console.h>
#include <lykos/domains.h>
#include <lykos/portserver.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <lykos/stubs.h>
#include <lykos/time.h>

#define WORKERS 12u /* each port has one of its own; the others are for pipelined calls */
#define DEADLINE_MS 5000u
#define KEEPER_PRIORITY 152u /* above init's clients, and above the initial thread */
#define WORKER_PRIORITY 149u /* below the initial thread: reading comes first */

#define BIT_SERIAL (1u << PORT_COUNT)  /* the server `serial` was begun again, or is gone */
#define BIT_CHANGES (2u << PORT_COUNT) /* something happened to a program */

enum {
    REG_TEAM = 16,      /* CapPage, of every member */
    REG_TEAM_WORK = 17, /* every member's, for the library */
    REG_NOTICE = 18,
    REG_ROOM = 19,             /* and the next, while objects are made */
    REG_FAULTS = 21,           /* Entry told of faults of the program itself */
    REG_WORK = LK_REG_SCRATCH, /* and the 7 behind it */
};
_Static_assert(PORT_COUNT <= DISPATCH_PORTS && PORT_BYTES <= DISPATCH_CHUNK,
               "all ports are served");
_Static_assert(WORKERS <= DISPATCH_WORKERS, "as many as there may be");

static struct lk_room room;
static struct lk_loop loop;
static struct dispatch dispatch;
static struct dispatch_port port[PORT_COUNT];
static struct dispatch_worker worker[WORKERS];
static struct domain_watch watch;
static struct lk_source serial_source, changes_source;
static unsigned ports;

/* ---- what happens to programs ---------------------------------------------------------------- */

static void tell(void *context, const remote_lifecycle *event)
{
    (void)context;
    dispatch_event(&dispatch, event);
}

static void on_changes(struct lk_source *source, uint32_t why)
{
    uint64_t missed = watch.missed;

    (void)source;
    (void)why;
    domain_watch_read(&watch, tell, NULL);
    if (watch.missed != missed) {
        say("%lu changes of programs were not told: there were too many at once",
            watch.missed - missed);
    }
}

/* ---- the server serial ----------------------------------------------------------------------- */

/* It was begun again, or is gone. */
static void on_serial(struct lk_source *source, uint32_t why)
{
    (void)source;
    (void)why;
    if (lk_connect("serial") != STATUS_OK || ports_bind(ports, REG_NOTICE) != STATUS_OK) {
        say("the ports cannot be had again: no client can be served until they can");
        return;
    }
    for (unsigned i = 0; i < ports; i++) {
        dispatch_port_ready(&dispatch, i);
    }
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void add_notice(struct lk_source *source, uint32_t bits, lk_loop_callback *callback)
{
    lk_must(lk_loop_add(&loop, source,
                        &((struct lk_source_plan){
                            .kind = LK_SOURCE_NOTICE, .callback = callback, .bits = bits })),
            "a source of the loop");
}

static void make_notice(uint32_t bits)
{
    lk_must(lk_endpoint_make_app_notice(LK_REG_ENDPOINT, bits, REG_NOTICE), "a notice");
}

static void make_dispatcher(const struct rpc_service *service, const uint32_t *more, unsigned count)
{
    uint32_t give[DISPATCH_GIVE] = { lk_cap("programs") };
    const struct dispatch_plan plan = {
        .service = service,
        .transport = &ports_transport,
        .loop = &loop,
        .port = port,
        .worker = worker,
        .ports = ports,
        .workers = WORKERS,
        .deadline = lk_param("deadline", DEADLINE_MS) * LK_NSEC_PER_MSEC,
        .notice = 0,
        .notices = true,
        .worker_priority = WORKER_PRIORITY,
        .keeper_priority = KEEPER_PRIORITY,
        .room = &room,
        .space = lk_cap("space"),
        .schedctl = lk_cap("schedctl"),
        .handler = REG_FAULTS,
        .work = REG_WORK,
        .give = give,
        .gives = 1 + count,
    };

    if (count >= DISPATCH_GIVE) {
        lk_die("%u capabilities for each worker are too many", count);
    }
    for (unsigned i = 0; i < count; i++) {
        give[1 + i] = more[i];
    }
    lk_must(lk_process_get_slot(LK_REG_SELF, SLOT_HANDLER, REG_FAULTS), "the fault handler");
    lk_must(dispatch_open(&dispatch, &plan), "the dispatcher");
}

static void make_room(void)
{
    uint64_t frames = 0;
    uint32_t memory = lk_cap("memory");

    lk_must(lk_range_get_info(memory, 0, &frames, NULL), "the size of 'memory'");
    lk_room_open(&room, memory, 0, frames, REG_ROOM);
}

/* A line of its own: who waits for it outside waits for exactly this. */
static void say_ready(void)
{
    static const char line[] = "ready\n";

    lk_console_write(lk_cap("console"), line, sizeof(line) - 1);
}

int port_server_run(const struct rpc_service *service, const uint32_t *give, unsigned gives)
{
    ports = ports_count();
    if (ports == 0) {
        return 0; /* nobody can call */
    }
    make_room();
    lk_must(lk_team_open(&room, LK_REG_ENDPOINT, REG_TEAM, REG_TEAM_WORK), "a team");
    lk_loop_init(&loop);
    make_dispatcher(service, give, gives);
    add_notice(&changes_source, BIT_CHANGES, on_changes);
    make_notice(BIT_CHANGES);
    lk_must(domain_watch_begin(&watch, REG_NOTICE, BIT_CHANGES), "watching programs");
    add_notice(&serial_source, BIT_SERIAL, on_serial);
    make_notice(BIT_SERIAL);
    lk_must(lk_watch("serial", BIT_SERIAL, REG_NOTICE), "watching the server serial");
    lk_must(ports_bind(ports, REG_NOTICE), "the ports");
    say_ready();
    lk_must(dispatch_run(&dispatch), "the workers");
    return 1;
}
