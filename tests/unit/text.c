/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's memory and text functions and its formatting, against those of the C library. On the
 * host the kernel's memory functions go by names of their own (Makefile, UNIT_STRING).
 */
#include "unit.h"

#include <kernel/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *kernel_memcpy(void *to, const void *from, size_t n);
void *kernel_memmove(void *to, const void *from, size_t n);
void *kernel_memset(void *to, int byte, size_t n);
int kernel_memcmp(const void *a, const void *b, size_t n);
size_t kernel_strlen(const char *text);
int kernel_strcmp(const char *a, const char *b);

#define AREA 700

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

TEST(kernel_memory, "the kernel copies, moves, sets and compares memory as the C library does")
{
    uint8_t mine[AREA], its[AREA], source[AREA];

    unit_random_seed(unit_seed(1));
    for (size_t i = 0; i < AREA; i++) {
        mine[i] = its[i] = (uint8_t)unit_random(256);
        source[i] = (uint8_t)unit_random(256);
    }
    for (uint64_t i = unit_rounds(20000); i > 0; i--) {
        size_t n = unit_random(300), to = unit_random(AREA - 300), from = unit_random(AREA - 300);
        int byte = (int)unit_random(256);

        switch (unit_random(3)) {
        case 0:
            CHECK(kernel_memmove(mine + to, mine + from, n) == mine + to);
            memmove(its + to, its + from, n);
            break;
        case 1:
            CHECK(kernel_memcpy(mine + to, source + from, n) == mine + to);
            memcpy(its + to, source + from, n);
            break;
        default:
            CHECK(kernel_memset(mine + to, byte, n) == mine + to);
            memset(its + to, byte, n);
            break;
        }
        CHECK(memcmp(mine, its, AREA) == 0);
        CHECK(sign(kernel_memcmp(mine + to, mine + from, n)) ==
              sign(memcmp(mine + to, mine + from, n)));
    }
}

TEST(kernel_strings,
     "the kernel's string functions agree with the C library's and read no byte too many")
{
    unit_random_seed(unit_seed(2));
    for (uint64_t i = unit_rounds(20000); i > 0; i--) {
        size_t n = unit_random(40), m = unit_random(40);
        char *a = malloc(n + 1), *b = malloc(m + 1);

        for (size_t k = 0; k < n; k++) {
            a[k] = (char)(unit_once_in(30) ? 0 : 'a' + unit_random(2));
        }
        a[n] = '\0';
        for (size_t k = 0; k < m; k++) {
            b[k] = (char)(unit_once_in(20) || k >= n ? unit_random(256) : (uint8_t)a[k]);
        }
        b[m] = '\0';
        CHECK_EQUAL(kernel_strlen(a), strlen(a));
        CHECK(sign(kernel_strcmp(a, b)) == sign(strcmp(a, b)));
        free(a);
        free(b);
    }
}

#define SAME_FORMAT(...)                                                                           \
    do {                                                                                           \
        size_t n_ = format_to(mine, sizeof(mine), __VA_ARGS__);                                    \
        snprintf(its, sizeof(its), __VA_ARGS__);                                                   \
        CHECK_SAY(strcmp(mine, its) == 0 && n_ == strlen(its), "'%s', not '%s'", mine, its);       \
    } while (0)

TEST(kernel_format, "the kernel formats text as the C library does, and cuts it alike")
{
    char mine[48], its[48];

    unit_random_seed(unit_seed(3));
    for (uint64_t i = unit_rounds(5000); i > 0; i--) {
        uint64_t big = UINT64_MAX >> unit_random(64);
        unsigned small = (unsigned)unit_random(2000);

        SAME_FORMAT("%u %x%%", small, small);
        SAME_FORMAT("[%3u][%-3u][%-9x]", small, small, small);
        SAME_FORMAT("[%03u][%07x][%020" PRIu64 "]", small, small, big);
        SAME_FORMAT("%" PRIu64 " %llx", big, (unsigned long long)big);
        SAME_FORMAT("[%20" PRIu64 "][%-22" PRIx64 "]", big, big);
        SAME_FORMAT("[%9s][%-12s][%2s]", "text", "other text", "text");
    }
}
