/* SPDX-License-Identifier: BSD-2-Clause
 *
 * newlibtest: does the C library do what it says? It checks itself; the part `newlib` of tools/test
 * runs it, and looks at what it has written.
 *
 * newlibtest [SEED]: all checks. newlibtest WORD: one way to end (abort, assert, exit, stranger).
 */
#include "newlibtest.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned checks, wrong;

void check(bool right, const char *what, const char *file, int line)
{
    __atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED);
    if (!right) {
        __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
        printf("WRONG: %s:%d: %s\n", file, line, what);
    }
}

unsigned random_next(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 8;
}

/* ---- Formats ---- */

#define IS(wanted, ...)                                                                            \
    do {                                                                                           \
        char text_[200];                                                                           \
        int length_ = snprintf(text_, sizeof(text_), __VA_ARGS__);                                 \
        CHECK(strcmp(text_, wanted) == 0 && (size_t)length_ == strlen(wanted));                    \
    } while (0)

static void check_whole_numbers(void)
{
    IS("-17|+17| 17|00017|17   |", "%d|%+d|% d|%05d|%-5d|", -17, 17, 17, 17, 17);
    IS("4294967295 37777777777 ffffffff 0XFF", "%u %o %x %#X", UINT_MAX, UINT_MAX, UINT_MAX, 255u);
    IS("-9223372036854775808 18446744073709551615", "%lld %llu", LLONG_MIN, ULLONG_MAX);
    IS("-1 255 -1 65535", "%hhd %hhu %hd %hu", (signed char)-1, (unsigned char)255, (short)-1,
       (unsigned short)65535);
    IS("1234567890123 -5 7 8", "%ld %jd %zu %td", 1234567890123l, (intmax_t)-5, (size_t)7,
       (ptrdiff_t)8);
    IS("9223372036854775807 deadbeef", "%" PRId64 " %" PRIx32, INT64_MAX, 0xdeadbeefu);
    IS("[  abc][abc  ][ab][%][x]", "[%*s][%-5s][%.2s][%%][%c]", 5, "abc", "abc", "abc", 'x');
    IS("0x1000", "%p", (void *)0x1000);
}

static void check_fractions(void)
{
    IS("3.141593 3.14 +2.5", "%f %.2f %+.1f", M_PI, M_PI, 2.5);
    IS("1.000000e+10 1e-05 100000 1e+06", "%e %g %g %g", 1e10, 1e-5, 1e5, 1e6);
    IS("0.1000000000000000055511151231257827", "%.34f", 0.1);
    IS("1.7976931348623157e+308", "%.17g", DBL_MAX);
    IS("inf -inf nan", "%f %f %f", (double)INFINITY, -(double)INFINITY, fabs((double)NAN));
    IS("0x1.8p+1", "%a", 3.0);
}

static uint64_t bits_of(double d)
{
    uint64_t bits;

    memcpy(&bits, &d, sizeof(bits));
    return bits;
}

static void check_reading(void)
{
    char word[8];
    char *end;
    double d = 0;
    int n = 0;

    CHECK(sscanf("12 word 2.5", "%d %7s %lf", &n, word, &d) == 3);
    CHECK(n == 12 && strcmp(word, "word") == 0 && d > 2.4999 && d < 2.5001);
    CHECK(bits_of(strtod("2.2250738585072014e-308", NULL)) == bits_of(DBL_MIN));
    CHECK(strtod("0x1.8p1z", &end) > 2.9 && *end == 'z');
    errno = 0;
    CHECK(isinf(strtod("1e999", NULL)) && errno == ERANGE);
    errno = 0;
    CHECK(strtol("99999999999999999999", NULL, 10) == LONG_MAX && errno == ERANGE);
    CHECK(strtoul("zz", NULL, 36) == 35 * 36 + 35);
}

/* Written out and read again it is the same number. */
static void check_both_ways(unsigned seed)
{
    for (unsigned i = 0; i < 500; i++) {
        uint64_t bits = (uint64_t)random_next(&seed) << 40 ^ (uint64_t)random_next(&seed) << 20 ^
                        random_next(&seed);
        char text[40];
        double d;
        double back;

        memcpy(&d, &bits, sizeof(d));
        if (isfinite(d)) {
            snprintf(text, sizeof(text), "%.17g", d);
            back = strtod(text, NULL);
            CHECK(bits_of(back) == bits_of(d));
        }
    }
}

/* ---- The rest of the library ---- */

static int less(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a;
    unsigned y = *(const unsigned *)b;

    return x < y ? -1 : x > y;
}

static void check_order(unsigned seed)
{
    static unsigned v[1000];
    unsigned key;

    for (unsigned i = 0; i < 1000; i++) {
        v[i] = random_next(&seed) % 5000;
    }
    key = v[500];
    qsort(v, 1000, sizeof(v[0]), less);
    for (unsigned i = 1; i < 1000; i++) {
        CHECK(v[i - 1] <= v[i]);
    }
    CHECK(bsearch(&key, v, 1000, sizeof(v[0]), less) != NULL);
    key = 5001;
    CHECK(bsearch(&key, v, 1000, sizeof(v[0]), less) == NULL);
}

static jmp_buf back;

static volatile bool leaps_now = true;

static int leaps(int n)
{
    if (n == 0) {
        if (leaps_now) {
            longjmp(back, 42);
        }
        return 0;
    }
    return leaps(n - 1) + n;
}

static void check_leap(void)
{
    volatile int times = 0;
    int n = setjmp(back);

    times++;
    if (n == 0) {
        CHECK(leaps(20) < 0);
    }
    CHECK(n == 42 && times == 2);
}

static void check_text(void)
{
    char words[] = "one,two;three";
    char *at = NULL;

    CHECK(strcmp(strtok(words, ",;"), "one") == 0 && strcmp(strtok(NULL, ",;"), "two") == 0);
    CHECK(strcmp(strtok(NULL, ",;"), "three") == 0 && strtok(NULL, ",;") == NULL);
    at = strdup("a copy");
    CHECK(at != NULL && strcmp(at, "a copy") == 0 && strstr(at, "cop") == at + 2);
    free(at);
    CHECK(toupper('q') == 'Q' && isalpha('q') && !isalpha('7'));
    CHECK(strcmp(strerror(ENOMEM), "Not enough space") == 0);
    CHECK(fabs(sin(1.0) * sin(1.0) + cos(1.0) * cos(1.0) - 1.0) < 1e-15);
    CHECK(fabs(exp(log(10.0)) - 10.0) < 1e-13 && fabs(pow(2.0, 0.5) - sqrt(2.0)) < 1e-15);
}

static void check_system(void)
{
    struct timespec a;
    struct timespec b;
    char byte;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
    CHECK(nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
    CHECK((b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec >= 20000000);
    errno = 0;
    CHECK(nanosleep(&(struct timespec){ .tv_sec = -1 }, NULL) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(nanosleep(&(struct timespec){ .tv_nsec = 1000000000 }, NULL) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(nanosleep(&(struct timespec){ .tv_nsec = -1 }, NULL) == -1 && errno == EINVAL);
    CHECK(clock_gettime(77, &a) == -1 && errno == EINVAL);
    CHECK(time(NULL) >= 0 && time(NULL) < 100000 && clock() > 0);
    errno = 0;
    CHECK(fopen("nowhere", "r") == NULL && errno == ENOENT);
    errno = 0;
    CHECK(write(7, "x", 1) == -1 && errno == EBADF);
    errno = 0;
    CHECK(lseek(1, 0, SEEK_SET) == -1 && errno == ESPIPE);
    CHECK(read(0, &byte, 1) == 0); /* it has not the terminal */
    CHECK(getchar() == EOF && feof(stdin));
    errno = 0;
    CHECK(system(NULL) == 0 && system("ls") == -1 && errno == ENOSYS);
    CHECK(getenv("HOME") == NULL && setenv("HOME", "/", 1) == 0);
    CHECK(strcmp(getenv("HOME"), "/") == 0);
}

/* What the part `newlib` wants to see, as it stands. */
static void write_lines(void)
{
    printf("a line of %d parts, ", 2);
    printf("put together\n");
    puts("puts writes a line");
    fputs("two lines\nin one\n", stdout);
    for (int i = 0; i < 300; i++) {
        putchar('a' + i % 26);
    }
    putchar('\n');
    fprintf(stderr, "standard error: %s\n", strerror(EDOM));
}

static void at_end(void)
{
    printf("the end comes, and is not ended");
}

/* ---- Ways to end ---- */

static int end_by(const char *word)
{
    if (strcmp(word, "abort") == 0) {
        printf("before abort\n");
        abort();
    }
    if (strcmp(word, "assert") == 0) {
        assert(strcmp(word, "not this") == 0);
    }
    if (strcmp(word, "exit") == 0) {
        atexit(at_end);
        exit(7);
    }
    if (strcmp(word, "stranger") == 0) {
        end_by_stranger();
    }
    return 2;
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;

    if (argc > 1 && isalpha((unsigned char)argv[1][0])) {
        return end_by(argv[1]);
    }
    printf("seed %u\n", seed);
    CHECK(argc == 4 && strcmp(argv[2], "two words") == 0 && strcmp(argv[3], "last") == 0);
    CHECK(argv[argc] == NULL && strcmp(argv[0], "newlibtest") == 0);
    check_whole_numbers();
    check_fractions();
    check_reading();
    check_both_ways(seed);
    check_order(seed);
    check_leap();
    check_text();
    check_system();
    check_memory(seed);
    check_exhaustion();
    check_threads(seed);
    check_exhaustion();
    write_lines();
    printf("%u checks, %u wrong\n", checks, wrong);
    CHECK(atexit(at_end) == 0);
    return wrong == 0 ? 0 : 1;
}
