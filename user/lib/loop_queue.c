/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an event loop has to do: its rings of sources; see loop.h and loop.c. All of this is called
 * with the loop's lock, and each function is bounded by LK_LOOP_SOURCES.
 *
 * A source that is due stands in the ring `due`, once; what it is to be told adds up in `why`. A
 * timer stands among the timers or in `due`, or is not set.
 */
#include <lykos/loop.h>
#include <stddef.h>

#define OF_KIN(link) ((struct lk_source *)((char *)(link)-offsetof(struct lk_source, kin)))
#define OF_QUEUE(link) ((struct lk_source *)((char *)(link)-offsetof(struct lk_source, queue)))

/* ---- rings ----------------------------------------------------------------------------------- */

static void clear(struct lk_loop_link *ring)
{
    ring->next = ring->prev = ring;
}

static bool in_ring(const struct lk_loop_link *link)
{
    return link->next != NULL;
}

static void insert(struct lk_loop_link *behind, struct lk_loop_link *link)
{
    link->prev = behind;
    link->next = behind->next;
    behind->next->prev = link;
    behind->next = link;
}

static void unlink(struct lk_loop_link *link)
{
    if (in_ring(link)) {
        link->next->prev = link->prev;
        link->prev->next = link->next;
        link->next = link->prev = NULL;
    }
}

void lk_loop_clear(struct lk_loop *loop)
{
    clear(&loop->notices);
    clear(&loop->timers);
    clear(&loop->due);
    clear(&loop->leaving);
}

/* ---- what is due ----------------------------------------------------------------------------- */

void lk_loop_make_due(struct lk_loop *loop, struct lk_source *s)
{
    if (s->enabled && !in_ring(&s->queue)) {
        insert(loop->due.prev, &s->queue);
        loop->due_count++;
    }
}

void lk_loop_not_due(struct lk_loop *loop, struct lk_source *s)
{
    if (in_ring(&s->queue)) {
        unlink(&s->queue);
        loop->due_count--;
    }
}

struct lk_source *lk_loop_next_due(struct lk_loop *loop)
{
    struct lk_source *s = OF_QUEUE(loop->due.next);

    lk_loop_not_due(loop, s);
    return s;
}

struct lk_source *lk_loop_next_leaving(struct lk_loop *loop)
{
    struct lk_source *s = OF_QUEUE(loop->leaving.next);

    unlink(&s->queue);
    loop->leaving_count--;
    return s;
}

bool lk_loop_has_work(const struct lk_loop *loop)
{
    return loop->due_count != 0 || loop->leaving_count != 0 || loop->stop;
}

/* ---- notices --------------------------------------------------------------------------------- */

void lk_loop_claim_bits(struct lk_loop *loop, struct lk_source *s)
{
    s->why |= loop->unclaimed & s->bits;
    loop->unclaimed &= ~s->bits;
    if (s->why != 0) {
        lk_loop_make_due(loop, s);
    }
}

void lk_loop_take_bits(struct lk_loop *loop, uint32_t bits)
{
    uint32_t all = loop->unclaimed | bits;

    loop->unclaimed = all;
    for (struct lk_loop_link *at = loop->notices.next; all != 0 && at != &loop->notices;
         at = at->next) {
        struct lk_source *s = OF_KIN(at);

        if ((all & s->bits) != 0) {
            s->why |= all & s->bits;
            loop->unclaimed &= ~s->bits;
            lk_loop_make_due(loop, s);
        }
    }
}

/* ---- timers ---------------------------------------------------------------------------------- */

void lk_loop_set_timer(struct lk_loop *loop, struct lk_source *s)
{
    struct lk_loop_link *at = loop->timers.prev;

    if (!s->enabled || s->time == LK_NEVER) {
        return;
    }
    while (at != &loop->timers && OF_KIN(at)->time > s->time) {
        at = at->prev;
    }
    insert(at, &s->kin);
}

void lk_loop_unset_timer(struct lk_loop *loop, struct lk_source *s)
{
    unlink(&s->kin);
    lk_loop_not_due(loop, s);
}

uint64_t lk_loop_first_time(const struct lk_loop *loop)
{
    const struct lk_loop_link *first = loop->timers.next;

    return first != &loop->timers ? OF_KIN(first)->time : LK_NEVER;
}

void lk_loop_take_timers(struct lk_loop *loop, uint64_t now)
{
    while (lk_loop_first_time(loop) <= now) {
        struct lk_source *s = OF_KIN(loop->timers.next);

        unlink(&s->kin);
        lk_loop_make_due(loop, s);
    }
}

uint32_t lk_loop_count_timer(struct lk_loop *loop, struct lk_source *s, uint64_t now)
{
    uint64_t times;
    uint64_t later;

    if (s->period == 0) {
        s->time = LK_NEVER;
        return 1;
    }
    times = 1 + (now - s->time) / s->period; /* it is due: now is not before its time */
    if (__builtin_mul_overflow(times, s->period, &later) ||
        __builtin_add_overflow(s->time, later, &s->time)) {
        s->time = LK_NEVER;
    }
    lk_loop_set_timer(loop, s);
    return times < UINT32_MAX ? (uint32_t)times : UINT32_MAX;
}

/* ---- sources --------------------------------------------------------------------------------- */

void lk_loop_put_in(struct lk_loop *loop, struct lk_source *s)
{
    loop->sources++;
    if (s->kind == LK_SOURCE_NOTICE) {
        insert(loop->notices.prev, &s->kin);
        lk_loop_claim_bits(loop, s);
    } else if (s->kind == LK_SOURCE_TIMER) {
        lk_loop_set_timer(loop, s);
    }
}

void lk_loop_take_out(struct lk_loop *loop, struct lk_source *s)
{
    unlink(&s->kin);
    lk_loop_not_due(loop, s);
    if (s->kind == LK_SOURCE_NOTICE) {
        loop->unclaimed |= s->why;
    }
    if (s->removed != NULL) {
        s->leaving = true;
        insert(loop->leaving.prev, &s->queue);
        loop->leaving_count++;
    } else {
        lk_loop_let_go(loop, s);
    }
}

void lk_loop_let_go(struct lk_loop *loop, struct lk_source *s)
{
    loop->sources--;
    s->leaving = false;
    __atomic_store_n(&s->loop, NULL, __ATOMIC_RELEASE);
}
