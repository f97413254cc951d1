/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: the heap of timers.
 */
#include "invariant.h"

#include <kernel/timer.h>

static uint32_t rank_of(const struct timer *t)
{
    return t == NULL ? 0 : t->rank;
}

/* The node that follows `t` when each node comes before its children, left before right. */
static const struct timer *following(const struct timer *t)
{
    if (t->left != NULL) {
        return t->left;
    }
    if (t->right != NULL) {
        return t->right;
    }
    for (; t->parent != NULL; t = t->parent) {
        if (t->parent->left == t && t->parent->right != NULL) {
            return t->parent->right;
        }
    }
    return NULL;
}

/* What is wrong with one node and its links downwards. */
static unsigned check_node(const struct timer *t)
{
    unsigned failed = 0;

    failed += !t->queued;
    failed += t->rank != rank_of(t->right) + 1;
    failed += rank_of(t->left) < rank_of(t->right);
    failed += t->left != NULL && (t->left->parent != t || t->left->time < t->time);
    failed += t->right != NULL && (t->right->parent != t || t->right->time < t->time);
    return failed;
}

unsigned timer_check(const struct timer_heap *h)
{
    unsigned failed = h->root != NULL && h->root->parent != NULL;

    /* A broken link could lead round in a circle: stop at the first mistake. */
    for (const struct timer *t = h->root; t != NULL && failed == 0; t = following(t)) {
        failed += check_node(t);
    }
    if (failed > 0) {
        log_line(LOG_ERROR, "INV-TIMER broken: the timer heap");
    }
    return failed;
}
