/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects and ranges: taking frames, filling them, giving them back.
 *
 * The order of steps is what a restart relies on. A frame is written down as its bank's *before*
 * anything is made in it, and as free *after* all in it is destroyed; so wherever the server is cut
 * off, what stands in memory is paid for by somebody, and what is paid for and empty is set free by
 * the next one. See begin.c.
 */
#include "books.h"
#include "frees.h"
#include "mem.h"
#include "state.h"
#include "tree.h"

#include <abi/invoke.h>

struct state state;

/* For tests: the next allocation but `countdown` is refused. */
static struct {
    uint64_t asked, countdown;
    bool refused;
} refuse;

static const uint8_t types[CLASSES] = {
    [CLASS_ENDPOINT] = LK_TYPE_ENDPOINT, [CLASS_PROCESS] = LK_TYPE_PROCESS,
    [CLASS_GPT] = LK_TYPE_GPT,           [CLASS_PAGE] = LK_TYPE_PAGE,
    [CLASS_CAPPAGE] = LK_TYPE_CAPPAGE,   [CLASS_SCHEDULE] = LK_TYPE_SCHEDULE,
};

uint64_t books_type(unsigned class)
{
    return types[class];
}

unsigned books_class(uint64_t type)
{
    unsigned class = 0;

    while (class < CLASSES && types[class] != type) {
        class ++;
    }
    return class;
}

/* ---- Lists of frames ---- */

void list_back(uint32_t *list, uint32_t f)
{
    uint32_t first = *list;
    uint32_t last;

    if (first == NO_FRAME) {
        frame_set_links(f, f, f);
        *list = f;
        return;
    }
    last = frame_prev(first);
    if (last == first) {
        frame_set_links(first, f, f);
    } else {
        frame_set_links(first, f, frame_next(first));
        frame_set_links(last, frame_prev(last), f);
    }
    frame_set_links(f, last, first);
}

void list_front(uint32_t *list, uint32_t f)
{
    list_back(list, f);
    *list = f;
}

void list_remove(uint32_t *list, uint32_t f)
{
    uint32_t prev = frame_prev(f);
    uint32_t next = frame_next(f);

    if (next == f) {
        *list = NO_FRAME;
        return;
    }
    frame_set_links(prev, prev == next ? next : frame_prev(prev), next);
    frame_set_links(next, prev, prev == next ? prev : frame_next(next));
    if (*list == f) {
        *list = next;
    }
}

/* ---- Frames ---- */

/* All places of a frame of the class, as a mask. */
static uint64_t full(unsigned class)
{
    unsigned n = state.per_frame[class];

    return n >= 64 ? UINT64_MAX : (1ull << n) - 1;
}

void books_take(uint32_t f, unsigned use, unsigned bank)
{
    frees_take(f);
    frame_set(f, use, bank);
    tree_pay(bank, 1);
}

void books_release(uint32_t f)
{
    unsigned bank = frame_bank(f);
    struct mem_frame at = mem_look(f);
    bool retired = at.type == 0 && at.objects != 0;

    frame_set(f, retired ? USE_NONE : USE_FREE, 0);
    tree_unpay(bank, 1);
    if (!retired) {
        frees_put(f);
    }
}

bool books_empty(uint32_t f, int *budget)
{
    struct mem_frame at = mem_look(f);

    (*budget)--;
    if (at.type == 0) {
        return true;
    }
    for (; at.objects != 0; at.objects &= at.objects - 1) {
        if (*budget <= 0) {
            return false;
        }
        mem_destroy(f, (unsigned)__builtin_ctzll(at.objects));
        (*budget)--;
    }
    return true;
}

/* ---- Objects ---- */

void books_refuse(uint64_t n, uint64_t *asked, bool *refused)
{
    *asked = refuse.asked;
    *refused = refuse.refused;
    refuse.asked = 0;
    refuse.refused = false;
    refuse.countdown = n;
}

bool books_refused_now(void)
{
    refuse.asked++;
    if (refuse.countdown == 0 || --refuse.countdown > 0) {
        return false;
    }
    refuse.refused = true;
    return true;
}

/* Make an object where the bank has a frame of its class with room. Such frames stand in front of
 * the full ones, so the first tells. False: there is no room. */
static bool make_beside(unsigned bank, unsigned class, uint32_t reg)
{
    struct record *r = &state.bank[bank];
    uint32_t f = r->list[class];
    uint64_t objects, index;
    bool made;

    if (f == NO_FRAME || state.per_frame[class] == 1) {
        return false;
    }
    objects = mem_look(f).objects;
    if (objects == full(class)) {
        return false;
    }
    index = (uint64_t)__builtin_ctzll(~objects);
    made = mem_make(types[class], f, index, reg) == STATUS_OK;
    r->objects[class] += made ? 1 : 0;
    /* A frame that makes no more, though it has room, has given out all its counts. */
    if (!made || (objects | 1ull << index) == full(class)) {
        r->list[class] = frame_next(f); /* the first is the last now: the list is a ring */
    }
    return made;
}

/* Make the first object in a frame that is to be free. Something may stand there, by a Range that
 * somebody kept. */
static bool make_first(unsigned class, uint32_t f, uint32_t reg)
{
    int budget = 1000; /* more than stands in a frame */

    if (mem_make(types[class], f, 0, reg) == STATUS_OK) {
        return true;
    }
    books_empty(f, &budget);
    return mem_make(types[class], f, 0, reg) == STATUS_OK;
}

/* Make an object in a new frame. */
static enum status make_in_new(unsigned bank, unsigned class, uint32_t reg)
{
    struct record *r = &state.bank[bank];

    for (;;) {
        uint32_t f = frees_lowest();

        if (f == NO_FRAME || !tree_can_pay(bank, 1)) {
            return STATUS_NO_MEMORY;
        }
        books_take(f, USE_OBJECTS + class, bank);
        if (make_first(class, f, reg)) {
            list_front(&r->list[class], f);
            r->objects[class]++;
            return STATUS_OK;
        }
        /* Retired. */
        frame_set(f, USE_NONE, 0);
        tree_unpay(bank, 1);
    }
}

/* Destroy an object of the bank, and give its frame back if it was the last there. */
static void destroy(unsigned bank, unsigned class, uint32_t f, uint64_t index)
{
    struct record *r = &state.bank[bank];
    struct mem_frame at;

    mem_destroy(f, index);
    r->objects[class]--;
    at = mem_look(f);
    if (at.type == 0) {
        list_remove(&r->list[class], f);
        books_release(f);
    } else if ((at.objects | 1ull << index) == full(class)) { /* it was full, and has room now */
        list_remove(&r->list[class], f);
        list_front(&r->list[class], f);
    }
}

/* Destroy what a register names, if the bank gave it and all authority to it is there. */
static bool destroy_named(unsigned bank, uint32_t reg)
{
    struct mem_object object;
    unsigned class;

    if (!mem_identify(reg, &object) || object.frame >= state.frames) {
        return false;
    }
    class = books_class(object.type);
    if (class == CLASSES || object.restrictions != 0 ||
        (unsigned)frame_use((uint32_t)object.frame) != USE_OBJECTS + class ||
        frame_bank((uint32_t)object.frame) != bank) {
        return false;
    }
    destroy(bank, class, (uint32_t)object.frame, object.index);
    return true;
}

enum status books_make(unsigned bank, uint64_t type, uint64_t count, const uint32_t *reg)
{
    unsigned class = books_class(type);

    if (class == CLASSES || count == 0 || count > LK_MAX_CAPS) {
        return STATUS_REQUEST_ERROR;
    }
    for (unsigned i = 0; i < count; i++) {
        enum status s = STATUS_NO_MEMORY;

        if (!books_refused_now()) {
            s = make_beside(bank, class, reg[i]) ? STATUS_OK : make_in_new(bank, class, reg[i]);
        }
        if (s != STATUS_OK) {
            while (i-- > 0) {
                destroy_named(bank, reg[i]);
            }
            return s;
        }
    }
    return STATUS_OK;
}

enum status books_free(unsigned bank, uint32_t reg)
{
    return destroy_named(bank, reg) ? STATUS_OK : STATUS_REQUEST_ERROR;
}

/* Can the bank and those below have objects of a class, their own or in Ranges? */
static bool tree_has(unsigned top, unsigned class)
{
    unsigned b = top;

    while (b != NO_BANK && state.bank[b].objects[class] == 0 && state.bank[b].ranges == 0) {
        b = tree_next(b, top);
    }
    return b != NO_BANK;
}

/* Can an object of the class stand in the frame? What stands in a Range only the kernel knows. */
static bool may_hold(uint32_t f, unsigned class)
{
    enum use use = frame_use(f);

    return (unsigned)use == USE_OBJECTS + class || use == USE_RANGE || use == USE_MORE;
}

/* `n` is a place: frame and index. */
enum status books_object(unsigned bank, uint64_t type, uint64_t n, uint32_t reg, uint64_t *next)
{
    unsigned class = books_class(type);
    int budget = BOOKS_PIECE;
    uint64_t end = (n >> 6) + BOOKS_FRAMES;

    if (class == CLASSES) {
        return STATUS_REQUEST_ERROR;
    }
    if (!tree_has(bank, class)) {
        return STATUS_NOT_FOUND;
    }
    for (uint64_t f = n >> 6; f < state.frames; f++) {
        uint64_t behind = f == n >> 6 ? UINT64_MAX << (n & 63) : UINT64_MAX;
        struct mem_frame at;

        if (f == end || budget == 0) {
            *next = f << 6;
            return STATUS_WOULD_BLOCK;
        }
        if (!may_hold((uint32_t)f, class) || !tree_shows(frame_bank((uint32_t)f), bank)) {
            continue;
        }
        budget--;
        at = mem_look(f);
        if (at.type == type && (at.objects & behind) != 0) {
            uint64_t index = (uint64_t)__builtin_ctzll(at.objects & behind);

            *next = (f << 6) + index + 1;
            return mem_cap(f, index, reg);
        }
    }
    return STATUS_NOT_FOUND;
}

/* ---- Ranges ---- */

uint32_t books_range_length(uint32_t first)
{
    if (first + 1 == state.frames || frame_use(first + 1) != USE_MORE) {
        return 1;
    }
    return frame_prev(first + 1);
}

void books_set_range_length(uint32_t first, uint32_t frames)
{
    if (frames > 1) {
        frame_set_links(first + 1, frames, 0);
    }
}

/* A Range is to be given back. It is taken back from whoever has it once that is written down: cut
 * off in between, the next server does it first of all. Its frames books_work() sets free. */
static void let_die(unsigned bank, uint32_t first)
{
    struct record *r = &state.bank[bank];

    list_remove(&r->list[LIST_RANGES], first);
    r->ranges--;
    frame_set(first, USE_DYING, bank);
    mem_take_back(first);
    list_back(&state.dying, first);
}

/* The first frame is written down last: until then the others are of no Range, and the next server
 * sets them free. Lent it is only then: what is lent is written down as a Range. */
enum status books_range(unsigned bank, uint64_t frames, uint32_t reg)
{
    struct record *r = &state.bank[bank];
    uint32_t first;
    enum status s;

    if (frames == 0) {
        return STATUS_REQUEST_ERROR;
    }
    if (frames > LK_LENT_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    if (books_refused_now() || frames > state.frames || !tree_can_pay(bank, frames)) {
        return STATUS_NO_MEMORY;
    }
    first = frees_run((uint32_t)frames);
    if (first == NO_FRAME) {
        return STATUS_NO_MEMORY;
    }
    for (uint32_t f = first + (uint32_t)frames; f-- > first + 1;) {
        books_take(f, USE_MORE, bank);
    }
    books_take(first, USE_RANGE, bank);
    books_set_range_length(first, (uint32_t)frames);
    list_back(&r->list[LIST_RANGES], first);
    r->ranges++;
    s = mem_lend(first, frames, reg);
    if (s != STATUS_OK) {
        let_die(bank, first);
    }
    return s;
}

enum status books_free_range(unsigned bank, uint32_t reg, job_t *job)
{
    uint64_t first, frames;
    uint32_t f;

    if (!mem_range(reg, &first, &frames) || first >= state.frames) {
        return STATUS_REQUEST_ERROR;
    }
    f = (uint32_t)first;
    if (frame_use(f) != USE_RANGE || frame_bank(f) != bank || books_range_length(f) != frames) {
        return STATUS_REQUEST_ERROR;
    }
    let_die(bank, f);
    *job = f;
    return STATUS_OK;
}
