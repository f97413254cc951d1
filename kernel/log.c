/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel log: a ring of the last 64 KiB of text. A position is a count of bytes since boot, so
 * a reader who was away sees how much it missed. Until somebody binds to the log (KernLog.bind),
 * each line also goes to the console, polled. From then on the binder is told with a notice and
 * prints; should its notice capability become invalid, the kernel prints again, beginning with what
 * the binder never read.
 *
 * Lines are logged in the middle of anything, before and after commit points. So nothing here
 * changes the state of an object, but for log_post_notice(), which is called on the way out of the
 * kernel.
 */
#include <kernel/log.h>
#include <kernel/notice.h>
#include <kernel/txn.h>

#define LOG_BYTES 65536u
#define LINE_MAX 512u
#define TAKE_BACK_MAX 4096u /* most that is printed at once of what the binder did not */
#define LIMIT_WINDOW 1000000000ull
#define LIMIT_PASS 5u

enum log_level log_level = LOG_INFO;
bool log_grew;
uint64_t log_end;

static char ring[LOG_BYTES];

static struct cap bound; /* the AppNotice of the binder; Null: the kernel prints */
static uint32_t bound_bits;
static uint64_t shown; /* while bound: the binder has read everything before */

size_t log_read(uint64_t *position, char *out, size_t n)
{
    uint64_t from = *position;
    size_t done = 0;

    if (*position > log_end) {
        *position = log_end;
    } else if (log_end - *position > LOG_BYTES) {
        *position = log_end - LOG_BYTES;
    }
    while (done < n && *position < log_end) {
        out[done++] = ring[(*position)++ % LOG_BYTES];
    }
    if (bound.type != CAP_NULL && from <= shown && *position > shown) {
        shown = *position;
    }
    return done;
}

void log_take_back(void)
{
    char part[128];
    size_t n;

    if (bound.type == CAP_NULL) {
        return;
    }
    cap_set_null(&bound);
    log_grew = false;
    if (log_end - shown > TAKE_BACK_MAX) {
        shown = log_end - TAKE_BACK_MAX;
    }
    while ((n = log_read(&shown, part, sizeof(part))) > 0) {
        arch_console_write(part, n);
    }
}

void log_bind(const struct cap *notice, uint32_t bits)
{
    if (notice->type == CAP_NULL) {
        log_take_back();
        return;
    }
    if (bound.type == CAP_NULL) {
        shown = log_end; /* the kernel printed all of it */
    }
    cap_copy(&bound, notice);
    bound_bits = bits;
    log_grew = true; /* the binder may have read before it bound */
}

void log_post_notice(void)
{
    log_grew = false;
    txn_begin();
    txn_commit();
    if (!app_notice_post(&bound, bound_bits)) {
        log_take_back(); /* nothing, if nobody ever was */
    }
}

/* Add a whole line, with its newline. */
static void append(const char *line, size_t n)
{
    if (app_notice_target(&bound) == NULL) {
        log_take_back(); /* nothing, if nobody ever was */
        arch_console_write(line, n);
    } else {
        log_grew = true;
    }
    for (size_t i = 0; i < n; i++) {
        ring[log_end++ % LOG_BYTES] = line[i];
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX];
    nsec_t now = arch_now();
    va_list args;
    size_t n;

    if (level > log_level) {
        return;
    }
    n = format_to(line, sizeof(line), "[%4lu.%06lu] ", now / 1000000000, now / 1000 % 1000000);
    va_start(args, format);
    /* Leaves room for the newline. */
    n += format_text(line + n, sizeof(line) - n - 1, format, args);
    va_end(args);
    line[n++] = '\n';
    append(line, n);
}

bool log_limit_pass(struct log_limit *l)
{
    nsec_t now = arch_now();

    if (now - l->window >= LIMIT_WINDOW) {
        if (l->lines > LIMIT_PASS) {
            log_line(LOG_WARN, "(%u lines like the next one were left out)", l->lines - LIMIT_PASS);
        }
        *l = (struct log_limit){ .window = now };
    }
    return l->lines++ < LIMIT_PASS;
}

void log_raw(const char *format, ...)
{
    char text[LINE_MAX];
    va_list args;
    size_t n;

    va_start(args, format);
    n = format_text(text, sizeof(text), format, args);
    va_end(args);
    arch_console_write(text, n);
}
