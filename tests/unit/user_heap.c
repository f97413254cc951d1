/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The heap's allocator over memory of this machine: random operations against what they must keep,
 * and each misuse ends in words.
 */
#include "unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define lk_die heap_die
#include "user/lib/heap.c"
#undef lk_die

#define ARENA_PAGES 512u
#define ARENA_BYTES (ARENA_PAGES * PAGE_BYTES)
#define PIECES 300u

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(4096)));
static struct lk_heap heap;
static jmp_buf died;
static char words[300];

_Noreturn void heap_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    longjmp(died, 1);
}

/* Pages that went back: what is in them is lost. */
static uint64_t given_back;

static void take_back(struct lk_heap *h, uintptr_t start, size_t bytes)
{
    CHECK(start % PAGE_BYTES == 0 && bytes % PAGE_BYTES == 0 && start >= h->top);
    CHECK(start + bytes <= (uintptr_t)arena + ARENA_BYTES);
    memset((void *)start, 0xdd, bytes);
    given_back += bytes / PAGE_BYTES;
}

static void begin(void)
{
    memset(arena, 0xa5, sizeof(arena));
    given_back = 0;
    lk_heap_begin(&heap, (uintptr_t)arena, ARENA_BYTES, take_back, NULL);
}

/* The statement must die with these words. */
#define DIES(statement, part)                                                                      \
    do {                                                                                           \
        words[0] = '\0';                                                                           \
        if (setjmp(died) == 0) {                                                                   \
            statement;                                                                             \
            CHECK_SAY(false, "%s did not die", #statement);                                        \
        }                                                                                          \
        CHECK_SAY(strstr(words, part) != NULL, "%s died with: %s", #statement, words);             \
    } while (0)

static struct {
    uint8_t *at;
    size_t size;
    uint8_t fill;
} piece[PIECES];

static bool holds(unsigned i, size_t size)
{
    for (size_t k = 0; k < size; k++) {
        if (piece[i].at[k] != (uint8_t)(piece[i].fill + k)) {
            return false;
        }
    }
    return true;
}

static void fill(unsigned i, size_t size)
{
    piece[i].size = size;
    piece[i].fill = (uint8_t)unit_random(256);
    for (size_t k = 0; k < size; k++) {
        piece[i].at[k] = (uint8_t)(piece[i].fill + k);
    }
}

static size_t some_size(void)
{
    return unit_once_in(20) ? unit_random(200000) : unit_random(1ull << unit_random(13));
}

static void random_step(void)
{
    unsigned i = (unsigned)unit_random(PIECES);
    size_t size = some_size();

    if (piece[i].at == NULL) {
        piece[i].at = lk_heap_alloc(&heap, size);
        if (piece[i].at != NULL) {
            CHECK((uintptr_t)piece[i].at % LK_HEAP_ALIGN == 0);
            fill(i, size);
        }
    } else if (unit_once_in(3)) {
        uint8_t *other = lk_heap_realloc(&heap, piece[i].at, size);

        if (other != NULL) {
            piece[i].at = other;
            CHECK(holds(i, size < piece[i].size ? size : piece[i].size));
            fill(i, size);
        } else {
            CHECK(holds(i, piece[i].size));
        }
    } else {
        CHECK(holds(i, piece[i].size));
        lk_heap_free(&heap, piece[i].at);
        piece[i].at = NULL;
    }
}

TEST(heap_random, "random pieces keep what is in them, and when all are free all is one again")
{
    uint64_t rounds = unit_rounds(60000);

    unit_random_seed(unit_seed(1));
    begin();
    if (setjmp(died) != 0) {
        CHECK_SAY(false, "died: %s", words);
        return;
    }
    for (uint64_t n = 0; n < rounds; n++) {
        random_step();
        if (n % 64 == 0) {
            lk_heap_check(&heap);
        }
    }
    for (unsigned i = 0; i < PIECES; i++) {
        CHECK(piece[i].at == NULL || holds(i, piece[i].size));
        lk_heap_free(&heap, piece[i].at);
        piece[i].at = NULL;
    }
    lk_heap_check(&heap);
    CHECK_EQUAL(heap.top, heap.start);
    CHECK_EQUAL(heap.used, 0);
    CHECK(given_back > 0);
    CHECK(heap.touched - heap.start <= LK_HEAP_KEEP);
}

TEST(heap_full, "a heap that is full says so, and has all of it again afterwards")
{
    size_t most = ARENA_BYTES - HEADER;
    void *a;

    begin();
    CHECK(lk_heap_alloc(&heap, most + 1) == NULL);
    CHECK(lk_heap_alloc(&heap, SIZE_MAX) == NULL);
    CHECK(lk_heap_alloc(&heap, SIZE_MAX - 20) == NULL);
    CHECK(lk_heap_alloc(&heap, (size_t)MOST * UNIT) == NULL);
    a = lk_heap_alloc(&heap, most);
    CHECK(a != NULL);
    CHECK(lk_heap_alloc(&heap, 0) == NULL);
    CHECK(lk_heap_realloc(&heap, a, most + 1) == NULL);
    CHECK(lk_heap_realloc(&heap, a, 10) == a);
    CHECK(lk_heap_alloc(&heap, most - 4096) != NULL);
    lk_heap_check(&heap);
}

TEST(heap_tail, "free pages at the end go back, but for a few")
{
    void *a, *b;

    begin();
    a = lk_heap_alloc(&heap, 100);
    b = lk_heap_alloc(&heap, LK_HEAP_KEEP + 3 * PAGE_BYTES);
    lk_heap_free(&heap, b);
    CHECK(given_back >= LK_HEAP_KEEP / PAGE_BYTES + 2);
    b = lk_heap_alloc(&heap, LK_HEAP_KEEP / 2);
    given_back = 0;
    lk_heap_free(&heap, b);
    CHECK_EQUAL(given_back, 0);
    CHECK(((uint8_t *)a)[0] == 0xa5); /* the first page was not touched */
}

TEST(heap_misuse, "what a program does wrong with its heap ends in words")
{
    char *a, *b, *c;

    begin();
    a = lk_heap_alloc(&heap, 40);
    b = lk_heap_alloc(&heap, 40);
    c = lk_heap_alloc(&heap, 40);
    lk_heap_free(&heap, b);
    DIES(lk_heap_free(&heap, b), "free already");
    DIES(lk_heap_realloc(&heap, b, 3), "free already");
    DIES(lk_heap_free(&heap, a + 16), "no piece");
    DIES(lk_heap_free(&heap, a + 1), "not from this heap");
    DIES(lk_heap_free(&heap, &a), "not from this heap");
    lk_heap_free(&heap, c);
    DIES(lk_heap_free(&heap, c), "free already"); /* above the top */
    begin();
    a = lk_heap_alloc(&heap, 40);
    b = lk_heap_alloc(&heap, 40);
    c = lk_heap_alloc(&heap, 40);
    memset(a, 1, 49); /* 48 are its own */
    DIES(lk_heap_free(&heap, a), "damaged");
    DIES(lk_heap_free(&heap, b), "no piece");
    DIES(lk_heap_free(&heap, c), "damaged");
    DIES(lk_heap_check(&heap), "damaged");
    begin();
    a = lk_heap_alloc(&heap, 40);
    b = lk_heap_alloc(&heap, 40);
    c = lk_heap_alloc(&heap, 40);
    lk_heap_free(&heap, b);
    memset(b, 7, 16); /* the links */
    DIES(lk_heap_free(&heap, c), "was written to");
}

static unsigned many_pieces(void)
{
    unsigned n = 0;

    while (lk_heap_alloc(&heap, 500) != NULL) {
        n++;
    }
    return n;
}

TEST(heap_small, "small pieces cost their header and no more")
{
    begin();
    CHECK_EQUAL(many_pieces(), ARENA_BYTES / 528);
    lk_heap_check(&heap);
}
