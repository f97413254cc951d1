/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The archive: one file that holds every user program and the system description. tools/mkimage
 * writes it; the kernel reads it to find "init", init reads it to find the rest. All numbers
 * little-endian. The data of each entry starts on a page boundary, padded with zeros, so that its
 * pages can be mapped as they are.
 */
#ifndef ABI_ARCHIVE_H
#define ABI_ARCHIVE_H

#include <stdint.h>

#define LK_ARCHIVE_MAGIC 0x484352414b594cull /* "LYKARCH" */
#define LK_ARCHIVE_VERSION 1u
#define LK_ARCHIVE_NAME 48
#define LK_ARCHIVE_MAX_ENTRIES 1024u

struct lk_archive_header { /* 64 bytes, then the entries */
    uint64_t magic;
    uint32_t version;
    uint32_t entries;     /* number of entries, at most LK_ARCHIVE_MAX_ENTRIES */
    uint64_t total_bytes; /* of the whole archive, a multiple of 4096 */
    uint32_t
        crc32; /* CRC-32 (IEEE 802.3, as zlib's crc32()) of all bytes from offset 64 to the end */
    uint32_t reserved[9];
};

struct lk_archive_entry {       /* 64 bytes */
    char name[LK_ARCHIVE_NAME]; /* NUL-terminated */
    uint64_t offset;            /* from the start of the archive; a multiple of 4096 */
    uint64_t bytes;
};

#endif
