/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Physical frames: what is where in memory.
 *
 * At boot the memory map becomes the table of descriptors, one of 64 bytes for each frame below the
 * highest frame of memory. The table itself is taken from the first range that has room for it, the
 * kernel's pools after it. From then on nothing is allocated here: what is left belongs to user
 * level, which makes objects from it through Range capabilities (object.c).
 */
#include <arch/mmu.h>
#include <kernel/boot_info.h>
#include <kernel/endpoint.h>
#include <kernel/gpt.h>
#include <kernel/log.h>
#include <kernel/object.h>
#include <kernel/panic.h>
#include <kernel/process.h>
#include <kernel/schedule.h>
#include <kernel/string.h>

/* An oid has 32 bits and counts units of 64 bytes. */
#define FRAMES_MAX (1ull << (32 + 6 - PAGE_SHIFT))

/* Less than this left to user level: not worth booting. */
#define FRAMES_LEFT_MIN (1ull * 1024 * 1024 / PAGE_SIZE)

/* The archive is mapped through objects whose count is this one. */
#define ARCHIVE_COUNT 1u

struct frame *frame_table;
pfn_t frame_count;

static uint64_t frames_to_kib(uint64_t frames)
{
    return frames * (PAGE_SIZE / 1024);
}

static kpa_t page_up(kpa_t a)
{
    return (a + PAGE_MASK) & ~(kpa_t)PAGE_MASK;
}

size_t frame_object_size(enum frame_kind kind)
{
    static const uint16_t size[FRAME_KINDS] = {
        [FRAME_PAGE] = PAGE_SIZE,       [FRAME_CAPPAGE] = PAGE_SIZE,
        [FRAME_PROCESS] = PROCESS_SIZE, [FRAME_ENDPOINT] = ENDPOINT_SIZE,
        [FRAME_GPT] = GPT_SIZE,         [FRAME_SCHEDULE] = SCHEDULE_SIZE,
        [FRAME_DEVICE] = PAGE_SIZE,
    };

    return size[kind];
}

unsigned frame_objects(enum frame_kind kind)
{
    size_t size = frame_object_size(kind);

    return size == 0 ? 0 : (unsigned)(PAGE_SIZE / size);
}

uint64_t boot_ram(const struct boot_info *boot)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < boot->ranges; i++) {
        bytes += boot->range[i].end - boot->range[i].start;
    }
    return bytes;
}

/* Is something in [start, end) that is taken already? If so, the address behind it; else 0. */
static kpa_t taken_until(const struct boot_info *boot, kpa_t start, kpa_t end)
{
    const kpa_t taken[][2] = {
        { 0, LOW_MEMORY },
        { boot->kernel_start, boot->kernel_end },
        { boot->archive_start, boot->archive_end },
        { boot->tables_start, boot->tables_end },
    };

    for (unsigned i = 0; i < ARRAY_LEN(taken); i++) {
        if (taken[i][0] < taken[i][1] && start < taken[i][1] && taken[i][0] < end) {
            return page_up(taken[i][1]);
        }
    }
    return 0;
}

kpa_t boot_find_room(const struct boot_info *boot, uint64_t bytes, kpa_t limit, const char *what)
{
    for (unsigned i = 0; i < boot->ranges; i++) {
        const struct boot_range *r = &boot->range[i];
        kpa_t end = r->end < limit ? r->end : limit;
        kpa_t at = r->start;

        while (at < end && end - at >= bytes) {
            kpa_t behind = taken_until(boot, at, at + bytes);

            if (behind == 0) {
                return at;
            }
            at = behind;
        }
    }
    boot_fail(
        "too little memory: there are %lu KiB in all, and no %lu KiB in one piece for %s beside "
        "the kernel and an archive of %lu KiB",
        boot_ram(boot) / 1024, bytes / 1024, what,
        (boot->archive_end - boot->archive_start) / 1024);
}

/* What frames of memory hold at the beginning: nothing, or what is the kernel's. */
static void mark_ranges(const struct boot_info *boot)
{
    for (unsigned i = 0; i < boot->ranges; i++) {
        pfn_t end = boot->range[i].end >> PAGE_SHIFT;

        for (pfn_t f = boot->range[i].start >> PAGE_SHIFT; f < end && f < frame_count; f++) {
            bool taken = taken_until(boot, f << PAGE_SHIFT, (f + 1) << PAGE_SHIFT) != 0;

            frame_table[f].kind = taken ? FRAME_KERNEL : FRAME_FREE;
        }
    }
}

/* The archive's frames hold one live Page each, so that they can be mapped like any other. */
static void mark_archive(const struct boot_info *boot)
{
    pfn_t end = page_up(boot->archive_end) >> PAGE_SHIFT;

    for (pfn_t i = boot->archive_start >> PAGE_SHIFT; i < end; i++) {
        frame_table[i] = (struct frame){
            .kind = FRAME_PAGE,
            .live_mask = 1,
            .next_count = ARCHIVE_COUNT,
            .hdr = { .kind = FRAME_PAGE, .count = ARCHIVE_COUNT },
        };
        frame_totals.objects++;
    }
}

void frames_init(const struct boot_info *boot)
{
    uint64_t bytes;
    kpa_t table;

    ASSERT((boot->archive_start & PAGE_MASK) == 0);
    frame_totals = (struct frame_totals){ 0 };
    frame_count = boot->range[boot->ranges - 1].end >> PAGE_SHIFT;
    if (frame_count > FRAMES_MAX) {
        log_line(LOG_WARN, "memory above 256 GiB is not used");
        frame_count = FRAMES_MAX;
    }
    bytes = page_up((frame_count + DEVICE_FRAMES) * sizeof(struct frame));
    table = boot_find_room(boot, bytes, UINT64_MAX, "the table of frames");
    frame_table = arch_kva(table);
    memset(frame_table, 0, bytes); /* all of them FRAME_NONE */
    mark_ranges(boot);
    for (kpa_t a = table; a < table + bytes; a += PAGE_SIZE) {
        frame_table[a >> PAGE_SHIFT].kind = FRAME_DESCRIPTORS;
    }
    mark_archive(boot);

    for (pfn_t i = 0; i < frame_count; i++) {
        frame_table[i].leaf = i << PAGE_SHIFT | PTE_MEMORY;
        frame_totals.frames += frame_table[i].kind != FRAME_NONE;
        frame_totals.free += frame_table[i].kind == FRAME_FREE;
    }
    for (pfn_t i = frame_count; i < frame_count + DEVICE_FRAMES; i++) {
        frame_table[i].kind = FRAME_FREE;
    }
    if (frame_totals.free < FRAMES_LEFT_MIN) {
        boot_fail(
            "too little memory: there are %lu KiB, of which the kernel and the archive leave %lu "
            "KiB; at least %lu KiB must be left",
            boot_ram(boot) / 1024, frames_to_kib(frame_totals.free),
            frames_to_kib(FRAMES_LEFT_MIN));
    }
}

void *frames_take(size_t n, const char *what)
{
    size_t run = 0;

    ASSERT(n > 0);
    for (pfn_t i = 0; i < frame_count; i++) {
        run = frame_table[i].kind == FRAME_FREE ? run + 1 : 0;
        if (run == n) {
            pfn_t first = i + 1 - n;

            for (pfn_t f = first; f <= i; f++) {
                frame_table[f].kind = FRAME_KERNEL;
            }
            frame_totals.free -= n;
            return memset(arch_kva(first << PAGE_SHIFT), 0, n * PAGE_SIZE);
        }
    }
    boot_fail(
        "too little memory: %lu KiB in one piece are needed for %s; of %lu KiB in all, %lu KiB are "
        "free",
        frames_to_kib(n), what, frames_to_kib(frame_totals.frames),
        frames_to_kib(frame_totals.free));
}
