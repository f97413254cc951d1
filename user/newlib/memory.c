/* SPDX-License-Identifier: BSD-2-Clause
 *
 * malloc() and its kin: the program's own heap, in place of newlib's. Its pages are asked for
 * before malloc() returns, so that who has no more memory learns it there, and by no fault; free
 * pages at its end go back.
 */
#include "port.h"

#include <errno.h>
#include <lykos/heap.h>
#include <lykos/pager.h>
#include <lykos/start.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Pages for the heap: all of them, or none. */
static bool take(struct lk_heap *heap, uintptr_t start, size_t bytes)
{
    uint32_t pager = lk_cap("pager");

    (void)heap;
    if (lk_pager_provide(pager, start, bytes) == STATUS_OK) {
        return true;
    }
    lk_pager_discard(pager, start, bytes);
    return false;
}

void newlib_memory_begin(void)
{
    struct lk_heap *heap = lk_heap_own();

    if (heap != NULL) {
        heap->take = take;
    }
}

void *_malloc_r(struct _reent *r, size_t size)
{
    void *piece;

    __malloc_lock(r);
    piece = lk_alloc(size > 0 ? size : 1);
    __malloc_unlock(r);
    if (piece == NULL) {
        r->_errno = ENOMEM;
    }
    return piece;
}

void _free_r(struct _reent *r, void *piece)
{
    __malloc_lock(r);
    lk_free(piece);
    __malloc_unlock(r);
}

void *_realloc_r(struct _reent *r, void *piece, size_t size)
{
    void *moved;

    if (size == 0 && piece != NULL) {
        _free_r(r, piece);
        return NULL;
    }
    __malloc_lock(r);
    moved = lk_realloc(piece, size > 0 ? size : 1);
    __malloc_unlock(r);
    if (moved == NULL) {
        r->_errno = ENOMEM;
    }
    return moved;
}

void *_calloc_r(struct _reent *r, size_t count, size_t size)
{
    size_t bytes;
    void *piece;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        r->_errno = ENOMEM;
        return NULL;
    }
    piece = _malloc_r(r, bytes);
    return piece != NULL ? memset(piece, 0, bytes) : NULL;
}

/* The heap gives nothing that is aligned more than it always is. */
void *_memalign_r(struct _reent *r, size_t align, size_t size)
{
    if (align > LK_HEAP_ALIGN) {
        r->_errno = EINVAL;
        return NULL;
    }
    return _malloc_r(r, size);
}

void *malloc(size_t size)
{
    return _malloc_r(_REENT, size);
}

void free(void *piece)
{
    _free_r(_REENT, piece);
}

void *realloc(void *piece, size_t size)
{
    return _realloc_r(_REENT, piece, size);
}

void *calloc(size_t count, size_t size)
{
    return _calloc_r(_REENT, count, size);
}

void *memalign(size_t align, size_t size)
{
    return _memalign_r(_REENT, align, size);
}
