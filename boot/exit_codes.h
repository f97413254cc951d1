/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel writes to QEMU's debug-exit device as its last word. QEMU then exits with 2 *
 * code + 1, from which tools/run-qemu makes its own exit status. Without that device the write does
 * nothing. Used by C and assembly.
 */
#pragma once

#define EXIT_PORT 0xf4

#define EXIT_CODE_PASS 0x10  /* QEMU exits with 33, run-qemu with 0 */
#define EXIT_CODE_FAIL 0x11  /* 35, 1 */
#define EXIT_CODE_PANIC 0x50 /* 161, 80 */
#define EXIT_CODE_BOOT 0x51  /* 163, 81: it could not start, and said why */
