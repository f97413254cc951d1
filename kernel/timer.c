/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Timers: a leftist heap. At every node the left child's rank is at least the right one's, and the
 * rank is one more than the right child's; so the right spine, along which heaps are merged, is
 * short. The left one may be as long as the heap, so nothing walks it, but for timer_check().
 *
 * Removal from the middle merges the two children and then repairs ranks upwards. That is short as
 * well: the walk goes on only while ranks change. While they fall, each node passed has a rank one
 * higher than the one before it, and no rank exceeds log2(n + 1); while they rise, each node passed
 * was the right child of the next.
 */
#include <kernel/panic.h>
#include <kernel/timer.h>

static uint32_t rank_of(const struct timer *t)
{
    return t == NULL ? 0 : t->rank;
}

/* Put the children of `t` in order and set its rank. Returns false if the rank is what it was. */
static bool repair(struct timer *t)
{
    uint32_t rank;
    bool changed;

    if (rank_of(t->left) < rank_of(t->right)) {
        struct timer *left = t->left;

        t->left = t->right;
        t->right = left;
    }
    rank = rank_of(t->right) + 1;
    changed = t->rank != rank;
    t->rank = rank;
    return changed;
}

/* Merge two heaps; of equal times those of `a` are nearer to the root. The parent of the new root
 * is NULL. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    struct timer *root;
    struct timer **end = &root; /* where the right spine goes on */
    struct timer *last = NULL;  /* the last of it so far */

    while (a != NULL && b != NULL) {
        struct timer **from = a->time <= b->time ? &a : &b;

        *end = *from;
        (*end)->parent = last;
        last = *end;
        end = &last->right;
        *from = last->right;
    }
    *end = a != NULL ? a : b; /* only one is left: it goes on whole */
    if (*end != NULL) {
        (*end)->parent = last;
    }
    for (; last != NULL; last = last->parent) {
        repair(last);
    }
    return root;
}

void timer_insert(struct timer_heap *h, struct timer *t, nsec_t time)
{
    ASSERT(!t->queued);
    *t = (struct timer){ .time = time, .rank = 1, .queued = true, .purpose = t->purpose };
    h->root = merge(h->root, t);
}

void timer_remove(struct timer_heap *h, struct timer *t)
{
    struct timer *up = t->parent;
    struct timer *rest, **at;

    if (!t->queued) {
        return;
    }
    rest = merge(t->left, t->right);
    if (rest != NULL) {
        rest->parent = up;
    }
    at = up == NULL ? &h->root : up->left == t ? &up->left : &up->right;
    ASSERT(*at == t);
    *at = rest;
    while (up != NULL && repair(up)) {
        up = up->parent;
    }
    t->queued = false;
}
