/* The buffers of the mill. This works as long as nobody is preempted at the wrong moment, and who
 * waits asks over and over again. It is yours to change. */
#include "buffer.h"

#include <lykos/lykos.h>

struct buffer west, east;

void buffer_put(struct buffer *b, uint64_t item)
{
    while (b->put - b->taken == BUFFER_SIZE) {
        lk_yield();
    }
    b->item[b->put % BUFFER_SIZE] = item;
    b->put++;
}

uint64_t buffer_take(struct buffer *b)
{
    uint64_t item = 0;

    while (b->put == b->taken) {
        lk_yield();
    }
    item = b->item[b->taken % BUFFER_SIZE];
    b->taken++;
    return item;
}

bool buffer_move(struct buffer *from, struct buffer *to)
{
    if (from->put == from->taken || to->put - to->taken == BUFFER_SIZE) {
        return false;
    }
    buffer_put(to, buffer_take(from));
    return true;
}

uint64_t buffer_both(struct buffer *a, struct buffer *b)
{
    return (a->put - a->taken) + (b->put - b->taken);
}
