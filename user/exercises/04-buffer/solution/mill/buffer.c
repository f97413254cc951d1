/* The buffers of the mill. A lock for each; who takes both takes that of lower rank first. */
#include "buffer.h"

#include <lykos/lykos.h>

#define BUFFER(b, its_name, its_rank)                                                              \
    {                                                                                              \
        .lock = LK_LOCK(its_name, its_rank),                                                       \
        .filled = LK_CONDITION(its_name " filled", &(b).lock),                                     \
        .emptied = LK_CONDITION(its_name " emptied", &(b).lock)                                    \
    }

struct buffer west = BUFFER(west, "west", 1);
struct buffer east = BUFFER(east, "east", 2);

/* ---- With the lock. ---- */

static bool is_full(const struct buffer *b)
{
    return b->put - b->taken == BUFFER_SIZE;
}

static bool is_empty(const struct buffer *b)
{
    return b->put == b->taken;
}

static void add(struct buffer *b, uint64_t item)
{
    b->item[b->put++ % BUFFER_SIZE] = item;
    lk_signal(&b->filled);
}

static uint64_t remove_first(struct buffer *b)
{
    uint64_t item = b->item[b->taken++ % BUFFER_SIZE];

    lk_signal(&b->emptied);
    return item;
}

/* ---- For everybody. ---- */

void buffer_put(struct buffer *b, uint64_t item)
{
    lk_lock(&b->lock);
    while (is_full(b)) {
        lk_wait_for(&b->emptied);
    }
    add(b, item);
    lk_unlock(&b->lock);
}

uint64_t buffer_take(struct buffer *b)
{
    uint64_t item = 0;

    lk_lock(&b->lock);
    while (is_empty(b)) {
        lk_wait_for(&b->filled);
    }
    item = remove_first(b);
    lk_unlock(&b->lock);
    return item;
}

static void lock_both(struct buffer *a, struct buffer *b)
{
    bool in_order = a->lock.rank < b->lock.rank;

    lk_lock(in_order ? &a->lock : &b->lock);
    lk_lock(in_order ? &b->lock : &a->lock);
}

static void unlock_both(struct buffer *a, struct buffer *b)
{
    lk_unlock(&a->lock);
    lk_unlock(&b->lock);
}

bool buffer_move(struct buffer *from, struct buffer *to)
{
    bool can = false;

    lock_both(from, to);
    can = !is_empty(from) && !is_full(to);
    if (can) {
        add(to, remove_first(from));
    }
    unlock_both(from, to);
    return can;
}

uint64_t buffer_both(struct buffer *a, struct buffer *b)
{
    uint64_t both = 0;

    lock_both(a, b);
    both = (a->put - a->taken) + (b->put - b->taken);
    unlock_both(a, b);
    return both;
}
