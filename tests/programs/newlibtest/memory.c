/* SPDX-License-Identifier: BSD-2-Clause
 *
 * malloc() and its kin, at random, and to the last page.
 */
#include "newlibtest.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECES 64u
#define STEPS 4000u
#define SIZE_MOST 3000u
#define BLOCK 10000u
#define BLOCKS_MOST 100000u

static struct piece {
    unsigned char *at;
    size_t size;
    unsigned char byte;
} piece[PIECES];

/* All of it is as it was written. */
static bool intact(const struct piece *p, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (p->at[i] != p->byte) {
            return false;
        }
    }
    return true;
}

static void resize(struct piece *p, size_t size)
{
    size_t kept = size < p->size ? size : p->size;
    unsigned char *at = realloc(p->at, size);

    CHECK(at != NULL);
    if (at != NULL) {
        p->at = at;
        CHECK(intact(p, kept));
        p->size = size;
        memset(at, p->byte, size);
    }
}

static void replace(struct piece *p, unsigned char byte, size_t size)
{
    CHECK(intact(p, p->size));
    free(p->at);
    p->at = byte % 2 == 0 ? malloc(size) : calloc(size, 1);
    p->size = p->at != NULL ? size : 0;
    p->byte = 0;
    CHECK(p->at != NULL && (uintptr_t)p->at % 16 == 0);
    CHECK(byte % 2 == 0 || intact(p, p->size));
    p->byte = byte;
    memset(p->at, byte, p->size);
}

void check_memory(unsigned seed)
{
    for (unsigned i = 0; i < STEPS; i++) {
        struct piece *p = &piece[random_next(&seed) % PIECES];
        size_t size = random_next(&seed) % SIZE_MOST + 1;

        if (p->at != NULL && random_next(&seed) % 3 == 0) {
            resize(p, size);
        } else {
            replace(p, (unsigned char)random_next(&seed), size);
        }
    }
    for (unsigned i = 0; i < PIECES; i++) {
        CHECK(intact(&piece[i], piece[i].size));
        free(piece[i].at);
        piece[i] = (struct piece){ NULL, 0, 0 };
    }
    free(NULL);
}

/* Blocks in a list, until there are no more. */
static void **take_all(unsigned *count_out)
{
    void **list = NULL;

    *count_out = 0;
    for (unsigned i = 0; i < BLOCKS_MOST; i++) {
        void **block = malloc(BLOCK);

        if (block == NULL) {
            break;
        }
        memset(block, 0x5a, BLOCK);
        block[0] = (void *)list;
        list = block;
        ++*count_out;
    }
    return list;
}

static void free_all(void **list)
{
    while (list != NULL) {
        void **next = (void **)list[0];

        free((void *)list);
        list = next;
    }
}

/* It needs memory of its own: there must be some, whatever the heap has taken. */
static unsigned goes_deep(unsigned n)
{
    volatile unsigned char room[2000];

    memset((unsigned char *)(uintptr_t)room, (int)n, sizeof(room));
    return (n > 0 ? goes_deep(n - 1) : 0) + room[n];
}

void check_exhaustion(void)
{
    volatile size_t too_much = SIZE_MAX / 2; /* the compiler need not know */
    unsigned count;
    unsigned again;
    void **list;
    char text[40];
    char *kept;

    /* Nothing is leaked, and nothing used that was freed, unless a check fails. */
    /* NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    errno = 0;
    CHECK(malloc(too_much) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(calloc(too_much, 4) == NULL && errno == ENOMEM);
    errno = 0;
    list = take_all(&count);
    CHECK(errno == ENOMEM);
    CHECK(count > 20);
    errno = 0;
    CHECK(realloc((void *)list, (size_t)BLOCK * 100) == NULL && errno == ENOMEM);
    CHECK(((unsigned char *)list)[BLOCK - 1] == 0x5a);
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
    CHECK(goes_deep(15) == 120);
    snprintf(text, sizeof(text), "%.10f", 0.5);
    CHECK(strcmp(text, "0.5000000000") == 0);
    free_all(list);
    kept = malloc(BLOCK);
    CHECK(kept != NULL);
    free(kept);
    list = take_all(&again);
    CHECK(again == count);
    free_all(list);
    printf("%s\n", count == again ? "there is memory again" : "there is less memory");
}
