/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The runner of the in-kernel self-tests. Prints TAP straight to the console. A test that panics
 * ends the run with the status of a panic, so a run passed only if the machine ended with status 0.
 */
#include "selftest.h"

#include <kernel/log.h>
#include <kernel/string.h>

/* Set by the linker script around what SELFTEST() made. */
extern const struct selftest selftests_start[], selftests_end[];

static unsigned failures; /* of the running test */
static const char *skipped;

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

bool selftest_check(bool holds, const char *file, unsigned line, const char *text)
{
    if (!holds) {
        failures++;
        log_raw("# %s:%u: does not hold: %s\n", file, line, text);
    }
    return holds;
}

bool selftest_check_equal(uint64_t a, uint64_t b, const char *file, unsigned line, const char *text)
{
    if (a != b) {
        failures++;
        log_raw("# %s:%u: does not hold: %s (0x%lx, 0x%lx)\n", file, line, text, a, b);
    }
    return a == b;
}

void selftest_skip(const char *why)
{
    skipped = why;
}

/* Does the framework see failures at all, and count tests right? Not a SELFTEST, since it has to
 * fail on purpose. */
static bool framework_works(void)
{
    bool works;

    log_raw("# two failures on purpose:\n");
    works = !selftest_check(false, __FILE__, __LINE__, "on purpose");
    works = !selftest_check_equal(1, 2, __FILE__, __LINE__, "on purpose") && works;
    works = CHECK(true) && CHECK_EQUAL(3, 3) && failures == 2 && works;
    works = text_match("*", "x") && text_match("a*c", "abc") && !text_match("a*c", "ab") && works;
    failures = 0;
    return works;
}

static void run_one(const struct selftest *t, unsigned number)
{
    failures = 0;
    skipped = NULL;
    txn_begin();
    t->fn();
    log_raw("%s %u - %s: %s%s%s\n", failures == 0 ? "ok" : "not ok", number, t->name, t->sentence,
            skipped != NULL ? " # SKIP " : "", skipped != NULL ? skipped : "");
}

unsigned selftest_run(const char *pattern)
{
    unsigned count = 1;
    unsigned failed = 0;
    unsigned number = 1;
    size_t there =
        ((uintptr_t)selftests_end - (uintptr_t)selftests_start) / sizeof(struct selftest);

    for (size_t i = 0; i < there; i++) {
        count += text_match(pattern, selftests_start[i].name);
    }
    log_raw("TAP version 13\n1..%u\n", count);
    if (framework_works()) {
        log_raw("ok 1 - TRIVIAL: the framework counts failures\n");
    } else {
        log_raw("not ok 1 - TRIVIAL: the framework counts failures\n");
        failed++;
    }
    for (size_t i = 0; i < there; i++) {
        if (text_match(pattern, selftests_start[i].name)) {
            run_one(&selftests_start[i], ++number);
            failed += failures != 0;
        }
    }
    if (count == 1) {
        log_raw("# no test matches '%s'\n", pattern);
    }
    log_raw("# %u passed, %u failed\n", count - failed, failed);
    return failed != 0 || count == 1 ? 1 : 0;
}
