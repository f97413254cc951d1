/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory and text. The standard functions are what the compiler expects by these names; copying
 * goes by words of 8 bytes, eight to a turn, since pages and strings of invocations are what is
 * copied most. No function here may be turned by the compiler into a call of itself, hence
 * OWN_LOOPS.
 */
#include <kernel/arch.h>
#include <kernel/string.h>

/* GCC knows loops that copy or fill and replaces them by calls of memcpy and memset; clang does so
 * only for a hosted program. */
#if defined(__clang__)
#define OWN_LOOPS
#else
#define OWN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

/* A word anywhere: any address, any type behind it. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

/* Upwards: right also for overlapping areas if `to` is below `from`. */
OWN_LOOPS static ALWAYS_INLINE void *copy_up(void *to, const void *from, size_t n)
{
    arch_copy_words(to, from, n / 8);
    for (size_t i = n & ~(size_t)7; i < n; i++) {
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}

OWN_LOOPS void *(memcpy)(void *to, const void *from, size_t n)
{
    return copy_up(to, from, n);
}

OWN_LOOPS void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (likely((uintptr_t)t - (uintptr_t)f >= n)) { /* it is below, or far enough above */
        return copy_up(to, from, n);
    }
    for (; n >= 8; n -= 8) {
        *(word_t *)(t + n - 8) = *(const word_t *)(f + n - 8);
    }
    for (; n > 0; n--) {
        t[n - 1] = f[n - 1];
    }
    return to;
}

OWN_LOOPS void *(memset)(void *to, int byte, size_t n)
{
    uint8_t *t = to;

    arch_fill_words(t, 0x0101010101010101ull * (uint8_t)byte, n / 8);
    for (size_t i = n & ~(size_t)7; i < n; i++) {
        t[i] = (uint8_t)byte;
    }
    return to;
}

OWN_LOOPS int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; n > 0; n--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

OWN_LOOPS size_t strlen(const char *text)
{
    size_t n = 0;

    while (text[n] != '\0') {
        n++;
    }
    return n;
}

OWN_LOOPS int strcmp(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
