/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records, from one process to another.
 */
#include "pair.h"

#define RECORDS 40000u /* of each way of doing it */
#define RECORDS_SOAK 200000u
#define DEATHS 10u /* a case has 24 workers */

static struct pair pair[RINGS];

static uint64_t records(void)
{
    return sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? RECORDS_SOAK : RECORDS;
}

/* Whoever hangs is found by the time limit of the case. */
static void await_end(const struct end *e)
{
    while (!e->over) {
        sleep_ns(NSEC_PER_MSEC);
    }
}

static void say_notices(const char *name, const struct pair *p)
{
    sys_say("# %s: %lu records, ring of %u: %lu notices to the consumer, %lu to the producer", name,
            p->in.records, p->count, p->in.ring.posts, p->out.ring.posts);
}

/* All of `p`, in batches up to those sizes. */
static void run(const char *name, uint32_t count, unsigned in_priority, unsigned out_priority,
                uint32_t in_batch, uint32_t out_batch, bool random)
{
    struct pair *p = &pair[0];

    pair_new(p, 0, count, in_priority, out_priority);
    p->in.records = records();
    p->in.batch = in_batch;
    p->out.batch = out_batch;
    p->in.random = p->out.random = random;
    pair_start(p);
    await_end(&p->out);
    pair_arrived(p);
    say_notices(name, p);
}

CASE(one_by_one, .text = "records one by one, the consumer above: each is taken at once",
     .ms = 120000)
{
    run("one by one", 64, PRIO_LOW, PRIO_LOW + 1, 1, 1, false);
}

CASE(consumer_below,
     .text = "the consumer below: the producer fills the ring, the consumer empties it",
     .ms = 120000)
{
    run("consumer below", 64, PRIO_LOW + 1, PRIO_LOW, 32, 32, false);
}

CASE(equals, .text = "two that share the CPU, with short slices", .ms = 120000)
{
    run("equals", 256, PRIO_LOW, PRIO_LOW, 32, 32, false);
}

CASE(smallest, .text = "a ring of one record", .ms = 120000)
{
    run("smallest", 1, PRIO_LOW, PRIO_LOW, 1, 1, false);
}

CASE(any_batch, .text = "batches of any size, in a ring that is smaller than some of them",
     .ms = 120000)
{
    run("any batch", 16, PRIO_LOW, PRIO_LOW, BATCH_MOST, BATCH_MOST, true);
}

CASE(both_ways, .text = "a pair for each direction at the same time", .ms = 120000)
{
    for (unsigned i = 0; i < RINGS; i++) {
        pair_new(&pair[i], i, 32, PRIO_LOW + i, PRIO_LOW + 1 - i);
        pair[i].in.records = records();
        pair[i].in.batch = pair[i].out.batch = BATCH_MOST;
        pair[i].in.random = pair[i].out.random = true;
    }
    for (unsigned i = 0; i < RINGS; i++) {
        pair_start(&pair[i]);
    }
    for (unsigned i = 0; i < RINGS; i++) {
        await_end(&pair[i].out);
        pair_arrived(&pair[i]);
    }
}

CASE(quiet, .text = "nobody is told who does not wait, and once who does", .steady = true)
{
    struct pair *p = &pair[0];

    pair_new(p, 0, 64, PRIO_HIGH, PRIO_HIGH);
    p->in.records = 64;
    worker_start(p->in.w); /* fills the ring, and ends: the one notice is that of the end */
    EQ(p->in.done, 64);
    CHECK(p->in.over);
    EQ(p->in.ring.posts, 1);
    worker_start(p->out.w);
    EQ(p->out.done, 64);
    EQ(p->out.ring.posts + p->out.ring.waits, 0);

    pair_new(p, 1, 64, PRIO_HIGH, PRIO_HIGH + 1);
    p->in.records = 1;
    worker_start(p->out.w); /* waits */
    EQ(p->out.ring.waits, 1);
    EQ(proc_state(p->out.w.p).run_state, LK_STATE_RECEIVING);
    worker_start(p->in.w);
    pair_arrived(p);
    EQ(p->in.ring.posts, 2); /* the record, and the end */
}

CASE(others, .text = "notices of others that come while a side waits are kept for it")
{
    struct pair *p = &pair[0];

    pair_new(p, 0, 4, PRIO_LOW, PRIO_HIGH);
    p->in.records = 100;
    obj_get(notice_new(p->out.w.endpoint, UINT32_MAX), R_J);
    worker_start(p->out.w);
    OK(lk_appnotice_post(R_J, 0x10));
    OK(lk_appnotice_post(R_J, 0x40 | RING_BIT));
    worker_start(p->in.w);
    await_end(&p->out);
    EQ(p->out.done, 100);
    EQ(p->out.ring.others, 0x50);
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* The process at one end is destroyed, with its endpoint, which is what its bank does. */
static void destroy(struct end *e)
{
    obj_rescind(e->w.p);
    obj_rescind(e->w.endpoint);
}

CASE(producer_dies,
     .text = "a producer that is destroyed at any moment: the consumer has all that was shown, and "
             "is told",
     .ms = 120000)
{
    struct rng rng = rng_new(sys_options.seed);

    for (unsigned round = 0; round < DEATHS; round++) {
        struct pair *p = &pair[0];

        sys_at("round %u, seed %lu", round, sys_options.seed);
        pair_new(p, 0, 1u << rng_below(&rng, 7), PRIO_LOW, PRIO_LOW);
        p->in.records = UINT64_MAX;
        p->in.batch = p->out.batch = BATCH_MOST;
        p->in.random = p->out.random = true;
        p->out.period = 5 * NSEC_PER_MSEC;
        pair_start(p);
        sleep_ns(rng_below(&rng, 3 * NSEC_PER_MSEC));
        destroy(&p->in);
        await_end(&p->out);
        EQ(p->out.result, LK_RING_GONE);
        EQ(p->out.done, p->shared->producer.index);
        destroy(&p->out);
    }
}

CASE(consumer_dies, .text = "a consumer that is destroyed at any moment: the producer is told",
     .ms = 120000)
{
    struct rng rng = rng_new(sys_options.seed);

    for (unsigned round = 0; round < DEATHS; round++) {
        struct pair *p = &pair[0];

        sys_at("round %u, seed %lu", round, sys_options.seed);
        pair_new(p, 0, 1u << rng_below(&rng, 7), PRIO_LOW, PRIO_LOW);
        p->in.records = UINT64_MAX;
        p->in.batch = p->out.batch = BATCH_MOST;
        p->in.random = p->out.random = true;
        p->in.period = 5 * NSEC_PER_MSEC;
        pair_start(p);
        sleep_ns(rng_below(&rng, 3 * NSEC_PER_MSEC));
        destroy(&p->out);
        await_end(&p->in);
        EQ(p->in.result, LK_RING_GONE);
        destroy(&p->in);
    }
}
