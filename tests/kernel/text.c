/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of text and memory functions, formatting, and the boot command line.
 */
#include "selftest.h"

#include <kernel/cmdline.h>
#include <kernel/log.h>
#include <kernel/string.h>

static char text[64];

#define CHECK_FORMAT(want, ...)                                                                    \
    (format_to(text, sizeof(text), __VA_ARGS__),                                                   \
     selftest_check(strcmp(text, want) == 0, __FILE__, __LINE__, want))

SELFTEST(format_numbers, "numbers are formatted with width and padding")
{
    CHECK_FORMAT("0 255 ff", "%u %u %x", 0u, 255u, 255u);
    CHECK_FORMAT("[  5][5  ][005]", "[%3u][%-3u][%03u]", 5u, 5u, 5u);
    CHECK_FORMAT("18446744073709551615", "%lu", UINT64_MAX);
    CHECK_FORMAT("ffffffffffffffff", "%llx", (unsigned long long)UINT64_MAX);
}

SELFTEST(format_text, "text is padded and cut, and never runs over")
{
    CHECK_FORMAT("[  ab][ab  ]", "[%4s][%-4s]", "ab", "ab");
    CHECK_FORMAT("100%", "%u%%", 100u);
    memset(text, '!', sizeof(text));
    CHECK_EQUAL(format_to(text, 5, "%s", "abcdefgh"), 4);
    CHECK(memcmp(text, "abcd\0!", 6) == 0);
}

SELFTEST(memory_overlap, "memmove is right for overlapping areas at all distances")
{
    static uint8_t area[256];

    for (unsigned to = 0; to < 64; to++) {
        bool holds = true;

        for (unsigned i = 0; i < sizeof(area); i++) {
            area[i] = (uint8_t)i;
        }
        memmove(area + to, area + 32, 150);
        for (unsigned i = 0; i < sizeof(area); i++) {
            unsigned want = i >= to && i < to + 150 ? i - to + 32 : i;

            holds = holds && area[i] == want;
        }
        CHECK(holds);
    }
}

SELFTEST(memory_set, "memset fills exactly what it is told to")
{
    static uint8_t area[256];

    for (unsigned n = 0; n < 200; n++) {
        bool holds = true;

        memset(area, 0, sizeof(area));
        memset(area + 3, 0xa5, n);
        for (unsigned i = 0; i < sizeof(area); i++) {
            holds = holds && area[i] == (i >= 3 && i < 3 + n ? 0xa5 : 0);
        }
        CHECK(holds);
    }
}

SELFTEST(text_match, "a star in a pattern stands for any characters")
{
    CHECK(text_match("*", ""));
    CHECK(text_match("a*b*c", "axxbyyc"));
    CHECK(!text_match("a*b*c", "axxbyy"));
    CHECK(text_match("timer_*", "timer_order"));
    CHECK(!text_match("timer", "timer_order"));
    CHECK(!text_match("", "a"));
}

SELFTEST(cmdline_words, "words go to the kernel or to init")
{
    struct cmdline saved = cmdline;
    enum log_level level = log_level;

    cmdline_parse("  run=ping  log=warn seed=0x1f init.verbose bench trace");
    CHECK(strcmp(cmdline.init_words, "run=ping init.verbose bench") == 0);
    CHECK(cmdline.seed == 31 && cmdline.trace && !cmdline.selftest);
    CHECK(log_level == LOG_WARN);
    cmdline_parse("selftest=a*");
    CHECK(cmdline.selftest && strcmp(cmdline.pattern, "a*") == 0);
    CHECK(cmdline.init_words[0] == '\0');
    log_level = level;
    cmdline = saved;
}

SELFTEST(cmdline_numbers, "numbers that are none or too large are refused")
{
    uint64_t n = 7;

    CHECK(!number_parse("", &n) && !number_parse("0x", &n) && !number_parse("12a", &n));
    CHECK(!number_parse("18446744073709551616", &n) && n == 7);
    CHECK(number_parse("18446744073709551615", &n) && n == UINT64_MAX);
    CHECK(number_parse("0xffffffffffffffff", &n) && n == UINT64_MAX);
}
