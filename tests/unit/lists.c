/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lists, priority lists and the timer heap, each against a plain model.
 */
#include "tests/kernel/check/check.h"
#include "unit.h"

#include <kernel/list.h>
#include <kernel/timer.h>

#include <string.h>

struct thing {
    struct list link;
    struct plist_node node;
    struct timer timer;
    unsigned order; /* when it was queued last */
};

TEST(list_basic, "a list keeps its order, and taking a node out twice is harmless")
{
    struct list l;
    struct thing a, b, c;

    list_init(&l);
    CHECK(list_empty(&l));
    list_insert_before(&l, &a.link);
    list_insert_before(&l, &b.link);
    list_insert_before(&b.link, &c.link);
    CHECK(l.next == &a.link && a.link.next == &c.link && c.link.next == &b.link &&
          b.link.next == &l);
    CHECK(l.prev == &b.link && b.link.prev == &c.link);
    list_remove(&c.link);
    list_remove(&c.link);
    CHECK(a.link.next == &b.link && b.link.prev == &a.link && list_empty(&c.link));
    list_remove(&a.link);
    list_remove(&b.link);
    CHECK(list_empty(&l));
}

TEST(list_splice, "a list moved to the end of another leaves an empty one behind")
{
    struct list l, m;
    struct thing t[4];

    list_init(&l);
    list_init(&m);
    list_splice_end(&l, &m);
    CHECK(list_empty(&l) && list_empty(&m));
    for (unsigned i = 0; i < 4; i++) {
        list_insert_before(i < 2 ? &l : &m, &t[i].link);
    }
    list_splice_end(&l, &m);
    CHECK(list_empty(&m));
    struct list *at = l.next;

    for (unsigned i = 0; i < 4; i++, at = at->next) {
        CHECK(at == &t[i].link && at->next->prev == at);
    }
    CHECK(at == &l);
}

#define THINGS 40u

/* The priority list's nodes: as the model says, by priority, then by order; leaders are the firsts
 * of each. */
static void check_plist(const struct plist *p, const struct thing *t, const bool *queued)
{
    unsigned n = 0;
    unsigned in_model = 0;
    const struct thing *last = NULL;
    const struct list *leader = p->leaders.next;

    for (const struct plist_node *node = plist_first(p); node != NULL; node = plist_next(p, node)) {
        const struct thing *now = container_of(node, const struct thing, node);

        CHECK(queued[now - t]);
        if (last == NULL || last->node.priority != node->priority) {
            CHECK(leader == &node->leader);
            leader = leader->next;
        } else {
            CHECK(list_empty(&node->leader));
        }
        if (last != NULL) {
            CHECK(last->node.priority > node->priority ||
                  (last->node.priority == node->priority && last->order < now->order));
        }
        last = now;
        n++;
    }
    CHECK(leader == &p->leaders);
    for (unsigned i = 0; i < THINGS; i++) {
        in_model += queued[i];
        CHECK(plist_node_queued(&t[i].node) == queued[i]);
    }
    CHECK_EQUAL(n, in_model);
    CHECK((plist_first(p) == NULL) == plist_empty(p));
}

TEST(plist_random, "a priority list is by descending priority, first in first out within one")
{
    static struct thing t[THINGS];
    bool queued[THINGS] = { false };
    struct plist p;
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    plist_init(&p);
    for (unsigned i = 0; i < THINGS; i++) {
        plist_node_init(&t[i].node);
    }
    for (unsigned round = 0; round < rounds; round++) {
        unsigned i = (unsigned)unit_random(THINGS);

        if (queued[i]) {
            plist_remove(&t[i].node);
            plist_remove(&t[i].node); /* harmless */
        } else {
            t[i].order = round;
            plist_insert(&p, &t[i].node, (uint8_t)(unit_random(6) * 51));
        }
        queued[i] = !queued[i];
        check_plist(&p, t, queued);
    }
}

TEST(plist_splice, "all nodes of a priority list can be moved at once, and taken out one by one")
{
    static struct thing t[12];
    struct plist p, q;
    unsigned n = 0;

    plist_init(&p);
    plist_init(&q);
    for (unsigned i = 0; i < 12; i++) {
        plist_node_init(&t[i].node);
        plist_insert(i < 6 ? &p : &q, &t[i].node, (uint8_t)(i % 3));
    }
    plist_splice_end(&p, &q);
    CHECK(plist_empty(&q));
    while (!plist_empty(&p)) {
        plist_remove(plist_first(&p));
        n++;
    }
    CHECK_EQUAL(n, 12);
    CHECK(list_empty(&p.leaders));
}

TEST(timer_random, "timers come out by time; the heap's invariants hold after each change")
{
    static struct thing t[THINGS];
    struct timer_heap h = { NULL };
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    for (unsigned round = 0; round < rounds; round++) {
        struct timer *x = &t[unit_random(THINGS)].timer;
        nsec_t least = UINT64_MAX;

        if (x->queued) {
            timer_remove(&h, unit_once_in(3) ? h.root : x);
        } else {
            timer_insert(&h, x, unit_random(unit_once_in(2) ? 20 : UINT64_MAX));
        }
        CHECK_EQUAL(timer_check(&h), 0);
        for (unsigned i = 0; i < THINGS; i++) {
            if (t[i].timer.queued && t[i].timer.time < least) {
                least = t[i].timer.time;
            }
        }
        CHECK((h.root == NULL) == (least == UINT64_MAX));
        CHECK(h.root == NULL || h.root->time == least);
    }
    while (h.root != NULL) {
        timer_remove(&h, h.root);
    }
    timer_remove(&h, &t[0].timer); /* not queued: nothing */
}

TEST(timer_check_sees, "the check of the timer heap sees a broken order")
{
    static struct thing t[3];
    struct timer_heap h = { NULL };

    for (unsigned i = 0; i < 3; i++) {
        timer_insert(&h, &t[i].timer, i + 1);
    }
    CHECK_EQUAL(timer_check(&h), 0);
    t[2].timer.time = 0;
    CHECK(timer_check(&h) != 0);
}
