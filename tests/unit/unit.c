/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The runner of the unit tests. Usage: lykos-unit [--list] [--seed=N] [--rounds=N] [PATTERN...]; a
 * pattern is part of a test's name. Exit status 0: all that ran passed, and some ran.
 */
#include "unit.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILURES_MAX 100u
#define HANG_SECONDS 300u /* only to see hangs; with --rounds, long enough for a soak */
#define HANG_SECONDS_LONG 18000u

static struct unit_test *first_test;
static const char *program;
static const struct unit_test *running;
static unsigned failures;
static bool seed_given, rounds_given;
static uint64_t seed_arg, rounds_arg;
static uint64_t seed_used, rounds_used;
static uint64_t random_state;

/* Kept in the order of files, and within a file of its lines. */
void unit_register(struct unit_test *t)
{
    struct unit_test **at = &first_test;

    while (*at != NULL && strcmp((*at)->file, t->file) <= 0) {
        at = &(*at)->next;
    }
    t->next = *at;
    *at = t;
}

static void say_repeat(void)
{
    printf("# repeat with: %s", program);
    if (seed_used != 0) {
        printf(" --seed=%llu", (unsigned long long)seed_used);
    }
    if (rounds_used != 0) {
        printf(" --rounds=%llu", (unsigned long long)rounds_used);
    }
    printf(" %s\n", running->name);
}

bool unit_check(bool holds, const char *file, int line, const char *format, ...)
{
    va_list args;

    if (holds) {
        return true;
    }
    printf("# %s:%d: does not hold: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    if (++failures >= FAILURES_MAX) {
        printf("# too many failures\n");
        say_repeat();
        fflush(stdout);
        _exit(1);
    }
    return false;
}

bool unit_check_equal(uint64_t a, uint64_t b, const char *file, int line, const char *text)
{
    return unit_check(a == b, file, line, "%s (0x%llx, 0x%llx)", text, (unsigned long long)a,
                      (unsigned long long)b);
}

uint64_t unit_seed(uint64_t otherwise)
{
    seed_used = seed_given ? seed_arg : otherwise;
    return seed_used;
}

uint64_t unit_rounds(uint64_t otherwise)
{
    rounds_used = rounds_given ? rounds_arg : otherwise;
    return rounds_used;
}

unsigned unit_failures(void)
{
    return failures;
}

void unit_random_seed(uint64_t seed)
{
    random_state = seed;
}

/* splitmix64 */
uint64_t unit_random(uint64_t n)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return n == 0 ? 0 : (z ^ (z >> 31)) % n;
}

bool unit_once_in(unsigned n)
{
    return unit_random(n) == 0;
}

/* Run one test in a process of its own. Returns whether it passed. */
static bool run(const struct unit_test *t)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    if (pid == 0) {
        running = t;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(rounds_given ? HANG_SECONDS_LONG : HANG_SECONDS);
        t->fn();
        if (failures != 0) {
            say_repeat();
        }
        fflush(stdout);
        fflush(stderr);
        _exit(failures != 0);
    }
    if (waitpid(pid, &status, 0) != pid) {
        perror("waitpid");
        exit(2);
    }
    if (WIFSIGNALED(status)) {
        printf("# %s, signal %d\n# repeat with: %s %s\n",
               WTERMSIG(status) == SIGALRM ? "it hangs" : "it died", WTERMSIG(status), program,
               t->name);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool chosen(const struct unit_test *t, char **patterns, int n)
{
    bool any = false;

    for (int i = 0; i < n; i++) {
        if (strncmp(patterns[i], "--", 2) != 0) {
            any = true;
            if (strstr(t->name, patterns[i]) != NULL) {
                return true;
            }
        }
    }
    return !any;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    unsigned number = 0;
    unsigned failed = 0;
    bool list = false;

    program = argv[0];
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seed=", 7) == 0) {
            seed_given = true;
            seed_arg = strtoull(argv[i] + 7, NULL, 0);
        } else if (strncmp(argv[i], "--rounds=", 9) == 0) {
            rounds_given = true;
            rounds_arg = strtoull(argv[i] + 9, NULL, 0);
        } else if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "usage: %s [--list] [--seed=N] [--rounds=N] [PATTERN...]\n", program);
            return 2;
        }
    }
    for (const struct unit_test *t = first_test; t != NULL; t = t->next) {
        count += chosen(t, argv + 1, argc - 1);
    }
    if (!list) {
        printf("TAP version 13\n1..%u\n", count);
    }
    for (const struct unit_test *t = first_test; t != NULL; t = t->next) {
        if (!chosen(t, argv + 1, argc - 1)) {
            continue;
        }
        number++;
        if (list) {
            printf("%s: %s\n", t->name, t->sentence);
        } else {
            bool passed = run(t);

            failed += !passed;
            printf("%s %u - %s: %s\n", passed ? "ok" : "not ok", number, t->name, t->sentence);
        }
    }
    if (list) {
        return 0;
    }
    if (count == 0) {
        printf("# no test has such a name\n");
    }
    printf("# %u passed, %u failed\n", count - failed, failed);
    return failed != 0 || count == 0 ? 1 : 0;
}
