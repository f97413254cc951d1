/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Circular doubly linked lists inside the objects linked, and priority lists made of two of them.
 *
 * A priority list keeps its nodes by descending priority, first in first out within one. The first
 * node of each priority also stands in the ring of leaders, so an insertion passes over at most 256
 * leaders and no followers: every operation here is bounded, whatever the number of nodes.
 */
#pragma once

#include <kernel/panic.h>
#include <kernel/types.h>

/* A list head, and a link in what is listed: the two look alike. */
struct list {
    struct list *next, *prev;
};

/* Make a head empty, or a link one that is on no list. */
static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

/* Is the list empty? Of a link: is it on no list? */
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Put `n` before `at`; with a list head for `at`, at the end of the list. */
static inline void list_insert_before(struct list *at, struct list *n)
{
    n->next = at;
    n->prev = at->prev;
    at->prev->next = n;
    at->prev = n;
}

/* Take `n` out; it is then an empty list of its own, so taking it out again is harmless. */
static inline void list_remove(struct list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev; /* NOLINT(clang-analyzer-core.NullDereference): links never are null */
    list_init(n);
}

/* Move all of `from` to the end of `to`. O(1). */
static inline void list_splice_end(struct list *to, struct list *from)
{
    if (list_empty(from)) {
        return;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): links never are null */
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    list_init(from);
}

/* Head of a priority list. */
struct plist {
    struct list leaders; /* ring of plist_node.leader */
    struct list nodes;   /* ring of plist_node.node */
};

/* Link of a priority list; `priority` is meaningful while it is queued. */
struct plist_node {
    struct list leader; /* an empty list of its own unless first of its priority */
    struct list node;
    uint8_t priority;
    bool preempt; /* of a process: its preempt.node, not its sender_node */
};

/* Make a head empty. */
static inline void plist_init(struct plist *p)
{
    list_init(&p->leaders);
    list_init(&p->nodes);
}

/* Make a node one that is on no list. */
static inline void plist_node_init(struct plist_node *n)
{
    list_init(&n->leader);
    list_init(&n->node);
    n->priority = 0;
    n->preempt = false;
}

/* Is nothing queued? */
static inline bool plist_empty(const struct plist *p)
{
    return list_empty(&p->nodes);
}

/* Is this node on a list? */
static inline bool plist_node_queued(const struct plist_node *n)
{
    return !list_empty(&n->node);
}

/* First of the highest priority, or NULL. */
static inline struct plist_node *plist_first(const struct plist *p)
{
    return plist_empty(p) ? NULL : container_of(p->nodes.next, struct plist_node, node);
}

/* The node after `n`, or NULL at the end. */
static inline struct plist_node *plist_next(const struct plist *p, const struct plist_node *n)
{
    return n->node.next == &p->nodes ? NULL : container_of(n->node.next, struct plist_node, node);
}

/* Queue `n`, which is on no list, behind all of its priority. At most 256 steps. NO_FAIL. */
static inline void plist_insert(struct plist *p, struct plist_node *n, uint8_t priority)
{
    struct list *l = p->leaders.next;

    ASSERT(!plist_node_queued(n));
    n->priority = priority;
    while (l != &p->leaders && container_of(l, struct plist_node, leader)->priority > priority) {
        l = l->next;
    }
    if (l != &p->leaders && container_of(l, struct plist_node, leader)->priority == priority) {
        l = l->next; /* behind the followers: before the next leader */
    } else {
        list_insert_before(l, &n->leader);
    }
    /* A list head and a node begin alike: at the end of the ring this is the head. */
    list_insert_before(&container_of(l, struct plist_node, leader)->node, &n->node);
}

/* Take `n` out of its list, whichever that is; not queued: nothing happens. NO_FAIL. */
static inline void plist_remove(struct plist_node *n)
{
    /* A list head and a node begin alike, so at the end of the list `next` is the head and
     * next->leader its ring. */
    struct plist_node *next = container_of(n->node.next, struct plist_node, node);

    if (!list_empty(&n->leader)) {
        if (n->leader.next != &next->leader) { /* a follower of the same priority: it leads now */
            list_insert_before(&n->leader, &next->leader);
        }
        list_remove(&n->leader);
    }
    list_remove(&n->node);
}

/* Move all of `from` behind `to`, whatever the priorities: for lists that are only emptied. O(1).
 */
static inline void plist_splice_end(struct plist *to, struct plist *from)
{
    list_splice_end(&to->leaders, &from->leaders);
    list_splice_end(&to->nodes, &from->nodes);
}

STATIC_ASSERT(offsetof(struct plist, leaders) == offsetof(struct plist_node, leader),
              "a head looks like a node");
STATIC_ASSERT(offsetof(struct plist, nodes) == offsetof(struct plist_node, node),
              "a head looks like a node");
