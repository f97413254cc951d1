/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The archive: one file that holds every user program and the system description. tools/mkimage
 * writes it. The header says how "init" is to be loaded, so that the kernel need not read its ELF
 * file, and its pages stand behind the data of the entries as they will be; init reads the entries
 * to find the rest. All numbers little-endian. The data of each entry starts on a page boundary,
 * padded with zeros, so that its pages can be mapped as they are.
 */
#pragma once

#include <abi/gen.h> /* LK_ARCHIVE_... */
#include <stdint.h>

/* A part of init in memory, in pages. mkimage has checked that it is not both writable and
 * executable and shares no page with another; the kernel checks that it lies where init's program
 * may. */
struct lk_archive_segment { /* 40 bytes; unused: all zero */
    uint64_t start;         /* address of its first page */
    uint64_t pages;
    uint64_t offset;     /* from the start of the archive: its first `data_pages` pages, which init
                            gets themselves ... */
    uint64_t data_pages; /* ... the rest are new ones, all zero */
    uint64_t restr;      /* LK_RO, LK_NX */
};

struct lk_archive_header { /* 392 bytes, then the entries */
    uint64_t magic;
    uint32_t version;
    uint32_t entries;     /* number of entries, at most LK_ARCHIVE_MAX_ENTRIES */
    uint64_t total_bytes; /* of the whole archive, a multiple of 4096 */
    /* CRC-32 (IEEE 802.3, as zlib's crc32()) of all bytes from LK_ARCHIVE_UNSUMMED to the end */
    uint32_t crc32;
    uint32_t reserved[9];
    uint64_t init_entry; /* where init begins; 0: there is no init in the archive */
    struct lk_archive_segment init[LK_ARCHIVE_SEGMENTS];
};

struct lk_archive_entry {       /* 64 bytes */
    char name[LK_ARCHIVE_NAME]; /* NUL-terminated */
    uint64_t offset;            /* from the start of the archive; a multiple of 4096 */
    uint64_t bytes;
};
