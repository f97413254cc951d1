/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of frames, from all sorts of memory maps.
 */
#include "boot/boot.h"
#include "world.h"

#include <string.h>

#define MIB 0x100000ull

static struct boot_info boot;
static struct memmap map;

static void call_init(void *arg)
{
    frames_init(arg);
}

static unsigned kind_at(kpa_t a)
{
    return frame_table[a >> PAGE_SHIFT].kind;
}

/* Frames of each kind, by counting. */
static uint64_t count(enum frame_kind kind)
{
    uint64_t n = 0;

    for (pfn_t i = 0; i < frame_count; i++) {
        n += frame_table[i].kind == kind;
    }
    return n;
}

TEST(frames_plain, "what is taken is marked, the rest is free, and the totals are right")
{
    host_machine(32 * MIB, &boot);
    boot.archive_start = 4 * MIB;
    boot.archive_end = 4 * MIB + 5 * PAGE_SIZE - 100;
    frames_init(&boot);
    CHECK_EQUAL(frame_count, 32 * MIB / PAGE_SIZE);
    CHECK_EQUAL(kind_at(0), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(0x9f000), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(0xa0000), FRAME_NONE);
    CHECK_EQUAL(kind_at(1 * MIB), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(2 * MIB - 1), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(2 * MIB), FRAME_DESCRIPTORS);
    CHECK_EQUAL(arch_kpa(frame_table), 2 * MIB);
    CHECK_EQUAL(count(FRAME_DESCRIPTORS),
                (32 * MIB / PAGE_SIZE + DEVICE_FRAMES) * sizeof(struct frame) / PAGE_SIZE);
    CHECK_EQUAL(count(FRAME_PAGE), 5);
    CHECK_EQUAL(count(FRAME_FREE), frame_totals.free);
    CHECK_EQUAL(frame_count - count(FRAME_NONE), frame_totals.frames);
    CHECK_EQUAL(frame_totals.objects, 5);
    for (unsigned i = 0; i < 5; i++) {
        struct frame *f = &frame_table[(4 * MIB >> PAGE_SHIFT) + i];
        struct cap c = object_cap(&f->hdr);

        CHECK(cap_live(&c) && c.type == CAP_PAGE && f->live_mask == 1);
        CHECK(page_frame(&c) == f);
    }
    CHECK_EQUAL(object_check_all(), 0);
}

TEST(frames_ragged, "ranges are cut to whole frames; what is between them is no memory")
{
    host_machine(64 * MIB, &boot);
    boot.ranges = 0;
    memmap_add(&map, 0x1, 0x9fbff, true);
    memmap_add(&map, 1 * MIB, 19 * MIB + 5, true);
    memmap_add(&map, 40 * MIB + 7, 10 * MIB - 8, true);
    memmap_finish(&map, &boot);
    frames_init(&boot);
    CHECK_EQUAL(frame_count, (50 * MIB >> PAGE_SHIFT) - 1);
    CHECK_EQUAL(kind_at(0), FRAME_NONE);
    CHECK_EQUAL(kind_at(0x1000), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(0x9f000), FRAME_NONE);
    CHECK_EQUAL(kind_at(20 * MIB - 1), FRAME_FREE);
    CHECK_EQUAL(kind_at(20 * MIB), FRAME_NONE);
    CHECK_EQUAL(kind_at(40 * MIB), FRAME_NONE);
    CHECK_EQUAL(kind_at(40 * MIB + PAGE_SIZE), FRAME_FREE);
}

TEST(frames_table_place, "the table goes where there is room, beside kernel and archive")
{
    host_machine(64 * MIB, &boot);
    boot.ranges = 3;
    boot.range[1] = (struct boot_range){ 1 * MIB, 2 * MIB + 0x10000 }; /* too small */
    boot.range[2] = (struct boot_range){ 3 * MIB, 64 * MIB };
    boot.archive_start = 3 * MIB + 0x5000;
    boot.archive_end = 6 * MIB + 0x123;
    frames_init(&boot);
    CHECK_EQUAL(arch_kpa(frame_table), 6 * MIB + 0x1000);
}

TEST(frames_take, "pools are in one piece, cleared, and the kernel's from then on")
{
    host_machine(32 * MIB, &boot);
    memset(arch_kva(3 * MIB), 0xff, 20 * MIB);
    frames_init(&boot);

    uint64_t free = frame_totals.free;
    uint8_t *a = frames_take(3, "a test");
    uint8_t *b = frames_take(100, "a test");

    CHECK_EQUAL(frame_totals.free, free - 103);
    CHECK_EQUAL(count(FRAME_FREE), free - 103);
    CHECK(b >= a + 3 * PAGE_SIZE || a >= b + 100 * PAGE_SIZE);
    for (unsigned i = 0; i < 100 * PAGE_SIZE; i++) {
        if (b[i] != 0) {
            CHECK(false);
            break;
        }
    }
    CHECK_EQUAL(kind_at(arch_kpa(b)), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(arch_kpa(b) + 99 * PAGE_SIZE), FRAME_KERNEL);
    CHECK_EQUAL(kind_at(arch_kpa(b) + 100 * PAGE_SIZE), FRAME_FREE);
}

static void call_take(void *arg)
{
    (void)arg;
    frames_take(100000, "a test");
}

TEST(frames_too_little, "too little memory ends the boot with words that say how much is there")
{
    host_quiet = true;
    host_machine(8 * MIB, &boot);
    boot.kernel_end = 7 * MIB;
    CHECK_EQUAL(host_enter(call_init, &boot), HOST_ENDED);
    CHECK_EQUAL(host_status, EXIT_STATUS_BOOT);
    CHECK(strstr(host_console, "Lykos cannot start: ") != NULL);
    CHECK(strstr(host_console, "too little memory: there are 7808 KiB") != NULL);
}

TEST(frames_no_place, "no room for the table ends the boot with words")
{
    host_quiet = true;
    host_machine(64 * MIB, &boot);
    boot.kernel_end = 64 * MIB;
    CHECK_EQUAL(host_enter(call_init, &boot), HOST_ENDED);
    CHECK(strstr(host_console, "for the table of frames") != NULL);
}

TEST(frames_no_pool, "a pool that does not fit ends the boot with words that say what it was for")
{
    host_quiet = true;
    host_machine(64 * MIB, &boot);
    frames_init(&boot);
    CHECK_EQUAL(host_enter(call_take, NULL), HOST_ENDED);
    CHECK(strstr(host_console, "400000 KiB in one piece are needed for a test") != NULL);
}

TEST(frames_objects, "as many objects stand in a frame as fit")
{
    CHECK_EQUAL(frame_objects(FRAME_PAGE), 1);
    CHECK_EQUAL(frame_objects(FRAME_CAPPAGE), 1);
    CHECK_EQUAL(frame_objects(FRAME_PROCESS), 2);
    CHECK_EQUAL(frame_objects(FRAME_ENDPOINT), 21);
    CHECK_EQUAL(frame_objects(FRAME_GPT), 12);
    CHECK_EQUAL(frame_objects(FRAME_SCHEDULE), 64);
    CHECK_EQUAL(frame_objects(FRAME_FREE), 0);
    CHECK_EQUAL(frame_objects(FRAME_KERNEL), 0);
}

TEST(objects_counts, "counts in a frame only grow; a frame whose count would wrap is retired")
{
    world_boot(16, 0, 0);

    struct objhdr *hdr = world_make(FRAME_SCHEDULE);
    pfn_t pfn = object_pfn(hdr);
    uint32_t last = hdr->count;
    uint64_t objects = frame_totals.objects;
    uint64_t free = frame_totals.free;

    for (unsigned i = 0; i < 100; i++) {
        struct objhdr *second = world_make_at(FRAME_SCHEDULE, pfn, 1 + i % 63);

        CHECK(second->count > last);
        last = second->count;
        world_rescind(second);
    }
    CHECK_EQUAL(frame_totals.objects, objects);
    world_rescind(hdr);
    CHECK_EQUAL(frame_totals.free, free + 1);
    hdr = world_make_at(FRAME_GPT, pfn, 11);
    CHECK(hdr->count > last);
    world_rescind(hdr);
    frame_table[pfn].next_count = UINT32_MAX - 1;
    hdr = world_make_at(FRAME_PAGE, pfn, 0);
    world_rescind(hdr);
    CHECK_EQUAL(frame_table[pfn].kind, FRAME_RETIRED);
    CHECK_EQUAL(object_can_fabricate(FRAME_PAGE, pfn, 0), STATUS_EXHAUSTED);
    CHECK_EQUAL(object_check_all(), 0);
}
