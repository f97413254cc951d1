/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How cost grows: the same measurements while 1, 10, 100, .. other programs live. Each of these is
 * a citizen of user/programs/crowd: it has a space of its own, has answered once, and waits for the
 * next request. What is measured must not depend on how many there are (tools/bench looks).
 */
#include "measure.h"

#include <lykos/bank.h>
#include <lykos/gen/bench_touch.h>
#include <lykos/gen/citizen.h>
#include <lykos/spawn.h>

#define SPAWNS 100u
#define SPAWNS_WARM_UP 20u
#define PAGES 1000u /* mapped, unmapped, allocated */
#define PAGES_WARM_UP 100u
#define COPIERS 64u /* instances of bench_touch that copy, beside one to warm up */

/* Beside those of map.c. */
#define REG_OWN LK_REG_SCRATCH /* Entry to this program; reply to whoever called it */
#define REG_CONTROL (LK_REG_SCRATCH + 6)
#define REG_ENTRY (LK_REG_SCRATCH + 7)
#define REG_OBJECT REG_CONTROL

#define CITIZEN_LEAVES 7u /* exit status */

/* Begin a program that tells, by an Entry which it finds as `as`, where it can be reached: that
 * comes to REG_ENTRY, its control to REG_CONTROL. */
static void begin_one(const char *what, const char *as, uint64_t payload)
{
    struct lk_in in;

    check(lk_program_new(lk_cap("programs"), what, REG_CONTROL, NULL), what);
    check(lk_endpoint_make_entry(LK_REG_ENDPOINT, payload, REG_OWN), "an Entry to this program");
    check(lk_program_give(REG_CONTROL, as, REG_OWN), "what it is given");
    check(lk_program_begin(REG_CONTROL), "its begin");
    in = lk_call_ctl0(LK_CTL_WAIT(REG_OWN, REG_ENTRY, 0, 0), 0);
    if (lk_kind(in.delivery) != LK_KIND_MESSAGE || in.payload != payload) {
        lk_die("%s does not say where it is", what);
    }
    lk_post2(REG_OWN, STATUS_OK, 0, 0);
}

/* One citizen more. It ends with this program. */
static void begin_citizen(uint64_t i)
{
    uint64_t next = 0;

    begin_one("citizen", "crowd", i);
    if (citizen_ask(REG_ENTRY, i, &next, NULL) != STATUS_OK || next != i + 1) {
        lk_die("citizen %lu does not answer", i);
    }
}

/* ---- what is measured ------------------------------------------------------------------------ */

/* From the request for a new program to the answer that says how it ended: then all that it had is
 * free again. */
static void spawn_exit(unsigned n)
{
    struct lk_program_end end;

    for (unsigned i = 0; i < n; i++) {
        check(lk_program_new(lk_cap("programs"), "citizen leave", REG_CONTROL, NULL), "a citizen");
        check(lk_program_begin(REG_CONTROL), "its begin");
        check(lk_program_wait(REG_CONTROL, &end), "its end");
        if (end.how != PROGRAM_ENDED_EXIT || end.value != CITIZEN_LEAVES) {
            lk_die("a citizen ended: %s", end.words);
        }
    }
}

static void measure_spawn_exit(const char *name)
{
    uint64_t before;
    uint64_t after;

    spawn_exit(SPAWNS_WARM_UP); /* tables that grow have grown */
    before = memory_now().frames;
    measure_some(name, spawn_exit, 1, SPAWNS);
    after = memory_now().frames;
    if (before != after) {
        lk_die("%lu frames were in use, and %lu are after programs came and went", before, after);
    }
}

static void alloc_free(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        check(lk_bank_make(lk_cap("bank"), LK_TYPE_PAGE, REG_OBJECT), "a page of the bank");
        check(lk_bank_free(lk_cap("bank"), REG_OBJECT), "giving it back");
    }
}

/* What instances of bench_touch say, added up. */
struct touched {
    uint64_t ticks, pages;
    struct events events;
};

/* Have an instance of bench_touch do what `method` says, and end it. Its answer is added to *sum.
 * It has the marks if it `counts`. */
static void touch(uint64_t method, bool counts, struct touched *sum, struct memory *before,
                  struct memory *after)
{
    struct lk_in in;

    begin_one("toucher", "bench", method);
    *before = memory_now();
    in = lk_call1(REG_ENTRY, method, counts); /* both methods have the same answer */
    *after = memory_now();
    check((enum status)in.w[0], "touching memory");
    check(control_kill(REG_CONTROL), "the end of who touched memory");
    sum->ticks += in.w[1];
    sum->events.entries += in.w[2];
    sum->events.cr3_writes += in.w[3];
    sum->events.invalidations += in.w[4];
    sum->events.interrupts += in.w[5];
    sum->pages += in.w[6];
}

static void measure_touch(const char *name, uint64_t method, unsigned instances)
{
    struct touched sum = { 0 };
    struct memory before;
    struct memory after;

    touch(method, false, &sum, &before, &after);
    sum = (struct touched){ 0 };
    for (unsigned i = 0; i < instances; i++) {
        touch(method, true, &sum, &before, &after);
    }
    enter_events(name, sum.ticks, sum.pages, &sum.events);
}

/* ---- */

struct name {
    char text[32];
};

static struct name name_of(const char *what, uint64_t live)
{
    struct name n = { "" };

    lk_format(n.text, sizeof(n.text), "%s_%lu", what, live);
    return n;
}

static void measure_stage(uint64_t live)
{
    measure_spawn_exit(name_of("spawn_exit", live).text);
    map_begin();
    measure_map(name_of("map_page", live).text, PAGES_WARM_UP, PAGES);
    measure_unmap(name_of("unmap_page", live).text, PAGES_WARM_UP, PAGES);
    map_end();
    measure_touch(name_of("demand_zero_fault", live).text, BENCH_TOUCH_ZERO, 1);
    measure_touch(name_of("cow_fault", live).text, BENCH_TOUCH_COPY, COPIERS);
    measure_some(name_of("bank_alloc_free", live).text, alloc_free, PAGES_WARM_UP, PAGES);
}

static void measure_pages(void)
{
    struct touched sum = { 0 };
    struct memory before;
    struct memory after;

    touch(BENCH_TOUCH_ZERO, false, &sum, &before, &after);
    figures_pages(&before, &after, sum.pages);
}

void measure_growth(uint64_t most)
{
    uint64_t live = 0;

    figures_objects();
    measure_pages();
    for (uint64_t stage = 1; stage <= most; stage *= 10) {
        uint64_t before_live = live;
        struct memory before = memory_now();
        struct memory after;

        for (; live < stage; live++) {
            begin_citizen(live);
        }
        after = memory_now();
        if (stage == 100) {
            figures_process(&before, &after, live - before_live);
        }
        measure_stage(live);
    }
}
