/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the lists: priority lists against a table that is searched.
 */
#include "helpers.h"
#include "selftest.h"

#include <kernel/list.h>
#include <kernel/string.h>

#define NODES 48
#define STEPS 6000

static struct plist queue;
static struct plist_node nodes[NODES];
static uint32_t order[NODES]; /* when each was inserted; 0: it is not in the list */

/* The node that stands behind `after` (0: the first of all) in the order that the list promises, or
 * NULL. */
static struct plist_node *expected_after(const struct plist_node *after)
{
    struct plist_node *best = NULL;

    for (unsigned i = 0; i < NODES; i++) {
        struct plist_node *n = &nodes[i];
        bool behind = after == NULL || n->priority < after->priority ||
                      (n->priority == after->priority && order[i] > order[after - nodes]);

        if (order[i] != 0 && behind &&
            (best == NULL || n->priority > best->priority ||
             (n->priority == best->priority && order[i] < order[best - nodes]))) {
            best = n;
        }
    }
    return best;
}

/* One leader for each priority, so that an insertion passes over no more than there are priorities.
 */
static bool leaders_as_expected(void)
{
    unsigned above = 256;

    for (const struct list *l = queue.leaders.next; l != &queue.leaders; l = l->next) {
        const struct plist_node *n = container_of(l, const struct plist_node, leader);

        if (n->priority >= above || order[n - nodes] == 0) {
            return false;
        }
        above = n->priority;
    }
    return true;
}

static bool list_as_expected(void)
{
    const struct plist_node *n = plist_first(&queue);
    const struct plist_node *e = expected_after(NULL);

    if (!leaders_as_expected()) {
        return false;
    }
    while (n == e && n != NULL) {
        n = plist_next(&queue, n);
        e = expected_after(e);
    }
    return n == e;
}

SELFTEST(plist_random, "a priority list keeps priorities and, within one, the order of arrival")
{
    uint64_t random = 3;
    uint32_t time = 0;

    plist_init(&queue);
    memset(order, 0, sizeof(order));
    for (unsigned i = 0; i < NODES; i++) {
        plist_node_init(&nodes[i]);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        uint32_t k = test_random(&random, NODES);

        if (order[k] != 0) {
            plist_remove(&nodes[k]);
            order[k] = 0;
            CHECK(!plist_node_queued(&nodes[k]));
        } else {
            plist_insert(&queue, &nodes[k], (uint8_t)(test_random(&random, 6) * 51));
            order[k] = ++time;
        }
        if (!CHECK(list_as_expected())) {
            return;
        }
    }
}

SELFTEST(plist_remove_twice, "taking out what is not in a list does nothing")
{
    plist_init(&queue);
    plist_node_init(&nodes[0]);
    plist_remove(&nodes[0]);
    plist_insert(&queue, &nodes[0], 9);
    plist_remove(&nodes[0]);
    plist_remove(&nodes[0]);
    CHECK(plist_empty(&queue) && list_empty(&queue.leaders));
}

SELFTEST(plist_splice, "a list can be emptied into another")
{
    struct plist other;
    unsigned n = 0;

    plist_init(&queue);
    plist_init(&other);
    for (unsigned i = 0; i < NODES; i++) {
        plist_node_init(&nodes[i]);
        plist_insert(i % 2 == 0 ? &queue : &other, &nodes[i], (uint8_t)(i % 5));
    }
    plist_splice_end(&other, &queue);
    CHECK(plist_empty(&queue) && list_empty(&queue.leaders));
    for (; !plist_empty(&other); n++) {
        plist_remove(plist_first(&other));
    }
    CHECK_EQUAL(n, NODES);
    CHECK(list_empty(&other.leaders));
}
