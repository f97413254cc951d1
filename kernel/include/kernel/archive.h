/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading the archive and the program in it. Nothing here trusts a byte of either, changes
 * anything, or needs more than the bytes themselves.
 */
#ifndef KERNEL_ARCHIVE_H
#define KERNEL_ARCHIVE_H

#include <kernel/types.h>

/* What can be wrong, each with its words in image_error_text(). */
enum image_error {
    IMAGE_OK,
    IMAGE_NO_ARCHIVE,
    IMAGE_TOO_SHORT,
    IMAGE_MAGIC,
    IMAGE_VERSION,
    IMAGE_SIZE,
    IMAGE_TOO_LARGE,
    IMAGE_TRUNCATED,
    IMAGE_CHECKSUM,
    IMAGE_ENTRIES,
    IMAGE_ENTRY_NAME,
    IMAGE_ENTRY_PLACE,
    IMAGE_NO_INIT,
    IMAGE_NOT_ELF,
    IMAGE_NOT_X86_64,
    IMAGE_NOT_STATIC,
    IMAGE_ELF_HEADERS,
    IMAGE_NO_SEGMENTS,
    IMAGE_SEGMENT_COUNT,
    IMAGE_SEGMENT_FILE,
    IMAGE_SEGMENT_ADDRESS,
    IMAGE_SEGMENT_OVERLAP,
    IMAGE_SEGMENT_WX,
    IMAGE_ENTRY_POINT,
    IMAGE_NO_MEMORY,
    IMAGE_ERRORS
};
/* The error in words, for the line that the boot ends with. Any value will do. */
const char *image_error_text(enum image_error e);

#define ARCHIVE_MAX_BYTES (512ull << 20) /* room for it in the space of init (abi/init.h) */

/* A file in an archive: its bytes where they lie, from a page boundary on. */
struct image_file {
    const uint8_t *data;
    uint64_t bytes;
};

/* Check the archive of at most `bytes` bytes at `data` (aligned to a page): header, checksum, all
 * entries. */
enum image_error archive_check(const void *data, uint64_t bytes) WARN_UNUSED;

/* Find a file in an archive that was checked; false: there is none of this name. */
bool archive_find(const void *data, const char *name, struct image_file *out) WARN_UNUSED;

#define ELF_SEGMENTS 16

/* A part of a program, as it is to stand in memory. */
struct elf_segment {
    uva_t start;
    uint64_t bytes;      /* in memory */
    const uint8_t *data; /* the first `data_bytes` of them; the rest are zero */
    uint64_t data_bytes;
    bool write, exec; /* never both */
};

/* What elf_read() found in a file. */
struct elf_program {
    uva_t entry;
    unsigned segments;
    struct elf_segment segment[ELF_SEGMENTS]; /* ascending, no page in two of them */
};

/* Check that the file is a static ELF64 executable for x86-64 whose segments lie within [low,
 * high); describe it. */
enum image_error elf_read(const struct image_file *file, uva_t low, uva_t high,
                          struct elf_program *out) WARN_UNUSED;

#endif
