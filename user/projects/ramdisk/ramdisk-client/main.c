/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-client: the disk at the prompt. See usage().
 */
#include "bench.h"
#include <lykos/lykos.h>

#define WORDS (RAMDISK_BLOCK / 8)
#define PIECE 64u /* blocks at a time */
#define LINE 16u  /* bytes of a line of a dump */

static struct disk disk;
static uint64_t data[PIECE * WORDS];

static int usage(void)
{
    say("info; or fill, check, dump, discard BLOCK COUNT; or bench");
    return 2;
}

static int failed(const char *what, enum status s)
{
    say("%s: %s", what, s == RAMDISK_READ_ONLY ? "to be read only" : lk_status_text(s));
    return 1;
}

/* What `fill` writes: each word tells where it is. */
static uint64_t word_of(uint64_t block, unsigned i)
{
    return (block * WORDS + i) * 0x9e3779b97f4a7c15ull;
}

static uint32_t piece_of(uint64_t count)
{
    return count < PIECE ? (uint32_t)count : PIECE;
}

static int fill(uint64_t block, uint64_t count)
{
    enum status s = STATUS_OK;

    while (s == STATUS_OK && count > 0) {
        uint32_t piece = piece_of(count);

        for (uint32_t i = 0; i < piece * WORDS; i++) {
            data[i] = word_of(block + i / WORDS, i % WORDS);
        }
        s = disk_write(&disk, block, piece, data);
        block += piece;
        count -= piece;
    }
    s = s == STATUS_OK ? disk_flush(&disk) : s;
    return s == STATUS_OK ? 0 : failed("not written", s);
}

static int check(uint64_t block, uint64_t count)
{
    enum status s = STATUS_OK;

    while (count > 0) {
        uint32_t piece = piece_of(count);

        s = disk_read(&disk, block, piece, data);
        if (s != STATUS_OK) {
            return failed("not read", s);
        }
        for (uint32_t i = 0; i < piece * WORDS; i++) {
            if (data[i] != word_of(block + i / WORDS, i % WORDS)) {
                say("block %lu is not as fill leaves it", block + i / WORDS);
                return 1;
            }
        }
        block += piece;
        count -= piece;
    }
    say("all blocks are as fill leaves them");
    return 0;
}

static void dump_line(uint64_t at, const uint8_t *byte)
{
    char line[3 * LINE + 1];

    for (unsigned i = 0; i < LINE; i++) {
        lk_format(line + 3 * i, 4, "%02x ", byte[i]);
    }
    say("%08lx  %s", at, line);
}

static int dump(uint64_t block, uint64_t count)
{
    for (; count > 0; block++, count--) {
        enum status s = disk_read(&disk, block, 1, data);

        if (s != STATUS_OK) {
            return failed("not read", s);
        }
        for (uint32_t at = 0; at < RAMDISK_BLOCK; at += LINE) {
            dump_line(block * RAMDISK_BLOCK + at, (const uint8_t *)data + at);
        }
    }
    return 0;
}

static int discard(uint64_t block, uint64_t count)
{
    enum status s = disk_discard(&disk, block, count);

    return s == STATUS_OK ? 0 : failed("not discarded", s);
}

static int info(void)
{
    uint64_t pages = 0;
    uint64_t mistakes = 0;
    enum status s = ramdisk_usage(lk_cap("disk"), &pages, NULL, &mistakes);

    if (s != STATUS_OK) {
        return failed("no disk", s);
    }
    say("%lu blocks of %u bytes%s; %lu pages in use; %lu mistakes of clients", disk.blocks,
        RAMDISK_BLOCK, disk.read_only ? ", to be read only" : "", pages, mistakes);
    return 0;
}

/* BLOCK COUNT. */
static int with_range(const char *words, int (*fn)(uint64_t block, uint64_t count))
{
    uint64_t block = 0;
    uint64_t count = 0;

    if (!lk_parse_number(words, &block, &words) || *words != ' ' ||
        !lk_parse_number(words + 1, &count, &words) || *words != '\0') {
        return usage();
    }
    return fn(block, count);
}

static int run(const char *argument)
{
    static const struct {
        const char *word;
        int (*fn)(uint64_t block, uint64_t count);
    } commands[] = {
        { "fill ", fill }, { "check ", check }, { "dump ", dump }, { "discard ", discard }
    };

    if (strcmp(argument, "info") == 0) {
        return info();
    }
    if (strcmp(argument, "bench") == 0) {
        return bench(&disk);
    }
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t length = strlen(commands[i].word);

        if (strncmp(argument, commands[i].word, length) == 0) {
            return with_range(argument + length, commands[i].fn);
        }
    }
    return usage();
}

int main(void)
{
    const struct disk_plan plan = { .device = lk_cap("disk"),
                                    .bank = lk_cap("bank"),
                                    .space = lk_cap("space"),
                                    .discrim = lk_cap("discrim"),
                                    .registers = LK_REG_SCRATCH,
                                    .bits = 1,
                                    .depth = 32,
                                    .buffer = 40,
                                    .period = 100 * LK_NSEC_PER_MSEC };
    enum status s = disk_open(&disk, &plan);
    int result;

    if (s != STATUS_OK) {
        return failed("no session", s);
    }
    result = run(lk_start->argument);
    disk_close(&disk);
    return result;
}
