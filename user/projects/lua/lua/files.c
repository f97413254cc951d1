/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files for a C library that has none: each script that is in the program can be opened by its name
 * and read. So fopen() finds them, and with it dofile(), require(), io.open().
 *
 * The linker puts these functions between newlib and the ones that the kit has for it (--wrap, see
 * the file libs). Descriptors 0, 1 and 2 are the terminal if the program holds it, else what the
 * kit makes of them. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST (STDERR_FILENO + 1)
#define OPEN_AT_ONCE 16

/* What is open: the script, null if nothing; and how far it was read. */
static struct file {
    const struct script *script;
    size_t at;
} files[OPEN_AT_ONCE];

int __real_close(int fd);
int __real_read(int fd, void *to, size_t n);
int __real_write(int fd, const void *from, size_t n);
off_t __real_lseek(int fd, off_t offset, int from);
int __real_fstat(int fd, struct stat *to);
int __real_isatty(int fd);

int __wrap_open(const char *name, int flags, ...);
int __wrap_close(int fd);
int __wrap_read(int fd, void *to, size_t n);
int __wrap_write(int fd, const void *from, size_t n);
off_t __wrap_lseek(int fd, off_t offset, int from);
int __wrap_fstat(int fd, struct stat *to);
int __wrap_isatty(int fd);

/* Null: it is none of ours. */
static struct file *file_of(int fd)
{
    if (fd < FIRST || fd >= FIRST + OPEN_AT_ONCE || files[fd - FIRST].script == NULL) {
        return NULL;
    }
    return &files[fd - FIRST];
}

static size_t size_of(const struct file *f)
{
    return (size_t)(f->script->end - f->script->text);
}

static const struct script *script_of(const char *name)
{
    for (unsigned i = 0; i < script_count; i++) {
        if (strcmp(scripts[i].name, name) == 0) {
            return &scripts[i];
        }
    }
    return NULL;
}

int __wrap_open(const char *name, int flags, ...)
{
    const struct script *script = script_of(name);

    if ((flags & O_ACCMODE) != O_RDONLY) {
        errno = EROFS;
        return -1;
    }
    if (script == NULL) {
        errno = ENOENT;
        return -1;
    }
    for (int i = 0; i < OPEN_AT_ONCE; i++) {
        if (files[i].script == NULL) {
            files[i] = (struct file){ script, 0 };
            return FIRST + i;
        }
    }
    errno = EMFILE;
    return -1;
}

int __wrap_close(int fd)
{
    struct file *f = file_of(fd);

    if (f == NULL) {
        return __real_close(fd);
    }
    f->script = NULL;
    return 0;
}

int __wrap_read(int fd, void *to, size_t n)
{
    struct file *f = file_of(fd);
    int got = -1;

    if (f == NULL) {
        if (fd == STDIN_FILENO) {
            got = terminal_read(to, n);
        }
        return got >= 0 ? got : __real_read(fd, to, n);
    }
    if (n > size_of(f) - f->at) {
        n = size_of(f) - f->at;
    }
    memcpy(to, f->script->text + f->at, n);
    f->at += n;
    return (int)n;
}

int __wrap_write(int fd, const void *from, size_t n)
{
    if ((fd == STDOUT_FILENO || fd == STDERR_FILENO) && terminal_write(from, n)) {
        return (int)n;
    }
    return __real_write(fd, from, n);
}

off_t __wrap_lseek(int fd, off_t offset, int from)
{
    struct file *f = file_of(fd);
    off_t to = offset;

    if (f == NULL) {
        return __real_lseek(fd, offset, from);
    }
    if (from != SEEK_SET) {
        to += (off_t)(from == SEEK_CUR ? f->at : size_of(f));
    }
    if (to < 0 || to > (off_t)size_of(f)) {
        errno = EINVAL;
        return -1;
    }
    f->at = (size_t)to;
    return to;
}

int __wrap_fstat(int fd, struct stat *to)
{
    const struct file *f = file_of(fd);

    if (f == NULL) {
        return __real_fstat(fd, to);
    }
    memset(to, 0, sizeof(*to));
    to->st_mode = S_IFREG | S_IRUSR;
    to->st_size = (off_t)size_of(f);
    return 0;
}

int __wrap_isatty(int fd)
{
    return file_of(fd) != NULL ? 0 : __real_isatty(fd);
}
