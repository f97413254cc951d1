/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ring queues (user/lib/ring.c): in one thread against a plain count; in two threads, truly at the
 * same time, which wait for each other as processes do; and against another side that writes
 * whatever it likes.
 */
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "user/lib/ring.c"

#define RECORD_MOST 40

/* A ring with both its ends, whose indices begin at `first`. */
struct pair {
    void *memory;
    struct lk_ring in, out; /* the producer's, the consumer's */
};

static struct pair pair_new(uint32_t size, uint32_t count, uint32_t first)
{
    struct pair p = { .memory = aligned_alloc(LK_RING_PAGE, lk_ring_bytes(size, count)) };
    struct lk_ring_shared *shared = p.memory;

    memset(p.memory, 0xa5, lk_ring_bytes(size, count));
    lk_ring_format(p.memory);
    CHECK(lk_ring_attach(&p.in, p.memory, size, count, true));
    CHECK(lk_ring_attach(&p.out, p.memory, size, count, false));
    shared->producer.index = shared->consumer.index = first;
    shared->producer.wake = shared->consumer.wake = first - 1;
    p.in.index = p.in.ahead = p.in.seen = first;
    p.out.index = p.out.ahead = p.out.seen = first;
    return p;
}

static void pair_end(struct pair *p)
{
    free(p->memory);
}

/* Record number n: each of its bytes depends on the number. */
static void make_record(uint8_t *record, uint32_t size, uint32_t n)
{
    for (uint32_t i = 0; i < size; i++) {
        record[i] = (uint8_t)((n * 2654435761u) >> (i % 4 * 8)) ^ (uint8_t)(i * 37);
    }
}

static bool is_record(const uint8_t *record, uint32_t size, uint32_t n)
{
    uint8_t right[RECORD_MOST];

    make_record(right, size, n);
    return memcmp(record, right, size) == 0;
}

TEST(ring_sizes, "a ring has a power of two of records, and no more pages than it says")
{
    static const struct {
        uint32_t size, count;
        bool fits;
        size_t bytes;
    } rings[] = {
        { 1, 1, true, 4096 },       { 56, 64, true, 4096 },      { 60, 64, true, 4096 },
        { 64, 64, true, 8192 },     { 1, 4096, true, 8192 },     { 4096, 32, true, 135168 },
        { 4096, 64, false, 0 },     { 0, 4, false, 0 },          { 4097, 1, false, 0 },
        { 8, 0, false, 0 },         { 8, 3, false, 0 },          { 8, 12, false, 0 },
        { 1, 262144, false, 0 },    { 1, 131072, true, 135168 }, { 2, 0x80000000u, false, 0 },
        { 3, 65536, true, 200704 }, { UINT32_MAX, 1, false, 0 },
    };
    uint8_t memory[LK_RING_PAGE];
    struct lk_ring r;

    for (unsigned i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
        CHECK_EQUAL(lk_ring_fits(rings[i].size, rings[i].count), rings[i].fits);
        if (rings[i].fits) {
            CHECK_EQUAL(lk_ring_bytes(rings[i].size, rings[i].count), rings[i].bytes);
        } else {
            CHECK(!lk_ring_attach(&r, memory, rings[i].size, rings[i].count, true));
        }
    }
}

/* Some steps of both ends of p, chosen at random, and what must be seen then. */
static void random_steps(struct pair *p, unsigned steps)
{
    const uint32_t size = p->in.size;
    const uint32_t count = p->in.count;
    uint32_t put = 0;
    uint32_t shown = 0;
    uint32_t taken = 0;
    uint32_t freed = 0;
    uint8_t *batch = malloc((size_t)(count + 1) * size);

    for (unsigned step = 0; step < steps && unit_failures() == 0; step++) {
        uint32_t n = (uint32_t)unit_random(count + 2);
        uint32_t room = count - (put - freed);
        uint32_t there = shown - taken;
        uint32_t got;

        switch (unit_random(4)) {
        case 0:
            for (uint32_t i = 0; i < n; i++) {
                make_record(batch + (size_t)i * size, size, put + i);
            }
            got = lk_ring_put(&p->in, batch, n);
            CHECK_EQUAL(got, n < room ? n : room);
            put += got;
            break;
        case 1:
            lk_ring_publish(&p->in);
            shown = put;
            break;
        case 2:
            got = lk_ring_take(&p->out, batch, n);
            CHECK_EQUAL(got, n < there ? n : there);
            for (uint32_t i = 0; i < got; i++) {
                CHECK(is_record(batch + (size_t)i * size, size, taken + i));
            }
            taken += got;
            break;
        default:
            lk_ring_publish(&p->out);
            freed = taken;
            break;
        }
        n = (uint32_t)unit_random(count) + 1;
        CHECK_EQUAL(lk_ring_look(&p->in, n),
                    n <= count - (put - freed) ? LK_RING_OK : LK_RING_NOTHING);
        CHECK_EQUAL(lk_ring_look(&p->out, n), n <= shown - taken ? LK_RING_OK : LK_RING_NOTHING);
    }
    free(batch);
}

TEST(ring_turns, "what is put and shown is taken, whole and in order, in batches of any size")
{
    unit_random_seed(unit_seed(1));
    for (uint64_t round = 0; round < unit_rounds(300); round++) {
        uint32_t count = 1u << unit_random(8);
        uint32_t size = 1 + (uint32_t)unit_random(RECORD_MOST - 1);
        uint32_t first = (uint32_t)(unit_random(2) != 0 ? 0 : 0 - unit_random(600));
        struct pair p = pair_new(size, count, first); /* indices go round at 2^32 */

        random_steps(&p, 400);
        pair_end(&p);
    }
}

TEST(ring_told, "who is waited for tells at the index that was wanted, once, and not before")
{
    static const uint32_t firsts[] = { 0, 1, UINT32_MAX, UINT32_MAX - 3 };
    uint64_t records[8] = { 0 };

    for (unsigned i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
        struct pair p = pair_new(8, 8, firsts[i]);

        CHECK(lk_ring_put(&p.in, records, 1) == 1 && !lk_ring_publish(&p.in)); /* nobody waits */
        CHECK(lk_ring_take(&p.out, records, 8) == 1 && !lk_ring_publish(&p.out));
        CHECK_EQUAL(lk_ring_announce(&p.out, 3), LK_RING_NOTHING);
        CHECK(!lk_ring_publish(&p.in)); /* nothing was put */
        CHECK(lk_ring_put(&p.in, records, 2) == 2 && !lk_ring_publish(&p.in));
        CHECK(lk_ring_put(&p.in, records, 2) == 2 && lk_ring_publish(&p.in));
        CHECK(lk_ring_put(&p.in, records, 9) == 4 && !lk_ring_publish(&p.in));
        CHECK_EQUAL(lk_ring_announce(&p.in, 2), LK_RING_NOTHING);
        CHECK(lk_ring_take(&p.out, records, 1) == 1 && !lk_ring_publish(&p.out));
        CHECK(lk_ring_take(&p.out, records, 1) == 1 && lk_ring_publish(&p.out));
        CHECK_EQUAL(lk_ring_announce(&p.in, 2), LK_RING_OK); /* announced, and looked again */
        CHECK(lk_ring_take(&p.out, records, 8) == 6 && !lk_ring_publish(&p.out));
        CHECK_EQUAL(lk_ring_announce(&p.in, 100), LK_RING_OK);
        CHECK_EQUAL(lk_ring_announce(&p.out, 100), LK_RING_NOTHING); /* for half of the ring */
        CHECK(lk_ring_put(&p.in, records, 3) == 3 && !lk_ring_publish(&p.in));
        CHECK(lk_ring_put(&p.in, records, 1) == 1 && lk_ring_publish(&p.in));
        pair_end(&p);
    }
}

TEST(ring_ends,
     "a consumer takes what there is before it is told of the end, a producer is told at once")
{
    uint64_t records[4] = { 1, 2, 3, 4 };
    struct pair p = pair_new(8, 4, 0);

    CHECK_EQUAL(lk_ring_put(&p.in, records, 3), 3);
    lk_ring_shut(&p.in);
    CHECK_EQUAL(lk_ring_put(&p.in, records, 1), 0);
    CHECK_EQUAL(lk_ring_look(&p.in, 1), LK_RING_CLOSED);
    CHECK_EQUAL(lk_ring_look(&p.out, 4), LK_RING_CLOSED);
    CHECK_EQUAL(lk_ring_look(&p.out, 3), LK_RING_OK);
    CHECK(lk_ring_take(&p.out, records, 4) == 3 && records[2] == 3);
    CHECK_EQUAL(lk_ring_announce(&p.out, 1), LK_RING_CLOSED);
    CHECK_EQUAL(lk_ring_take(&p.out, records, 4), 0);
    pair_end(&p);

    p = pair_new(8, 4, 0);
    lk_ring_shut(&p.out);
    CHECK_EQUAL(lk_ring_put(&p.in, records, 1), 1); /* it has not looked */
    lk_ring_publish(&p.in);
    CHECK_EQUAL(lk_ring_put(&p.in, records, 1), 0);
    CHECK_EQUAL(lk_ring_look(&p.in, 1), LK_RING_CLOSED);
    pair_end(&p);

    for (unsigned i = 0; i < 2; i++) { /* the pages are gone: others are there, of zeros */
        p = pair_new(8, 4, i == 0 ? 0 : 1000);
        memset(p.memory, 0, lk_ring_bytes(8, 4));
        CHECK_EQUAL(lk_ring_announce(&p.out, 1), LK_RING_GONE);
        CHECK_EQUAL(lk_ring_put(&p.in, records, 4), i == 0 ? 4 : 4); /* there was room */
        lk_ring_publish(&p.in);
        CHECK_EQUAL(lk_ring_put(&p.in, records, 1), 0);
        CHECK_EQUAL(lk_ring_look(&p.in, 1), LK_RING_GONE);
        pair_end(&p);
    }
}

TEST(ring_messages, "messages of any length go through a ring of bytes, whole or not at all")
{
    uint8_t message[300];
    uint8_t came[300];
    uint32_t length;
    uint32_t sent[64];
    uint32_t put = 0;
    uint32_t taken = 0;
    struct pair p = pair_new(1, 256, (uint32_t)-1000);

    unit_random_seed(unit_seed(1));
    while (taken < 20000 && unit_failures() == 0) {
        uint32_t n = (uint32_t)unit_random(unit_once_in(4) ? 125 : 30);
        uint32_t room = 256 - (p.in.ahead - p.out.index);

        memset(message, (int)put, n);
        if (put - taken < 64 && lk_ring_put_message(&p.in, message, n)) {
            sent[put++ % 64] = n;
            CHECK(n + 4 <= room);
        } else {
            CHECK(put - taken == 64 || n + 4 > room);
        }
        lk_ring_publish(&p.in);
        while (unit_random(3) != 0 &&
               lk_ring_take_message(&p.out, came, sizeof(came), &length) == LK_RING_OK) {
            memset(message, (int)taken, sizeof(message));
            CHECK_EQUAL(length, sent[taken++ % 64]);
            CHECK(memcmp(came, message, length) == 0);
        }
        lk_ring_publish(&p.out);
    }
    CHECK(!lk_ring_put_message(&p.in, message, 125) && !lk_ring_put_message(&p.in, message, ~0u));
    CHECK(!lk_ring_put_message(&p.out, message, 1));
    pair_end(&p);
}

TEST(ring_message_lies, "a message that is longer than agreed, or not all there, breaks the ring")
{
    static const struct {
        uint32_t length, there;
    } lies[] = { { 11, 60 }, { UINT32_MAX, 60 }, { UINT32_MAX - 3, 60 }, { 10, 9 }, { 29, 60 } };

    for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct pair p = pair_new(1, 64, 0);
        uint8_t bytes[64] = { 0 };
        uint32_t length = 1;

        lk_ring_put(&p.in, &lies[i].length, 4);
        lk_ring_put(&p.in, bytes, lies[i].there);
        lk_ring_publish(&p.in);
        CHECK_EQUAL(lk_ring_take_message(&p.out, bytes, lies[i].length == 29 ? 64 : 10, &length),
                    LK_RING_BROKEN);
        CHECK_EQUAL(length, 0);
        CHECK_EQUAL(lk_ring_take(&p.out, bytes, 64), 0);
        pair_end(&p);
    }
}

TEST(ring_not_trusted, "an index that cannot be breaks the ring for good")
{
    /* Of the producer, seen by a consumer that saw 3 of 4, took 2 and showed 1. */
    static const struct {
        uint32_t index;
        bool right;
    } tails[] = { { 3, true },  { 4, true },  { 5, true },           { 6, false },
                  { 2, false }, { 1, false }, { 0x80000003, false }, { UINT32_MAX, false } };
    uint32_t records[4] = { 0 };

    for (unsigned i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct pair p = pair_new(4, 4, 0);
        struct lk_ring_shared *shared = p.memory;

        CHECK(lk_ring_put(&p.in, records, 3) == 3 && !lk_ring_publish(&p.in));
        CHECK_EQUAL(lk_ring_take(&p.out, records, 1), 1);
        lk_ring_publish(&p.out);
        CHECK_EQUAL(lk_ring_take(&p.out, records, 1), 1);
        shared->producer.index = tails[i].index;
        CHECK_EQUAL(lk_ring_take(&p.out, records, 4), tails[i].right ? tails[i].index - 2 : 0);
        CHECK_EQUAL(p.out.over, tails[i].right ? LK_RING_OK : LK_RING_BROKEN);
        shared->producer.index = 3;
        CHECK_EQUAL(lk_ring_take(&p.out, records, 4), 0);
        pair_end(&p);
    }
    /* Of the consumer, seen by a producer that put 4 and showed 3. */
    for (uint32_t head = 0; head < 6; head++) {
        struct pair p = pair_new(4, 4, 0);
        struct lk_ring_shared *shared = p.memory;

        CHECK_EQUAL(lk_ring_put(&p.in, records, 3), 3);
        lk_ring_publish(&p.in);
        CHECK_EQUAL(lk_ring_put(&p.in, records, 1), 1);
        shared->consumer.index = head;
        CHECK_EQUAL(lk_ring_look(&p.in, 1), head == 0   ? LK_RING_NOTHING
                                            : head <= 3 ? LK_RING_OK
                                                        : LK_RING_BROKEN);
        pair_end(&p);
    }
    for (unsigned i = 0; i < 3; i++) {
        static const uint32_t states[] = { 1, UINT32_MAX, LK_RING_OPEN + 2 };
        struct pair p = pair_new(4, 4, 0);

        ((struct lk_ring_shared *)p.memory)->producer.state = states[i];
        CHECK_EQUAL(lk_ring_announce(&p.out, 1), LK_RING_BROKEN);
        pair_end(&p);
    }
}

/* ---- two threads ----------------------------------------------------------------------------- */

#define SIDES 2
#define THREAD_SIZE 12u
#define BATCH_MOST 70u

/* What a notice is between two processes. */
struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rings;
    bool pending;
};

static void ring_bell(struct bell *b)
{
    pthread_mutex_lock(&b->lock);
    b->pending = true;
    pthread_cond_signal(&b->rings);
    pthread_mutex_unlock(&b->lock);
}

static void await_bell(struct bell *b)
{
    pthread_mutex_lock(&b->lock);
    while (!b->pending) {
        pthread_cond_wait(&b->rings, &b->lock);
    }
    b->pending = false;
    pthread_mutex_unlock(&b->lock);
}

/* One of the two threads: its end, how it is told, and how it tells. */
struct side {
    struct lk_ring *ring;
    struct bell *mine, *other;
    uint64_t random;
    uint32_t batch_most;
    uint32_t records;
    uint64_t announced, told, wrong;
};

static uint32_t below(struct side *s, uint32_t n)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(s->random >> 33) % n;
}

/* Publish, then announce and wait, as lk_ring_await() does. */
static void flush(struct side *s)
{
    if (lk_ring_publish(s->ring)) {
        s->told++;
        ring_bell(s->other);
    }
}

static void await(struct side *s)
{
    uint32_t wanted = below(s, 8) == 0 ? 1 + below(s, s->batch_most) : 1;

    flush(s);
    s->announced++;
    if (lk_ring_announce(s->ring, wanted) == LK_RING_NOTHING) {
        await_bell(s->mine);
    }
}

static void *produce(void *arg)
{
    struct side *s = arg;
    uint8_t batch[BATCH_MOST * THREAD_SIZE];
    uint32_t done = 0;

    while (done < s->records) {
        uint32_t n = 1 + below(s, s->batch_most);
        uint32_t put;

        n = n < s->records - done ? n : s->records - done;
        for (uint32_t i = 0; i < n; i++) {
            make_record(batch + (size_t)i * THREAD_SIZE, THREAD_SIZE, done + i);
        }
        put = lk_ring_put(s->ring, batch, n);
        done += put;
        if (put == 0) {
            await(s);
        } else if (below(s, 3) != 0) {
            flush(s);
        }
    }
    lk_ring_shut(s->ring);
    ring_bell(s->other);
    return NULL;
}

static void *consume(void *arg)
{
    struct side *s = arg;
    uint8_t batch[BATCH_MOST * THREAD_SIZE];

    while (lk_ring_look(s->ring, 1) != LK_RING_CLOSED) {
        uint32_t n = lk_ring_take(s->ring, batch, 1 + below(s, s->batch_most));

        for (uint32_t i = 0; i < n; i++) {
            s->wrong += !is_record(batch + (size_t)i * THREAD_SIZE, THREAD_SIZE, s->records++);
        }
        if (n == 0) {
            await(s);
        } else if (below(s, 3) != 0) {
            flush(s);
        }
    }
    return NULL;
}

/* A hang is a wake-up that was lost: the time limit of the part ends it. */
static void two_threads(uint32_t count, uint32_t batch_most, uint32_t records)
{
    struct pair p = pair_new(THREAD_SIZE, count, (uint32_t)(0 - unit_random(5000)));
    struct bell bell[SIDES] = {
        { .lock = PTHREAD_MUTEX_INITIALIZER, .rings = PTHREAD_COND_INITIALIZER },
        { .lock = PTHREAD_MUTEX_INITIALIZER, .rings = PTHREAD_COND_INITIALIZER },
    };
    struct side in = { &p.in, &bell[0], &bell[1], unit_random(1u << 30), batch_most, records,
                       0,     0,        0 };
    struct side out = { &p.out, &bell[1], &bell[0], unit_random(1u << 30), batch_most, 0, 0, 0, 0 };
    pthread_t thread;

    CHECK_EQUAL(pthread_create(&thread, NULL, produce, &in), 0);
    consume(&out);
    pthread_join(thread, NULL);
    CHECK_EQUAL(out.records, records);
    CHECK_EQUAL(out.wrong, 0);
    CHECK(in.told <= out.announced);
    CHECK(out.told <= in.announced);
    pair_end(&p);
}

TEST(ring_threads, "two threads that wait for each other: all records arrive, once and in order, "
                   "and nobody is told who did not announce")
{
    unit_random_seed(unit_seed(1));
    for (unsigned round = 0; round < 6; round++) {
        uint32_t records = (uint32_t)unit_rounds(4000);

        two_threads(1, 1, records);
        two_threads(1u << unit_random(4), 4, records);
        two_threads(1u << (4 + unit_random(4)), BATCH_MOST, records);
    }
}

/* ---- another side that writes what it likes -------------------------------------------------- */

/* Write to any of the words that are shared, or into the records. */
static void scribble(struct pair *p)
{
    struct lk_ring_shared *shared = p->memory;
    uint32_t near = p->in.index + (uint32_t)unit_random(2 * p->in.count + 4) - p->in.count - 2;
    uint32_t value = unit_random(2) != 0 ? near : (uint32_t)unit_random(1ull << 32);
    uint32_t *words[] = {
        &shared->producer.index, &shared->producer.wake,  &shared->consumer.index,
        &shared->consumer.wake,  &shared->producer.state, &shared->consumer.state
    };
    unsigned which = (unsigned)unit_random(24);

    if (which < 4) {
        *words[which] = value;
    } else if (which < 6 && unit_once_in(20)) {
        *words[which] = unit_random(2) != 0 ? (uint32_t)(LK_RING_OPEN + unit_random(3)) : value;
    } else {
        ((uint8_t *)p->memory)[LK_RING_HEAD + unit_random((uint64_t)p->in.size * p->in.count)] ^=
            0xff;
    }
}

/* What one end does holds whatever the other writes. */
static void judge(const struct lk_ring *r, enum lk_ring_result before)
{
    CHECK(before == LK_RING_OK || r->over == before); /* for good */
    CHECK(usable(r) <= r->count);
    CHECK(r->produces ? r->ahead - r->index <= r->count : r->seen - r->index <= r->count);
}

static void hostile_round(void)
{
    uint32_t size = 1 + (uint32_t)unit_random(3);
    uint32_t count = 1u << unit_random(7);
    struct pair p = pair_new(size, count, (uint32_t)unit_random(1ull << 32));
    uint8_t *batch = malloc((size_t)count * size);
    bool produces = unit_random(2) != 0;
    struct lk_ring *r = produces ? &p.in : &p.out;
    unsigned flushes = 0;
    unsigned told = 0;

    for (unsigned step = 0; step < 100; step++) {
        enum lk_ring_result before = r->over;
        uint32_t n = (uint32_t)unit_random(count + 1);
        uint32_t length;

        scribble(&p);
        switch (unit_random(4)) {
        case 0:
            CHECK((produces ? lk_ring_put(r, batch, n) : lk_ring_take(r, batch, n)) <= n);
            break;
        case 1:
            flushes++;
            told += lk_ring_publish(r);
            break;
        case 2:
            lk_ring_announce(r, 1 + n);
            break;
        default:
            if (produces) {
                lk_ring_put_message(r, batch, n);
            } else if (lk_ring_take_message(r, batch, n, &length) == LK_RING_OK) {
                CHECK(length <= n);
            }
            break;
        }
        judge(r, before);
    }
    CHECK(told <= flushes);
    free(batch);
    pair_end(&p);
}

TEST(ring_hostile, "whatever the other side writes: nothing outside of the ring is touched, no "
                   "more is taken than asked for, and what is broken stays so")
{
    unit_random_seed(unit_seed(1));
    for (uint64_t round = 0; round < unit_rounds(20000) && unit_failures() == 0; round++) {
        hostile_round();
    }
}
