/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the boot code tells the kernel, whichever way it was started.
 */
#pragma once

#include <kernel/types.h>

#define BOOT_MAX_RANGES 128
#define BOOT_COMMAND_LINE 512
#define LOW_MEMORY 0x100000ull /* the first MiB: firmware, boot code of other CPUs */

/* A range of RAM. */
struct boot_range {
    kpa_t start, end; /* bytes, end exclusive */
};

/* All that the kernel learns from its loader. Checked by boot/; constant after boot. */
struct boot_info {
    const char *path; /* "pvh" or "multiboot2" */
    char loader[48];  /* name the loader gives itself, or "" */
    unsigned ranges;  /* one at least; whole pages, sorted by start, not overlapping; the first
                           MiB and the three below not taken out */
    struct boot_range range[BOOT_MAX_RANGES];
    kpa_t kernel_start, kernel_end;   /* the image with its bss */
    kpa_t archive_start, archive_end; /* equal: no archive was given */
    kpa_t tables_start, tables_end;   /* the port's page tables */
    kpa_t rsdp;                       /* ACPI root pointer as the loader passed it, or 0 */
    char command_line[BOOT_COMMAND_LINE];
};

/* Lowest place for `bytes` bytes in RAM above the first MiB and below `limit`, beside all that is
 * taken, on a page boundary. boot_fail() saying what they were for if there is none. */
kpa_t boot_find_room(const struct boot_info *boot, uint64_t bytes, kpa_t limit, const char *what);

/* How many bytes of RAM there are. */
uint64_t boot_ram(const struct boot_info *boot);

/* First C function after the port has set the machine up: boots the kernel, never returns. */
NORETURN void kernel_main(const struct boot_info *boot);
