/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Critical sections and a flood of notifications: R never finds the client inside a section, but
 * when the delivery says that it was forced, and not before the bound is over; and the client gets
 * on, however many post as fast as they can.
 */
#include "armed.h"

#include <lykos/preempt.h>

#define S_PROXY R_A /* of posters */
#define S_PREEMPT R_B
#define H_CAP R_A
#define H_REPLY R_B

#define POSTERS_MOST 3
#define SECTION_SPINS 40
#define LONG_SECTION_SPINS 2500 /* longer than the bound */
#define BOUND_SHORT 4000
#define SLICE_NS 50000
#define FLOOD_NS (12 * NSEC_PER_MSEC)
#define LOOK_NS 1000000
#define HANG_LOOKS 300

/* What R does when it has let the client go on; and whether it has a higher priority. */
enum manners { R_YIELDS, R_WAITS_AT_ONCE, R_ABOVE_AT_ONCE, R_ABOVE_SLEEPS, MANNERS };
#define R_SLEEP_NS (SLICE_NS / 2)

static volatile struct {
    bool stop;
    uint64_t sections; /* made */
    bool in_section;
    bool over;       /* the section lasts longer than the bound */
    unsigned inside; /* as in storm.c; a forced delivery is let in */
    bool active;
    uint64_t waits_since; /* when R was last about to wait; no deferral that ends then is older */
    uint64_t deliveries, forced, forced_inside, deferred;
    enum manners manners;
    bool calls; /* the posters call, too */
    unsigned ended;
} g;

static struct {
    struct worker client, handler, poster[POSTERS_MOST];
} players;

static struct lk_control *control(void)
{
    return (struct lk_control *)(uintptr_t)control_word();
}

static void spin(uint64_t n)
{
    for (volatile uint64_t i = 0; i < n; i++) {
    }
}

/* ---- The client: one section after the other ---- */

static void client(void *unused)
{
    struct rng r = rng_new(sys_options.seed ^ 0xc11e);

    (void)unused;
    while (!g.stop) {
        CHECK(!g.active);
        lk_defer_begin(control());
        g.in_section = true;
        if (!g.over) {
            EQ(g.inside, 0);
            g.inside = 1;
        }
        spin(rng_below(&r, g.over ? LONG_SECTION_SPINS : SECTION_SPINS));
        g.deferred += control()->pending;
        if (!g.over) {
            EQ(g.inside, 1);
            g.inside = 0;
        }
        g.in_section = false;
        lk_defer_end(control());
        CHECK(!g.active);
        g.sections++;
        spin(rng_below(&r, SECTION_SPINS));
    }
    g.ended++;
}

/* ---- R ---- */

static void judge_delivery(const struct lk_in *in)
{
    uint64_t holds = 0;

    OK(lk_process_get_state(H_CAP, NULL, &holds, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    CHECK((holds & 1) != 0);
    g.deliveries++;
    if (in->delivery & LK_DLV_FORCED) {
        g.forced++;
        g.forced_inside += g.in_section;
        CHECK(control()->defer != 0);
        CHECK(g.over);
        CHECK(now() - g.waits_since >= BOUND_SHORT);
    } else {
        CHECK(!g.in_section);
        EQ(control()->defer, 0);
        EQ(g.inside, 0);
        g.inside = 1;
        spin(SECTION_SPINS);
        EQ(g.inside, 1);
        g.inside = 0;
    }
}

static void handler(void *unused)
{
    (void)unused;
    for (;;) {
        struct lk_in in;

        g.waits_since = now();
        in = lk_wait(H_CAP);
        g.active = true;
        judge_delivery(&in);
        if (lk_kind(in.delivery) == LK_KIND_PROXIED) {
            OK(lk_process_fetch_proxy_reply(H_CAP, H_REPLY));
            STATUS(lk_post2(H_REPLY, STATUS_OK, in.w[1], 0), STATUS_OK);
        }
        g.active = false;
        OK(lk_process_clear_not_schedulable(H_CAP, LK_HOLD_PROXY, NULL));
        if (g.manners == R_YIELDS) {
            lk_yield();
        } else if (g.manners == R_ABOVE_SLEEPS) {
            sleep_ns(R_SLEEP_NS);
        }
    }
}

/* ---- Those who post, as fast as they can ---- */

static void poster(void *who)
{
    uint64_t me = (uint64_t)who;
    struct rng r = rng_new(sys_options.seed ^ me);

    for (uint64_t n = 1; !g.stop; n++) {
        if (g.calls && rng_below(&r, 2) == 0) {
            struct lk_in in = lk_call_ctl1(LK_CTL_CALL(S_PROXY, 2), K_CALL, n << 8 | me);

            EQ(in.w[0], STATUS_OK);
            EQ(in.w[1], n << 8 | me);
            continue;
        }
        OK(lk_appnotice_post(S_PREEMPT, 1u << me));
    }
    g.ended++;
}

/* ---- The stage ---- */

static void make_posters(unsigned posters, unsigned priority, obj schedule)
{
    obj_get(players.client.endpoint, R_A);
    OK(lk_endpoint_make_proxy_notice(R_A, EVENT_BITS, R_B));
    OK(lk_endpoint_make_proxy_entry(R_A, 0, R_C));
    for (unsigned i = 0; i < posters; i++) {
        obj p = (players.poster[i] = worker_new(priority, poster, (void *)(uintptr_t)i)).p;

        obj_get(p, R_D);
        OK(lk_process_swap_cap_reg(R_D, S_PREEMPT, R_B, 0));
        OK(lk_process_swap_cap_reg(R_D, S_PROXY, R_C, 0));
        proc_slot(p, SLOT_SCHEDULE, schedule);
    }
}

static void make_players(uint64_t bound, unsigned posters, unsigned priority_of_r)
{
    obj schedule = schedule_new(PRIO_LOW, SLICE_NS);
    obj page = page_new();

    players.client = worker_new(PRIO_LOW, client, NULL);
    players.handler = worker_new(priority_of_r, handler, NULL);
    proc_slot(players.client.p, SLOT_SCHEDULE, schedule);
    if (priority_of_r == PRIO_LOW) {
        proc_slot(players.handler.p, SLOT_SCHEDULE, schedule);
    }
    proc_slot(players.client.p, SLOT_PROXY_RECEIVER,
              entry_new(endpoint_new(players.handler.p, Q_ID, false), 0));
    map_page(own_space(), CONTROL_VA, page, 0);
    control()->defer = 0;
    control()->pending = 0;
    obj_get(players.client.p, R_A);
    obj_get(page, R_B);
    OK(lk_process_set_control_word(R_A, 0, bound, R_B));
    make_posters(posters, PRIO_LOW, schedule);
    worker_start(players.handler);
    worker_start(players.client);
    for (unsigned i = 0; i < posters; i++) {
        worker_start(players.poster[i]);
    }
}

static void reset(enum manners manners)
{
    memset((void *)(uintptr_t)&g, 0, sizeof(g));
    g.manners = manners;
}

static void finish(unsigned posters)
{
    g.stop = true;
    EVENTUALLY(g.ended == posters + 1);
    sleep_ns(LOOK_NS);
    EQ(proc_state(players.client.p).holds, 0);
    EQ(control()->defer, 0);
    EQ(control()->pending, 0);
    EQ(kernel_check(), 0);
}

static void run_sections(uint64_t goal, uint64_t bound)
{
    uint64_t sections = 0;
    uint64_t deliveries = 0;
    unsigned looks = 0;

    g.calls = true;
    make_players(bound, 2, PRIO_LOW);
    OK(lk_sysctl_set_preempt(R_SYSCTL, sys_options.seed | 1));
    while (g.deliveries < goal) {
        sys_at("seed %lu, section %lu, delivery %lu", sys_options.seed, g.sections, g.deliveries);
        sleep_ns(LOOK_NS);
        looks = g.sections == sections || g.deliveries == deliveries ? looks + 1 : 0;
        sections = g.sections;
        deliveries = g.deliveries;
        CHECK(looks < HANG_LOOKS); /* neither stands still */
    }
    finish(2);
    sys_say(
        "# %lu sections, %lu deliveries, %lu of them after waiting for the end of a section, %lu "
        "forced, %lu of these inside",
        g.sections, g.deliveries, g.deferred, g.forced, g.forced_inside);
}

CASE(sections,
     .text = "R never finds a client inside its critical section, nor runs together with it",
     .ms = 4000000)
{
    reset(R_YIELDS);
    run_sections(share_of_rounds(SECTION_PERCENT) / 2, LK_DEFER_MAX);
    EQ(g.forced, 0);
    CHECK(g.deferred > 0);
}

CASE(forced_sections,
     .text = "one that is longer than the bound is broken into, marked so, and not before its time",
     .ms = 4000000)
{
    reset(R_YIELDS);
    g.over = true;
    run_sections(share_of_rounds(SECTION_PERCENT) / 2, BOUND_SHORT);
    CHECK(g.forced > 0);
    CHECK(g.deliveries > g.forced);
}

/* ---- A flood ---- */

static const char *const manners_text[MANNERS] = {
    "R yields",
    "R waits again at once",
    "R of higher priority waits again at once",
    "R of higher priority sleeps for half a slice",
};

static uint64_t most_of_a_poster(unsigned posters)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < posters; i++) {
        uint64_t cpu = proc_state(players.poster[i].p).cpu;

        most = cpu > most ? cpu : most;
    }
    return most;
}

/* The client gets a slice for every two that any of those who post gets. One that is held when its
 * turn comes may have to wait for the next. */
static void flood(enum manners manners, unsigned posters, bool calls)
{
    unsigned mark = shelf_mark();
    uint64_t frames = frames_mark();
    uint64_t mine, theirs;

    reset(manners);
    g.calls = calls;
    make_players(LK_DEFER_MAX, posters, manners >= R_ABOVE_AT_ONCE ? PRIO_HIGH : PRIO_LOW);
    sleep_ns(FLOOD_NS);
    mine = proc_state(players.client.p).cpu;
    theirs = most_of_a_poster(posters);
    sys_say("# %s, %u post%s: %lu deliveries, the client made %lu sections in %lu us, a poster had "
            "%lu us",
            manners_text[manners], posters, calls ? " and call" : "", g.deliveries, g.sections,
            mine / 1000, theirs / 1000);
    CHECK(g.deliveries > FLOOD_NS / SLICE_NS / (posters + 2) / 2);
    CHECK(2 * mine + 2 * SLICE_NS >= theirs);
    CHECK(g.sections > mine / SLICE_NS);
    finish(posters);
    process_reset();
    shelf_back(mark);
    frames_back(frames);
}

CASE(flood,
     .text = "a client gets a slice for every two of each who posts without a pause, however many "
             "they are and whatever R does",
     .steady = true)
{
    for (unsigned m = 0; m < MANNERS; m++) {
        for (unsigned posters = 1; posters <= POSTERS_MOST; posters++) {
            flood((enum manners)m, posters, false);
            flood((enum manners)m, posters, true);
        }
    }
}
