/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory and text. The standard functions are what the compiler expects by these names; copying
 * goes by words of 8 bytes, eight to a turn, since pages and strings of invocations are what is
 * copied most. No function here may be turned by the compiler into a call of itself, hence
 * OWN_LOOPS.
 */
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

/* Copy upwards; right also for overlapping areas if `to` is below `from`. */
OWN_LOOPS static void copy_up(uint8_t *to, const uint8_t *from, size_t n)
{
    for (; n >= 64; n -= 64, to += 64, from += 64) {
        word_t *t = (word_t *)to;
        const word_t *f = (const word_t *)from;

        t[0] = f[0];
        t[1] = f[1];
        t[2] = f[2];
        t[3] = f[3];
        t[4] = f[4];
        t[5] = f[5];
        t[6] = f[6];
        t[7] = f[7];
    }
    for (; n >= 8; n -= 8, to += 8, from += 8) {
        *(word_t *)to = *(const word_t *)from;
    }
    for (; n > 0; n--) {
        *to++ = *from++;
    }
}

OWN_LOOPS void *memcpy(void *to, const void *from, size_t n)
{
    copy_up(to, from, n);
    return to;
}

OWN_LOOPS void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t <= (uintptr_t)f) {
        copy_up(t, f, n);
        return to;
    }
    for (; n >= 8; n -= 8) {
        *(word_t *)(t + n - 8) = *(const word_t *)(f + n - 8);
    }
    for (; n > 0; n--) {
        t[n - 1] = f[n - 1];
    }
    return to;
}

OWN_LOOPS void *memset(void *to, int byte, size_t n)
{
    uint8_t *t = to;
    word_t word = 0x0101010101010101ull * (uint8_t)byte;

    for (; n >= 64; n -= 64, t += 64) {
        word_t *w = (word_t *)t;

        w[0] = word;
        w[1] = word;
        w[2] = word;
        w[3] = word;
        w[4] = word;
        w[5] = word;
        w[6] = word;
        w[7] = word;
    }
    for (; n > 0; n--) {
        *t++ = (uint8_t)byte;
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

OWN_LOOPS size_t strnlen(const char *text, size_t most)
{
    size_t n = 0;

    while (n < most && text[n] != '\0') {
        n++;
    }
    return n;
}

OWN_LOOPS size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

OWN_LOOPS int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++) {
        if (*a != *b) {
            return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
        }
        if (*a == '\0') {
            break;
        }
    }
    return 0;
}

OWN_LOOPS int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

size_t text_copy(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);

    memcpy(out, text, n);
    out[n] = '\0';
    return n;
}

bool text_match(const char *pattern, const char *text)
{
    const char *star = NULL; /* behind the last '*' met */
    const char *from = NULL; /* where the text that it stands for ends, as far as was tried */

    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) { /* let the star stand for one character more */
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}
