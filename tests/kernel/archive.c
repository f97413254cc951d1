/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of the archive reader: a good program, each mistake that one can have, and the
 * mistakes in the header of an archive. (Good archives are read at every boot.)
 */
#include <abi/archive.h>
#include <abi/invoke.h>
#include <kernel/archive.h>
#include <kernel/selftest.h>
#include <kernel/string.h>

#define PROGRAM_END 0x3d000000ull

static uint8_t bytes[3 * PAGE_SIZE] ALIGNED(PAGE_SIZE);

/* Offsets of fields in an ELF64 header and in its program headers, which begin at 64. */
#define ELF_TYPE 16
#define ELF_MACHINE 18
#define ELF_ENTRY 24
#define ELF_PHOFF 32
#define ELF_PHNUM 56
#define PH(n, field) (64 + 56 * (n) + (field))
#define PH_TYPE 0
#define PH_FLAGS 4
#define PH_OFFSET 8
#define PH_VADDR 16
#define PH_FILESZ 32
#define PH_MEMSZ 40

static void put(uint8_t *at, uint64_t value, unsigned width)
{
    memcpy(at, &value, width);
}

static void put_segment(uint8_t *elf, unsigned n, uint32_t flags, uint64_t vaddr, uint64_t memsz)
{
    put(elf + PH(n, PH_TYPE), 1, 4);
    put(elf + PH(n, PH_FLAGS), flags, 4);
    put(elf + PH(n, PH_OFFSET), 0, 8);
    put(elf + PH(n, PH_VADDR), vaddr, 8);
    put(elf + PH(n, PH_FILESZ), 176, 8);
    put(elf + PH(n, PH_MEMSZ), memsz, 8);
}

/* A program of two segments: text at 4 MiB, data behind it. */
static struct image_file good_elf(void)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

    memset(bytes, 0, PAGE_SIZE);
    memcpy(bytes, ident, sizeof(ident));
    put(bytes + ELF_TYPE, 2, 2);
    put(bytes + ELF_MACHINE, 62, 2);
    put(bytes + ELF_ENTRY, 0x400080, 8);
    put(bytes + ELF_PHOFF, 64, 8);
    put(bytes + ELF_PHNUM - 2, 56, 2);
    put(bytes + ELF_PHNUM, 2, 2);
    put_segment(bytes, 0, 5, 0x400000, 176);
    put_segment(bytes, 1, 6, 0x401000, 0x2345);
    return (struct image_file){ bytes, 176 };
}

static enum image_error read_elf(const struct image_file *file)
{
    struct elf_program program;

    return elf_read(file, LK_USER_MIN, PROGRAM_END, &program);
}

/* What comes of a good program in which one field was changed? */
static enum image_error read_changed(unsigned at, uint64_t value, unsigned width)
{
    struct image_file file = good_elf();

    put(bytes + at, value, width);
    return read_elf(&file);
}

SELFTEST(elf_good, "a good program is read")
{
    struct image_file file = good_elf();
    struct elf_program p;

    CHECK_EQUAL(elf_read(&file, LK_USER_MIN, PROGRAM_END, &p), IMAGE_OK);
    CHECK(p.entry == 0x400080 && p.segments == 2);
    CHECK(p.segment[0].exec && !p.segment[0].write && !p.segment[1].exec && p.segment[1].write);
    CHECK(p.segment[1].bytes == 0x2345 && p.segment[1].data_bytes == 176);
}

SELFTEST(elf_bad, "each mistake in a program is told from the others")
{
    struct image_file file = good_elf();

    file.bytes = 63;
    CHECK_EQUAL(read_elf(&file), IMAGE_NOT_ELF);
    file.bytes = 175;
    CHECK_EQUAL(read_elf(&file), IMAGE_ELF_HEADERS);
    CHECK_EQUAL(read_changed(4, 1, 1), IMAGE_NOT_ELF); /* 32 bits */
    CHECK_EQUAL(read_changed(ELF_MACHINE, 3, 2), IMAGE_NOT_X86_64);
    CHECK_EQUAL(read_changed(ELF_TYPE, 3, 2), IMAGE_NOT_STATIC);
    CHECK_EQUAL(read_changed(PH(1, PH_TYPE), 3, 4), IMAGE_NOT_STATIC);
    CHECK_EQUAL(read_changed(ELF_PHOFF, UINT64_MAX, 8), IMAGE_ELF_HEADERS);
    CHECK_EQUAL(read_changed(ELF_PHNUM, 3, 2), IMAGE_ELF_HEADERS);
    CHECK_EQUAL(read_changed(ELF_PHNUM, 0, 2), IMAGE_NO_SEGMENTS);
    CHECK_EQUAL(read_changed(PH(0, PH_OFFSET), 1, 8), IMAGE_SEGMENT_FILE);
    CHECK_EQUAL(read_changed(PH(0, PH_OFFSET), UINT64_MAX, 8), IMAGE_SEGMENT_FILE);
    CHECK_EQUAL(read_changed(PH(0, PH_MEMSZ), 175, 8), IMAGE_SEGMENT_FILE);
    CHECK_EQUAL(read_changed(PH(0, PH_VADDR), 0, 8), IMAGE_SEGMENT_ADDRESS);
    CHECK_EQUAL(read_changed(PH(1, PH_VADDR), PROGRAM_END - 0x2344, 8), IMAGE_SEGMENT_ADDRESS);
    CHECK_EQUAL(read_changed(PH(1, PH_VADDR), UINT64_MAX, 8), IMAGE_SEGMENT_ADDRESS);
    CHECK_EQUAL(read_changed(PH(1, PH_MEMSZ), UINT64_MAX, 8), IMAGE_SEGMENT_ADDRESS);
    CHECK_EQUAL(read_changed(PH(1, PH_VADDR), 0x400fff, 8), IMAGE_SEGMENT_OVERLAP);
    CHECK_EQUAL(read_changed(PH(0, PH_FLAGS), 7, 4), IMAGE_SEGMENT_WX);
    CHECK_EQUAL(read_changed(ELF_ENTRY, 0x401000, 8), IMAGE_ENTRY_POINT);
}

/* What comes of an archive in which one field was changed? Its checksum is wrong, but that is
 * looked at last. */
static enum image_error check_changed(unsigned at, uint64_t value, unsigned width, uint64_t given)
{
    struct lk_archive_header h = {
        .magic = LK_ARCHIVE_MAGIC,
        .version = LK_ARCHIVE_VERSION,
        .entries = 1,
        .total_bytes = sizeof(bytes),
    };

    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, &h, sizeof(h));
    put(bytes + at, value, width);
    return archive_check(bytes, given);
}

SELFTEST(archive_bad, "each mistake in the header of an archive is told from the others")
{
    CHECK_EQUAL(check_changed(0, LK_ARCHIVE_MAGIC, 8, 0), IMAGE_NO_ARCHIVE);
    CHECK_EQUAL(check_changed(0, LK_ARCHIVE_MAGIC, 8, 63), IMAGE_TOO_SHORT);
    CHECK_EQUAL(check_changed(0, 1, 1, sizeof(bytes)), IMAGE_MAGIC);
    CHECK_EQUAL(check_changed(8, 2, 4, sizeof(bytes)), IMAGE_VERSION);
    CHECK_EQUAL(check_changed(16, 4097, 8, sizeof(bytes)), IMAGE_SIZE);
    CHECK_EQUAL(check_changed(16, 0, 8, sizeof(bytes)), IMAGE_SIZE);
    CHECK_EQUAL(check_changed(16, 1ull << 40, 8, sizeof(bytes)), IMAGE_TOO_LARGE);
    CHECK_EQUAL(check_changed(16, sizeof(bytes), 8, sizeof(bytes) - 1), IMAGE_TRUNCATED);
    CHECK_EQUAL(check_changed(64, 'x', 1, sizeof(bytes)), IMAGE_CHECKSUM);
}
