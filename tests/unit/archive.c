/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading what comes from outside at boot: the archive and the command line. Each is damaged at
 * random, in a buffer of exactly its size, so that the sanitizers see any byte read beyond it.
 */
#include "unit.h"

#include <abi/invoke.h>
#include <kernel/archive.h>
#include <kernel/boot_info.h>
#include <kernel/cmdline.h>
#include <kernel/log.h>

#include <stdlib.h>
#include <string.h>

#define ARCHIVE_BYTES (4 * PAGE_SIZE)
#define PROGRAM_END 0x3d000000ull
#define PROGRAM_PAGES ((PROGRAM_END - LK_USER_MIN) / PAGE_SIZE)

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

static void set_checksum(struct lk_archive_header *a)
{
    a->crc32 = crc32((const uint8_t *)a + LK_ARCHIVE_UNSUMMED, ARCHIVE_BYTES - LK_ARCHIVE_UNSUMMED);
}

/* An archive whose init has two segments; the caller frees it. */
static struct lk_archive_header *good_archive(void)
{
    struct lk_archive_header *a = aligned_alloc(PAGE_SIZE, ARCHIVE_BYTES);

    memset(a, 0, ARCHIVE_BYTES);
    *a = (struct lk_archive_header){
        .magic = LK_ARCHIVE_MAGIC,
        .version = LK_ARCHIVE_VERSION,
        .entries = 2,
        .total_bytes = ARCHIVE_BYTES,
        .init_entry = 0x400100,
        .init = { { 0x400000, 2, PAGE_SIZE, 2, LK_RO },
                  { 0x402000, 0x123, 3 * PAGE_SIZE, 1, LK_NX } },
    };
    set_checksum(a);
    return a;
}

static const char *mistake(const struct lk_archive_header *a)
{
    return archive_mistake(a, ARCHIVE_BYTES, LK_USER_MIN, PROGRAM_END);
}

TEST(archive_good, "a good archive is accepted")
{
    struct lk_archive_header *a = good_archive();

    CHECK_EQUAL(crc32((const uint8_t *)"123456789", 9),
                0xcbf43926u); /* the published check value */
    CHECK(mistake(a) == NULL);
    free(a);
}

TEST(archive_init, "a segment of init that leads out of the archive or of its place is refused")
{
    static const struct {
        struct lk_archive_segment s;
        bool good;
    } cases[] = {
        { { 0x500000, 1, 3 * PAGE_SIZE, 1, 0 }, true },
        { { 0x500000, 1, 4 * PAGE_SIZE, 0, 0 }, true },
        { { LK_USER_MIN, PROGRAM_PAGES, 0, 0, 0 }, true },
        { { LK_USER_MIN, PROGRAM_PAGES, 0, 4, 0 }, true },
        { { 0x500000, 1, 4 * PAGE_SIZE, 1, 0 }, false },
        { { 0x500000, 1, 3 * PAGE_SIZE - 1, 1, 0 }, false },
        { { 0x500001, 1, 3 * PAGE_SIZE, 1, 0 }, false },
        { { 0x500000, 5, 0, 5, 0 }, false },
        { { 0x500000, UINT64_MAX, 0, UINT64_MAX, 0 }, false },
        { { 0x500000, UINT64_MAX / PAGE_SIZE, 0, 1, 0 }, false },
        { { 0x500000, PAGE_SIZE, UINT64_MAX, 2, 0 }, false },
        { { 0x500000, PAGE_SIZE, UINT64_MAX - PAGE_MASK, 2, 0 }, false },
        { { 0x500000, 3, 0, 4, 0 }, false },
        { { LK_USER_MIN - PAGE_SIZE, 1, 0, 1, 0 }, false },
        { { PROGRAM_END, 1, 0, 0, 0 }, false },
        { { LK_USER_MIN, PROGRAM_PAGES + 1, 0, 0, 0 }, false },
        { { UINT64_MAX - PAGE_MASK, 2, 0, 0, 0 }, false },
    };
    struct lk_archive_header *a = good_archive();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        a->init[LK_ARCHIVE_SEGMENTS - 1] = cases[i].s;
        set_checksum(a);
        CHECK((mistake(a) == NULL) == cases[i].good);
    }
    a->init[LK_ARCHIVE_SEGMENTS - 1] = (struct lk_archive_segment){ 0 };
    a->init_entry = PROGRAM_END;
    set_checksum(a);
    CHECK(strstr(mistake(a), "properly") != NULL);
    a->init_entry = 0;
    set_checksum(a);
    CHECK(strstr(mistake(a), "no program 'init'") != NULL);
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
     "a damaged archive with a good checksum is refused, or all of init lies where it may")
{
    uint64_t accepted = 0;

    unit_random_seed(unit_seed(1));
    for (uint64_t i = unit_rounds(3000); i > 0; i--) {
        struct lk_archive_header *a = good_archive();

        damage((uint8_t *)a, sizeof(*a));
        set_checksum(a);
        for (unsigned k = 0; mistake(a) == NULL && k < LK_ARCHIVE_SEGMENTS; k++) {
            const struct lk_archive_segment *s = &a->init[k];

            CHECK(s->offset <= ARCHIVE_BYTES && s->offset % PAGE_SIZE == 0 &&
                  s->data_pages <= (ARCHIVE_BYTES - s->offset) / PAGE_SIZE &&
                  s->data_pages <= s->pages);
            CHECK(s->pages == 0 ||
                  (s->start >= LK_USER_MIN && s->start < PROGRAM_END && s->start % PAGE_SIZE == 0 &&
                   s->pages <= (PROGRAM_END - s->start) / PAGE_SIZE));
            accepted++;
        }
        free(a);
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

        while (n < BOOT_COMMAND_LINE - 1) {
            const char *w = words[unit_random(ARRAY_LEN(words))];

            for (; *w != '\0' && n < BOOT_COMMAND_LINE - 1; w++) {
                line[n++] = unit_once_in(200) ? (char)(' ' + unit_random(95)) : *w;
            }
            if (n < BOOT_COMMAND_LINE - 1) {
                line[n++] = ' ';
            }
        }
        line[unit_once_in(2) ? n : unit_random(n)] = '\0';
        log_level = LOG_ERROR;
        cmdline_parse(line);
        CHECK(strlen(cmdline.init_words) < BOOT_COMMAND_LINE &&
              strstr(cmdline.init_words, "  ") == NULL);
    }
    free(line);
    log_level = level;
}
