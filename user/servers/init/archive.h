/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The archive of programs that the kernel mapped into init's space, read-only. Its form is
 * <abi/archive.h>.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive {
    const uint8_t *at;
    uint64_t bytes;
    uint32_t entries;
};

struct archive_file {
    const uint8_t *at;
    uint64_t bytes;
};

/* Look at the archive of `bytes` bytes at `at`. NULL: it is good. Otherwise why not, in words. */
const char *archive_open(struct archive *out, const void *at, uint64_t bytes);

/* Find a file by name. False: there is none, or its entry points outside the archive. */
bool archive_find(const struct archive *a, const char *name, struct archive_file *out);
