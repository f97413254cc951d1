/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Nodes; see node.h.
 */
#include "node.h"

#include <lykos/string.h>

#define RECORDS_MAX (NODE_BYTES / (sizeof(struct record) + SLOT_BYTES) + 1)

void node_begin(struct node *n, unsigned level)
{
    n->count = 0;
    n->level = (uint16_t)level;
    n->low = PAGE_BYTES;
    n->live = 0;
}

struct record *node_record(const struct node *n, unsigned i)
{
    return (struct record *)((uintptr_t)n + n->slot[i]);
}

static size_t head_bytes(const struct node *n)
{
    return n->level == 0 ? sizeof(struct item) : sizeof(struct record);
}

static struct key key_of(const struct node *n, const struct record *r)
{
    return (struct key){ (const uint8_t *)r + head_bytes(n), r->key_length };
}

struct key node_key(const struct node *n, unsigned i)
{
    return key_of(n, node_record(n, i));
}

int key_compare(struct key a, struct key b)
{
    int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);

    if (order != 0 || a.length == b.length) {
        return order;
    }
    return a.length < b.length ? -1 : 1;
}

unsigned node_find(const struct node *n, struct key key, bool *same)
{
    unsigned low = 0;
    unsigned high = n->count;

    *same = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = key_compare(node_key(n, middle), key);

        if (order == 0) {
            *same = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

unsigned node_child(const struct node *n, struct key key)
{
    bool same;
    unsigned i = node_find(n, key, &same);

    return same ? i : i - 1; /* the first record has no key: i is 1 at least */
}

unsigned node_room(const struct node *n)
{
    return NODE_BYTES - n->count * SLOT_BYTES - n->live;
}

void branch_make(struct record *out, struct key key, uint16_t page)
{
    *out = (struct record){
        .bytes = (uint16_t)(sizeof(*out) + ((key.length + 7) & ~(size_t)7)),
        .page = page,
        .key_length = (uint8_t)key.length,
    };
    memcpy(out + 1, key.bytes, key.length);
}

/* Records of an other page to the end of this one. */
static void append(struct node *n, const struct record *r)
{
    n->low = (uint16_t)(n->low - r->bytes);
    n->live = (uint16_t)(n->live + r->bytes);
    n->slot[n->count++] = n->low;
    memcpy((uint8_t *)n + n->low, r, r->bytes);
}

/* Move the page together. */
static void compact(struct node *n)
{
    static struct {
        _Alignas(8) uint8_t bytes[PAGE_BYTES];
    } copy;
    const struct node *old = (const struct node *)copy.bytes;

    memcpy(copy.bytes, n, PAGE_BYTES);
    node_begin(n, old->level);
    for (unsigned i = 0; i < old->count; i++) {
        append(n, node_record(old, i));
    }
}

void node_put(struct node *n, unsigned i, const struct record *record)
{
    if (n->low - sizeof(*n) - (n->count + 1u) * SLOT_BYTES < record->bytes ||
        n->low < sizeof(*n) + (n->count + 1u) * SLOT_BYTES) {
        compact(n);
    }
    memmove(&n->slot[i + 1], &n->slot[i], (n->count - i) * sizeof(n->slot[0]));
    n->count++;
    n->low = (uint16_t)(n->low - record->bytes);
    n->live = (uint16_t)(n->live + record->bytes);
    n->slot[i] = n->low;
    memcpy((uint8_t *)n + n->low, record, record->bytes);
}

void node_cut(struct node *n, unsigned i)
{
    n->live = (uint16_t)(n->live - node_record(n, i)->bytes);
    n->count--;
    memmove(&n->slot[i], &n->slot[i + 1], (n->count - i) * sizeof(n->slot[0]));
}

/* How many of the records go left. Three of any size fit into a node, so the one that crosses the
 * middle leaves less than a node on both sides. */
static unsigned parting_place(const struct record *const *list, unsigned count, unsigned i)
{
    unsigned all = 0;
    unsigned sum = 0;
    unsigned place = 0;

    if (i == count - 1) {
        return i;
    }
    for (unsigned k = 0; k < count; k++) {
        all += list[k]->bytes + SLOT_BYTES;
    }
    while (place < count - 1 && sum + list[place]->bytes / 2 < all / 2) {
        sum += list[place++]->bytes + SLOT_BYTES;
    }
    return place;
}

/* The shortest key that is above a and not above b. */
static size_t shortest_between(struct key a, struct key b, uint8_t *out)
{
    size_t same = 0;

    while (same < a.length && same < b.length && a.bytes[same] == b.bytes[same]) {
        same++;
    }
    memcpy(out, b.bytes, same + 1);
    return same + 1;
}

size_t node_divide(struct node *n, struct node *right, unsigned i, const struct record *record,
                   uint8_t *parting)
{
    static struct {
        _Alignas(8) uint8_t bytes[PAGE_BYTES];
    } copy;
    const struct node *old = (const struct node *)copy.bytes;
    const struct record *list[RECORDS_MAX + 1];
    unsigned count = n->count + 1u;
    unsigned place;
    size_t length;

    memcpy(copy.bytes, n, PAGE_BYTES);
    for (unsigned k = 0; k < count; k++) {
        list[k] = k == i ? record : node_record(old, k - (k > i ? 1 : 0));
    }
    place = parting_place(list, count, i);
    node_begin(n, old->level);
    node_begin(right, old->level);
    for (unsigned k = 0; k < place; k++) {
        append(n, list[k]);
    }
    if (old->level == 0) {
        append(right, list[place]);
        length = shortest_between(key_of(n, list[place - 1]), key_of(n, list[place]), parting);
    } else {
        struct record first;
        struct key key = key_of(n, list[place]);

        length = key.length;
        memcpy(parting, key.bytes, length);
        branch_make(&first, (struct key){ parting, 0 }, list[place]->page);
        append(right, &first);
    }
    for (unsigned k = place + 1; k < count; k++) {
        append(right, list[k]);
    }
    return length;
}

bool node_join(struct node *n, const struct node *right, struct key parting)
{
    union {
        struct record record;
        uint8_t bytes[BRANCH_BYTES_MAX];
    } first;
    unsigned more = 0;

    if (right->level > 0) {
        branch_make(&first.record, parting, node_record(right, 0)->page);
        more = first.record.bytes - node_record(right, 0)->bytes;
    }
    if (node_room(n) < right->count * SLOT_BYTES + right->live + more) {
        return false;
    }
    compact(n);
    for (unsigned i = 0; i < right->count; i++) {
        append(n, right->level > 0 && i == 0 ? &first.record : node_record(right, i));
    }
    return true;
}
