/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pure parts of the user library (formatting, memory, strings) against the C library of this
 * machine. They are compiled into this file under other names.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define memcpy user_memcpy
#define memmove user_memmove
#define memset user_memset
#define memcmp user_memcmp
#define memchr user_memchr
#define strlen user_strlen
#define strnlen user_strnlen
#define strcmp user_strcmp
#define strncmp user_strncmp
#define strchr user_strchr
#define strrchr user_strrchr
#define strstr user_strstr
#include "user/lib/format.c"
#include "user/lib/memory.c"
#include "user/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr

#define AREA 400

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* A random conversion of an integer into `format`; *is_long: its argument has 64 bits. */
static void make_format(char *format, size_t size, bool *is_long)
{
    static const char *const flags[] = { "", "-", "0", "+", " ", "#", "-0", "0+", "#0" };
    static const char *const lengths[] = { "", "h", "hh", "l", "ll", "z" };
    char letter = "diuxXo"[unit_random(6)];
    const char *flag = flags[unit_random(letter == 'o' ? 5 : 9)];
    const char *length = lengths[unit_random(6)];
    unsigned width = (unsigned)unit_random(14);

    *is_long = length[0] == 'l' || length[0] == 'z';
    if (unit_once_in(2)) {
        snprintf(format, size, "<%%%s%u.%u%s%c>", flag, width, (unsigned)unit_random(12), length,
                 letter);
    } else if (width > 0) {
        snprintf(format, size, "<%%%s%u%s%c>", flag, width, length, letter);
    } else {
        snprintf(format, size, "<%%%s%s%c>", flag, length, letter);
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
TEST(user_format_integers, "the user library formats integers as the C library does")
{
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds; i++) {
        char format[40], a[64], b[64];
        uint64_t value = unit_random(UINT64_MAX) >> unit_random(64);
        size_t size = unit_random(40);
        size_t la, lb;
        bool is_long;

        make_format(format, sizeof(format), &is_long);
        value = unit_once_in(3) ? -value : value;
        memset(a, 1, sizeof(a));
        memset(b, 1, sizeof(b));
        if (is_long) {
            la = (size_t)snprintf(a, size, format, value);
            lb = lk_format(b, size, format, value);
        } else {
            la = (size_t)snprintf(a, size, format, (unsigned)value);
            lb = lk_format(b, size, format, (unsigned)value);
        }
        CHECK_SAY(la == lb && memcmp(a, b, sizeof(a)) == 0, "\"%s\" of %llx in %zu bytes", format,
                  (unsigned long long)value, size);
    }
}
#pragma GCC diagnostic pop

/* Checks what the library makes of the rest against `expected`. */
#define CHECK_TEXT(expected, ...)                                                                  \
    do {                                                                                           \
        char text_[100];                                                                           \
        size_t length_ = lk_format(text_, sizeof(text_), __VA_ARGS__);                             \
        CHECK_SAY(strcmp(text_, expected) == 0 && length_ == strlen(expected), "\"%s\"", text_);   \
    } while (0)

TEST(user_format_text,
     "the user library formats strings, characters, pointers and counts given as arguments")
{
    const char *volatile none = NULL; /* volatile: the compiler warns of what it can see */
    const char *unknown = "%q %";
    char one[1] = { 'x' };

    CHECK_TEXT("abc|       def|ghi       |jkl|        no|", "%s|%10s|%-10s|%.3s|%10.2s|", "abc",
               "def", "ghi", "jklm", "nop");
    CHECK_TEXT("x%    y|z    |", "%c%%%5c|%-5c|", 'x', 'y', 'z');
    CHECK_TEXT("    42|43    |ab|44    |", "%*d|%-*d|%.*s|%*d|", 6, 42, 6, 43, 2, "abcdef", -6, 44);
    CHECK_TEXT("0x1234", "%p", (void *)(uintptr_t)0x1234);
    CHECK_TEXT("(null)", "%s", none);
    CHECK_TEXT("", "%s", "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    CHECK_TEXT("%q %", unknown);
#pragma GCC diagnostic pop
    CHECK_EQUAL(lk_format(one, 1, "%d", 1234), 4);
    CHECK_EQUAL(one[0], 0);
    CHECK_EQUAL(lk_format(NULL, 0, "%d", 1234), 4);
}

TEST(user_memory, "the user library moves, sets and compares memory as the C library does")
{
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds; i++) {
        uint8_t x[AREA], y[AREA], source[AREA];
        size_t n = unit_random(unit_once_in(2) ? 20 : 200);
        size_t to = unit_random(100);
        size_t from = unit_once_in(4) ? to + unit_random(10) : unit_random(100);
        int byte = (int)unit_random(1000);

        for (size_t k = 0; k < AREA; k++) {
            x[k] = (uint8_t)unit_random(256);
        }
        memcpy(y, x, AREA);
        memcpy(source, x, AREA);
        switch (unit_random(3)) {
        case 0:
            memmove(x + to, x + from, n);
            user_memmove(y + to, y + from, n);
            break;
        case 1:
            memcpy(x + to, source + from, n);
            user_memcpy(y + to, source + from, n);
            break;
        default:
            memset(x + to, byte, n);
            user_memset(y + to, byte, n);
            break;
        }
        CHECK_SAY(memcmp(x, y, AREA) == 0, "%zu bytes from %zu to %zu", n, from, to);
        CHECK_EQUAL(sign(memcmp(x + to, x + from, n % 4)),
                    sign(user_memcmp(x + to, x + from, n % 4)));
        CHECK(memchr(x + to, byte & 0xff, n) == user_memchr(x + to, byte & 0xff, n));
    }
}

TEST(user_strings, "the user library's string functions agree with the C library's")
{
    uint64_t rounds = unit_rounds(20000);

    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < rounds; i++) {
        char x[12] = { 0 }, y[12] = { 0 }, copy[12];
        size_t n = unit_random(13);

        for (size_t k = 0; k < sizeof(x) - 1; k++) {
            x[k] = "ab\0"[unit_random(3)];
            y[k] = "ab\0"[unit_random(3)];
        }
        CHECK_EQUAL(strlen(x), user_strlen(x));
        CHECK_EQUAL(strnlen(x, n), user_strnlen(x, n));
        CHECK_EQUAL(sign(strcmp(x, y)), sign(user_strcmp(x, y)));
        CHECK_EQUAL(sign(strncmp(x, y, n)), sign(user_strncmp(x, y, n)));
        CHECK(strchr(x, 'a') == user_strchr(x, 'a') && strchr(x, 0) == user_strchr(x, 0));
        CHECK(strrchr(x, 'b') == user_strrchr(x, 'b') && strstr(x, y) == user_strstr(x, y));
        CHECK_EQUAL(lk_copy_text(copy, 1 + n % 11, x), strlen(x));
        CHECK(strlen(copy) == (strlen(x) < n % 11 ? strlen(x) : n % 11) &&
              strncmp(copy, x, strlen(copy)) == 0);
    }
}

/* Checks one number: whether it is read, as what, and what is left. */
static void check_number(const char *text, bool read, uint64_t value, const char *rest)
{
    const char *end = NULL;
    uint64_t got = 77;

    CHECK_SAY(lk_parse_number(text, &got, &end) == read, "\"%s\"", text);
    CHECK_SAY(got == (read ? value : 77), "\"%s\" is %llu", text, (unsigned long long)got);
    CHECK_SAY(!read || strcmp(end, rest) == 0, "\"%s\" leaves \"%s\"", text, end);
}

TEST(user_numbers, "numbers are read in both bases, and those too large are refused")
{
    check_number("0", true, 0, "");
    check_number("12ab", true, 12, "ab");
    check_number("0x1F", true, 31, "");
    check_number("0xg", true, 0, "xg");
    check_number("", false, 0, "");
    check_number("-1", false, 0, "");
    check_number("18446744073709551615", true, UINT64_MAX, "");
    check_number("18446744073709551616", false, 0, "");
    check_number("0xffffffffffffffff ", true, UINT64_MAX, " ");
    check_number("0x10000000000000000", false, 0, "");
}

TEST(user_labels, "labels survive packing, long ones are cut, control characters are shown as '?'")
{
    uint64_t low, high;
    char label[17];

    lk_label_pack("abcdefghijklmnopq", &low, &high);
    lk_label_unpack(low, high, label);
    CHECK(strcmp(label, "abcdefghijklmnop") == 0);
    lk_label_pack("xy", &low, &high);
    CHECK_EQUAL(low, 0x7978);
    CHECK_EQUAL(high, 0);
    lk_label_unpack(0x0102, 0, label);
    CHECK(strcmp(label, "??") == 0);
}
