/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of a client in their order: a B+-tree whose nodes are pages of the client's window.
 *
 * A value of up to INLINE_MAX bytes stands in its leaf, a longer one in pages of its own, a chain.
 * What a change needs is reserved before anything is changed, so a change is made whole or not at
 * all. Each step goes down the tree once: the work is bounded by its height, which is 7 at most for
 * the pages of a window, and by the length of a value.
 */
#pragma once

#include "node.h"
#include "window.h"

#define CHAIN_BYTES (PAGE_BYTES - 8u) /* of a value in each page of a chain */
#define TREE_HEIGHT 8u

/* A value outside of the tree: pages that each name the next. */
struct chain {
    uint16_t first, last; /* NO_PAGE: it is empty */
    uint32_t size;
};

/* A tree. */
struct tree {
    struct window *window;
    uint16_t root;   /* NO_PAGE: it has no keys */
    unsigned height; /* nodes from the root to a leaf */
    uint64_t keys;
    uint64_t bytes;   /* of keys and values */
    uint64_t version; /* of the last change */
};

/* A place in the tree: the nodes on the way to a leaf, and where in each. */
struct place {
    uint16_t page[TREE_HEIGHT];
    uint16_t index[TREE_HEIGHT];
};

/* What `expected` can be, beside a version. */
#define TREE_ANY UINT64_MAX
#define TREE_ABSENT 0u

/* The key has another version than expected. */
#define TREE_OTHER_VERSION 64

/* Begin an empty tree in a window. */
void tree_begin(struct tree *t, struct window *w);

/* The item with this key; null: there is none. Good until the next change. */
const struct item *tree_get(const struct tree *t, struct key key);

/* The first item whose key is not less (after: more); null: there is none. And the next one. */
const struct item *tree_seek(const struct tree *t, struct key key, bool after, struct place *at);
const struct item *tree_next(const struct tree *t, struct place *at);

/* Put a value under a key: that of `size` bytes at `value`, or, if `chain` is not null, that chain,
 * which is the tree's then. TREE_OTHER_VERSION, NO_MEMORY: nothing was changed. */
enum status tree_put(struct tree *t, struct key key, const void *value, size_t size,
                     const struct chain *chain, uint64_t expected);

/* Remove a key. NOT_FOUND; TREE_OTHER_VERSION. */
enum status tree_remove(struct tree *t, struct key key, uint64_t expected);

/* Copy the bytes of a value from `offset` on, `most` at most; how many there were. */
size_t tree_read(const struct tree *t, const struct item *i, size_t offset, void *out, size_t most);

/* Chains: begin an empty one; add to its end, whole or not at all (NO_MEMORY); set its pages free.
 */
void chain_begin(struct chain *c);
enum status chain_add(struct chain *c, struct window *w, const void *bytes, size_t size);
void chain_drop(struct chain *c, struct window *w);
