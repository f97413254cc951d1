/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rounds at random. A client calls a server, which answers without blocking, while three others
 * post notices to the client, send through its ProxyEntry, and suspend it and R; all of the same
 * priority, all taken off the CPU at random moments, drawn from the seed. No answer is lost and
 * none comes twice, nothing that was posted goes unheard, and R and the client never run at once.
 */
#include "armed.h"

#include <lykos/preempt.h>

/* Capability registers of the players. */
#define G_SERVER R_A  /* Entry of the server */
#define G_PROXY R_A   /* ProxyEntry to the client */
#define G_PREEMPT R_B /* notices to it */
#define G_PLAIN R_C
#define G_T R_D /* Process of the client */
#define G_R R_E /* and of R */
#define G_REPLY R_F

#define REASONS 8
#define OWN_BIT                                                                                    \
    (1u << 15) /* plain: the client's own, so that it finds its notices without waiting */
#define CLOCK_REASON 7
#define POSTERS 3
#define THINK_NS 6000
#define THINK_SPINS 400
#define SERVER_SPINS 3000
#define REST_NS 45000
#define LOOK_NS 1000000
#define HANG_LOOKS 200
#define DRAIN_EVERY 64

enum stood { STOOD_CLOSED, STOOD_SLEEPING, STOOD_BLOCKED, STOOD_READY, STOOD_NOTICE, STOODS };

/* What they share. */
static volatile struct {
    bool stop, fpu;
    uint64_t goal;    /* rounds to be made with an event in the middle */
    uint64_t rounds;  /* made */
    uint64_t touched; /* of these, with an event in the middle */
    unsigned ended;
    bool active;     /* R is at work: the client must not run */
    unsigned inside; /* who is in: R at work, or the client in its section */
    uint64_t ticks;  /* the client runs */
    bool calling;    /* it is in the middle of a round */
    uint64_t events;
    uint64_t reason[REASONS], heard[REASONS]; /* what was posted for, and what R knows of it */
    uint64_t calls, sends, refused, messages; /* through the ProxyEntry; taken by R */
    uint64_t plain, plain_got;
    uint64_t deliveries, suspensions, holds_of_r;
    uint64_t stood[STOODS]; /* where the client stood when it was stopped */
} g;

static struct lk_control *control(void)
{
    return (struct lk_control *)(uintptr_t)control_word();
}

static void spin(uint64_t n)
{
    for (volatile uint64_t i = 0; i < n; i++) {
    }
}

/* For a random time that is not long. */
static void think(struct rng *r)
{
    uint64_t kind = rng_below(r, 4);

    if (kind == 0) {
        lk_yield();
    } else if (kind == 1) {
        sleep_ns(rng_below(r, THINK_NS));
    } else {
        spin(rng_below(r, THINK_SPINS));
    }
}

/* Until the next event, most often in the middle of a round. */
static void rest(struct rng *r)
{
    sleep_ns(rng_below(r, REST_NS));
    while (!g.calling && !g.stop && rng_below(r, 16) != 0) {
        lk_yield();
    }
}

static void enter(void)
{
    unsigned n = g.inside + 1;

    g.inside = n;
    EQ(n, 1); /* the other is not inside */
}

static void leave(void)
{
    EQ(g.inside, 1);
    g.inside = 0;
}

/* ---- The client ---- */

static void runs(void)
{
    CHECK(!g.active);
    g.ticks++;
    CHECK(!g.active);
}

/* Some reason to be told by the clock, soon. */
static void set_clock(struct rng *r)
{
    g.reason[CLOCK_REASON]++;
    OK(lk_sleep_notice_at(R_SLEEP, now() + rng_below(r, 4 * THINK_NS),
                          1ull << (32 + CLOCK_REASON)));
}

/* The plain notices that have come. */
static void drain(void)
{
    OK(lk_appnotice_post(G_PLAIN, OWN_BIT));
    g.plain_got |= lk_park();
}

static void one_call(struct rng *r, struct keep *k, uint64_t number)
{
    struct lk_msg m = { .control = LK_CTL_CALL(G_SERVER, 4) };
    bool section = rng_below(r, 4) == 0;
    uint64_t before = g.events;

    for (unsigned i = 0; i < 6; i++) {
        k->callee[i] = rng_next(r);
    }
    m.w[0] = 1;
    m.w[1] = number;
    m.w[2] = rng_next(r);
    if (section) {
        lk_defer_begin(control());
        enter();
    }
    runs();
    g.calling = true;
    if (g.fpu) {
        canary_call(&m, k);
    } else {
        canary_call_plain(&m, k);
    }
    g.calling = false;
    runs();
    if (section) {
        leave();
        lk_defer_end(control());
    }
    EQ(lk_kind(m.delivery), LK_KIND_MESSAGE);
    EQ(m.w[0], STATUS_OK);
    EQ(m.w[1], number ^ NUMBER_ANSWER);
    for (unsigned i = 0; i < 6; i++) {
        EQ(k->after[i], k->callee[i]);
    }
    CHECK(!g.fpu || fpu_same(k->fpu, k->fpu_after));
    if (g.fpu && number % DRAIN_EVERY == 1) {
        fpu_canary(k->fpu, r->s); /* others from now on */
    }
    g.touched += g.events != before;
}

static void client(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0xc11e);
    static struct keep keep;

    (void)unused;
    fpu_canary(keep.fpu, r.s);
    for (uint64_t n = 1; g.touched < g.goal; n++) {
        if (rng_below(&r, 8) == 0) {
            set_clock(&r);
        }
        if (rng_below(&r, 64) == 0) {
            sleep_ns(rng_below(&r, 4 * THINK_NS));
        }
        one_call(&r, &keep, n);
        if (n % DRAIN_EVERY == 0) {
            drain();
        }
        g.rounds = n;
    }
    g.ended++;
    while (!g.stop) {
        runs();
        sleep_ns(THINK_NS);
    }
    drain();
    g.ended++;
}

/* ---- The server ---- */

static void server(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0x5e12);
    struct lk_in in = lk_wait(G_REPLY);
    uint64_t last = 0;

    (void)unused;
    for (;;) {
        EQ(lk_kind(in.delivery), LK_KIND_MESSAGE); /* else its answer found nobody */
        EQ(in.w[1], last + 1);
        last = in.w[1];
        if (rng_below(&r, 8) == 0) {
            think(&r);
        } else {
            spin(rng_below(&r, SERVER_SPINS));
        }
        if (rng_below(&r, 2) == 0) {
            in = lk_reply_wait1(G_REPLY, STATUS_OK, last ^ NUMBER_ANSWER);
        } else {
            STATUS(lk_post2(G_REPLY, STATUS_OK, last ^ NUMBER_ANSWER, 0), STATUS_OK);
            in = lk_wait(G_REPLY);
        }
    }
}

/* ---- R ---- */

#define H_CAP R_A
#define H_REPLY R_B

static void look_at_client(struct pstate *s, uint64_t *wait)
{
    OK(lk_process_get_state(H_CAP, &s->run_state, &s->holds, &s->fault, &s->info, &s->cpu,
                            &s->notices, &s->flags, &s->r, sizeof(s->r), NULL));
    OK(lk_process_get_wait(H_CAP, wait, NULL, NULL, NULL, NULL, NULL));
    CHECK((s->holds & 1) != 0);
}

static void count_stood(const struct pstate *s, uint64_t wait)
{
    enum stood where = STOOD_READY;

    if (s->run_state == LK_STATE_RECEIVING) {
        where = wait == LK_WAIT_SLEEPING ? STOOD_SLEEPING
                : wait == LK_WAIT_NOTICE ? STOOD_NOTICE
                                         : STOOD_CLOSED;
    } else if (s->run_state == LK_STATE_BLOCKED) {
        where = STOOD_BLOCKED;
    }
    g.stood[where]++;
}

static void hear(const struct lk_in *in)
{
    if (lk_kind(in->delivery) == LK_KIND_PROXIED_NOTICE) {
        for (unsigned i = 0; i < REASONS; i++) {
            if (in->w[0] >> i & 1) {
                g.heard[i] = g.reason[i];
            }
        }
        return;
    }
    EQ(lk_kind(in->delivery), LK_KIND_PROXIED);
    EQ(in->w[1], g.messages + 1); /* each once, in their order */
    g.messages++;
}

/* What R does while the client is stopped: the client must stay where it is, but for its answer. */
static void handle(const struct lk_in *in, struct rng *r)
{
    struct pstate before = { 0 }, after = { 0 };
    uint64_t wait = 0;
    uint64_t ticks = g.ticks;

    CHECK((in->delivery & LK_DLV_FORCED) == 0);
    EQ(control()->defer, 0);
    g.deliveries++;
    look_at_client(&before, &wait);
    count_stood(&before, wait);
    hear(in);
    if (g.fpu) {
        spoil_fpu(rng_next(r));
    }
    if (rng_below(r, 2) == 0) {
        think(r);
    }
    look_at_client(&after, &wait);
    EQ(g.ticks, ticks);
    EQ(after.r.rip, before.r.rip);
    EQ(after.r.rsp, before.r.rsp);
    if (after.run_state == before.run_state) {
        CHECK(memcmp(&after.r, &before.r, sizeof(after.r)) == 0);
    }
}

static void handler(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0x4a4d);

    (void)unused;
    for (;;) {
        struct lk_in in = lk_wait(H_CAP);

        g.active = true;
        enter();
        handle(&in, &r);
        if (lk_kind(in.delivery) == LK_KIND_PROXIED && in.w[0] == K_CALL) {
            OK(lk_process_fetch_proxy_reply(H_CAP, H_REPLY));
            STATUS(lk_post2(H_REPLY, STATUS_OK, in.w[1] ^ NUMBER_ANSWER, 0), STATUS_OK);
        }
        leave();
        g.active = false;
        OK(lk_process_clear_not_schedulable(H_CAP, LK_HOLD_PROXY, NULL));
    }
}

/* ---- Those who disturb ---- */

static void posts(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0x9057);

    (void)unused;
    while (!g.stop) {
        unsigned i = (unsigned)rng_below(&r, CLOCK_REASON);

        g.events++;
        if (rng_below(&r, 4) == 0) {
            g.plain |= 1u << i;
            OK(lk_appnotice_post(G_PLAIN, 1u << i));
        } else {
            g.reason[i]++;
            OK(lk_appnotice_post(G_PREEMPT, 1u << i));
        }
        rest(&r);
    }
    g.ended++;
}

static void sends(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0x5e4d);
    uint64_t number = 0;

    (void)unused;
    while (!g.stop) {
        uint64_t kind = rng_below(&r, 3);

        g.events++;
        number++;
        if (kind == 0) {
            struct lk_in in = lk_call_ctl1(LK_CTL_CALL(G_PROXY, 2), K_CALL, number);

            EQ(in.w[0], STATUS_OK);
            EQ(in.w[1], number ^ NUMBER_ANSWER);
            g.calls++;
        } else if (kind == 1) {
            OK(lk_send2(G_PROXY, K_ONEWAY, number, 0));
            g.sends++;
        } else {
            enum status status = lk_post2(G_PROXY, K_NONBLOCK, number, 0);

            if (status == STATUS_WOULD_BLOCK) {
                number--;
                g.refused++;
            } else {
                OK(status);
                g.sends++;
            }
        }
        rest(&r);
    }
    g.ended++;
}

/* The client is suspended, or R held; either stays as it is, but that an answer may come. */
static void suspends(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0x5059);

    (void)unused;
    while (!g.stop) {
        bool of_r = rng_below(&r, 4) == 0;
        unsigned reg = of_r ? G_R : G_T;
        uint64_t ticks;

        g.events++;
        OK(lk_process_set_not_schedulable(reg, LK_HOLD_SUSPEND, NULL));
        ticks = g.ticks;
        think(&r);
        if (of_r) {
            g.holds_of_r++;
        } else {
            EQ(g.ticks, ticks);
            g.suspensions++;
        }
        OK(lk_process_clear_not_schedulable(reg, LK_HOLD_SUSPEND, NULL));
        rest(&r);
    }
    g.ended++;
}

/* ---- The stage ---- */

static struct {
    struct worker client, server, handler, other[POSTERS];
    obj q;
} players;

/* The notices and the entry by which the client is disturbed. */
static void make_disturbers(void)
{
    static void (*const fn[POSTERS])(void *) = { posts, sends, suspends };
    obj e = players.client.endpoint;

    for (unsigned i = 0; i < POSTERS; i++) {
        players.other[i] = worker_new(PRIO_LOW, fn[i], NULL);
    }
    obj_get(e, R_A);
    OK(lk_endpoint_make_proxy_notice(R_A, (1u << CLOCK_REASON) - 1, R_B));
    proc_cap(players.other[0].p, G_PREEMPT, obj_keep(R_B));
    proc_cap(players.other[0].p, G_PLAIN, notice_new(e, (1u << CLOCK_REASON) - 1));
    proc_cap(players.client.p, G_PLAIN, notice_new(e, OWN_BIT));
    OK(lk_endpoint_make_proxy_entry(R_A, PROXY_PAYLOAD, R_B));
    proc_cap(players.other[1].p, G_PROXY, obj_keep(R_B));
    proc_cap(players.other[2].p, G_T, players.client.p);
    proc_cap(players.other[2].p, G_R, players.handler.p);
}

static void make_players(void)
{
    obj page = page_new();

    players.client = worker_new(PRIO_LOW, client, NULL);
    players.server = worker_new(PRIO_LOW, server, NULL);
    players.handler = worker_new(PRIO_LOW, handler, NULL);
    proc_cap(players.client.p, G_SERVER, entry_new(players.server.endpoint, 0));
    players.q = endpoint_new(players.handler.p, Q_ID, false);
    proc_slot(players.client.p, SLOT_PROXY_RECEIVER, entry_new(players.q, 0));
    map_page(own_space(), CONTROL_VA, page, 0);
    control()->defer = 0;
    control()->pending = 0;
    obj_get(players.client.p, R_A);
    obj_get(page, R_B);
    OK(lk_process_set_control_word(R_A, 0, LK_DEFER_MAX, R_B));
    make_disturbers();
}

static void start_players(void)
{
    worker_start(players.server);
    worker_start(players.handler);
    for (unsigned i = 0; i < POSTERS; i++) {
        worker_start(players.other[i]);
    }
    worker_start(players.client);
}

/* Until the client has made its rounds; it must get on all the time. */
static void watch(void)
{
    uint64_t before = 0;
    unsigned looks = 0;

    while (g.ended == 0) {
        sys_at("seed %lu, round %lu", sys_options.seed, g.rounds);
        sleep_ns(LOOK_NS);
        looks = g.touched == before ? looks + 1 : 0;
        before = g.touched;
        if (looks == HANG_LOOKS && g.ended == 0) {
            struct pstate s = proc_state(players.client.p);

            FAIL("the client hangs, or nobody disturbs it: run state %lu, wait %lu, holds %lx, rip "
                 "%lx, notices %lx",
                 s.run_state, proc_wait_kind(players.client.p), s.holds, s.r.rip, s.notices);
        }
    }
}

static bool all_heard(void)
{
    bool all = true;

    for (unsigned i = 0; i < REASONS; i++) {
        all &= g.heard[i] == g.reason[i];
    }
    return all && g.messages == g.calls + g.sends;
}

static void judge(void)
{
    struct pstate s = proc_state(players.client.p);

    EQ(s.holds, 0);
    EQ(s.notices, 0);
    EQ(g.plain_got & ~(uint64_t)OWN_BIT, g.plain);
    EQ(g.touched, g.goal);
    EQ(control()->defer, 0);
    EQ(control()->pending, 0);
    EQ(g.inside, 0);
    EQ(kernel_check(), 0);
}

static void say_counts(void)
{
    uint64_t posted = 0;

    for (unsigned i = 0; i < REASONS; i++) {
        posted += g.reason[i];
    }
    sys_say("# %lu calls, %lu of them rounds: with an event in the middle; seed %lu", g.rounds,
            g.touched, sys_options.seed);
    sys_say(
        "# %lu preempting posts, %lu calls, %lu sends, %lu refused, %lu suspensions, R held %lu "
        "times",
        posted, g.calls, g.sends, g.refused, g.suspensions, g.holds_of_r);
    sys_say(
        "# %lu deliveries, which found the client: in its closed wait %lu, sleeping %lu, blocked "
        "sending %lu, waiting for notices %lu, ready %lu",
        g.deliveries, g.stood[STOOD_CLOSED], g.stood[STOOD_SLEEPING], g.stood[STOOD_BLOCKED],
        g.stood[STOOD_NOTICE], g.stood[STOOD_READY]);
}

static void storm(bool fpu)
{
    uint64_t goal = share_of_rounds(STORM_PERCENT);

    memset((void *)(uintptr_t)&g, 0, sizeof(g));
    g.goal = goal;
    g.fpu = fpu;
    make_players();
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed * 2 + fpu + 1));
    start_players();
    watch();
    g.stop = true;
    EVENTUALLY(g.ended == POSTERS + 2);
    EVENTUALLY(all_heard());
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.preempt));
    judge();
    say_counts();
}

CASE(storm,
     .text =
         "a client gets every answer once, however it is notified and suspended meanwhile, and R "
         "and it never run at once",
     .ms = 4000000)
{
    storm(false);
}

CASE(storm_fpu, .text = "so does one that uses the FPU, and its registers survive", .ms = 4000000)
{
    storm(true);
}
