/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel log: a ring of text. Until a user-level program takes over printing it (KernLog.bind),
 * each line goes to the console as well, polled. Formatting is a small subset of printf: %s %u %x
 * %lu %lx %llu %llx %%, width, zero padding, '-'.
 */
#pragma once

#include <kernel/types.h>
#include <stdarg.h>

/* How much a line matters, the most important first. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One line, without newline at its end. Shown if `level` is at most log_level
 * ("log=error|warn|info|debug"). */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same, but at most a few a second of clock time for each place; what was dropped is counted
 * and said. */
#define log_limited(level, ...)                                                                    \
    do {                                                                                           \
        static struct log_limit limit_;                                                            \
        if (log_limit_pass(&limit_)) {                                                             \
            log_line(level, __VA_ARGS__);                                                          \
        }                                                                                          \
    } while (0)
struct log_limit {
    nsec_t window;
    unsigned lines; /* that there were in it, printed or not */
};
bool log_limit_pass(struct log_limit *l);

/* Formats into `out`, always terminated; returns the length written. */
size_t format_text(char *out, size_t size, const char *format, va_list args);
size_t format_to(char *out, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* Straight to the console, whatever the level and whoever prints the log: for panic and the
 * self-tests. */
void log_raw(const char *format, ...) PRINTF_LIKE(1, 2);

/* The ring, for KernLog.read: copies from `position` (or the oldest held) at most `n` bytes; sets
 * *position behind them; returns how many. Whoever prints the log has seen them. EFFECT. */
size_t log_read(uint64_t *position, char *out, size_t n);

/* KernLog.bind: from now on whoever is behind `notice` prints the log, and `bits` are posted when
 * it grows. Null: the kernel prints again, beginning with what nobody read. EFFECT. */
struct cap;
void log_bind(const struct cap *notice, uint32_t bits) NO_FAIL;
/* The kernel prints the log itself from now on, for good, beginning with what nobody printed:
 * panic, the end. */
void log_take_back(void);

/* The log may have grown in the middle of anything, so the notice about it is posted here, on the
 * way out of the kernel, as a transaction of its own. */
extern bool log_grew;
void log_post_notice(void);
static inline void log_announce(void)
{
    if (unlikely(log_grew)) {
        log_post_notice();
    }
}

extern enum log_level log_level;
extern uint64_t log_end; /* position of the end of the log: bytes ever logged */
