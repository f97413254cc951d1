/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A node of the tree: one page with records in the order of their keys.
 *
 * Behind the header stands a slot for each record, which says where in the page it is; records lie
 * at the end of the page, in any order. A record that is taken out leaves a gap, and the page is
 * moved together when a new one fits only then: so a page can always be filled to its last byte.
 *
 * Nothing here knows where pages come from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096u
#define KEY_MAX 255u
#define INLINE_MAX 1000u /* bytes of a value that stands in its record */
#define SLOT_BYTES 2u

/* What all records begin with. In an inner node `page` is a child, which has the keys from this one
 * on; the first record of an inner node has no key, which is below all others. In a leaf it is the
 * first page of a value that stands outside. */
struct record {
    uint16_t bytes; /* of the whole record, a multiple of 8 */
    uint16_t page;
    uint8_t key_length;
    bool outside; /* of a leaf: the value is a chain of pages */
    uint16_t unused;
};

/* A record of a leaf: key and value follow. */
struct item {
    struct record head;
    uint64_t version;
    uint32_t size; /* of the value */
    uint32_t unused;
};

/* A node. */
struct node {
    uint16_t count; /* records */
    uint16_t level; /* 0: a leaf */
    uint16_t low;   /* records begin here at the lowest */
    uint16_t live;  /* bytes of records */
    uint16_t slot[];
};

#define NODE_BYTES (PAGE_BYTES - (unsigned)sizeof(struct node)) /* for slots and records */
#define ITEM_BYTES_MAX ((unsigned)sizeof(struct item) + ((KEY_MAX + INLINE_MAX + 7u) & ~7u))
#define BRANCH_BYTES_MAX ((unsigned)sizeof(struct record) + ((KEY_MAX + 7u) & ~7u))

/* Three records of any size fit, so a node that is full can be divided. */
_Static_assert(3 * (ITEM_BYTES_MAX + SLOT_BYTES) <= NODE_BYTES, "a leaf has three records");

/* A key. */
struct key {
    const uint8_t *bytes;
    size_t length;
};

/* Begin an empty node. */
void node_begin(struct node *n, unsigned level);

/* Record i, and its key. */
struct record *node_record(const struct node *n, unsigned i);
struct key node_key(const struct node *n, unsigned i);

/* The value of an item that stands in its record. */
static inline const uint8_t *item_value(const struct item *i)
{
    return (const uint8_t *)(i + 1) + i->head.key_length;
}

/* Less than 0, 0, more than 0, in the order of bytes; a key comes before those that it begins. */
int key_compare(struct key a, struct key b);

/* The first record whose key is not less; *same: it is the same. Of a leaf. */
unsigned node_find(const struct node *n, struct key key, bool *same);

/* The record of the child that the key belongs to. Of an inner node. */
unsigned node_child(const struct node *n, struct key key);

/* Bytes that are left. */
unsigned node_room(const struct node *n);

/* Make an inner record in `out`, which has room for BRANCH_BYTES_MAX. */
void branch_make(struct record *out, struct key key, uint16_t page);

/* Put a record, which must fit with its slot, to place i. */
void node_put(struct node *n, unsigned i, const struct record *record);

/* Take record i out. */
void node_cut(struct node *n, unsigned i);

/* Divide the records, with a new one at place i, between n and the empty `right`. The key that
 * parts them comes to `parting`, which has room for KEY_MAX bytes; its length is returned. At the
 * end of the node only the new one goes right: who puts keys in their order fills the pages. */
size_t node_divide(struct node *n, struct node *right, unsigned i, const struct record *record,
                   uint8_t *parting);

/* Move all of `right` to the end of `n` if there is room; `parting` is the key of its first
 * record, if they are inner nodes. */
bool node_join(struct node *n, const struct node *right, struct key parting);
