/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The memory map of the boot code, against one that asks of each page what lies there.
 */
#include "boot/boot.h"
#include "world.h"

#include <string.h>

#define PAGES 64u
#define PHYSICAL_END (1ull << 46)

static struct memmap map;
static struct boot_info boot;

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

TEST(memmap_random,
     "of any map those pages are RAM that one entry covers and no reserved one touches")
{
    unit_random_seed(unit_seed(1));
    for (uint64_t round = unit_rounds(5000); round > 0; round--) {
        uint64_t start[12], bytes[12];
        bool is_ram[12];
        unsigned entries = (unsigned)unit_random(13);

        map.ranges = boot.ranges = 0;
        for (unsigned i = 0; i < entries; i++) {
            start[i] = unit_random(PAGES * PAGE_SIZE);
            bytes[i] = unit_random(unit_once_in(2) ? 3 * PAGE_SIZE : PAGES * PAGE_SIZE);
            if (unit_once_in(2)) {
                start[i] &= ~(uint64_t)PAGE_MASK;
                bytes[i] &= ~(uint64_t)PAGE_MASK;
            }
            is_ram[i] = !unit_once_in(3);
            memmap_add(&map, start[i], bytes[i], is_ram[i]);
        }
        memmap_finish(&map, &boot);
        for (uint64_t page = 0; page < 2 * PAGES * PAGE_SIZE; page += PAGE_SIZE) {
            bool ram = false, reserved = false;

            for (unsigned i = 0; i < entries; i++) {
                uint64_t end = start[i] + bytes[i];

                ram |= is_ram[i] && start[i] <= page && page + PAGE_SIZE <= end;
                reserved |=
                    !is_ram[i] && bytes[i] != 0 && start[i] < page + PAGE_SIZE && page < end;
            }
            CHECK_EQUAL(memmap_is_ram(&boot, page, page + PAGE_SIZE), ram && !reserved);
        }
        for (unsigned i = 0; i < boot.ranges; i++) {
            CHECK(boot.range[i].start < boot.range[i].end &&
                  (i == 0 || boot.range[i].start > boot.range[i - 1].end));
        }
    }
}

TEST(memmap_limits,
     "what lies beyond all addresses is cut, and too many entries or pieces end the boot")
{
    map.ranges = boot.ranges = 0;
    memmap_add(&map, PHYSICAL_END - PAGE_SIZE, UINT64_MAX, true);
    memmap_add(&map, UINT64_MAX - PAGE_SIZE, PAGE_SIZE, true);
    memmap_add(&map, 5, 0, false);
    memmap_finish(&map, &boot);
    CHECK_EQUAL(boot.ranges, 1);
    CHECK(memmap_is_ram(&boot, PHYSICAL_END - PAGE_SIZE, PHYSICAL_END));

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
