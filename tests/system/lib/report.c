/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Judging, and what a case says at its end.
 */
#include "sys.h"

#define COM1_DATA 0x3f8
#define COM1_STATUS 0x3fd
#define COM1_READY 0x20
#define LOG_CHUNK 1024

/* Of so many one is done. */
#define TURNS 3u       /* with a seed */
#define TURNS_ALONE 2u /* without */

struct sys_report sys_report;

/* Tell the supervisor. Nothing goes on after that. The supervisor itself cannot send there: then it
 * is the framework that failed, and the run ends. */
_Noreturn void case_end(unsigned outcome)
{
    if (lk_send2(R_SUPER, outcome, 0, 0) != STATUS_OK) {
        sys_say("Bail out! %s:%d: %s", sys_report.file, sys_report.line, sys_report.text);
        lk_sysctl_halt(R_SYSCTL, 1);
    }
    for (;;) {
        lk_park();
    }
}

_Noreturn void sys_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    lk_vformat(sys_report.text, sizeof(sys_report.text), format, args);
    va_end(args);
    sys_report.file = file;
    sys_report.line = line;
    case_end(ENDED_FAIL);
}

void sys_equal(const char *file, int line, const char *text, uint64_t a, uint64_t b)
{
    if (a != b) {
        sys_fail(file, line, "%s (0x%lx, 0x%lx)", text, a, b);
    }
}

void sys_status(const char *file, int line, const char *text, uint64_t got, uint64_t want)
{
    if (got != want) {
        sys_fail(file, line, "%s: %s, not %s", text, lk_status_text(got), lk_status_text(want));
    }
}

void sys_at(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    lk_vformat(sys_report.at, sizeof(sys_report.at), format, args);
    va_end(args);
}

_Noreturn void sys_skip(const char *why)
{
    lk_copy_text(sys_report.text, sizeof(sys_report.text), why);
    case_end(ENDED_SKIP);
}

static void put(char c)
{
    uint64_t status = 0;

    do {
        lk_iopriv_input(R_IOPRIV, COM1_STATUS, 1, &status);
    } while ((status & COM1_READY) == 0);
    lk_iopriv_output(R_IOPRIV, COM1_DATA, 1, (uint8_t)c);
}

void sys_say(const char *format, ...)
{
    char text[700];
    va_list args;

    va_start(args, format);
    lk_vformat(text, sizeof(text), format, args);
    va_end(args);
    for (const char *c = text; *c != '\0'; c++) {
        put(*c);
    }
    put('\n');
}

uint64_t log_mark(void)
{
    uint64_t end = 0;
    char text[1];

    OK(lk_kernlog_read(R_KERNLOG, 0, NULL, &end, text, sizeof(text), NULL));
    return end;
}

bool log_has(uint64_t from, const char *text)
{
    static char chunk[2 * LOG_CHUNK + 1];
    uint64_t end = log_mark();
    size_t kept = 0;

    while (from < end) {
        size_t n = 0;

        OK(lk_kernlog_read(R_KERNLOG, from, &from, NULL, chunk + kept, LOG_CHUNK, &n));
        if (n == 0) {
            break;
        }
        chunk[kept + n] = '\0';
        if (strstr(chunk, text) != NULL) {
            return true;
        }
        /* The text may lie across two pieces. */
        memmove(chunk, chunk + kept, n);
        kept = n;
    }
    return false;
}

void log_rest(void)
{
    sleep_ns(1100 * NSEC_PER_MSEC);
}

unsigned kernel_check(void)
{
    uint64_t failed = 0;

    OK(lk_sysctl_check(R_SYSCTL, &failed));
    return (unsigned)failed;
}

struct rng rng_new(uint64_t seed)
{
    return (struct rng){ seed * 0x9e3779b97f4a7c15ull ^ 0x2545f4914f6cdd1dull };
}

/* splitmix64 */
uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->s += 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return rng_next(r) % n;
}

bool sys_turn(void)
{
    struct rng r = rng_new(sys_report.turns++); /* the loops of a case may go in threes, too */
    uint64_t turns = sys_options.preempt == 0 ? TURNS_ALONE : TURNS;

    return sys_options.soak || rng_below(&r, turns) == sys_options.preempt % turns;
}
