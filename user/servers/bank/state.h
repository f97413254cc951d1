/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state of the bank, in pages that outlive the server: a record for each bank, a word for each
 * frame.
 *
 * The *truth* is what a server that begins again reads: who pays each frame, and in each record the
 * word, the limit and the name. It changes by single stores, each of which leaves books that make
 * sense. All else here is rebuilt from the truth, and from what the kernel says stands in the
 * frames (begin.c).
 */
#pragma once

#include <lykos/bank.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unit tests cut the server off here: before each store to the truth. */
#ifndef BANK_CUT_POINT
#define BANK_CUT_POINT() ((void)0)
#endif

#define NO_FRAME 0xffffffu
#define NO_BANK 0xffffu
#define TOP 0u /* index of the topmost bank */

/* ---- Objects: classes, in the order of types that are made from storage. ---- */
enum class { CLASS_ENDPOINT, CLASS_PROCESS, CLASS_GPT, CLASS_PAGE, CLASS_CAPPAGE, CLASS_SCHEDULE };
#define CLASSES 6u
#define LIST_RANGES CLASSES /* the list of a bank's ranges stands behind those of its objects */
#define LISTS (CLASSES + 1)

/* ---- The word of a frame ---- */
/* bits 0..11: bank that pays; 12..15: use; these are the truth. 16..39, 40..63: the frames before
 * and behind it in its list. In the second frame of a range they are the length of the range
 * instead. */
enum use {
    USE_NONE,    /* not the bank's: no ordinary memory, retired, or somebody's before it began */
    USE_FREE,    /* nobody pays it */
    USE_RANGE,   /* the first frame of a Range that was given */
    USE_DYING,   /* the same, of one that is being given back */
    USE_MORE,    /* a frame of a Range behind the first; of no Range if none stands before it */
    USE_OBJECTS, /* + class: holds objects of it */
};
#define FRAME_BANK_MASK 0xfffu
#define FRAME_USE_SHIFT 12
#define FRAME_PREV_SHIFT 16
#define FRAME_NEXT_SHIFT 40
#define FRAME_TRUTH_MASK 0xffffu

/* ---- The record of a bank ---- */
/* The word, all of it truth: bits 0..1 state, 2..20 serial number, 21..32 bank above, 33 hidden. */
enum bank_state { BANK_UNUSED, BANK_LIVES, BANK_CLOSING, BANK_RETIRED };
#define SERIAL_BITS 19
#define SERIALS (1u << SERIAL_BITS)
#define INDEX_BITS 12
#define BANK_HIDDEN (1ull << (2 + SERIAL_BITS + INDEX_BITS)) /* BANK_HIDE */

struct record {
    /* Truth. */
    uint64_t word;
    uint32_t limit; /* frames; 0: none */
    char name[BANK_NAME];
    /* Rebuilt. */
    uint32_t used;             /* frames that it and those below pay */
    uint32_t own;              /* frames that it pays itself */
    uint32_t objects[CLASSES]; /* that it gave */
    uint32_t ranges;
    uint32_t
        list[LISTS]; /* its frames by class, those with room first; its ranges by first frame */
    uint16_t child;  /* one below it, the first; the others by `next`, in a ring */
    uint16_t next, prev;
    uint16_t below; /* banks below it, all levels */
    uint16_t queue; /* the next that is being closed, or the next unused */
    uint8_t depth;
    uint8_t spare;
};
_Static_assert(sizeof(struct record) == BANK_STATE_RECORD, "as bank_state_bytes() says");

struct header {
    uint64_t magic; /* written last, when the books are there for the first time */
    uint64_t frames;
    uint64_t banks;
    uint64_t spare[5];
};
_Static_assert(sizeof(struct header) == BANK_STATE_HEADER, "as bank_state_bytes() says");

/* Where all of it is, and what there is one of. Rebuilt. */
struct state {
    struct header *header;
    struct record *bank;
    uint64_t *frame;
    uint64_t *level[BANK_LEVELS]; /* the map of free frames, see frees.h */
    uint32_t frames, banks;
    uint32_t free;         /* frames */
    uint32_t deep;         /* banks that are not directly below the topmost one */
    uint32_t dying;        /* list of ranges that are being given back */
    uint16_t unused_first; /* queue of records, the one that was longest unused first */
    uint16_t unused_last;
    uint16_t closing_first; /* queue */
    uint16_t closing_last;
    unsigned per_frame[CLASSES];
};
extern struct state state;

/* A store to the truth: nothing is moved over it. */
#define TRUTH(place, value)                                                                        \
    do {                                                                                           \
        BANK_CUT_POINT();                                                                          \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);                                                   \
        __atomic_store_n(&(place), (value), __ATOMIC_RELAXED);                                     \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);                                                   \
    } while (0)

/* ---- Frames ---- */
static inline unsigned frame_bank(uint32_t f)
{
    return (unsigned)(state.frame[f] & FRAME_BANK_MASK);
}
static inline enum use frame_use(uint32_t f)
{
    return (enum use)(state.frame[f] >> FRAME_USE_SHIFT & 15u);
}
static inline uint32_t frame_prev(uint32_t f)
{
    return (uint32_t)(state.frame[f] >> FRAME_PREV_SHIFT) & NO_FRAME;
}
static inline uint32_t frame_next(uint32_t f)
{
    return (uint32_t)(state.frame[f] >> FRAME_NEXT_SHIFT);
}
static inline void frame_set_links(uint32_t f, uint32_t prev, uint32_t next)
{
    state.frame[f] = (state.frame[f] & FRAME_TRUTH_MASK) | (uint64_t)prev << FRAME_PREV_SHIFT |
                     (uint64_t)next << FRAME_NEXT_SHIFT;
}

/* The truth about a frame: one store. */
static inline void frame_set(uint32_t f, unsigned use, unsigned bank)
{
    TRUTH(state.frame[f], (uint64_t)use << FRAME_USE_SHIFT | bank);
}

/* Put a frame at the front or the back of a list, a ring whose first is *list; take it out. */
void list_front(uint32_t *list, uint32_t f);
void list_back(uint32_t *list, uint32_t f);
void list_remove(uint32_t *list, uint32_t f);

/* ---- Banks ---- */
static inline enum bank_state bank_state(unsigned b)
{
    return (enum bank_state)(state.bank[b].word & 3u);
}
static inline uint32_t bank_serial(unsigned b)
{
    return (uint32_t)(state.bank[b].word >> 2) & (SERIALS - 1);
}
static inline unsigned bank_above(unsigned b)
{
    return (unsigned)(state.bank[b].word >> (2 + SERIAL_BITS)) & FRAME_BANK_MASK;
}
static inline bool bank_kept(unsigned b) /* it lives, or is not yet gone */
{
    return bank_state(b) == BANK_LIVES || bank_state(b) == BANK_CLOSING;
}

/* The truth about a bank: one store. Hidden it stays until it is gone. */
static inline void bank_set(unsigned b, enum bank_state s, uint32_t serial, unsigned above)
{
    uint64_t hidden = s == BANK_CLOSING ? state.bank[b].word & BANK_HIDDEN : 0;

    TRUTH(state.bank[b].word,
          (uint64_t)s | (uint64_t)serial << 2 | (uint64_t)above << (2 + SERIAL_BITS) | hidden);
}
