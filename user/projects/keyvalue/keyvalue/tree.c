/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tree; see tree.h. Nodes that are less than a quarter full join a neighbour, if both fit into
 * one page: so two neighbours together are always more than about half a page of the two.
 */
#include "tree.h"

#include <lykos/start.h>
#include <lykos/string.h>

#define QUARTER (NODE_BYTES / 4)

static struct node *node_at(const struct tree *t, uint16_t page)
{
    return window_page(t->window, page);
}

static struct node *node_of(const struct tree *t, const struct place *at, unsigned depth)
{
    return node_at(t, at->page[depth]);
}

void tree_begin(struct tree *t, struct window *w)
{
    *t = (struct tree){ .window = w, .root = NO_PAGE };
}

/* ---- looking -------------------------------------------------------------------------------- */

/* Go down to where the key is, or would be. */
static bool find(const struct tree *t, struct key key, struct place *at)
{
    uint16_t page = t->root;
    bool same = false;

    for (unsigned depth = 0; depth < t->height; depth++) {
        struct node *n = node_at(t, page);

        at->page[depth] = page;
        if (n->level == 0) {
            at->index[depth] = (uint16_t)node_find(n, key, &same);
        } else {
            at->index[depth] = (uint16_t)node_child(n, key);
            page = node_record(n, at->index[depth])->page;
        }
    }
    return same;
}

static struct item *item_at(const struct tree *t, const struct place *at)
{
    unsigned leaf = t->height - 1;

    return (struct item *)node_record(node_of(t, at, leaf), at->index[leaf]);
}

const struct item *tree_get(const struct tree *t, struct key key)
{
    struct place at;

    return find(t, key, &at) ? item_at(t, &at) : NULL;
}

/* The item at the place, or the first of the leaves behind, if the place is the end of its leaf. */
static const struct item *settle(const struct tree *t, struct place *at)
{
    unsigned depth = t->height;

    while (depth > 0 && at->index[depth - 1] >= node_of(t, at, depth - 1)->count) {
        depth--;
        if (depth > 0) {
            at->index[depth - 1]++;
        }
    }
    if (depth == 0) {
        return NULL;
    }
    for (; depth < t->height; depth++) {
        at->page[depth] = node_record(node_of(t, at, depth - 1), at->index[depth - 1])->page;
        at->index[depth] = 0;
    }
    return item_at(t, at);
}

const struct item *tree_seek(const struct tree *t, struct key key, bool after, struct place *at)
{
    if (t->height == 0) {
        return NULL;
    }
    if (find(t, key, at) && after) {
        at->index[t->height - 1]++;
    }
    return settle(t, at);
}

const struct item *tree_next(const struct tree *t, struct place *at)
{
    at->index[t->height - 1]++;
    return settle(t, at);
}

/* ---- putting -------------------------------------------------------------------------------- */

/* How many nodes a record more, of so many bytes, divides at the most, the new root included. */
static unsigned divisions(const struct tree *t, const struct place *at, unsigned bytes)
{
    unsigned depth = t->height;
    unsigned count = 0;

    for (; depth > 0 && node_room(node_of(t, at, depth - 1)) < bytes + SLOT_BYTES; depth--) {
        count++;
        bytes = BRANCH_BYTES_MAX;
    }
    return depth == 0 ? count + 1 : count;
}

/* A new root above what there is: the old one, and another part. */
static void grow(struct tree *t, const struct record *part)
{
    union {
        struct record record;
        uint8_t bytes[BRANCH_BYTES_MAX];
    } first;
    uint16_t page = window_take(t->window);
    struct node *root = node_at(t, page);

    node_begin(root, t->height);
    branch_make(&first.record, (struct key){ first.bytes, 0 }, t->root);
    node_put(root, 0, &first.record);
    node_put(root, 1, part);
    t->root = page;
    t->height++;
}

/* Put a record to its place; nodes that are full are divided, up to the root. */
static void insert(struct tree *t, const struct place *at, const struct record *record)
{
    static union {
        struct record record;
        uint8_t bytes[BRANCH_BYTES_MAX];
    } part;
    unsigned i = t->height == 0 ? 0 : at->index[t->height - 1];

    if (t->height == 0) {
        t->root = window_take(t->window);
        t->height = 1;
        node_begin(node_at(t, t->root), 0);
        node_put(node_at(t, t->root), 0, record);
        return;
    }
    for (unsigned depth = t->height; depth > 0; depth--) {
        struct node *n = node_of(t, at, depth - 1);
        uint8_t parting[KEY_MAX + 1];
        uint16_t right;
        size_t length;

        if (node_room(n) >= record->bytes + SLOT_BYTES) {
            node_put(n, i, record);
            return;
        }
        right = window_take(t->window);
        length = node_divide(n, node_at(t, right), i, record, parting);
        branch_make(&part.record, (struct key){ parting, length }, right);
        record = &part.record;
        i = depth > 1 ? at->index[depth - 2] + 1u : 0;
    }
    grow(t, record);
}

/* ---- joining -------------------------------------------------------------------------------- */

/* Take a child out of an inner node. The first of those that stay needs no key. */
static void cut_child(struct node *n, unsigned i)
{
    node_cut(n, i);
    if (i == 0 && n->count > 0) {
        struct record first;

        branch_make(&first, (struct key){ (const uint8_t *)&first, 0 }, node_record(n, 0)->page);
        node_cut(n, 0);
        node_put(n, 0, &first);
    }
}

/* Join two neighbours below a node, child i and the next; false: they do not fit into one. */
static bool join_children(struct tree *t, struct node *above, unsigned i)
{
    uint16_t right = node_record(above, i + 1)->page;

    if (!node_join(node_at(t, node_record(above, i)->page), node_at(t, right),
                   node_key(above, i + 1))) {
        return false;
    }
    cut_child(above, i + 1);
    window_drop(t->window, right);
    return true;
}

/* The root has no record, or one child only. */
static void shrink(struct tree *t)
{
    while (t->height > 0) {
        const struct node *root = node_at(t, t->root);
        uint16_t page = t->root;

        if (root->count > (root->level > 0 ? 1 : 0)) {
            return;
        }
        t->root = root->count > 0 ? node_record(root, 0)->page : NO_PAGE;
        t->height--;
        window_drop(t->window, page);
    }
}

/* Something was taken out of the leaf at this place. */
static void tidy(struct tree *t, const struct place *at)
{
    for (unsigned depth = t->height - 1; depth > 0; depth--) {
        struct node *n = node_of(t, at, depth);
        struct node *above = node_of(t, at, depth - 1);
        unsigned i = at->index[depth - 1];

        if (n->count == 0) {
            cut_child(above, i);
            window_drop(t->window, at->page[depth]);
        } else if (NODE_BYTES - node_room(n) >= QUARTER ||
                   !((i + 1 < above->count && join_children(t, above, i)) ||
                     (i > 0 && join_children(t, above, i - 1)))) {
            break;
        }
    }
    shrink(t);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* The value of an item is not needed any more. */
static void forget(struct tree *t, const struct item *i)
{
    t->keys--;
    t->bytes -= i->head.key_length + i->size;
    if (i->head.outside) {
        struct chain chain = { .first = i->head.page, .size = i->size };

        chain_drop(&chain, t->window);
    }
}

/* A record of a leaf. */
static union {
    struct item item;
    uint8_t bytes[ITEM_BYTES_MAX];
} fresh;

static void make_item(struct key key, const void *value, size_t size, bool outside)
{
    size_t bytes = sizeof(fresh.item) + key.length + (outside ? 0 : size);

    fresh.item = (struct item){
        .head = { .bytes = (uint16_t)((bytes + 7) & ~(size_t)7),
                  .page = NO_PAGE,
                  .key_length = (uint8_t)key.length,
                  .outside = outside },
        .size = (uint32_t)size,
    };
    memcpy(fresh.bytes + sizeof(fresh.item), key.bytes, key.length);
    if (!outside) {
        memcpy(fresh.bytes + sizeof(fresh.item) + key.length, value, size);
    }
}

/* Everything that the change needs, before it is made. */
static enum status reserve(struct tree *t, const struct place *at, const struct item *old,
                           size_t outside)
{
    unsigned bytes = fresh.item.head.bytes;
    unsigned pages = (unsigned)((outside + CHAIN_BYTES - 1) / CHAIN_BYTES);

    /* In place of the old one, which has a slot. */
    if (old == NULL || node_room(node_of(t, at, t->height - 1)) + old->head.bytes < bytes) {
        unsigned more = divisions(t, at, bytes);

        if (t->height + 1 >= TREE_HEIGHT && more > t->height) {
            return STATUS_NO_MEMORY;
        }
        pages += more;
    }
    return window_reserve(t->window, pages);
}

/* The item at the place goes, and the fresh one comes. */
static void replace(struct tree *t, struct place *at, const struct item *old)
{
    if (old != NULL) {
        forget(t, old);
        node_cut(node_of(t, at, t->height - 1), at->index[t->height - 1]);
    }
    t->keys++;
    t->bytes += fresh.item.head.key_length + fresh.item.size;
    insert(t, at, &fresh.item.head);
}

static bool is_expected(const struct item *old, uint64_t expected)
{
    return expected == TREE_ANY || expected == (old == NULL ? TREE_ABSENT : old->version);
}

enum status tree_put(struct tree *t, struct key key, const void *value, size_t size,
                     const struct chain *chain, uint64_t expected)
{
    struct chain own = { .first = NO_PAGE, .last = NO_PAGE };
    struct place at = { 0 };
    const struct item *old = find(t, key, &at) ? item_at(t, &at) : NULL;
    bool outside = chain != NULL || size > INLINE_MAX;
    bool smaller;
    enum status s;

    if (!is_expected(old, expected)) {
        return (enum status)TREE_OTHER_VERSION;
    }
    make_item(key, value, chain != NULL ? chain->size : size, outside);
    s = reserve(t, &at, old, chain == NULL && outside ? size : 0);
    if (s != STATUS_OK) {
        return s;
    }
    if (chain == NULL && outside) {
        chain_add(&own, t->window, value, size);
        chain = &own;
    }
    fresh.item.head.page = chain != NULL ? chain->first : NO_PAGE;
    fresh.item.version = ++t->version;
    smaller = old != NULL && old->head.bytes > fresh.item.head.bytes;
    replace(t, &at, old);
    if (smaller) {
        tidy(t, &at);
    }
    return STATUS_OK;
}

enum status tree_remove(struct tree *t, struct key key, uint64_t expected)
{
    struct place at;
    const struct item *old = find(t, key, &at) ? item_at(t, &at) : NULL;

    if (old == NULL) {
        return STATUS_NOT_FOUND;
    }
    if (!is_expected(old, expected)) {
        return (enum status)TREE_OTHER_VERSION;
    }
    forget(t, old);
    node_cut(node_of(t, &at, t->height - 1), at.index[t->height - 1]);
    t->version++;
    tidy(t, &at);
    return STATUS_OK;
}
