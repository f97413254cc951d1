/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk-test: a test of the server and its library, at what a client sees. Each line "ok ..." or
 * "not ok ..." is a case for `make test`. The seed is that of the preemption at random (seed=N on
 * the boot command line); hostile.c has the clients that mean no good.
 */
#include "cases.h"

#include <lykos/bank.h>
#include <lykos/spawn.h>

#define WORK 800u
#define LONG 400u /* blocks: more than the server does in a turn */
#define ALL 4096u /* blocks of partition one and two */
#define CUTS 5u   /* of power */
#define LINES 8u

struct disk disk;
struct numbers numbers = { 0x9e3779b97f4a7c15ull };
uint64_t data[MODEL_BLOCKS * WORDS_EACH];
static struct model model;
static bool failed;

void check(const char *name, bool holds)
{
    failed |= !holds;
    say("%s %s", holds ? "ok" : "not ok", name);
}

uint64_t pages_used(void)
{
    uint64_t all = UINT64_MAX;

    ramdisk_usage(lk_cap("whole"), NULL, &all, NULL);
    return all;
}

static enum status discard_blocks(uint32_t device, uint64_t blocks)
{
    enum status s = STATUS_OK;

    for (uint32_t at = 0; s == STATUS_OK && at < blocks; at += RAMDISK_DISCARD_MOST) {
        s = ramdisk_discard(device, at, RAMDISK_DISCARD_MOST);
    }
    return s;
}

enum status discard_all(void)
{
    return discard_blocks(lk_cap("whole"), ALL);
}

enum status discard_two(void)
{
    return discard_blocks(lk_cap("two"), ALL / 2);
}

void session(const char *device, uint32_t depth, uint32_t buffer)
{
    const struct disk_plan plan = session_plan(device, REG_DISK, BIT_DISK, depth, buffer);

    lk_must(disk_open(&disk, &plan), "a session");
}

/* ---- by message ------------------------------------------------------------------------------ */

static bool reads_and_writes_by_message(void)
{
    uint32_t one = lk_cap("one");
    size_t len = 0;

    fill_block(data, 7, 1);
    fill_block(data + WORDS_EACH, 8, 1);
    if (ramdisk_write(one, 7, data, 2 * RAMDISK_BLOCK) != STATUS_OK || /* over a page's end */
        ramdisk_read(one, 6, 4, data, 4 * RAMDISK_BLOCK, &len) != STATUS_OK ||
        len != 4 * RAMDISK_BLOCK || !block_is(data, 6, 0) || !block_is(data + WORDS_EACH, 7, 1) ||
        !block_is(data + 2 * WORDS_EACH, 8, 1) || !block_is(data + 3 * WORDS_EACH, 9, 0)) {
        return false;
    }
    return pages_used() == 2 && ramdisk_discard(one, 8, 8) == STATUS_OK && /* a part of a page */
           pages_used() == 1 && ramdisk_discard(one, 7, 1) == STATUS_OK && pages_used() == 1 &&
           ramdisk_read(one, 7, 2, data, 2 * RAMDISK_BLOCK, &len) == STATUS_OK &&
           block_is(data, 7, 0) && block_is(data + WORDS_EACH, 8, 0);
}

static bool refuses_by_message(void)
{
    uint32_t one = lk_cap("one");
    size_t len = 0;

    return ramdisk_write(one, 0, data, 511) == RAMDISK_NOT_ALIGNED &&
           ramdisk_write(one, 2048, data, 512) == STATUS_OUT_OF_RANGE &&
           ramdisk_write(one, 2047, data, 1024) == STATUS_OUT_OF_RANGE &&
           ramdisk_write(one, UINT64_MAX, data, 512) == STATUS_OUT_OF_RANGE &&
           ramdisk_read(one, 0, 9, data, 8192, &len) == STATUS_OUT_OF_RANGE &&
           ramdisk_read(one, 0, 0, data, 8192, &len) == STATUS_OUT_OF_RANGE &&
           ramdisk_discard(one, 1500, 600) == STATUS_OUT_OF_RANGE &&
           ramdisk_discard(one, 0, RAMDISK_DISCARD_MOST + 1) == STATUS_OUT_OF_RANGE &&
           ramdisk_part(one, 0, 8, NULL, REG_OTHER) == STATUS_NO_ACCESS &&
           ramdisk_unmake(one, 0) == STATUS_NO_ACCESS &&
           ramdisk_geometry(lk_cap("stray"), NULL, NULL) == RAMDISK_NO_PARTITION &&
           ramdisk_write(lk_cap("stray"), 0, data, 512) == RAMDISK_NO_PARTITION;
}

/* ---- partitions ------------------------------------------------------------------------------ */

/* The last block of one and the first of two are neighbours on the disk. */
static bool partitions_do_not_meet(void)
{
    uint32_t whole = lk_cap("whole");
    size_t len = 0;
    bool right;

    fill_block(data, 2047, 2);
    right = ramdisk_write(lk_cap("one"), 2047, data, 512) == STATUS_OK;
    fill_block(data, 0, 3);
    right = right && ramdisk_write(lk_cap("two"), 0, data, 512) == STATUS_OK &&
            ramdisk_read(whole, 2047, 2, data, 1024, &len) == STATUS_OK &&
            block_is(data, 2047, 2) && block_is(data + WORDS_EACH, 0, 3);
    return right && discard_all() == STATUS_OK;
}

static bool makes_partitions(void)
{
    uint32_t whole = lk_cap("whole");
    uint64_t number = 0;
    uint64_t blocks = 0;
    bool read_only = true;
    struct disk_plan plan;

    if (ramdisk_part(whole, 4, 8, &number, REG_OTHER) != RAMDISK_NOT_ALIGNED ||
        ramdisk_part(whole, 16376, 16, &number, REG_OTHER) != STATUS_OUT_OF_RANGE ||
        ramdisk_unmake(whole, 1) != STATUS_NOT_FOUND ||
        ramdisk_part(whole, 8000, 16, &number, REG_OTHER) != STATUS_OK ||
        ramdisk_geometry(REG_OTHER, &blocks, &read_only) != STATUS_OK || blocks != 16 ||
        read_only) {
        return false;
    }
    plan = session_plan("whole", REG_DISK, BIT_DISK, 1, 1);
    plan.device = REG_OTHER;
    fill_block(data, 15, 4);
    return disk_open(&disk, &plan) == STATUS_OK && disk_write(&disk, 15, 1, data) == STATUS_OK &&
           disk_write(&disk, 16, 1, data) == STATUS_OUT_OF_RANGE &&
           ramdisk_unmake(whole, number) == STATUS_OK &&
           disk_read(&disk, 15, 1, data) == STATUS_INVOKEE_GONE &&
           ramdisk_read(REG_OTHER, 0, 1, data, 512, NULL) == RAMDISK_NO_PARTITION &&
           (disk_close(&disk), true) &&
           ramdisk_read(whole, 8015, 1, data, 512, NULL) == STATUS_OK && block_is(data, 15, 4) &&
           ramdisk_discard(whole, 8000, 16) == STATUS_OK;
}

static bool reads_only(void)
{
    bool read_only = false;

    fill_block(data, 3, 5);
    if (ramdisk_write(lk_cap("one"), 3, data, 512) != STATUS_OK ||
        ramdisk_facet(lk_cap("one"), REG_OTHER) != STATUS_OK ||
        ramdisk_geometry(REG_OTHER, NULL, &read_only) != STATUS_OK || !read_only ||
        ramdisk_write(REG_OTHER, 3, data, 512) != RAMDISK_READ_ONLY ||
        ramdisk_discard(REG_OTHER, 0, 8) != RAMDISK_READ_ONLY ||
        ramdisk_facet(REG_OTHER, REG_OTHER) != STATUS_OK ||
        ramdisk_write(REG_OTHER, 3, data, 512) != RAMDISK_READ_ONLY) {
        return false;
    }
    session("reader", 8, 8);
    fill_block(data, 3, 6);
    return disk_write(&disk, 3, 1, data) == RAMDISK_READ_ONLY &&
           disk_discard(&disk, 0, 8) == RAMDISK_READ_ONLY && disk_flush(&disk) == STATUS_OK &&
           disk_read(&disk, 3, 1, data) == STATUS_OK && block_is(data, 3, 5) &&
           (disk_close(&disk), true) && discard_all() == STATUS_OK;
}

/* ---- through a session ----------------------------------------------------------------------- */

static bool works_as_the_model(void)
{
    bool right;

    session("one", 32, 40);
    right = model_work(&model, &disk, &numbers, WORK) && model_holds(&model, &disk);
    disk_close(&disk);
    return right;
}

/* As many as can be, each a block, with what is behind and before it told from it. */
static bool keeps_many_under_way(void)
{
    static struct disk_io io[RAMDISK_DEPTH_MOST];
    bool right = true;
    unsigned came = 0;

    session("two", RAMDISK_DEPTH_MOST, RAMDISK_BUFFER_MOST);
    for (unsigned i = 0; i < RAMDISK_BUFFER_MOST; i++) {
        fill_block(data + i * WORDS_EACH, i, 7);
    }
    right = disk_write(&disk, 0, RAMDISK_BUFFER_MOST, data) == STATUS_OK;
    memset(data, 0, sizeof(data));
    for (unsigned i = 0; i < RAMDISK_BUFFER_MOST; i++) {
        unsigned block = i * 7 % RAMDISK_BUFFER_MOST;

        io[i] = (struct disk_io){ .block = block, .count = 1, .data = data + block * WORDS_EACH };
        right = right && disk_submit(&disk, &io[i]) == STATUS_OK;
    }
    right = right && disk.flying == RAMDISK_BUFFER_MOST;
    for (struct disk_io *done = disk_wait(&disk); done != NULL; done = disk_wait(&disk)) {
        right = right && done->status == STATUS_OK && block_is(done->data, done->block, 7);
        came++;
    }
    disk_close(&disk);
    return right && came == RAMDISK_BUFFER_MOST;
}

/* A long request and a short one behind it. Which of them is done first? */
static struct disk_io *first_of(struct disk_io *slow, struct disk_io *quick)
{
    if (disk_submit(&disk, slow) != STATUS_OK || disk_submit(&disk, quick) != STATUS_OK) {
        return NULL;
    }
    return disk_wait(&disk);
}

static bool short_ones_overtake(void)
{
    struct disk_io slow = { .what = RAMDISK_WHAT_WRITE, .count = LONG };
    struct disk_io quick = { .what = RAMDISK_WHAT_READ, .block = 1000, .count = 1, .data = data };
    bool right;

    session("two", 8, 56);
    slow.data = disk_buffer(&disk, LONG);
    memset(slow.data, 1, LONG * RAMDISK_BLOCK);
    right = first_of(&slow, &quick) == &quick && disk_wait(&disk) == &slow;
    disk_close(&disk);
    return right && quick.status == STATUS_OK && slow.status == STATUS_OK && slow.blocks == LONG;
}

/* The same with a barrier, which also sees what was written last; and one that comes behind it. */
static bool barriers_hold(void)
{
    struct disk_io slow = { .what = RAMDISK_WHAT_WRITE, .count = LONG };
    struct disk_io last = { .block = LONG - 1, .count = 1, .data = data, .barrier = true };
    struct disk_io flush = { .what = RAMDISK_WHAT_FLUSH };
    struct disk_io behind = {
        .what = RAMDISK_WHAT_READ, .block = 0, .count = 1, .data = data + 64
    };
    struct disk_io *order[4];
    bool right = true;

    session("two", 8, 60);
    slow.data = disk_buffer(&disk, LONG);
    fill_block((uint8_t *)slow.data + (LONG - 1) * RAMDISK_BLOCK, LONG - 1, 8);
    order[0] = first_of(&slow, &last);
    for (unsigned i = 1; i < 2; i++) {
        order[i] = disk_wait(&disk);
    }
    right = order[0] == &slow && order[1] == &last && block_is(data, LONG - 1, 8);
    right = right && disk_submit(&disk, &slow) == STATUS_OK &&
            disk_submit(&disk, &flush) == STATUS_OK && disk_submit(&disk, &behind) == STATUS_OK;
    for (unsigned i = 0; i < 3; i++) {
        order[i] = disk_wait(&disk);
    }
    right = right && order[0] == &slow && order[1] == &flush && order[2] == &behind;
    disk_close(&disk);
    return right && discard_all() == STATUS_OK;
}

/* The pages of the disk and of the bank that pays for them are counted. */
static bool discard_gives_memory_back(void)
{
    bool right;

    session("one", 8, 16);
    memset(data, 5, sizeof(data));
    right = pages_used() == 0 && disk_write(&disk, 0, MODEL_BLOCKS, data) == STATUS_OK &&
            pages_used() == MODEL_BLOCKS / 8 && disk_discard(&disk, 3, 1002) == STATUS_OK &&
            pages_used() == 4; /* blocks 0..7 and 1000..1023 */
    right = right && disk_discard(&disk, 0, 2048) == STATUS_OK && pages_used() == 0;
    /* Many times as much as the bank has. */
    for (unsigned i = 0; right && i < 6; i++) {
        right = disk_write(&disk, 0, MODEL_BLOCKS, data) == STATUS_OK &&
                disk_discard(&disk, 0, MODEL_BLOCKS) == STATUS_OK;
    }
    disk_close(&disk);
    return right && pages_used() == 0;
}

/* The bank has fewer pages than the disk. What was written stays; what is discarded makes room. */
static bool survives_an_empty_bank(void)
{
    uint64_t at = 0;
    enum status s = STATUS_OK;
    bool right;

    session("whole", 16, 32);
    for (unsigned i = 0; i < 64; i++) {
        fill_block(data + i * WORDS_EACH, i, 9);
    }
    for (; s == STATUS_OK && at < disk.blocks; at += s == STATUS_OK ? 64 : 0) {
        s = disk_write(&disk, at, 64, data);
    }
    right = s == STATUS_NO_MEMORY && at > 2048 && disk_write(&disk, 5, 1, data) == STATUS_OK &&
            disk_write(&disk, at + 512, 1, data) == STATUS_NO_MEMORY &&
            disk_read(&disk, at + 512, 1, data + 4096) == STATUS_OK &&
            block_is(data + 4096, 0, 0) && disk_discard(&disk, 64, 64) == STATUS_OK &&
            disk_write(&disk, at + 512, 1, data + 63 * WORDS_EACH) == STATUS_OK &&
            disk_read(&disk, at - 64, 64, data) == STATUS_OK;
    for (unsigned i = 0; right && i < 64; i++) {
        right = block_is(data + i * WORDS_EACH, i, 9);
    }
    disk_close(&disk);
    return right && discard_all() == STATUS_OK &&
           ramdisk_discard(lk_cap("whole"), at + 512, 8) == STATUS_OK;
}

/* ---- the record store ------------------------------------------------------------------------ */

static bool cache_writes_back(void)
{
    static struct cache_line lines[LINES];
    static uint8_t mirror[LINES * 3 * RAMDISK_PAGE];
    static uint8_t back[1000];
    struct cache cache;
    bool right = true;

    session("two", 16, 16);
    cache_begin(&cache, &disk, lines, LINES);
    memset(mirror, 0, sizeof(mirror));
    for (unsigned i = 0; right && i < 400; i++) {
        uint32_t size = 1 + number_below(&numbers, sizeof(back));
        uint32_t at = number_below(&numbers, (uint32_t)sizeof(mirror) - size);

        if (i % 2 == 0) {
            memset(mirror + at, (int)i, size);
            right = cache_write(&cache, at, mirror + at, size) == STATUS_OK;
        } else {
            right = cache_read(&cache, at, back, size) == STATUS_OK &&
                    memcmp(back, mirror + at, size) == 0;
        }
    }
    right = right && cache_flush(&cache) == STATUS_OK &&
            disk_read(&disk, 0, sizeof(mirror) / RAMDISK_BLOCK, data) == STATUS_OK &&
            memcmp(data, mirror, sizeof(mirror)) == 0 && cache.hits > 0 && cache.misses > LINES;
    disk_close(&disk);
    return right && discard_all() == STATUS_OK;
}

/* All records are right, and there are as many as were there for good, at least. */
static bool log_is_whole(uint64_t *count)
{
    static struct cache_line lines[LINES];
    static uint8_t record[LOG_RECORD_MOST];
    struct log_place place = { 0 };
    struct cache cache;
    struct log log;
    uint32_t length;
    uint64_t n = 0;
    bool right;

    right = ramdisk_read(lk_cap("one"), 0, 1, data, 512, NULL) == STATUS_OK;
    session("two", 16, 16);
    cache_begin(&cache, &disk, lines, LINES);
    right = right && log_open(&log, &cache) == STATUS_OK && log.count >= data[0];
    while (right && log_next(&log, &place, record, &length) == STATUS_OK) {
        right = record_is(record, length, n++);
    }
    disk_close(&disk);
    *count = n;
    return right && n == log.count;
}

static bool log_survives_cuts_of_power(void)
{
    uint64_t before = 0;
    uint64_t count = 0;
    bool right = true;

    for (unsigned i = 0; right && i < CUTS; i++) {
        start_mate("ramdisk-mate log", i + 1);
        lk_sleep_until(lk_now() + 2 * LK_NSEC_PER_MSEC + number_below(&numbers, 4000000));
        control_kill(REG_MATE);
        right = log_is_whole(&count) && count >= before;
        before = count;
    }
    return right && count > 0 && discard_all() == STATUS_OK;
}

/* ---- two clients ----------------------------------------------------------------------------- */

void start_mate(const char *what, uint64_t seed)
{
    char words[64];

    ramdisk_discard(lk_cap("two"), MATE_BLOCK, 1);
    lk_format(words, sizeof(words), "%s %lu", what, seed);
    lk_must(lk_program_new(lk_cap("programs"), words, REG_MATE, NULL), what);
    lk_must(lk_program_begin(REG_MATE), what);
}

/* That it has ended already is no news of how. */
bool mate_is_well(uint64_t seed)
{
    static uint64_t block[WORDS_EACH];
    struct lk_program_end end = { 0 };
    enum status s = lk_program_wait(REG_MATE, &end);

    if (s == STATUS_OK && (end.how != PROGRAM_ENDED_EXIT || end.value != 0)) {
        say("the other client: %s", end.words);
        return false;
    }
    return ramdisk_read(lk_cap("two"), MATE_BLOCK, 1, block, sizeof(block), NULL) == STATUS_OK &&
           block[0] == seed;
}

static bool two_clients_at_once(void)
{
    uint64_t seed = number(&numbers);
    bool right;

    start_mate("ramdisk-mate work", seed);
    right = works_as_the_model();
    return mate_is_well(seed) && right;
}

/* ---------------------------------------------------------------------------------------------- */

int main(void)
{
    check("is_a_ramdisk", ramdisk_is(lk_cap("whole")) && discard_all() == STATUS_OK);
    check("reads_and_writes_by_message", reads_and_writes_by_message());
    check("refuses_by_message", refuses_by_message());
    check("partitions_do_not_meet", partitions_do_not_meet());
    check("makes_partitions", makes_partitions());
    check("reads_only", reads_only());
    check("works_as_the_model", works_as_the_model());
    check("keeps_many_under_way", keeps_many_under_way());
    check("short_ones_overtake", short_ones_overtake());
    check("barriers_hold", discard_all() == STATUS_OK && barriers_hold());
    check("discard_gives_memory_back", discard_gives_memory_back());
    check("survives_an_empty_bank", survives_an_empty_bank());
    check("cache_writes_back", cache_writes_back());
    check("log_survives_cuts_of_power", log_survives_cuts_of_power());
    memset(&model, 0, sizeof(model));
    check("two_clients_at_once", two_clients_at_once());
    hostile_cases(&model);
    check("nothing_is_left", discard_all() == STATUS_OK && pages_used() == 0);
    return failed ? 1 : 0;
}
