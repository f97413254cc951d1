/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors 0, 1 and 2 are the console; there are no others. The functions are those that newlib
 * wants of a system (its manual, "System Calls"); they set errno.
 */
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lykos/console.h>
#include <lykos/say.h>
#include <lykos/start.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#define LINE_BYTES LK_LINE_MAX /* say() puts no more into a line */

/* The lines that are being written: to standard output, and error. Each has a lock of its own:
 * newlib has one of the file at most, which who reads or ends the program does not have. */
static struct line {
    char text[LINE_BYTES + 1];
    size_t length;
} lines[NEWLIB_LINES];

static void end_line(struct line *l)
{
    l->text[l->length] = '\0';
    l->length = 0;
    say("%s", l->text);
}

void newlib_flush(void)
{
    for (unsigned i = 0; i < NEWLIB_LINES; i++) {
        newlib_line_lock(i);
        if (lines[i].length > 0) {
            end_line(&lines[i]);
        }
        newlib_line_unlock(i);
    }
}

static bool is_open(int fd)
{
    if (fd < STDIN_FILENO || fd > STDERR_FILENO) {
        errno = EBADF;
        return false;
    }
    return true;
}

int write(int fd, const void *from, size_t n)
{
    unsigned which = fd == STDERR_FILENO;
    struct line *l = &lines[which];
    const char *at = from;

    if (!is_open(fd)) {
        return -1;
    }
    n = n < INT_MAX ? n : INT_MAX;
    newlib_line_lock(which);
    for (size_t i = 0; i < n; i++) {
        if (at[i] == '\n' || l->length == LINE_BYTES) {
            end_line(l);
        }
        if (at[i] != '\n') {
            l->text[l->length++] = at[i];
        }
    }
    newlib_line_unlock(which);
    return (int)n;
}

/* What is typed, at least a byte; end of file for a program that has not the terminal. */
int read(int fd, void *to, size_t n)
{
    size_t got = 0;

    if (!is_open(fd)) {
        return -1;
    }
    newlib_flush();
    n = n < CONSOLE_READ_MAX ? n : CONSOLE_READ_MAX;
    if (n == 0 || lk_start->console == 0 ||
        console_read(lk_start->console, n, 0, to, n, &got) != STATUS_OK) {
        return 0;
    }
    return (int)got;
}

int open(const char *name, int flags, ...)
{
    (void)name;
    (void)flags;
    errno = ENOENT;
    return -1;
}

int close(int fd)
{
    return is_open(fd) ? 0 : -1;
}

int fstat(int fd, struct stat *to)
{
    if (!is_open(fd)) {
        return -1;
    }
    memset(to, 0, sizeof(*to));
    to->st_mode = S_IFCHR | S_IRUSR | S_IWUSR;
    return 0;
}

int stat(const char *name, struct stat *to)
{
    (void)name;
    (void)to;
    errno = ENOENT;
    return -1;
}

int isatty(int fd)
{
    return is_open(fd) ? 1 : 0;
}

off_t lseek(int fd, off_t offset, int from)
{
    (void)offset;
    (void)from;
    if (is_open(fd)) {
        errno = ESPIPE;
    }
    return -1;
}

int unlink(const char *name)
{
    (void)name;
    errno = ENOENT;
    return -1;
}

int link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    errno = EROFS;
    return -1;
}

int mkdir(const char *name, mode_t mode)
{
    (void)name;
    (void)mode;
    errno = EROFS;
    return -1;
}
