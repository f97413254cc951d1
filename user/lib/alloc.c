/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The heap of this program: the allocator of heap.c over pages that the pager makes.
 */
#include <lykos/heap.h>
#include <lykos/pager.h>
#include <lykos/start.h>
#include <lykos/string.h>

static struct lk_heap own;
static bool begun;

/* What does not go back is only not saved: the pages stay. A thread that was not given the
 * capability has Null there. */
static void discard(struct lk_heap *heap, uintptr_t start, size_t bytes)
{
    (void)heap;
    lk_pager_discard(lk_cap_optional("pager"), start, bytes);
}

struct lk_heap *lk_heap_own(void)
{
    if (!begun && lk_cap_optional("pager") != 0) {
        lk_heap_begin(&own, LK_HEAP_VA, LK_HEAP_END - LK_HEAP_VA, discard, NULL);
        begun = true;
    }
    return begun ? &own : NULL;
}

void *lk_alloc(size_t size)
{
    struct lk_heap *heap = lk_heap_own();

    return heap != NULL ? lk_heap_alloc(heap, size) : NULL;
}

void *lk_alloc_zero(size_t count, size_t size)
{
    size_t bytes;
    void *piece;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    piece = lk_alloc(bytes);
    return piece != NULL ? memset(piece, 0, bytes) : NULL;
}

void lk_free(void *piece)
{
    if (piece != NULL) {
        struct lk_heap *heap = lk_heap_own();

        if (heap == NULL) {
            lk_die("lk_free: this program has no heap");
        }
        lk_heap_free(heap, piece);
    }
}

void *lk_realloc(void *piece, size_t size)
{
    struct lk_heap *heap = lk_heap_own();

    return heap != NULL ? lk_heap_realloc(heap, piece, size) : NULL;
}
