/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The heap: memory in pieces of any size.
 *
 * A program that has a pager (a capability named "pager") has a heap in [LK_HEAP_VA, LK_HEAP_END):
 * pages come when they are touched, and whole free pages at its end go back (PAGER_DISCARD). A
 * program without one has none: lk_alloc() returns null. That lk_alloc() returns something does not
 * promise that the bank will have the pages: if it has none the program faults where it touches.
 *
 * Before and behind each piece stands a header of 16 bytes. Each call looks at the headers that it
 * comes by; a piece freed twice, a write past the end of a piece, and an address that is no piece
 * end the program in words (lk_die).
 *
 * None of this is safe for two threads at once: who has threads takes turns by other means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_HEAP_ALIGN 16u
#define LK_HEAP_KEEP 0x10000u /* free bytes at the end that are not given back */
#define LK_HEAP_BINS 128u

/* Memory of `size` bytes, aligned to LK_HEAP_ALIGN, with anything in it. Null: there is no heap, or
 * not so much address left. */
void *lk_alloc(size_t size);

/* The same, all zero; null also if the product does not fit. */
void *lk_alloc_zero(size_t count, size_t size);

/* Give it back. Null: nothing happens. */
void lk_free(void *piece);

/* Make it `size` bytes, perhaps elsewhere; what fits of the contents is kept. Null: as lk_alloc(),
 * and the piece is as it was. With a null piece: lk_alloc(). */
void *lk_realloc(void *piece, size_t size);

/* ---- The allocator itself, over any memory. ---- */

struct lk_heap_piece;

/* A heap. */
struct lk_heap {
    uintptr_t start, end; /* of the addresses it may use, aligned to LK_HEAP_ALIGN */
    uintptr_t top;        /* pieces lie below; above nothing is in use */
    uintptr_t touched;    /* above nothing was ever touched, or it was given back */
    uint32_t last;        /* units of the piece that ends at the top; 0: there is none */
    uint64_t used;        /* bytes in pieces that are in use, headers included */
    void (*give_back)(struct lk_heap *heap, uintptr_t start, size_t bytes); /* whole pages */
    void *context;                                                          /* for it */
    /* Before anything above `touched` is: whole pages. False: there are none, and the heap does not
     * grow. NULL: they come when they are touched. */
    bool (*take)(struct lk_heap *heap, uintptr_t start, size_t bytes);
    struct lk_heap_piece *bin[LK_HEAP_BINS]; /* free pieces by size */
    uint64_t filled[LK_HEAP_BINS / 64];      /* which bins have some */
};

/* Begin an empty heap in [start, start + bytes), which are whole pages; give_back may be null. */
void lk_heap_begin(struct lk_heap *heap, uintptr_t start, size_t bytes,
                   void (*give_back)(struct lk_heap *heap, uintptr_t start, size_t bytes),
                   void *context);

/* As lk_alloc() and so on. */
void *lk_heap_alloc(struct lk_heap *heap, size_t size);
void lk_heap_free(struct lk_heap *heap, void *piece);
void *lk_heap_realloc(struct lk_heap *heap, void *piece, size_t size);

/* Look at every header and every list; dies in words if something is wrong. Takes as long as there
 * are pieces. */
void lk_heap_check(const struct lk_heap *heap);

/* The program's own heap, begun if it was not; null: it has no pager. */
struct lk_heap *lk_heap_own(void);
