/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Opening the books: for the first time, or where a server before this one was cut off.
 *
 * What a restart finds, and what it makes of it:
 *
 *   the books say        in memory                 then
 *   free                 free                      free
 *   free                 something                 it is destroyed: made by somebody who has a
 *                                                  Range of all memory, as the bank has
 *   a bank's objects     objects                   they are the bank's, whoever knows of them
 *   a bank's objects     nothing                   free: not made yet, or just destroyed
 *   first of a Range     anything                  the bank's; taken back once more, if it is being
 *                                                  given back
 *   a Range's further    one before it             the bank's
 *                        none before it            free: not given yet
 *   free                 retired                   no memory any more; and so is what is a bank's,
 *                                                  when it is given back
 *
 * A bank that was being closed and a Range that was being given back are in the queue again, with
 * nobody to be told.
 */
#include "books.h"
#include "frees.h"
#include "mem.h"
#include "state.h"
#include "tree.h"

#include <lykos/string.h>

#define MAGIC 0x314b4e41424b4cul /* "LKBANK1" */

/* ---- Where what stands ---- */

static void lay_out(void *pages, uint64_t frames)
{
    char *at = pages;
    uint64_t n = bank_state_frames(frames);

    memset(&state, 0, sizeof(state));
    state.frames = (uint32_t)n;
    state.banks = (uint32_t)bank_state_banks(frames);
    state.header = (struct header *)(void *)at;
    at += sizeof(struct header);
    state.bank = (struct record *)(void *)at;
    at += state.banks * sizeof(struct record);
    state.frame = (uint64_t *)(void *)at;
    at += n * BANK_STATE_FRAME;
    for (unsigned level = 0; level < BANK_LEVELS; level++) {
        n = (n + 63) / 64;
        state.level[level] = (uint64_t *)(void *)at;
        at += n * 8;
    }
    for (unsigned class = 0; class < CLASSES; class ++) {
        state.per_frame[class] = mem_per_frame(books_type(class));
    }
}

/* ---- The first time ---- */

/* What is free now is the bank's; what is not is somebody's who was here before. */
static void write_first(void)
{
    uint64_t free = 0;

    for (uint32_t f = 0; f < state.frames; f++) {
        if (f % 64 == 0) {
            free = mem_free_mask(f);
        }
        frame_set(f, (free >> f % 64 & 1) != 0 ? USE_FREE : USE_NONE, 0);
    }
    memset(state.bank, 0, state.banks * sizeof(struct record));
    memcpy(state.bank[TOP].name, "all", sizeof("all"));
    bank_set(TOP, BANK_LIVES, 0, TOP);
    state.header->frames = state.frames;
    state.header->banks = state.banks;
    TRUTH(state.header->magic, MAGIC);
}

/* ---- Frames ---- */

/* Free, as the books say or as nobody has a claim to it. */
static void begin_free(uint32_t f)
{
    int budget = 1000; /* more than stands in a frame */

    if ((mem_free_mask(f) & 1) == 0) {
        books_empty(f, &budget);
        if (mem_look(f).objects != 0) {
            frame_set(f, USE_NONE, 0);
            return;
        }
    }
    if (frame_use(f) != USE_FREE) {
        frame_set(f, USE_FREE, 0);
    }
    frees_put(f);
}

static unsigned count_bits(uint64_t mask)
{
    unsigned n = 0;

    for (; mask != 0; mask &= mask - 1) {
        n++;
    }
    return n;
}

/* A frame of the bank's objects. One that holds a single object and is not free has it: most are
 * such, and need no look of their own. */
static void begin_objects(uint32_t f, bool free)
{
    unsigned class = (unsigned)frame_use(f) - USE_OBJECTS;
    struct record *r = &state.bank[frame_bank(f)];
    unsigned objects = 1;

    if (!free && state.per_frame[class] > 1) {
        struct mem_frame at = mem_look(f);

        free = at.type != books_type(class);
        objects = count_bits(at.objects);
    }
    if (free || !bank_kept(frame_bank(f))) {
        begin_free(f);
        return;
    }
    if (objects < state.per_frame[class]) {
        list_front(&r->list[class], f);
    } else {
        list_back(&r->list[class], f);
    }
    r->objects[class] += objects;
    r->own++;
}

/* A frame of a Range; *first is that of the Range that goes as far as the frame before, or
 * NO_FRAME. */
static void begin_range(uint32_t f, uint32_t *first)
{
    unsigned bank = frame_bank(f);
    struct record *r = &state.bank[bank];

    if (!bank_kept(bank) ||
        (frame_use(f) == USE_MORE && (*first == NO_FRAME || frame_bank(*first) != bank))) {
        begin_free(f);
        *first = NO_FRAME;
        return;
    }
    if (frame_use(f) == USE_RANGE) {
        *first = f;
        list_back(&r->list[LIST_RANGES], f);
        r->ranges++;
    } else if (frame_use(f) == USE_DYING) {
        mem_take_back(f);
        *first = f;
        list_back(&state.dying, f);
    }
    books_set_range_length(*first, f - *first + 1);
    r->own++;
}

/* All of them, in order. One call of the kernel tells of 64 which are free. */
static void begin_frames(void)
{
    uint32_t range = NO_FRAME;
    uint64_t free = 0;

    for (uint32_t f = 0; f < state.frames; f++) {
        enum use use = frame_use(f);

        if (f % 64 == 0) {
            free = mem_free_mask(f);
        }
        if (use == USE_RANGE || use == USE_DYING || use == USE_MORE) {
            begin_range(f, &range);
            continue;
        }
        range = NO_FRAME;
        if (use == USE_FREE && (free >> f % 64 & 1) != 0) {
            frees_put(f);
        } else if (use == USE_FREE) {
            begin_free(f);
        } else if (use >= USE_OBJECTS) {
            begin_objects(f, (free >> f % 64 & 1) != 0);
        }
    }
}

/* Each bank is paid for by those above it, too. */
static void begin_used(void)
{
    for (unsigned b = 0; b < state.banks; b++) {
        uint32_t own = state.bank[b].own;

        if (own > 0) {
            state.bank[b].own = 0;
            tree_pay(b, own);
        }
    }
}

bool books_begin(void *pages, uint64_t frames)
{
    uint64_t asked;
    bool refused;

    lay_out(pages, frames);
    if (state.header->magic != MAGIC) {
        write_first();
    }
    if (state.header->frames != state.frames || state.header->banks != state.banks) {
        return false;
    }
    state.dying = NO_FRAME;
    frees_clear();
    tree_begin();
    begin_frames();
    begin_used();
    books_begin_work();
    books_refuse(0, &asked, &refused);
    books_refuse(0, &asked, &refused);
    return true;
}
