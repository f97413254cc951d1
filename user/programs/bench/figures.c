/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How much memory things take: many are made, and what was counted before is taken off. What the
 * kernel keeps at boot, for the machine as a whole, is not in it.
 *
 * Hardware page tables are a cache, of a size that is fixed at boot. Here each that is in use
 * counts as a frame all the same.
 */
#include "measure.h"

#include <lykos/bank.h>
#include <lykos/programs.h>

#define OBJECTS 1024u
#define FRAME_BYTES 4096u
#define REG_SOME_BANK LK_REG_SCRATCH
#define REG_SOME (LK_REG_SCRATCH + 1)

struct memory memory_now(void)
{
    struct memory m = { 0 };
    uint64_t frames = 0;
    uint64_t free = 0;

    check(lk_sysctl_get_memory(sysctl, &frames, &free, NULL, &m.tables, NULL, NULL, NULL),
          "looking at memory");
    m.frames = frames - free;
    return m;
}

void figures_objects(void)
{
    static const struct {
        const char *frames, *bytes;
        uint64_t type;
    } kinds[] = {
        { "frames_per_endpoint", "kernel_bytes_per_endpoint", LK_TYPE_ENDPOINT },
        { "frames_per_gpt", "kernel_bytes_per_gpt", LK_TYPE_GPT },
        { "frames_per_process_object", "kernel_bytes_per_process_object", LK_TYPE_PROCESS },
    };
    uint32_t bank = lk_cap("bank");

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t before = memory_now().frames;
        uint64_t taken;

        check(lk_bank_open(bank, "figures", 0, REG_SOME_BANK), "a bank");
        for (unsigned n = 0; n < OBJECTS; n++) {
            check(lk_bank_make(REG_SOME_BANK, kinds[i].type, REG_SOME), "an object");
        }
        taken = memory_now().frames - before;
        check(lk_bank_close(REG_SOME_BANK), "giving the objects back");
        if (memory_now().frames != before) {
            lk_die("objects were given back, and frames are lost");
        }
        enter_figure(kinds[i].frames, taken, OBJECTS, "frames");
        enter_figure(kinds[i].bytes, taken * FRAME_BYTES, OBJECTS, "bytes");
    }
}

/* Frames that citizens were given for anything but pages: objects of the kernel. *count: of how
 * many citizens. */
static uint64_t kernel_frames(uint64_t *count)
{
    static const char of[] = "citizen.";
    uint32_t programs = lk_cap("programs");
    uint64_t frames = 0;

    *count = 0;
    for (uint64_t n = 0;; n++) {
        struct bank_info info = { .own = 0 };
        enum status s = programs_banks(programs, n, &info);

        if (s == STATUS_NOT_FOUND) {
            return frames;
        }
        check(s, "looking at banks");
        if (strncmp(info.name, of, sizeof(of) - 1) == 0) {
            frames += info.own - info.objects[LK_TYPE_PAGE];
            ++*count;
        }
    }
}

void figures_process(const struct memory *before, const struct memory *after, uint64_t started)
{
    uint64_t tables = after->tables - before->tables;
    uint64_t live = 0;
    uint64_t kernel = kernel_frames(&live);

    enter_figure("frames_per_process", after->frames - before->frames + tables, started, "frames");
    enter_figure("page_tables_per_process", tables, started, "frames");
    enter_figure("kernel_bytes_per_process", FRAME_BYTES * (kernel * started + tables * live),
                 live * started, "bytes");
}

void figures_pages(const struct memory *before, const struct memory *after, uint64_t pages)
{
    uint64_t frames = after->frames - before->frames + after->tables - before->tables;

    enter_figure("frames_per_mapped_page", frames, pages, "frames");
    enter_figure("kernel_bytes_per_mapped_page", FRAME_BYTES * (frames - pages), pages, "bytes");
}
