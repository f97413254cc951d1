/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of the machine-independent kernel, on the build machine under sanitizers. Each file
 * here holds tests:
 *
 *     TEST(list_remove_twice, "taking a node out twice is harmless")
 *     {
 *         CHECK(list_empty(&l));
 *     }
 *
 * All are linked into one program, which runs each in a process of its own and prints TAP. Tests
 * that draw random numbers run for unit_rounds rounds from unit_seed; a failure prints the command
 * that repeats it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_test {
    const char *name;
    const char *sentence; /* what holds if it passes */
    const char *file;
    void (*fn)(void);
    struct unit_test *next;
};

#define TEST(name_, sentence_)                                                                     \
    static void test_##name_(void);                                                                \
    static struct unit_test record_##name_ = { #name_, sentence_, __FILE__, test_##name_, NULL };  \
    __attribute__((constructor)) static void register_##name_(void)                                \
    {                                                                                              \
        unit_register(&record_##name_);                                                            \
    }                                                                                              \
    static void test_##name_(void)

void unit_register(struct unit_test *t);

/* Note a failure and go on; returns whether it held. After a hundred the test ends. */
#define CHECK(e) unit_check(!!(e), __FILE__, __LINE__, "%s", #e)
#define CHECK_EQUAL(a, b)                                                                          \
    unit_check_equal((uint64_t)(a), (uint64_t)(b), __FILE__, __LINE__, #a " == " #b)
/* The same with words of one's own, printf-like. */
#define CHECK_SAY(e, ...) unit_check(!!(e), __FILE__, __LINE__, __VA_ARGS__)

bool unit_check(bool holds, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool unit_check_equal(uint64_t a, uint64_t b, const char *file, int line, const char *text);

/* For random tests: --seed and --rounds, or what the test proposes. Says them if something fails
 * later. */
uint64_t unit_seed(uint64_t otherwise);
uint64_t unit_rounds(uint64_t otherwise);
unsigned unit_failures(void);

/* A random number below n; the generator is restarted with unit_random_seed(). */
void unit_random_seed(uint64_t seed);
uint64_t unit_random(uint64_t n);
/* True once in n times. */
bool unit_once_in(unsigned n);
