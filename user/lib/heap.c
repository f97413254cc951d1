/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The allocator of heap.h.
 *
 * Memory is a row of pieces, each behind a header that says how long it and the one before it are,
 * in units of 16 bytes, so that from each its neighbours are found. Two free pieces never lie side
 * by side, and none lies at the top: it joins what is above. Free pieces are in bins by size, four
 * for each power of two, so a piece that fits is found by looking at one bit map. A header carries
 * a mark made of all else in it and of where it is: whatever is written over it shows.
 */
#include <lykos/heap.h>
#include <lykos/start.h>
#include <lykos/string.h>

#define UNIT LK_HEAP_ALIGN
#define PAGE_BYTES 4096u
#define LEAST 2u         /* units of the smallest piece: the header, and room for two links */
#define MOST 0x0fffffffu /* units of the largest */
#define MARK_USED 0x5ed1u
#define MARK_FREE 0xf4eeu
#define SMALL 16u /* units: below, each number has a bin of its own */
#define SEARCH 8u /* pieces of a bin that are looked at before a larger bin is */

/* The header. The links are there while it is free. */
struct lk_heap_piece {
    uint32_t units;  /* its own, header included */
    uint32_t before; /* of the one before; 0: it is the first */
    uint32_t mark;
    uint32_t unused;
    struct lk_heap_piece *next, *prev;
};
#define HEADER 16u
_Static_assert(offsetof(struct lk_heap_piece, next) == HEADER, "links stand in the memory itself");
_Static_assert(sizeof(struct lk_heap_piece) == (size_t)LEAST * UNIT,
               "the smallest piece has room for them");

typedef struct lk_heap_piece piece_t;

static uint32_t mark_of(const piece_t *p, uint32_t kind)
{
    uint64_t x = (uint64_t)(uintptr_t)p ^ (uint64_t)p->units << 32 ^ (uint64_t)p->before << 20;

    x *= 0x9e3779b97f4a7c15ull;
    return (uint32_t)(x >> 32) ^ kind;
}

static void set_mark(piece_t *p, uint32_t kind)
{
    p->mark = mark_of(p, kind);
}

static bool is_free(const piece_t *p)
{
    return p->mark == mark_of(p, MARK_FREE);
}

static bool is_used(const piece_t *p)
{
    return p->mark == mark_of(p, MARK_USED);
}

static piece_t *at(uintptr_t address)
{
    return (piece_t *)address;
}

static uintptr_t end_of(const piece_t *p)
{
    return (uintptr_t)p + (uintptr_t)p->units * UNIT;
}

static void *memory_of(piece_t *p)
{
    return (char *)p + HEADER;
}

/* Die if it is no header of a piece of this heap. `from`: the piece that one came from. */
static void look(const struct lk_heap *h, const piece_t *p, const piece_t *from)
{
    uintptr_t address = (uintptr_t)p;

    if (address < h->start || address >= h->top || address % UNIT != 0 ||
        (!is_used(p) && !is_free(p)) || end_of(p) > h->top) {
        lk_die(
            "heap: the header at 0x%lx is damaged: written past the end of 0x%lx or of the piece "
            "before it?",
            (unsigned long)address, (unsigned long)(uintptr_t)from + HEADER);
    }
}

/* The neighbours, looked at; null: there is none. */
static piece_t *behind(const struct lk_heap *h, const piece_t *p)
{
    piece_t *next = at(end_of(p));

    if ((uintptr_t)next == h->top) {
        return NULL;
    }
    look(h, next, p);
    if (next->before != p->units) {
        lk_die("heap: the header at 0x%lx does not fit that behind it",
               (unsigned long)(uintptr_t)p);
    }
    return next;
}

static piece_t *in_front(const struct lk_heap *h, const piece_t *p)
{
    piece_t *prev = at((uintptr_t)p - (uintptr_t)p->before * UNIT);

    if (p->before == 0) {
        return NULL;
    }
    look(h, prev, p);
    if (prev->units != p->before) {
        lk_die("heap: the header at 0x%lx does not fit that before it",
               (unsigned long)(uintptr_t)p);
    }
    return prev;
}

/* ---- Bins ---- */

/* The bin that pieces of this length are in. */
static unsigned bin_of(uint32_t units)
{
    unsigned log;

    if (units < SMALL) {
        return units;
    }
    log = 31u - (unsigned)__builtin_clz(units);
    return SMALL + (log - 4) * 4 + (units >> (log - 2) & 3u);
}

static void bin_add(struct lk_heap *h, piece_t *p)
{
    unsigned b = bin_of(p->units);

    set_mark(p, MARK_FREE);
    p->prev = NULL;
    p->next = h->bin[b];
    if (p->next != NULL) {
        p->next->prev = p;
    }
    h->bin[b] = p;
    h->filled[b / 64] |= 1ull << (b % 64);
}

/* May this be a link of a free piece? */
static bool link_valid(const struct lk_heap *h, const piece_t *p)
{
    uintptr_t address = (uintptr_t)p;

    return p == NULL || (address >= h->start && address < h->top && address % UNIT == 0);
}

static void bin_take(struct lk_heap *h, piece_t *p)
{
    unsigned b = bin_of(p->units);

    if (!link_valid(h, p->prev) || !link_valid(h, p->next) ||
        (p->prev == NULL ? h->bin[b] : p->prev->next) != p ||
        (p->next != NULL && p->next->prev != p)) {
        lk_die("heap: the free piece at 0x%lx was written to",
               (unsigned long)(uintptr_t)memory_of(p));
    }
    if (p->next != NULL) {
        p->next->prev = p->prev;
    }
    if (p->prev != NULL) {
        p->prev->next = p->next;
    } else {
        h->bin[b] = p->next;
        if (p->next == NULL) {
            h->filled[b / 64] &= ~(1ull << (b % 64));
        }
    }
}

/* The first bin from `b` on that has a piece; LK_HEAP_BINS: none. */
static unsigned bin_from(const struct lk_heap *h, unsigned b)
{
    for (unsigned i = b / 64; i < LK_HEAP_BINS / 64; i++) {
        uint64_t bits = h->filled[i] & (i == b / 64 ? ~0ull << (b % 64) : ~0ull);

        if (bits != 0) {
            return i * 64 + (unsigned)__builtin_ctzll(bits);
        }
    }
    return LK_HEAP_BINS;
}

/* A free piece of this length or more, out of its bin; null: there is none near at hand. */
static piece_t *find(struct lk_heap *h, uint32_t units)
{
    unsigned b = bin_of(units);
    piece_t *p = h->bin[b];

    for (unsigned i = 0; p != NULL && i < SEARCH; i++, p = p->next) {
        look(h, p, p);
        if (p->units >= units) {
            bin_take(h, p);
            return p;
        }
    }
    b = bin_from(h, b + 1);
    if (b == LK_HEAP_BINS) {
        return NULL;
    }
    p = h->bin[b];
    look(h, p, p);
    bin_take(h, p);
    return p;
}

/* ---- Pieces ---- */

/* The one behind p learns how long p is. */
static void tell_next(struct lk_heap *h, const piece_t *p)
{
    piece_t *next = at(end_of(p));

    if ((uintptr_t)next == h->top) {
        h->last = p->units;
    } else {
        uint32_t kind = is_free(next) ? MARK_FREE : MARK_USED;

        next->before = p->units;
        set_mark(next, kind);
    }
}

static uintptr_t page_up(uintptr_t address)
{
    return (address + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
}

/* Whole pages above the top go back, once there are more than a few. */
static void give_back(struct lk_heap *h)
{
    uintptr_t keep = page_up(h->top);

    if (h->give_back != NULL && h->touched > keep && h->touched - keep > LK_HEAP_KEEP) {
        h->give_back(h, keep, page_up(h->touched) - keep);
        h->touched = keep;
    }
}

/* p is free now: joined with its neighbours, in a bin or part of what is above the top. */
static void set_free(struct lk_heap *h, piece_t *p)
{
    piece_t *next = behind(h, p);
    piece_t *prev = in_front(h, p);

    if (next != NULL && is_free(next)) {
        bin_take(h, next);
        next->mark = 0;
        p->units += next->units;
    }
    if (prev != NULL && is_free(prev)) {
        bin_take(h, prev);
        p->mark = 0;
        prev->units += p->units;
        p = prev;
    }
    if (end_of(p) == h->top) {
        h->top = (uintptr_t)p;
        h->last = p->before;
        p->mark = 0;
        give_back(h);
        return;
    }
    bin_add(h, p);
    tell_next(h, p);
}

/* Keep `units` of p, which is in use; the rest, if it is a piece, is free. */
static void cut(struct lk_heap *h, piece_t *p, uint32_t units)
{
    piece_t *rest;

    if (p->units - units < LEAST) {
        return;
    }
    rest = at((uintptr_t)p + (uintptr_t)units * UNIT);
    rest->units = p->units - units;
    rest->before = units;
    set_mark(rest, MARK_USED);
    p->units = units;
    set_mark(p, MARK_USED);
    tell_next(h, rest);
    set_free(h, rest);
}

/* The pages are there, or will be when they are touched. */
static bool take(struct lk_heap *h, uintptr_t top)
{
    uintptr_t there = page_up(h->touched);

    return h->take == NULL || page_up(top) <= there || h->take(h, there, page_up(top) - there);
}

/* A new piece at the top; null: the end is reached, or there is no memory. */
static piece_t *grow(struct lk_heap *h, uint32_t units)
{
    piece_t *p = at(h->top);
    uintptr_t bytes = (uintptr_t)units * UNIT;

    if (h->end - h->top < bytes || !take(h, h->top + bytes)) {
        return NULL;
    }
    p->units = units;
    p->before = h->last;
    h->last = units;
    h->top += bytes;
    if (h->top > h->touched) {
        h->touched = h->top;
    }
    return p;
}

/* Units that a piece for `size` bytes has; 0: it would be too large. */
static uint32_t units_for(size_t size)
{
    size_t units;

    if (size > (size_t)MOST * UNIT - HEADER) {
        return 0;
    }
    units = (size + HEADER + UNIT - 1) / UNIT;
    return units < LEAST ? LEAST : (uint32_t)units;
}

void lk_heap_begin(struct lk_heap *heap, uintptr_t start, size_t bytes,
                   void (*give)(struct lk_heap *heap, uintptr_t start, size_t bytes), void *context)
{
    memset(heap, 0, sizeof(*heap));
    heap->start = heap->top = heap->touched = (start + UNIT - 1) & ~(uintptr_t)(UNIT - 1);
    heap->end = (start + bytes) & ~(uintptr_t)(UNIT - 1);
    heap->give_back = give;
    heap->context = context;
}

void *lk_heap_alloc(struct lk_heap *h, size_t size)
{
    uint32_t units = units_for(size);
    piece_t *p;

    if (units == 0) {
        return NULL;
    }
    p = find(h, units);
    if (p == NULL) {
        p = grow(h, units);
    }
    if (p == NULL) {
        return NULL;
    }
    set_mark(p, MARK_USED);
    cut(h, p, units);
    h->used += (uint64_t)p->units * UNIT;
    return memory_of(p);
}

/* The piece that the memory belongs to, which must be in use. */
static piece_t *used_piece(const struct lk_heap *h, void *memory, const char *what)
{
    uintptr_t address = (uintptr_t)memory - HEADER;
    piece_t *p = at(address);

    if ((uintptr_t)memory % UNIT != 0 || (uintptr_t)memory < h->start + HEADER ||
        (uintptr_t)memory >= h->end) {
        lk_die("%s: 0x%lx is not from this heap", what, (unsigned long)(uintptr_t)memory);
    }
    if (address >= h->top || is_free(p)) {
        lk_die("%s: 0x%lx is free already", what, (unsigned long)(uintptr_t)memory);
    }
    if (!is_used(p)) {
        lk_die("%s: 0x%lx is no piece, or is free already, or the piece before it was written past "
               "its end",
               what, (unsigned long)(uintptr_t)memory);
    }
    return p;
}

void lk_heap_free(struct lk_heap *h, void *piece)
{
    piece_t *p;

    if (piece != NULL) {
        p = used_piece(h, piece, "lk_free");
        h->used -= (uint64_t)p->units * UNIT;
        set_free(h, p);
    }
}

/* Make p longer where it is, out of what is behind it. */
static bool stretch(struct lk_heap *h, piece_t *p, uint32_t units)
{
    piece_t *next = behind(h, p);

    if (next == NULL) {
        if (grow(h, units - p->units) == NULL) {
            return false;
        }
    } else if (is_free(next) && p->units + next->units >= units) {
        units = p->units + next->units;
        bin_take(h, next);
        next->mark = 0;
    } else {
        return false;
    }
    p->units = units;
    set_mark(p, MARK_USED);
    tell_next(h, p);
    return true;
}

void *lk_heap_realloc(struct lk_heap *h, void *piece, size_t size)
{
    uint32_t units = units_for(size);
    piece_t *p;
    void *other;

    if (piece == NULL) {
        return lk_heap_alloc(h, size);
    }
    p = used_piece(h, piece, "lk_realloc");
    if (units == 0) {
        return NULL;
    }
    uint32_t old = p->units;

    if (units <= old || stretch(h, p, units)) {
        cut(h, p, units);
        h->used += ((uint64_t)p->units - old) * UNIT;
        return piece;
    }
    other = lk_heap_alloc(h, size);
    if (other != NULL) {
        memcpy(other, piece, (size_t)old * UNIT - HEADER);
        lk_heap_free(h, piece);
    }
    return other;
}

/* ---- Looking at all of it ---- */

static uint64_t check_pieces(const struct lk_heap *h, uint64_t *used_out)
{
    uint32_t before = 0;
    uint64_t count = 0;
    bool was_free = false;

    *used_out = 0;
    for (uintptr_t a = h->start; a < h->top; a = end_of(at(a))) {
        look(h, at(a), at(a));
        if (at(a)->before != before || (was_free && is_free(at(a)))) {
            lk_die("heap: the piece at 0x%lx does not fit the one before", (unsigned long)a);
        }
        was_free = is_free(at(a));
        before = at(a)->units;
        count += was_free ? 1 : 0;
        *used_out += was_free ? 0 : (uint64_t)before * UNIT;
    }
    if (was_free || before != h->last) {
        lk_die("heap: the last piece is wrong");
    }
    return count;
}

void lk_heap_check(const struct lk_heap *h)
{
    uint64_t used;
    uint64_t count = check_pieces(h, &used);

    for (unsigned b = 0; b < LK_HEAP_BINS; b++) {
        if ((h->bin[b] != NULL) != ((h->filled[b / 64] >> (b % 64) & 1) != 0)) {
            lk_die("heap: bin %u is wrong", b);
        }
        for (const piece_t *p = h->bin[b]; p != NULL; p = p->next) {
            look(h, p, p);
            if (!is_free(p) || bin_of(p->units) != b || count-- == 0) {
                lk_die("heap: the piece at 0x%lx is in a wrong bin", (unsigned long)(uintptr_t)p);
            }
        }
    }
    if (count != 0 || used != h->used) {
        lk_die("heap: %lu free pieces are in no bin, or the count is wrong", (unsigned long)count);
    }
}
