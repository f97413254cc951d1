/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map, against a model that knows each frame by itself. Ranges begin and end in the
 * first or the last frames of the physical address space, or behind it, so that all between these
 * frames is one piece.
 */
#include "boot/boot.h"
#include "world.h"

#include <string.h>

#define END (1ull << 46) /* of the physical address space that is mapped */
#define FEW 512u         /* frames told apart at either end */
#define HIGH (END - FEW * PAGE_SIZE)
#define PIECES (2 * FEW + 1)

static struct memmap map;
static struct boot_info boot;
static struct {
    bool ram, reserved;
} model[PIECES]; /* the frames at the beginning, all that is between, the frames at the end */

static uint64_t piece_start(unsigned i)
{
    return i <= FEW ? i * PAGE_SIZE : HIGH + (i - FEW - 1) * PAGE_SIZE;
}

static uint64_t piece_end(unsigned i)
{
    return i == PIECES - 1 ? END : piece_start(i + 1);
}

static bool piece_is_ram(unsigned i)
{
    return model[i].ram && !model[i].reserved;
}

/* RAM counts in whole frames only, what is reserved in each that it touches. */
static void model_add(uint64_t start, uint64_t bytes, bool is_ram)
{
    unsigned __int128 end = (unsigned __int128)start + bytes;

    for (unsigned i = 0; i < PIECES; i++) {
        if (is_ram) {
            model[i].ram |= start <= piece_start(i) && piece_end(i) <= end;
        } else {
            model[i].reserved |= bytes > 0 && start < piece_end(i) && piece_start(i) < end;
        }
    }
}

/* Is each byte of [start, end) RAM? */
static bool model_is_ram(uint64_t start, uint64_t end)
{
    if (start == end || end > END) {
        return start == end; /* no byte of it is anything else */
    }
    for (unsigned i = 0; i < PIECES; i++) {
        if (start < piece_end(i) && piece_start(i) < end && !piece_is_ram(i)) {
            return false;
        }
    }
    return true;
}

static uint64_t random_address(void)
{
    uint64_t in = unit_random(FEW) * PAGE_SIZE;

    in += unit_once_in(2) ? 0 : unit_random(PAGE_SIZE);
    return unit_once_in(4) ? HIGH + in : in;
}

static void random_range(uint64_t *start, uint64_t *bytes)
{
    *start = random_address();
    switch (unit_random(16)) {
    case 0:
        *bytes = 0;
        break;
    case 1:
        *bytes = unit_random(2 * PAGE_SIZE);
        break;
    case 2: /* behind the end, up to the last byte there could be */
        *start =
            unit_once_in(2) ? UINT64_MAX - unit_random(3 * PAGE_SIZE) : END - 1 + unit_random(3);
        *bytes = unit_random(4 * PAGE_SIZE);
        return;
    case 3: /* into the last frames, or to the end, or far over it */
        *bytes = (*start < HIGH ? HIGH + unit_random(FEW * PAGE_SIZE) : END - 1 + unit_random(3)) -
                 *start;
        *bytes = unit_once_in(2) ? *bytes : UINT64_MAX - unit_random(3 * PAGE_SIZE);
        return;
    default:
        *bytes = unit_random(128) * PAGE_SIZE + (unit_once_in(2) ? 0 : unit_random(PAGE_SIZE));
        break;
    }
    if (*start<HIGH && * bytes> FEW * PAGE_SIZE - *start) {
        *bytes = FEW * PAGE_SIZE - *start;
    }
}

static void begin(void)
{
    map.ranges = 0;
    for (unsigned i = 0; i < PIECES; i++) {
        model[i].ram = model[i].reserved = false;
    }
}

static void finish(void)
{
    boot.ranges = 0;
    memmap_finish(&map, &boot);
}

/* The pieces of the model in a row, against what came out. */
static void compare(void)
{
    unsigned n = 0;

    finish();

    for (unsigned i = 0; i < PIECES; i++) {
        if (!piece_is_ram(i)) {
            continue;
        }
        if (i == 0 || !piece_is_ram(i - 1)) {
            CHECK(n >= boot.ranges || boot.range[n].start == piece_start(i));
        }
        if (i == PIECES - 1 || !piece_is_ram(i + 1)) {
            CHECK(n >= boot.ranges || boot.range[n].end == piece_end(i));
            n++;
        }
    }
    CHECK_EQUAL(boot.ranges, n);
}

static void call_finish(void *arg)
{
    (void)arg;
    memmap_finish(&map, &boot);
}

static void call_add(void *arg)
{
    (void)arg;
    memmap_add(&map, 0, PAGE_SIZE, true);
}

TEST(memmap_random, "whatever a loader says, RAM is what is RAM for each frame, and not reserved")
{
    uint64_t seed = unit_seed(1);
    uint64_t rounds = unit_rounds(4000);
    unsigned answers[2] = { 0, 0 };

    unit_random_seed(seed);
    for (uint64_t round = 0; round < rounds && unit_failures() == 0; round++) {
        unsigned ranges = (unsigned)unit_random(24);

        begin();
        for (unsigned i = 0; i < ranges; i++) {
            bool is_ram = !unit_once_in(3);
            uint64_t start, bytes;

            random_range(&start, &bytes);
            memmap_add(&map, start, bytes, is_ram);
            model_add(start, bytes, is_ram);
        }
        compare();
        for (unsigned i = 0; i < 8; i++) {
            uint64_t start = random_address();
            uint64_t end = unit_once_in(4) ? random_address() : start + unit_random(8 * PAGE_SIZE);

            if (start > end) {
                CHECK(!memmap_is_ram(&boot, start, end));
            } else {
                CHECK_EQUAL(memmap_is_ram(&boot, start, end), model_is_ram(start, end));
                answers[memmap_is_ram(&boot, start, end)]++;
            }
        }
    }
    /* Or the test looks at too little. */
    CHECK_SAY(answers[0] > rounds / 4 && answers[1] > rounds / 4, "RAM or not: %u no, %u yes",
              answers[0], answers[1]);
}

TEST(memmap_reserved, "what is reserved, too, is no RAM: in the middle, at the ends, all of it")
{
    begin();
    memmap_add(&map, 0x8000, 0x8000, true);
    memmap_add(&map, 0, 0x9001, false); /* the frame that it reaches into, too */
    memmap_add(&map, 0xbfff, 1, false);
    memmap_add(&map, 0xf000, 0x5000, false);
    finish();
    CHECK_EQUAL(boot.ranges, 2);
    CHECK(boot.range[0].start == 0xa000 && boot.range[0].end == 0xb000);
    CHECK(boot.range[1].start == 0xc000 && boot.range[1].end == 0xf000);
    CHECK(!memmap_is_ram(&boot, 0xa000, 0xc001) && memmap_is_ram(&boot, 0xc001, 0xeffe));
    memmap_add(&map, 0, UINT64_MAX, false);
    finish();
    CHECK_EQUAL(boot.ranges, 0);
}

TEST(memmap_joined, "neighbours are one range, in whatever order they are said; nothing is none")
{
    begin();
    finish();
    CHECK_EQUAL(boot.ranges, 0);
    CHECK(memmap_is_ram(&boot, 5, 5)); /* no byte of it is anything else */
    memmap_add(&map, 0x4000, 0x2000, true);
    memmap_add(&map, 0x1000, 0x2000, true);
    memmap_add(&map, 0x3000, 0x1000, true);
    finish();
    CHECK_EQUAL(boot.ranges, 1);
    CHECK(boot.range[0].start == 0x1000 && boot.range[0].end == 0x6000);
    CHECK(memmap_is_ram(&boot, 0x1000, 0x6000) && !memmap_is_ram(&boot, 0xfff, 0x1001));
    CHECK(!memmap_is_ram(&boot, 0x5fff, 0x6001) && !memmap_is_ram(&boot, 0x3000, 0x2000));
}

TEST(memmap_wraps,
     "a range that wraps, or lies behind all there is, is cut and claims nothing else")
{
    begin();
    memmap_add(&map, UINT64_MAX - 10, 5, true);
    memmap_add(&map, UINT64_MAX - 10, UINT64_MAX, true);
    memmap_add(&map, END, UINT64_MAX, true);
    finish();
    CHECK_EQUAL(boot.ranges, 0);
    memmap_add(&map, END - 3 * PAGE_SIZE, UINT64_MAX, true);
    memmap_add(&map, END - 1, UINT64_MAX, false);
    finish();
    CHECK_EQUAL(boot.ranges, 1);
    CHECK(boot.range[0].start == END - 3 * PAGE_SIZE && boot.range[0].end == END - PAGE_SIZE);
}

TEST(memmap_limits,
     "what lies beyond all addresses is cut, and too many entries or pieces end the boot")
{
    map.ranges = boot.ranges = 0;
    memmap_add(&map, END - PAGE_SIZE, UINT64_MAX, true);
    memmap_add(&map, UINT64_MAX - PAGE_SIZE, PAGE_SIZE, true);
    memmap_add(&map, 5, 0, false);
    finish();
    CHECK_EQUAL(boot.ranges, 1);
    CHECK(memmap_is_ram(&boot, END - PAGE_SIZE, END));

    host_quiet = true;
    map.ranges = boot.ranges = 0;
    for (uint64_t i = 0; i < MEMMAP_MAX; i++) {
        memmap_add(&map, i * 2 * PAGE_SIZE, PAGE_SIZE, true);
    }
    CHECK_EQUAL(host_enter(call_add, NULL), HOST_ENDED);
    CHECK(strstr(host_console, "more than 256 entries") != NULL);
    CHECK_EQUAL(host_enter(call_finish, NULL), HOST_ENDED);
    CHECK(strstr(host_console, "more than 128 pieces") != NULL);
}
