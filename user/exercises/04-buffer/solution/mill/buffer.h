/* A buffer of the mill: items in the order in which they were put. */
#pragma once

#include <lykos/lock.h>
#include <stdbool.h>
#include <stdint.h>

#define BUFFER_SIZE 64u

struct buffer {
    struct lk_lock lock;
    struct lk_condition filled, emptied; /* there is something to take; there is room */
    uint64_t item[BUFFER_SIZE];
    uint64_t put, taken; /* so many so far */
};

extern struct buffer west, east;

/* Put an item behind the others. Waits while there are BUFFER_SIZE. */
void buffer_put(struct buffer *b, uint64_t item);

/* Take the first item. Waits while there is none. */
uint64_t buffer_take(struct buffer *b);

/* Move the first item of one buffer behind the others of another one, if there is an item and room
 * for it: else false, and nothing is done. Does not wait. Who looks at both never sees the item in
 * neither, or in both. */
bool buffer_move(struct buffer *from, struct buffer *to);

/* How many items there are in both, at one moment. */
uint64_t buffer_both(struct buffer *a, struct buffer *b);
