/* SPDX-License-Identifier: BSD-2-Clause
 *
 * In-kernel self-tests, chosen by the words `selftest` and `selftest=PATTERN` of the boot command
 * line. They live in tests/kernel/, one file for each part of the kernel:
 *
 *     SELFTEST(timer_order, "timers come out in the order of their times")
 *     {
 *         CHECK(heap.root == NULL);
 *     }
 *
 * The linker gathers them, and tests/kernel/selftest.c runs them. Each runs as a transaction that
 * is not committed: one that changes objects begins with txn_commit(), and one that needs several
 * transactions with txn_begin() each time. Output is in TAP.
 */
#pragma once

#include "tests/kernel/check/check.h"

#include <kernel/panic.h>
#include <kernel/txn.h>
#include <kernel/types.h>

/* A test, as SELFTEST() leaves it for the linker to gather. */
struct selftest {
    const char *name;
    const char *sentence; /* what holds if it passes */
    void (*fn)(void);
};

#define SELFTEST(name_, sentence_)                                                                 \
    static void selftest_##name_(void);                                                            \
    static const struct selftest selftest_record_##name_                                           \
        __attribute__((section(".selftests"), used, aligned(8))) = { #name_, sentence_,            \
                                                                     selftest_##name_ };           \
    static void selftest_##name_(void)

/* Note a failure of the running test, and go on. Returns whether it held. */
#define CHECK(e) selftest_check(!!(e), __FILE__, __LINE__, #e)
bool selftest_check(bool holds, const char *file, unsigned line, const char *text);

/* The same for two numbers, which are shown. */
#define CHECK_EQUAL(a, b)                                                                          \
    selftest_check_equal((uint64_t)(a), (uint64_t)(b), __FILE__, __LINE__, #a " == " #b)
bool selftest_check_equal(uint64_t a, uint64_t b, const char *file, unsigned line,
                          const char *text);

/* The running test does not apply on this machine. */
void selftest_skip(const char *why);

/* Does `text` match `pattern`, in which '*' stands for any characters? Bounded by the product of
 * their lengths. */
bool text_match(const char *pattern, const char *text);
