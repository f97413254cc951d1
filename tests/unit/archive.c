/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading what comes from outside at boot: the archive, the program in it, and the command line.
 * Each is damaged at random, in a buffer of exactly its size, so that the sanitizers see any byte
 * read beyond it; and each mistake in an entry of an archive is told from the others.
 */
#include "unit.h"

#include <abi/archive.h>
#include <abi/invoke.h>
#include <kernel/archive.h>
#include <kernel/boot_info.h>
#include <kernel/cmdline.h>
#include <kernel/log.h>

#include <stdlib.h>
#include <string.h>

#define ARCHIVE_BYTES (4 * PAGE_SIZE)
#define ELF_BYTES 1000
#define PROGRAM_END 0x3d000000ull

/* A CRC-32 written another way than the kernel's. */
static uint32_t crc32(const uint8_t *data, size_t n)
{
    uint32_t crc = UINT32_MAX;

    while (n-- > 0) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        }
    }
    return ~crc;
}

static struct lk_archive_header *header(uint8_t *archive)
{
    return (struct lk_archive_header *)(void *)archive;
}

static struct lk_archive_entry *entry(uint8_t *archive, unsigned i)
{
    return (struct lk_archive_entry *)(void *)(header(archive) + 1) + i;
}

static void set_checksum(uint8_t *archive)
{
    header(archive)->crc32 = crc32(archive + 64, ARCHIVE_BYTES - 64);
}

/* An archive of two files; the caller frees it. */
static uint8_t *good_archive(void)
{
    uint8_t *a = aligned_alloc(PAGE_SIZE, ARCHIVE_BYTES);

    memset(a, 0, ARCHIVE_BYTES);
    *header(a) = (struct lk_archive_header){
        .magic = LK_ARCHIVE_MAGIC,
        .version = LK_ARCHIVE_VERSION,
        .entries = 2,
        .total_bytes = ARCHIVE_BYTES,
    };
    *entry(a, 0) = (struct lk_archive_entry){ .name = "init", .offset = PAGE_SIZE, .bytes = 5000 };
    *entry(a, 1) = (struct lk_archive_entry){ "other", 3 * PAGE_SIZE, PAGE_SIZE };
    set_checksum(a);
    return a;
}

TEST(archive_good, "a good archive is read and its files are found")
{
    uint8_t *a = good_archive();
    struct image_file f;

    CHECK_EQUAL(crc32((const uint8_t *)"123456789", 9),
                0xcbf43926u); /* the published check value */
    CHECK_EQUAL(archive_check(a, ARCHIVE_BYTES), IMAGE_OK);
    CHECK(archive_find(a, "init", &f) && f.data == a + PAGE_SIZE && f.bytes == 5000);
    CHECK(archive_find(a, "other", &f) && f.data == a + 3 * PAGE_SIZE);
    CHECK(!archive_find(a, "ini", &f) && !archive_find(a, "init2", &f));
    free(a);
}

TEST(archive_entries, "each mistake in an entry is told from the others")
{
    static const struct {
        struct lk_archive_entry e;
        enum image_error want;
    } cases[] = {
        { { "x", 3 * PAGE_SIZE, PAGE_SIZE }, IMAGE_OK },
        { { "x", 4 * PAGE_SIZE, 0 }, IMAGE_OK },
        { { "x", 3 * PAGE_SIZE, PAGE_SIZE + 1 }, IMAGE_ENTRY_PLACE },
        { { "x", 3 * PAGE_SIZE, UINT64_MAX }, IMAGE_ENTRY_PLACE },
        { { "x", 3 * PAGE_SIZE + 1, 1 }, IMAGE_ENTRY_PLACE },
        { { "x", 5 * PAGE_SIZE, 0 }, IMAGE_ENTRY_PLACE },
        { { "x", UINT64_MAX << PAGE_SHIFT, 2 * PAGE_SIZE }, IMAGE_ENTRY_PLACE },
        { { "", 3 * PAGE_SIZE, 1 }, IMAGE_ENTRY_NAME },
    };
    uint8_t *a = good_archive();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        *entry(a, 1) = cases[i].e;
        set_checksum(a);
        CHECK_EQUAL(archive_check(a, ARCHIVE_BYTES), cases[i].want);
    }
    memset(entry(a, 1)->name, 'n', LK_ARCHIVE_NAME);
    set_checksum(a);
    CHECK_EQUAL(archive_check(a, ARCHIVE_BYTES), IMAGE_ENTRY_NAME);
    header(a)->entries = UINT32_MAX;
    CHECK_EQUAL(archive_check(a, ARCHIVE_BYTES), IMAGE_ENTRIES);
    free(a);
}

/* Change some of the first `n` bytes: single bits, and words to a number of any size. */
static void damage(uint8_t *data, size_t n)
{
    for (uint64_t times = 1 + unit_random(5); times > 0; times--) {
        uint64_t word = UINT64_MAX >> unit_random(64);

        if (unit_once_in(3)) {
            memcpy(data + unit_random(n / 8) * 8, &word, sizeof(word));
        } else {
            data[unit_random(n)] ^= (uint8_t)(1u << unit_random(8));
        }
    }
}

TEST(archive_damaged,
     "a damaged archive with a good checksum is refused, or all its files lie within it")
{
    unit_random_seed(unit_seed(1));
    for (uint64_t i = unit_rounds(3000); i > 0; i--) {
        uint8_t *a = good_archive();
        struct image_file f;

        damage(a, 192);
        set_checksum(a);
        if (archive_check(a, ARCHIVE_BYTES) == IMAGE_OK && archive_find(a, "init", &f)) {
            CHECK(f.data >= a && f.data + f.bytes <= a + ARCHIVE_BYTES);
        }
        free(a);
    }
}

/* A program of three segments, 56 bytes of program header each. */
static void good_elf(uint8_t *elf)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
    const uint64_t first[6] = { 62ull << 16 | 2 | 1ull << 32, 0x400100, 64, 0,
                                64ull << 32 | 56ull << 48,    3 };

    memset(elf, 0x90, ELF_BYTES);
    memset(elf, 0, 16);
    memcpy(elf, ident, sizeof(ident));
    memcpy(elf + 16, first, sizeof(first));
    for (unsigned i = 0; i < 3; i++) {
        uint64_t vaddr = 0x400000 + i * 0x2000ull;
        const uint64_t ph[7] = { 1 | (i == 0 ? 5ull : i == 1 ? 4ull : 6ull) << 32,
                                 i * 256ull,
                                 vaddr,
                                 0,
                                 256,
                                 0x1800,
                                 PAGE_SIZE };

        memcpy(elf + 64 + i * sizeof(ph), ph, sizeof(ph));
    }
}

/* What must hold of a program that was accepted; its bytes are all touched. */
static void check_program(const struct elf_program *p)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < p->segments; i++) {
        const struct elf_segment *s = &p->segment[i];

        CHECK(s->start >= LK_USER_MIN && s->start + s->bytes <= PROGRAM_END && s->bytes > 0);
        CHECK(!(s->write && s->exec));
        CHECK(i == 0 || s->start >> PAGE_SHIFT > (s[-1].start + s[-1].bytes - 1) >> PAGE_SHIFT);
        for (uint64_t at = 0; at < s->data_bytes; at++) {
            sum = (uint8_t)(sum + s->data[at]);
        }
    }
    CHECK(p->segments > 0 && sum == sum);
}

TEST(elf_damaged, "a damaged or truncated program is refused, or its segments are sound")
{
    uint64_t accepted = 0;

    unit_random_seed(unit_seed(2));
    for (uint64_t i = unit_rounds(20000); i > 0; i--) {
        uint8_t whole[ELF_BYTES];
        struct image_file f = { .bytes = unit_once_in(4) ? unit_random(ELF_BYTES) : ELF_BYTES };
        uint8_t *elf = malloc(f.bytes + 1);
        struct elf_program p;

        good_elf(whole);
        if (!unit_once_in(20)) {
            damage(whole, 64 + 3 * 56);
        }
        f.data = memcpy(elf + 1, whole, f.bytes); /* not aligned, and nothing behind it */
        if (elf_read(&f, LK_USER_MIN, PROGRAM_END, &p) == IMAGE_OK) {
            check_program(&p);
            accepted++;
        }
        free(elf);
    }
    CHECK(accepted > 0);
}

TEST(cmdline_random, "any command line is read, and what is for init is words of it")
{
    enum log_level level = log_level;
    char *line = malloc(BOOT_COMMAND_LINE);

    unit_random_seed(unit_seed(3));
    for (uint64_t i = unit_rounds(2000); i > 0; i--) {
        static const char *const words[] = { "bench", "run=a", "log=error", "seed=7",
                                             "=",     "init.", "" };
        size_t n = 0;

        while (n < BOOT_COMMAND_LINE) { /* no end within the buffer */
            const char *w = words[unit_random(ARRAY_LEN(words))];

            for (; *w != '\0' && n < BOOT_COMMAND_LINE; w++) {
                line[n++] = unit_once_in(200) ? (char)unit_random(256) : *w;
            }
            if (n < BOOT_COMMAND_LINE) {
                line[n++] = ' ';
            }
        }
        log_level = LOG_ERROR;
        cmdline_parse(line);
        CHECK(strlen(cmdline.init_words) < BOOT_COMMAND_LINE &&
              strstr(cmdline.init_words, "  ") == NULL);
    }
    free(line);
    log_level = level;
}
