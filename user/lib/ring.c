/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ring queues: what happens in memory; see ring.h. user/lib/models/ring.pml is the model of it.
 * Nothing here makes a system call, so it also runs on the build machine.
 *
 * `index` <= `ahead`. Of a producer `seen` <= `index`, and `ahead` - `seen` <= `count`; of a
 * consumer `ahead` <= `seen` <= `index` + `count`. All of these count on, modulo 2^32, and only
 * their differences mean something.
 */
#include <lykos/ring.h>
#include <lykos/string.h>

/* The other side wants nothing: an index that has just been passed. */
#define NOT_WANTED UINT32_MAX

bool lk_ring_fits(uint32_t size, uint32_t count)
{
    return size >= 1 && size <= LK_RING_RECORD_MOST && count >= 1 &&
           count <= LK_RING_PAGES * LK_RING_PAGE && (count & (count - 1)) == 0 &&
           (uint64_t)size * count + LK_RING_HEAD <= (uint64_t)LK_RING_PAGES * LK_RING_PAGE;
}

size_t lk_ring_bytes(uint32_t size, uint32_t count)
{
    size_t bytes = LK_RING_HEAD + (size_t)size * count;

    return (bytes + LK_RING_PAGE - 1) / LK_RING_PAGE * LK_RING_PAGE;
}

static void format_side(struct lk_ring_side *side)
{
    side->index = 0;
    side->wake = NOT_WANTED;
    side->state = LK_RING_OPEN;
}

void lk_ring_format(void *memory)
{
    struct lk_ring_shared *shared = memory;

    format_side(&shared->producer);
    format_side(&shared->consumer);
}

bool lk_ring_attach(struct lk_ring *ring, void *memory, uint32_t size, uint32_t count,
                    bool produces)
{
    struct lk_ring_shared *shared = memory;

    if (!lk_ring_fits(size, count)) {
        return false;
    }
    *ring = (struct lk_ring){
        .mine = produces ? &shared->producer : &shared->consumer,
        .other = produces ? &shared->consumer : &shared->producer,
        .record = (uint8_t *)memory + LK_RING_HEAD,
        .size = size,
        .count = count,
        .produces = produces,
    };
    return true;
}

/* ---- what the other side says ---------------------------------------------------------------- */

/* Records that can be put or taken without looking. */
static uint32_t usable(const struct lk_ring *r)
{
    return r->produces ? r->count - (r->ahead - r->seen) : r->seen - r->ahead;
}

static void end(struct lk_ring *r, enum lk_ring_result why)
{
    if (r->over == LK_RING_OK) {
        r->over = why;
    }
}

/* Acquire: what the other side did before it closed the ring is seen behind this. */
static void read_state(struct lk_ring *r)
{
    uint32_t state = __atomic_load_n(&r->other->state, __ATOMIC_ACQUIRE);

    if (state == LK_RING_SHUT) {
        r->ends = r->ends == LK_RING_OK ? LK_RING_CLOSED : r->ends;
    } else if (state != LK_RING_OPEN) {
        end(r, state == 0 ? LK_RING_GONE : LK_RING_BROKEN);
    }
}

/* Acquire: the records up to there are seen, or the other side has done with them. A page that is
 * gone has an index as well: that it is gone is what counts. */
static void read_index(struct lk_ring *r)
{
    uint32_t index = __atomic_load_n(&r->other->index, __ATOMIC_ACQUIRE);
    uint32_t furthest = r->produces ? r->index : r->index + r->count;

    if (index - r->seen > furthest - r->seen) {
        read_state(r);
        end(r, LK_RING_BROKEN);
    } else {
        r->seen = index;
    }
}

/* The state first: if the other side has closed the ring, the index behind is its last. */
enum lk_ring_result lk_ring_look(struct lk_ring *r, uint32_t wanted)
{
    wanted = wanted < r->count ? wanted : r->count;
    if (r->over == LK_RING_OK && usable(r) < wanted) {
        read_state(r);
        read_index(r);
    }
    if (r->over != LK_RING_OK) {
        return r->over;
    }
    if (usable(r) >= wanted && (r->ends == LK_RING_OK || !r->produces)) {
        return LK_RING_OK;
    }
    return r->ends != LK_RING_OK ? r->ends : LK_RING_NOTHING;
}

/* ---- records --------------------------------------------------------------------------------- */

/* How many of n records there are, or is room for. */
static uint32_t claim(struct lk_ring *r, uint32_t n)
{
    uint32_t there;

    if (usable(r) < n) {
        lk_ring_look(r, n);
    }
    if (r->over != LK_RING_OK || (r->produces && r->ends != LK_RING_OK)) {
        return 0;
    }
    there = usable(r);
    return there < n ? there : n;
}

/* Copies n records from or to the place at `ahead`. What is copied out is looked at in the copy
 * only: the clobber keeps the compiler from reading the original again. */
static void move(struct lk_ring *r, void *mine, uint32_t n)
{
    uint32_t at = r->ahead & (r->count - 1);
    uint32_t first = n < r->count - at ? n : r->count - at;
    size_t bytes = (size_t)first * r->size;
    size_t rest = (size_t)(n - first) * r->size;
    uint8_t *there = r->record + (size_t)at * r->size;

    if (r->produces) {
        memcpy(there, mine, bytes);
        memcpy(r->record, (uint8_t *)mine + bytes, rest);
    } else {
        memcpy(mine, there, bytes);
        memcpy((uint8_t *)mine + bytes, r->record, rest);
    }
    __asm__ volatile("" : : : "memory");
    r->ahead += n;
}

uint32_t lk_ring_put(struct lk_ring *r, const void *records, uint32_t n)
{
    uint32_t fits = r->produces ? claim(r, n) : 0;

    move(r, (void *)(uintptr_t)records, fits);
    return fits;
}

uint32_t lk_ring_take(struct lk_ring *r, void *records, uint32_t n)
{
    uint32_t there = r->produces ? 0 : claim(r, n);

    move(r, records, there);
    return there;
}

bool lk_ring_put_message(struct lk_ring *r, const void *message, uint32_t length)
{
    uint32_t all;

    if (!r->produces || r->size != 1 || __builtin_add_overflow(length, LK_RING_LENGTH, &all) ||
        all > lk_ring_most(r) || claim(r, all) < all) {
        return false;
    }
    move(r, &length, LK_RING_LENGTH);
    move(r, (void *)(uintptr_t)message, length);
    return true;
}

enum lk_ring_result lk_ring_take_message(struct lk_ring *r, void *message, uint32_t most,
                                         uint32_t *length)
{
    enum lk_ring_result result = LK_RING_NOTHING;
    uint32_t longest = lk_ring_most(r) - LK_RING_LENGTH;

    *length = 0;
    if (!r->produces && r->size == 1 && lk_ring_most(r) >= LK_RING_LENGTH) {
        result = lk_ring_look(r, LK_RING_LENGTH);
    }
    if (result != LK_RING_OK) {
        return result;
    }
    move(r, length, LK_RING_LENGTH);
    if (*length > most || *length > longest || claim(r, *length) < *length) {
        end(r, LK_RING_BROKEN);
        *length = 0;
        return r->over;
    }
    move(r, message, *length);
    return LK_RING_OK;
}

/* ---- announce, then look again --------------------------------------------------------------- */

/* The first fence of two: the index is seen by the other side, or its wish by this one. It pairs
 * with lk_ring_announce(). */
bool lk_ring_publish(struct lk_ring *r)
{
    uint32_t before = r->index;
    uint32_t wake;

    if (r->ahead == before) {
        return false;
    }
    r->index = r->ahead;
    __atomic_store_n(&r->mine->index, r->index, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wake = __atomic_load_n(&r->other->wake, __ATOMIC_RELAXED);
    read_state(r);
    return r->index - wake - 1 < r->index - before;
}

/* The second; it pairs with lk_ring_publish(). */
enum lk_ring_result lk_ring_announce(struct lk_ring *r, uint32_t wanted)
{
    uint32_t from = r->produces ? r->ahead - r->count : r->ahead;
    uint32_t most = lk_ring_most(r);

    wanted = wanted < most ? wanted : most;
    __atomic_store_n(&r->mine->wake, from + wanted - 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return lk_ring_look(r, wanted);
}

/* Release: who sees the state sees the last index. */
void lk_ring_shut(struct lk_ring *r)
{
    lk_ring_publish(r);
    __atomic_store_n(&r->mine->state, LK_RING_SHUT, __ATOMIC_RELEASE);
    end(r, LK_RING_CLOSED);
}
