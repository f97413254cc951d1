/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel gives the first program. The kernel loads "init" from the archive, builds its
 * address space and one process, and puts every initial capability into the capability registers
 * that numbers.idl lists. See docs/boot.md.
 */
#pragma once

#include <abi/gen.h> /* LK_INIT_... */

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
