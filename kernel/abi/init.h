/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel gives the first program. The kernel loads "init" from the archive, builds its
 * address space and one process, and puts every initial capability into these capability registers.
 * See docs/boot.md.
 */
#pragma once

/* Capability registers of init at its first instruction. */
#define LK_INIT_SELF 1 /* Process: itself */
/* GPT: the root of its address space (l2v 43). All of it is in slot 0, below a GPT of l2v 28 that
 * covers the lowest 4 GiB; then l2v 24, 20, 16, 12. Slots 1..15 are empty. */
#define LK_INIT_SPACE 2
/* Range: all frames the kernel manages; those it took for itself or for init are in use. */
#define LK_INIT_RANGE 3
#define LK_INIT_SCHEDULE 4 /* Schedule: the one it runs under, priority 200 */
#define LK_INIT_SCHEDCTL 5
#define LK_INIT_SLEEP 6
#define LK_INIT_IRQCTL 7
#define LK_INIT_IOPRIV 8 /* all 65,536 ports */
#define LK_INIT_KERNLOG 9
#define LK_INIT_DISCRIM 10
#define LK_INIT_CAPBITS 11
#define LK_INIT_SYSCTL 12
#define LK_INIT_REPLY 13    /* Endpoint: its reply endpoint, ID 0, payload match on */
#define LK_INIT_ENDPOINT 14 /* Endpoint with ID 1 whose recipient it is */
/* GPT: covers LK_INIT_SCRATCH_VA, 16 pages, l2v 12, empty: a place to map pages. */
#define LK_INIT_SCRATCH 15

/* Fixed addresses in init's space. */
#define LK_INIT_ARCHIVE_VA 0x0000000040000000ull /* the archive, read-only, up to 512 MiB */
#define LK_INIT_INFO_VA 0x000000003ffff000ull    /* one page: struct lk_boot_info */
#define LK_INIT_SCRATCH_VA 0x000000003f000000ull
#define LK_INIT_STACK_TOP 0x000000003e000000ull /* 16 pages below it */

#define LK_BOOT_INFO_MAGIC 0x4f464e494b594cull /* "LYKINFO" */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* At LK_INIT_INFO_VA when init starts. */
struct lk_boot_info {
    uint64_t magic;
    uint64_t archive_bytes; /* length of the archive at LK_INIT_ARCHIVE_VA */
    uint64_t frames;        /* frames in the Range */
    uint64_t cpus;          /* CPUs present; CPU 0 runs, the others are parked */
    char command_line[512]; /* words that the kernel did not take for itself are init's;
                               NUL-terminated */
    char boot_path[32];     /* "pvh", "multiboot2": how the kernel was started */
};
#endif
