/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Locks and conditions; see lock.h. user/lib/models/lock.pml is the model of it.
 *
 * A lock is one word. Who finds it held puts itself on the stack that begins there, by one
 * compare-and-exchange, and parks. Only the holder takes from that stack: all of it at once, which
 * it turns round into the queue `first`, which is the holder's alone and goes with the lock. So
 * whoever is preempted in the middle of anything is in nobody's way: it has pushed itself or not.
 */
#include <lykos/lock.h>

#define HELD 1ul

/* The address to which the function returns that is called from outside. */
#define BEHIND_CALL ((uint64_t)__builtin_return_address(0))

struct lk_lock_table lk_locks;

static uint64_t cycles(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static struct lk_moment now_at(const struct lk_site *site, uint64_t behind)
{
    return (struct lk_moment){ site, behind, cycles() };
}

/* It is taken for the first time: from now on it can be seen. One whose memory was that of an
 * earlier one stands there already. */
static void show(const struct lk_lock *l)
{
    uint64_t n = __atomic_load_n(&lk_locks.locks, __ATOMIC_RELAXED);

    lk_locks.layout = LK_LOCK_LAYOUT;
    for (uint64_t i = 0; i < n && i < LK_LOCKS_SEEN; i++) {
        if (lk_locks.lock[i] == l) {
            return;
        }
    }
    n = __atomic_fetch_add(&lk_locks.locks, 1, __ATOMIC_RELAXED);
    if (n < LK_LOCKS_SEEN) {
        lk_locks.lock[n] = l;
    }
}

/* The same of a condition, on which somebody waits for the first time. */
static void show_condition(const struct lk_condition *c)
{
    uint64_t n = __atomic_load_n(&lk_locks.conditions, __ATOMIC_RELAXED);

    for (uint64_t i = 0; i < n && i < LK_CONDITIONS_SEEN; i++) {
        if (lk_locks.condition[i] == c) {
            return;
        }
    }
    n = __atomic_fetch_add(&lk_locks.conditions, 1, __ATOMIC_RELAXED);
    if (n < LK_CONDITIONS_SEEN) {
        lk_locks.condition[n] = c;
    }
}

static bool change(struct lk_lock *l, uintptr_t from, uintptr_t to)
{
    return __atomic_compare_exchange_n(&l->word, &from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static struct lk_member *first_of(struct lk_member **first)
{
    struct lk_member *m = *first;

    if (m != NULL) {
        *first = m->next;
    }
    return m;
}

/* The holder takes those who came: its queue, which is empty. The last that came is first there. */
static void collect(struct lk_lock *l)
{
    uintptr_t word = __atomic_exchange_n(&l->word, HELD, __ATOMIC_ACQ_REL);
    struct lk_member *m = (struct lk_member *)(word & ~HELD);

    while (m != NULL) {
        struct lk_member *next = m->next;

        m->next = l->first;
        l->first = m;
        m = next;
    }
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Have it, or be on its stack. True: it has it. */
static bool take_or_push(struct lk_lock *l, struct lk_member *me)
{
    for (;;) {
        uintptr_t word = __atomic_load_n(&l->word, __ATOMIC_RELAXED);

        me->next = (struct lk_member *)(word & ~HELD);
        if (change(l, word, word == 0 ? HELD : (uintptr_t)me | HELD)) {
            return word == 0;
        }
    }
}

static void take(struct lk_lock *l, struct lk_member *me, const struct lk_site *site,
                 uint64_t behind)
{
    lk_defer_begin(&me->control);
    me->granted = 0;
    if (!take_or_push(l, me)) {
        me->asked = now_at(site, behind);
        lk_await_grant(me);
        me->asked.cycles = 0;
        l->waits++;
    }
    l->holder = me;
    if (l->taken++ == 0) {
        show(l);
    }
    l->got = now_at(site, behind);
}

void lk_lock_at(struct lk_lock *l, const struct lk_site *site)
{
    struct lk_member *me = lk_self();

    lk_check_take(me, l, site);
    take(l, me, site, BEHIND_CALL);
    lk_check_taken(me, l, site);
}

/* ---- letting go ------------------------------------------------------------------------------ */

static void note(struct lk_lock *l, const struct lk_member *me)
{
    uint64_t now = cycles();
    uint64_t since = l->got.cycles;
    uint64_t held = now > since ? now - since : 0; /* another CPU's clock may be behind */
    uint64_t number = __atomic_fetch_add(&lk_locks.records, 1, __ATOMIC_RELAXED);

    lk_locks.record[number % LK_LOCK_RECORDS] = (struct lk_lock_record){ l, me, l->got, held };
    l->cycles += held;
    if (held > l->longest) {
        l->longest = held;
        l->longest_got = l->got;
    }
}

/* To the next of the queue, or it is free. */
static void let_go(struct lk_lock *l, struct lk_member *me)
{
    note(l, me);
    l->holder = NULL;
    if (l->first != NULL || !change(l, HELD, 0)) {
        if (l->first == NULL) {
            collect(l); /* somebody is there, or it would be free now */
        }
        lk_grant(first_of(&l->first));
    }
    lk_defer_end(&me->control);
}

/* Also unchecked: a lock of somebody else's, let go, would be two's. */
static void has_it(const struct lk_member *me, const struct lk_lock *l)
{
    if (l->holder != me) {
        lk_team_die("lock order: %s lets go of %s without having it", me->label, l->name);
    }
}

void lk_unlock_at(struct lk_lock *l, const struct lk_site *site)
{
    struct lk_member *me = lk_self();

    lk_check_has(me, l, "lets go of", site);
    has_it(me, l);
    lk_check_left(me, l);
    let_go(l, me);
}

/* ---- conditions ------------------------------------------------------------------------------ */

void lk_wait_for_at(struct lk_condition *c, const struct lk_site *site)
{
    struct lk_member *me = lk_self();

    lk_check_has(me, c->lock, "waits on a condition of", site);
    lk_check_alone(me, c->lock, site);
    has_it(me, c->lock);
    lk_check_left(me, c->lock);
    if (c->waits++ == 0) {
        show_condition(c);
    }
    me->granted = 0;
    me->waits = true;
    me->asked = now_at(site, BEHIND_CALL);
    me->next = NULL;
    *(c->first == NULL ? &c->first : &c->last->next) = me;
    c->last = me;
    let_go(c->lock, me);
    lk_await_grant(me);
    me->asked.cycles = 0;
    take(c->lock, me, site, BEHIND_CALL);
    me->waits = false;
    lk_check_taken(me, c->lock, site);
}

/* Who is signalled takes the lock itself when it runs: it may be stopped, and would be so with the
 * lock if that were handed to it. */
static bool signal_one(struct lk_condition *c)
{
    struct lk_member *m = first_of(&c->first);

    if (m != NULL) {
        lk_grant(m);
    }
    return m != NULL;
}

void lk_signal_at(struct lk_condition *c, const struct lk_site *site)
{
    lk_check_has(lk_self(), c->lock, "signals a condition of", site);
    signal_one(c);
}

void lk_signal_all_at(struct lk_condition *c, const struct lk_site *site)
{
    lk_check_has(lk_self(), c->lock, "signals a condition of", site);
    while (signal_one(c)) {
    }
}

void lk_no_lock_at(const char *what, const struct lk_site *site)
{
    lk_check_none(lk_self(), what, site);
}
