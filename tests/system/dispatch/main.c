/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: the core of the dispatcher (user/dispatch). See kit.h.
 */
#include "wire.h"

#include <lykos/stubs.h>

const char sys_scenario[] = "dispatch";

/* Registers of the initial thread; workers have R_SILENT to R_KIND. */
enum {
    R_TEAM = R_A,
    R_TEAM_WORK = R_B,
    R_SILENT = R_C,              /* Entry of a server that never answers */
    R_DEAF = R_D,                /* of one that never receives */
    R_KIND = R_E,                /* of one that answers */
    R_WORK = R_F,                /* and 7 more, up to 28 */
    R_PARKING = LK_INIT_DEVICES, /* Entry where nobody receives */
    R_ROOM_WORK = 30,            /* and 31 */
};

struct dispatch kit;
struct dispatch_port kit_ports[PORTS];
struct dispatch_worker kit_workers[WORKERS];
obj kit_thread;
volatile bool kit_go;
volatile uint64_t kit_inside, kit_begun;

static struct lk_room room;
static struct lk_loop loop;
static struct lk_lock own_lock;
static unsigned workers_wanted;
static uint64_t deadline_wanted;
static volatile bool ready;
static bool program_may_end;
static uint64_t first_frame;

/* What the case asks the initial thread to do. */
static struct lk_source asked;
static remote_lifecycle ask_event;
static volatile bool ask_check, ask_result, ask_done;

#define LATE 13
#define BIT_ASK (1u << PORTS)

/* ---- the service ----------------------------------------------------------------------------- */

static void never_end(void)
{
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}

static void wait_for_go(void)
{
    kit_inside++;
    while (!kit_go) {
        lk_sleep_ms(1);
    }
    kit_inside--;
}

/* A lock of the handler's own. */
static void hold(void)
{
    lk_lock(&own_lock);
    while (!kit_go) {
        __asm__ volatile("" : : : "memory");
    }
    lk_unlock(&own_lock);
    never_end();
}

static void go_deep(void)
{
    volatile uint8_t memory[DISPATCH_STACK / 2];

    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (uint8_t)i;
    }
    never_end();
}

static void obey(int32_t told)
{
    switch (told) {
    case TOLD_WAIT:
        wait_for_go();
        break;
    case TOLD_LOOP:
        never_end();
        break;
    case TOLD_CALL:
        lk_call1(R_SILENT, 1, 0);
        break;
    case TOLD_LATE:
        lk_call1(R_KIND, 1, LATE);
        break;
    case TOLD_SEND:
        lk_call1(R_DEAF, 1, 0);
        break;
    case TOLD_PARK:
        for (;;) {
            lk_take_notices();
        }
    case TOLD_FAULT_LOCKED:
        lk_lock(&own_lock);
        /* falls through */
    case TOLD_FAULT:
        __asm__ volatile("movb 0, %%al" : : : "eax", "memory");
        break;
    case TOLD_HOLD:
        hold();
        break;
    case TOLD_DEEP:
        go_deep();
        break;
    default:
        if (told >= TOLD_SLEEP) {
            lk_sleep_ms((uint64_t)(told - TOLD_SLEEP));
        }
        break;
    }
}

static char *long_text(struct rpc_arena *arena)
{
    char *text = rpc_arena_alloc(arena, DISPATCH_REPLY_MAX);

    CHECK(text != NULL);
    memset(text, 'x', DISPATCH_REPLY_MAX - 1);
    return text;
}

static bool do_as_told(void *client, const struct rpc_call *c, void *result,
                       struct rpc_error *error)
{
    int32_t told = ((const remote_int *)c->arguments)->value;
    remote_dom *dom = result;

    CHECK(dispatch_of(client) == &kit);
    kit_begun++;
    obey(told);
    if (told == TOLD_FAIL) {
        rpc_error_set(error, REMOTE_ERR_NO_DOMAIN, REMOTE_FROM_DOMAIN, "no domain %d", told);
        return false;
    }
    if (told == TOLD_ASK_AGAIN) {
        struct lk_in in = lk_call1(R_KIND, 1, 7);

        told = in.w[0] == STATUS_OK ? (int32_t)in.w[1] : -1;
    }
    dom->dom.name = told == TOLD_LONG         ? long_text(c->arena)
                    : told == TOLD_BAD_RESULT ? (char *)16
                                              : rpc_arena_text(c->arena, "told");
    dom->dom.id = told;
    return true;
}

static const struct rpc_service service = {
    .handler = { [RPC_DOMAIN_LOOKUP_BY_ID] = do_as_told },
};

/* ---- other servers --------------------------------------------------------------------------- */

/* Keeps who calls, in a register for each of the last ones. */
static void silent(void *unused)
{
    (void)unused;
    for (;;) {
        lk_wait(R_A);
    }
}

static void deaf(void *unused)
{
    (void)unused;
    for (;;) {
        lk_park();
    }
}

/* Answers with word 1 and 1000 more; to LATE, late. */
static void kind(void *unused)
{
    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(R_A);
        if (in.w[1] == LATE) {
            lk_sleep_ms(30);
        }
        struct lk_msg msg = { .control = LK_CTL(LK_SEND, R_A, 2),
                              .w = { STATUS_OK, in.w[1] + 1000 } };

        lk_invoke(&msg);
    }
}

/* ---- the initial thread ---------------------------------------------------------------------- */

static void do_what_is_asked(struct lk_source *source, uint32_t why)
{
    (void)source;
    (void)why;
    if (ask_check) {
        ask_result = dispatch_check(&kit);
    } else {
        dispatch_event(&kit, &ask_event);
    }
    ask_done = true;
}

static void run(void *unused)
{
    static const uint32_t give[] = { R_SILENT, R_DEAF, R_KIND, R_SUPER };
    const struct dispatch_plan plan = {
        .service = &service,
        .transport = &wire_transport,
        .loop = &loop,
        .port = kit_ports,
        .worker = kit_workers,
        .ports = PORTS,
        .workers = workers_wanted,
        .deadline = deadline_wanted,
        .notices = true,
        .notice = 0,
        .worker_priority = PRIO_WORKER,
        .keeper_priority = PRIO_KEEPER,
        .room = &room,
        .space = R_SPACE,
        .schedctl = R_SCHEDCTL,
        .handler = program_may_end ? R_PARKING : R_SUPER,
        .work = R_WORK,
        .give = give,
        .gives = sizeof(give) / sizeof(give[0]),
    };

    (void)unused;
    lk_room_open(&room, R_RANGE, first_frame, 64, R_ROOM_WORK);
    OK(lk_team_open(&room, R_ENDPOINT, R_TEAM, R_TEAM_WORK));
    lk_loop_init(&loop);
    OK(dispatch_open(&kit, &plan));
    OK(lk_loop_add(&loop, &asked,
                   &((struct lk_source_plan){
                       .kind = LK_SOURCE_NOTICE, .callback = do_what_is_asked, .bits = BIT_ASK })));
    ready = true;
    OK(dispatch_run(&kit));
}

static obj server(void (*fn)(void *))
{
    struct worker w = worker_new(PRIO_SILENT, fn, NULL);

    worker_start(w);
    return entry_new(w.endpoint, 0);
}

void kit_begin_with(unsigned workers, uint64_t deadline)
{
    static const unsigned lent[] = { R_SPACE, R_RANGE, R_SCHEDCTL };
    struct worker initial;

    memset(kit_ports, 0, sizeof(kit_ports));
    memset(kit_workers, 0, sizeof(kit_workers));
    memset(&loop, 0, sizeof(loop));
    memset(&asked, 0, sizeof(asked));
    own_lock = (struct lk_lock)LK_LOCK("a handler's lock", 3);
    kit_go = ready = false;
    kit_inside = kit_begun = 0;
    workers_wanted = workers;
    deadline_wanted = deadline;
    wire_reset();
    first_frame = frames_new(64);
    initial = worker_new(PRIO_LOOP, run, NULL);
    kit_thread = initial.p;
    for (unsigned i = 0; i < sizeof(lent) / sizeof(lent[0]); i++) {
        proc_cap(initial.p, lent[i], obj_keep(lent[i]));
    }
    proc_cap(initial.p, R_SILENT, server(silent));
    proc_cap(initial.p, R_DEAF, server(deaf));
    proc_cap(initial.p, R_KIND, server(kind));
    proc_cap(initial.p, R_PARKING, parking_entry());
    obj_get(notice_new(initial.endpoint, BIT_ASK | (BIT_ASK - 1)), R_WIRE);
    worker_start(initial);
    EVENTUALLY(ready);
    program_may_end = false;
    kit_idle();
}

void kit_program_may_end(void)
{
    program_may_end = true;
}

void kit_begin(void)
{
    kit_begin_with(WORKERS, DEADLINE);
}

/* A call that waits for a worker, or has one. */
static bool in_work(void)
{
    for (unsigned i = 0; i < PORTS * DISPATCH_CALLS; i++) {
        enum dispatch_call_state state =
            kit_ports[i / DISPATCH_CALLS].slot[i % DISPATCH_CALLS].state;

        if (state == DISPATCH_WAITS || state == DISPATCH_RUNS) {
            return true;
        }
    }
    return false;
}

void kit_idle(void)
{
    EVENTUALLY(!in_work());
    EVENTUALLY(kit.idle == workers_wanted && kit.server.word == 0);
    for (unsigned i = 0; i < workers_wanted; i++) {
        EVENTUALLY(lk_team_member(&kit_workers[i].thread)->waits);
    }
}

static void ask(void)
{
    ask_done = false;
    OK(lk_appnotice_post(R_WIRE, BIT_ASK));
    EVENTUALLY(ask_done);
}

bool kit_checks(void)
{
    ask_check = true;
    ask();
    return ask_result;
}

void kit_event(const remote_lifecycle *event)
{
    ask_check = false;
    ask_event = *event;
    ask();
}

void kit_fine(void)
{
    kit_idle();
    CHECK(kit_checks());
}

/* The initial thread has its Process, where dispatch_open() left it. */
void kit_stop_worker(void)
{
    proc_get_cap(kit_thread, R_WORK + 2, R_J);
    OK(lk_preempt_make_notice(R_J, LK_BIT_DEADLINE, R_J));
    OK(lk_appnotice_post(R_J, LK_BIT_DEADLINE));
}
