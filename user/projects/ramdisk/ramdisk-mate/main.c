/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-mate: a second client, which ramdisk-test starts. Its argument says what it does:
 *
 *      work SEED       work on partition two, held against a model; status 0: all was right
 *      log SEED        append records to a log on partition two until it is killed; how many are
 *                      there for good stands in the first block of partition one
 *      die             leave without a word with requests under way
 *      revoke SEED     take its pages away while the server works on its requests, many times
 *      flip SEED       write into rings and buffer while the server reads them, many times
 *
 * ramdisk-rogue is the same program with a higher priority than the server's.
 */
#include <libcheck/check.h>
#include <libramdisk/log.h>

#define DISK_BIT 1u
#define WORK 400u
#define ROUNDS 24u
#define LINES 8u

static struct disk disk;
static struct numbers numbers;
static uint64_t seed;

/* Who has started this program looks there whether all was well. */
static int confirm(void)
{
    static uint64_t block[RAMDISK_BLOCK / 8];

    block[0] = seed;
    return ramdisk_write(lk_cap("two"), MATE_BLOCK, block, sizeof(block)) == STATUS_OK ? 0 : 1;
}

/* A session with partition two; the server may still have those that were left. */
static void begin(uint32_t depth, uint32_t buffer)
{
    const struct disk_plan plan = session_plan("two", LK_REG_SCRATCH, DISK_BIT, depth, buffer);
    enum status s = disk_open(&disk, &plan);

    for (unsigned i = 0; s == STATUS_IN_USE && i < 100; i++) {
        lk_sleep_ms(10);
        s = disk_open(&disk, &plan);
    }
    lk_must(s, "a session");
}

/* ---- work ------------------------------------------------------------------------------------ */

static int work(void)
{
    static struct model model;

    begin(32, 40);
    if (disk_discard(&disk, 0, MODEL_BLOCKS) != STATUS_OK ||
        !model_work(&model, &disk, &numbers, WORK) || !model_holds(&model, &disk)) {
        return 1;
    }
    disk_close(&disk);
    return confirm();
}

/* ---- log ------------------------------------------------------------------------------------- */

_Noreturn static int append(void)
{
    static struct cache_line lines[LINES];
    static uint64_t record[LOG_RECORD_MOST / 8];
    static uint64_t known[RAMDISK_BLOCK / 8];
    struct cache cache;
    struct log log;

    begin(16, 16);
    cache_begin(&cache, &disk, lines, LINES);
    lk_must(log_open(&log, &cache), "the log");
    for (;;) {
        for (uint32_t n = 1 + number_below(&numbers, 12); n > 0; n--) {
            record_make(record, log.count);
            if (log_append(&log, record, record_length(log.count)) != STATUS_OK) {
                lk_park(); /* it is full */
            }
        }
        lk_must(log_sync(&log), "the records");
        known[0] = log.count;
        lk_must(ramdisk_write(lk_cap("one"), 0, known, sizeof(known)), "their number");
    }
}

/* ---- what nobody should do ------------------------------------------------------------------- */

/* Long reads and writes, which the server does not do in one turn. */
static void submit_many(struct disk_io *io, uint32_t n, enum ramdisk_what what)
{
    for (uint32_t i = 0; i < n; i++) {
        io[i] = (struct disk_io){ .what = what,
                                  .block = i * 64ul,
                                  .count = 64,
                                  .data = disk.buffer + (size_t)i * 64 * RAMDISK_BLOCK };
        lk_must(disk_submit(&disk, &io[i]), "a request");
    }
    disk_kick(&disk);
}

static int die(void)
{
    struct disk_io io[6];

    begin(16, 48);
    submit_many(io, 6, RAMDISK_WHAT_READ);
    return confirm();
}

/* Not longer than a turn of the server's, or about. */
static void wait_a_moment(void)
{
    lk_sleep_until(lk_now() + number_below(&numbers, 40000));
}

static int revoke(void)
{
    struct disk_io io[6];

    for (unsigned i = 0; i < ROUNDS; i++) {
        begin(16, 48);
        submit_many(io, 6, i % 2 == 0 ? RAMDISK_WHAT_READ : RAMDISK_WHAT_WRITE);
        wait_a_moment();
        lk_ring_release(&disk.share);
    }
    return confirm();
}

/* Records, indices, data: whatever stands in shared memory. */
static void scribble(void)
{
    uint8_t *shared = disk.share.memory;
    uint32_t bytes = RAMDISK_RING_PAGES * RAMDISK_PAGE;

    for (unsigned i = 0; i < 64; i++) {
        uint32_t at = LK_RING_HEAD + number_below(&numbers, bytes / 2 - LK_RING_HEAD);

        shared[at] ^= (uint8_t)number(&numbers);
        disk.buffer[number_below(&numbers, disk.buffer_pages * RAMDISK_PAGE)]++;
    }
    if (number_below(&numbers, 4) == 0) {
        shared[number_below(&numbers, LK_RING_HEAD)] ^= (uint8_t)number(&numbers);
    }
}

static int flip(void)
{
    struct disk_io io[6];

    for (unsigned i = 0; i < ROUNDS; i++) {
        begin(16, 48);
        submit_many(io, 6, RAMDISK_WHAT_WRITE);
        for (unsigned j = 0; j < 6; j++) {
            scribble();
            lk_ring_flush(&disk.requests);
            lk_appnotice_post(LK_REG_SCRATCH + 1, disk.requests.post);
            wait_a_moment();
        }
        disk_close(&disk);
    }
    return confirm();
}

int main(void)
{
    static const struct {
        const char *word;
        int (*fn)(void);
    } jobs[] = {
        { "work", work }, { "log", append }, { "die", die }, { "revoke", revoke }, { "flip", flip }
    };
    const char *word = strchr(lk_start->argument, ' ');

    if (word != NULL) {
        lk_parse_number(word + 1, &seed, &word);
    }
    numbers.state = seed * 0x9e3779b97f4a7c15ull | 1;
    for (unsigned i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        if (strncmp(lk_start->argument, jobs[i].word, strlen(jobs[i].word)) == 0) {
            return jobs[i].fn();
        }
    }
    say("work, log, die, revoke or flip, and a seed");
    return 2;
}
