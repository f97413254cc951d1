/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System test scenario: ring queues (<lykos/ring.h>) between two processes that share nothing but
 * the pages of the ring: records that arrive once and in order, whoever is above the other, in
 * batches of any size; sides that wait, are told of the end, or die.
 */
#include "pair.h"

const char sys_scenario[] = "ring";

#define VIEW_VA (WINDOW_VA + 0xf00000)

uint32_t batch_of(struct end *e)
{
    return e->random ? 1 + (uint32_t)rng_below(&e->rng, e->batch) : e->batch;
}

void judge(struct end *e, const struct record *records, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct record right = RECORD(e->done);

        if (memcmp(&records[i], &right, sizeof(right)) != 0) {
            FAIL("record %lu is number %lu", e->done, records[i].number);
        }
        e->done++;
    }
}

static void produce(void *arg)
{
    struct end *e = arg;
    struct record batch[BATCH_MOST];

    while (e->result == LK_RING_OK && e->done < e->records) {
        uint64_t n = batch_of(e);

        n = n < e->records - e->done ? n : e->records - e->done;
        for (uint64_t i = 0; i < n; i++) {
            batch[i] = RECORD(e->done + i);
        }
        e->result = lk_ring_send(&e->ring, batch, (uint32_t)n);
        e->done += n;
    }
    if (e->result == LK_RING_OK) {
        lk_ring_close(&e->ring);
    }
    e->over = true;
}

static void consume(void *arg)
{
    struct end *e = arg;
    struct record batch[BATCH_MOST];
    uint32_t n;

    while (e->result == LK_RING_OK) {
        e->result = lk_ring_receive(&e->ring, batch, batch_of(e), &n);
        judge(e, batch, n);
    }
    e->over = true;
}

/* One end: its worker, and the ring's pages in its space. */
static void end_new(struct end *e, unsigned number, unsigned priority, void (*fn)(void *))
{
    memset(e, 0, sizeof(*e));
    e->rng = rng_new(sys_options.seed + number);
    e->memory = (uint8_t *)(WINDOW_VA + number * 0x100000ull);
    e->batch = 1;
    if (fn != NULL) {
        e->space = space_new();
        e->w = worker_new_in(e->space, priority, fn, e);
    } else {
        e->space = own_space();
    }
}

static void share(struct pair *p)
{
    uint32_t pages = (uint32_t)lk_ring_bytes(sizeof(struct record), p->count) / LK_RING_PAGE;

    for (uint32_t i = 0; i < pages; i++) {
        obj page = page_new();

        if (i == 0) {
            map_page(own_space(), (uint64_t)p->shared, page, 0);
            lk_ring_format((void *)(uintptr_t)p->shared);
        }
        map_page(p->in.space, (uint64_t)p->in.memory + i * PAGE, page, 0);
        map_page(p->out.space, (uint64_t)p->out.memory + i * PAGE, page, 0);
    }
    CHECK(lk_ring_attach(&p->in.ring, p->in.memory, sizeof(struct record), p->count, true));
    CHECK(lk_ring_attach(&p->out.ring, p->out.memory, sizeof(struct record), p->count, false));
    p->in.ring.post = p->out.ring.post = RING_BIT | 1u << 31; /* which it may not post */
    p->in.ring.bits = p->out.ring.bits = RING_BIT;
    p->in.ring.notice = p->out.ring.notice = REG_TELL;
}

void pair_new(struct pair *p, unsigned number, uint32_t count, unsigned in_priority,
              unsigned out_priority)
{
    p->count = count;
    p->shared = (void *)(VIEW_VA + number * PAGE);
    end_new(&p->in, 2 * number, in_priority, produce);
    end_new(&p->out, 2 * number + 1, out_priority, consume);
    share(p);
    proc_cap(p->in.w.p, REG_TELL, notice_new(p->out.w.endpoint, RING_BIT));
    proc_cap(p->out.w.p, REG_TELL, notice_new(p->in.w.endpoint, RING_BIT));
}

void pair_new_for_thread(struct pair *p, uint32_t count, unsigned in_priority)
{
    p->count = count;
    p->shared = (void *)VIEW_VA;
    end_new(&p->in, 0, in_priority, produce);
    end_new(&p->out, 1, 0, NULL);
    share(p);
}

void pair_start(struct pair *p)
{
    p->in.ring.period = p->in.period;
    p->out.ring.period = p->out.period;
    worker_start(p->out.w);
    worker_start(p->in.w);
}

void pair_arrived(const struct pair *p)
{
    EQ(p->out.done, p->in.records);
    EQ(p->out.result, LK_RING_CLOSED);
    CHECK(p->in.ring.posts <= p->out.ring.waits * 2 + 1); /* a wait has one announcement more */
    CHECK(p->out.ring.posts <= p->in.ring.waits * 2 + 1);
}
