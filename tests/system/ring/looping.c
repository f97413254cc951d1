/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A consumer that runs an event loop, in which a ring is one source of several.
 */
#include "../locks/team.h"
#include "pair.h"
#include <lykos/loop.h>

#define RECORDS 20000u
#define REG_LOOP_TELLS R_J /* of the thread: its team has the first ones */

static struct pair pair;
static struct lk_loop loop;
static struct lk_source ring_source, tick;
static volatile unsigned ticks;
static volatile bool go_on, loop_over;

/* All that there is, and more if there was more when it looked again. */
static void ring_ready(struct lk_source *s, uint32_t why)
{
    struct end *e = s->context;
    struct record batch[BATCH_MOST];
    uint32_t n;

    (void)why;
    do {
        n = lk_ring_take(&e->ring, batch, batch_of(e));
        judge(e, batch, n);
        e->result = n > 0 ? LK_RING_OK : lk_ring_rest(&e->ring, 1);
    } while (e->result == LK_RING_OK);
    if (e->result != LK_RING_NOTHING) {
        lk_loop_stop(&loop);
    }
}

/* What else the loop does: it also looks whether the producer is there. */
static void ticked(struct lk_source *s, uint32_t why)
{
    struct end *e = s->context;

    (void)why;
    ticks++;
    if (!lk_ring_lives(&e->ring)) {
        ring_ready(&ring_source, 0);
    }
}

static void runs(void *arg)
{
    struct end *e = arg;

    while (!go_on) {
        lk_sleep_ms(1);
    }
    lk_loop_init(&loop);
    lk_loop_add(
        &loop, &ring_source,
        &(struct lk_source_plan){
            .kind = LK_SOURCE_NOTICE, .callback = ring_ready, .bits = RING_BIT, .context = e });
    lk_loop_add(&loop, &tick,
                &(struct lk_source_plan){ .kind = LK_SOURCE_TIMER,
                                          .callback = ticked,
                                          .time = lk_now(),
                                          .period = NSEC_PER_MSEC / 2,
                                          .context = e });
    ring_ready(&ring_source, 0); /* announces */
    lk_loop_run(&loop);
    loop_over = true;
}

/* Both ends are there, and run; one loop at a time. */
static void begin(uint64_t records, uint32_t count, unsigned in_priority)
{
    pair_new_for_thread(&pair, count, in_priority);
    pair.in.records = records;
    pair.in.batch = pair.out.batch = BATCH_MOST;
    pair.in.random = pair.out.random = true;
    pair.out.ring.notice = REG_LOOP_TELLS;
    team_new();
    memset(&ring_source, 0, sizeof(ring_source));
    memset(&tick, 0, sizeof(tick));
    go_on = loop_over = false;
    ticks = 0;
    member_new(0, PRIO_LOW, runs, &pair.out);
    proc_cap(member_process(0), REG_LOOP_TELLS, notice_new(pair.in.w.endpoint, RING_BIT));
    proc_cap(pair.in.w.p, REG_TELL, notice_new(member_endpoint(0), RING_BIT));
    go_on = true;
    worker_start(pair.in.w);
}

static void await_loop(void)
{
    while (!loop_over) {
        sleep_ns(NSEC_PER_MSEC);
    }
    members_fine();
}

static void all_arrive(unsigned in_priority)
{
    begin(RECORDS, 32, in_priority);
    await_loop();
    EQ(pair.out.done, RECORDS);
    EQ(pair.out.result, LK_RING_CLOSED);
    CHECK(ticks > 0);
}

CASE(loop_above, .text = "a consumer with an event loop takes all, the producer below",
     .ms = 120000)
{
    all_arrive(PRIO_LOW - 1);
}

CASE(loop_beside, .text = "the same with a producer of its priority", .ms = 120000)
{
    all_arrive(PRIO_LOW);
}

CASE(loop_below, .text = "the same with one above", .ms = 120000)
{
    all_arrive(PRIO_LOW + 1);
}

CASE(loop_told, .text = "the loop's tick finds that the producer was destroyed", .ms = 120000)
{
    struct rng rng = rng_new(sys_options.seed);

    begin(UINT64_MAX, 32, PRIO_LOW);
    sleep_ns(NSEC_PER_MSEC + rng_below(&rng, 3 * NSEC_PER_MSEC));
    obj_rescind(pair.in.w.p);
    obj_rescind(pair.in.w.endpoint);
    await_loop();
    EQ(pair.out.result, LK_RING_GONE);
    EQ(pair.out.done, pair.shared->producer.index);
}
