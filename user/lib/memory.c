/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory functions, by the processor's string instructions: short, and at their best on whole
 * words. The compiler may call them at any place, so none of them may be made of loops that it
 * would recognise.
 */
#include <lykos/string.h>

/* Below this distance a copy upwards by words would read what it has just written. */
#define WORD 8

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *to_at = to;
    const void *from_at = from;
    size_t words = n / WORD;
    size_t rest = n % WORD;

    __asm__ volatile("rep movsq" : "+D"(to_at), "+S"(from_at), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to_at), "+S"(from_at), "+c"(rest) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uintptr_t distance = (uintptr_t)to - (uintptr_t)from;

    if (distance >= n) { /* `to` is below `from`, or behind all of it; upwards is right */
        if (-distance >= WORD || n < WORD) {
            return memcpy(to, from, n);
        }
        void *to_at = to;

        __asm__ volatile("rep movsb" : "+D"(to_at), "+S"(from), "+c"(n) : : "memory");
        return to;
    }
    if (n > 0) {
        char *to_at = (char *)to + n - 1;
        const char *from_at = (const char *)from + n - 1;

        __asm__ volatile("std\n\trep movsb\n\tcld"
                         : "+D"(to_at), "+S"(from_at), "+c"(n)
                         :
                         : "memory", "cc");
    }
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    void *to_at = to;
    uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;
    size_t words = n / WORD;
    size_t rest = n % WORD;

    __asm__ volatile("rep stosq" : "+D"(to_at), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to_at), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

void *memchr(const void *in, int byte, size_t n)
{
    const uint8_t *at = in;

    for (size_t i = 0; i < n; i++) {
        if (at[i] == (uint8_t)byte) {
            return (void *)(uintptr_t)(at + i);
        }
    }
    return NULL;
}
