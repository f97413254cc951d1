/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The readers of the boot protocols, with what loaders leave and with what none should: it is taken
 * in, or refused in words that say what is wrong. Structures are laid out here by the protocols'
 * texts, word by word, not by the readers' own.
 */
#include "unit.h"

#include "boot/boot.h"
#include <arch/host.h>
#include <arch/paging.h>
#include <kernel/panic.h>

#include <string.h>

#define BYTES 0x400000ull /* memory of the machine */
#define INFO 0x10000ull   /* where the loader's structure is */
#define LIST 0x11000ull   /* PVH: modules */
#define MAP 0x12000ull    /* PVH: memory map */
#define LINE 0x13000ull   /* PVH: command line */
#define ARCHIVE 0x200000ull

static struct memmap map;
static struct boot_info boot;

static void put(kpa_t at, uint64_t value, size_t bytes)
{
    memcpy(arch_kva(at), &value, bytes);
}

static void begin(void)
{
    host_quiet = true;
    host_machine(BYTES, &boot);
    memset(&boot, 0, sizeof(boot));
    map.ranges = 0;
    host_console[0] = '\0';
}

/* --- PVH --- */

static void call_pvh(void *arg)
{
    (void)arg;
    boot_read_pvh(INFO, &boot, &map);
}

static void module(unsigned i, uint64_t start, uint64_t bytes)
{
    put(LIST + i * 32, start, 8);
    put(LIST + i * 32 + 8, bytes, 8);
    put(INFO + 12, i + 1, 4); /* so many there are */
}

static void begin_pvh(void)
{
    begin();
    put(INFO, PVH_MAGIC, 4);
    put(INFO + 4, 1, 4); /* version */
    put(INFO + PVH_MODULE_LIST, LIST, 8);
    put(INFO + 24, LINE, 8);
    put(INFO + 32, 0xf5a0, 8); /* RSDP */
    put(INFO + 40, MAP, 8);
    put(INFO + 48, 2, 4);
    put(MAP, 0, 8);
    put(MAP + 8, 0x9fc00, 8);
    put(MAP + 16, 1, 4);
    put(MAP + 24, 0x9fc00, 8);
    put(MAP + 32, 0x400, 8);
    put(MAP + 40, 2, 4);
    strcpy(arch_kva(LINE), "log=debug \x01");
    module(0, ARCHIVE, 0x3000);
}

/* The reader refuses it, in these words among others. */
static void refused(void (*read)(void *), const char *words)
{
    CHECK_EQUAL(host_enter(read, NULL), HOST_ENDED);
    CHECK_EQUAL(host_status, EXIT_STATUS_BOOT);
    CHECK_SAY(strstr(host_console, "Lykos cannot start: ") != NULL &&
                  strstr(host_console, words) != NULL,
              "said is not '%s' but: %s", words, host_console);
    host_console[0] = '\0';
}

TEST(loaders_pvh, "what a PVH loader leaves is taken in")
{
    begin_pvh();
    CHECK_EQUAL(host_enter(call_pvh, NULL), HOST_RETURNED);
    CHECK(boot.archive_start == ARCHIVE && boot.archive_end == ARCHIVE + 0x3000);
    CHECK(strcmp(boot.command_line, "log=debug ?") == 0);
    CHECK_EQUAL(boot.rsdp, 0xf5a0);
    CHECK_EQUAL(map.ranges, 2);
    CHECK(map.range[0].start == 0 && map.range[0].end == 0x9f000 && map.range[0].is_ram);
    CHECK(map.range[1].start == 0x9f000 && map.range[1].end == 0xa0000 && !map.range[1].is_ram);

    begin_pvh();
    put(INFO + 12, 0, 4); /* no modules, and no list, command line or RSDP */
    put(INFO + PVH_MODULE_LIST, 0, 8);
    put(INFO + 24, 0, 8);
    put(INFO + 32, 0, 8);
    CHECK_EQUAL(host_enter(call_pvh, NULL), HOST_RETURNED);
    CHECK(boot.archive_start == boot.archive_end);
    CHECK(boot.command_line[0] == '\0' && boot.rsdp == 0);
}

TEST(loaders_pvh_modules,
     "one module, not empty: else it is said what is wrong, wherever it stands")
{
    begin_pvh();
    module(1, ARCHIVE + 0x3000, 0x1000);
    refused(call_pvh, "more than one module");
    begin_pvh();
    module(1, ARCHIVE + 0x3000, 0);
    refused(call_pvh, "more than one module");
    begin_pvh();
    put(INFO + 12, UINT32_MAX, 4); /* the second one ends it */
    module(1, ARCHIVE, 1);
    put(INFO + 12, UINT32_MAX, 4);
    refused(call_pvh, "more than one module");
    begin_pvh();
    module(0, ARCHIVE, 0);
    refused(call_pvh, "the loader's first module has 0 bytes; it is to be the archive");
    begin_pvh();
    module(0, ARCHIVE, 0);
    module(1, ARCHIVE, 0x3000);
    refused(call_pvh, "the loader's first module has 0 bytes; it is to be the archive");
}

TEST(loaders_pvh_refused, "a PVH loader's structures that are too old, too long or out of reach")
{
    begin_pvh();
    put(INFO + 4, 0, 4);
    CHECK_EQUAL(host_enter(call_pvh, NULL), HOST_RETURNED);
    CHECK_EQUAL(map.ranges, 0); /* boot_main() says so */
    begin_pvh();
    put(INFO + 48, 0, 4);
    CHECK_EQUAL(host_enter(call_pvh, NULL), HOST_RETURNED);
    CHECK_EQUAL(map.ranges, 0); /* boot_main() says so */
    begin_pvh();
    put(INFO + 48, UINT32_MAX, 4);
    refused(call_pvh, "the loader put the memory map out of reach");
    begin_pvh();
    put(INFO + 40, EARLY_MAPPED - 24, 8);
    refused(call_pvh, "the loader put the memory map out of reach");
    begin_pvh();
    put(INFO + 48, MEMMAP_MAX + 1, 4);
    for (unsigned i = 0; i < MEMMAP_MAX + 1; i++) {
        put(MAP + i * 24 + 8, PAGE_SIZE, 8);
    }
    refused(call_pvh, "the loader's memory map has more than 256 entries");
    begin_pvh();
    put(INFO + PVH_MODULE_LIST, UINT64_MAX - 7, 8);
    refused(call_pvh, "the loader put the module list out of reach");
    begin_pvh();
    put(INFO + PVH_MODULE_LIST, 0, 8);
    refused(call_pvh, "the loader put the module list out of reach");
    begin_pvh();
    put(INFO + 24, 1ull << 32, 8);
    refused(call_pvh, "the loader put the command line out of reach");
}

/* --- multiboot2 --- */

static kpa_t at; /* of the next tag */

static void call_multiboot2(void *arg)
{
    (void)arg;
    boot_read_multiboot2(INFO, &boot, &map);
}

/* A tag with so many bytes behind its head; where they are. */
static kpa_t tag(unsigned type, unsigned bytes)
{
    kpa_t behind = at + 8;

    put(at, type, 4);
    put(at + 4, 8 + bytes, 4);
    at = (behind + bytes + 7) & ~7ull;
    put(INFO, at - INFO, 4);
    return behind;
}

static void tag_text(unsigned type, const char *text)
{
    memcpy(arch_kva(tag(type, (unsigned)strlen(text) + 1)), text, strlen(text) + 1);
}

static void tag_module(uint32_t start, uint32_t end)
{
    kpa_t behind = tag(MB2_TAG_MODULE, 9);

    put(behind, start, 4);
    put(behind + 4, end, 4);
}

static void tag_map(unsigned step, unsigned entries)
{
    kpa_t behind = tag(MB2_TAG_MEMORY_MAP, 8 + step * entries);

    put(behind, step, 4);
    for (unsigned i = 0; i < entries; i++) {
        put(behind + 8 + i * step, i * 0x100000ull, 8);
        put(behind + 16 + i * step, 0x80000, 8);
        put(behind + 24 + i * step, 1 + i % 2, 4);
    }
}

static void begin_multiboot2(void)
{
    begin();
    at = INFO + 8;
}

TEST(loaders_multiboot2, "what a multiboot2 loader leaves is taken in, whatever stands between")
{
    begin_multiboot2();
    tag_text(MB2_TAG_COMMAND_LINE, "selftest");
    tag_text(MB2_TAG_LOADER_NAME, "GRUB 9");
    tag(77, 13);
    tag_map(32, 2); /* longer entries than there were once */
    tag_module(ARCHIVE, ARCHIVE + 5);
    memcpy(arch_kva(tag(MB2_TAG_RSDP_2, 36)), "RSD PTR new", 11);
    memcpy(arch_kva(tag(MB2_TAG_RSDP_1, 20)), "RSD PTR old", 11);
    tag(MB2_TAG_END, 0);
    CHECK_EQUAL(host_enter(call_multiboot2, NULL), HOST_RETURNED);
    CHECK(strcmp(boot.command_line, "selftest") == 0 && strcmp(boot.loader, "GRUB 9") == 0);
    CHECK(boot.archive_start == ARCHIVE && boot.archive_end == ARCHIVE + 5);
    CHECK_EQUAL(map.ranges, 2);
    CHECK(map.range[0].is_ram && !map.range[1].is_ram && map.range[1].start == 0x100000);
    CHECK(memcmp((const void *)boot.rsdp, "RSD PTR new", 11) == 0);
}

TEST(loaders_multiboot2_map, "an entry that is cut off at the end of the memory map is none")
{
    begin_multiboot2();
    tag_map(24, 3);
    put(INFO + 12, 16 + 2 * 24 + 23, 4);
    tag(MB2_TAG_END, 0);
    CHECK_EQUAL(host_enter(call_multiboot2, NULL), HOST_RETURNED);
    CHECK_EQUAL(map.ranges, 2);
}

TEST(loaders_multiboot2_modules, "several modules, an empty one, one that ends before it begins")
{
    begin_multiboot2();
    tag_module(ARCHIVE, ARCHIVE + 5);
    tag_module(ARCHIVE + 0x1000, ARCHIVE + 0x1000);
    refused(call_multiboot2, "more than one module");
    begin_multiboot2();
    tag_module(ARCHIVE, ARCHIVE);
    tag_module(ARCHIVE, ARCHIVE + 5);
    refused(call_multiboot2, "the loader's first module has 0 bytes; it is to be the archive");
    begin_multiboot2();
    tag_map(24, 1);
    tag_module(ARCHIVE, ARCHIVE - 5);
    tag(MB2_TAG_END, 0);
    CHECK_EQUAL(host_enter(call_multiboot2, NULL), HOST_RETURNED);
    CHECK_EQUAL(boot.archive_end, ARCHIVE - 5);
    memmap_finish(&map, &boot); /* and then boot_main() finds no memory for it: */
    CHECK(!memmap_is_ram(&boot, boot.archive_start, boot.archive_end));
}

TEST(loaders_multiboot2_refused, "multiboot2 information that is cut, too short or malformed")
{
    begin_multiboot2();
    tag_map(24, 1);
    refused(call_multiboot2, "malformed, at offset"); /* no end */
    begin_multiboot2();
    tag(MB2_TAG_END, 0);
    CHECK_EQUAL(host_enter(call_multiboot2, NULL), HOST_RETURNED);
    CHECK_EQUAL(map.ranges, 0); /* boot_main() says so */
    begin_multiboot2();
    tag_map(16, 2);
    refused(call_multiboot2, "entries of an unknown size: 16");
    begin_multiboot2();
    tag_map(28, 1);
    refused(call_multiboot2, "entries of an unknown size: 28");
    begin_multiboot2();
    tag(MB2_TAG_MODULE, 7);
    refused(call_multiboot2, "too short is a tag of type 3");
    begin_multiboot2();
    put(tag(77, 8) - 4, 7, 4); /* shorter than its own head: would never end */
    refused(call_multiboot2, "malformed, at offset 8");
    begin_multiboot2();
    put(tag(77, 8) - 4, 17, 4); /* beyond the end */
    refused(call_multiboot2, "malformed, at offset 8");
    begin_multiboot2();
    tag(77, 5); /* the last one need not fill its 8 bytes */
    put(INFO, 21, 4);
    refused(call_multiboot2, "malformed, at offset 24");
    begin_multiboot2();
    put(INFO, 15, 4);
    refused(call_multiboot2, "malformed; its length: 15");
    begin_multiboot2();
    put(INFO, (1u << 20) + 1, 4);
    refused(call_multiboot2, "malformed; its length: 1048577");
}

/* Anything at all: taken in or refused, and nothing is read behind the information, which ends with
 * the memory that there is. */
static void call_random(void *arg)
{
    boot_read_multiboot2(*(const kpa_t *)arg, &boot, &map);
}

TEST(loaders_multiboot2_random, "random tags are taken in or refused, and never read too far")
{
    uint64_t seed = unit_seed(1);
    uint64_t rounds = unit_rounds(3000);
    unsigned taken = 0;

    unit_random_seed(seed);
    for (uint64_t round = 0; round < rounds && unit_failures() == 0; round++) {
        unsigned bytes = 16 + 8 * (unsigned)unit_random(30);
        kpa_t info = BYTES - bytes;

        begin();
        for (unsigned i = 0; i < bytes; i += 4) {
            put(info + i, unit_random(24), 4);
        }
        put(info, bytes, 4);
        if (unit_once_in(2)) { /* a true map first, then anything */
            at = INFO + 8;
            tag_map(24, 1);
            if (at - INFO < bytes) {
                memcpy((uint8_t *)arch_kva(info) + 8, arch_kva(INFO + 8), at - INFO - 8);
            }
        }
        if (host_enter(call_random, &info) == HOST_RETURNED) {
            taken += map.ranges > 0;
        } else {
            CHECK(strstr(host_console, "Lykos cannot start: ") != NULL);
        }
    }
    CHECK_SAY(taken > 20, "%u were taken in", taken); /* or the test looks at too little */
}
