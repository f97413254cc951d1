/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The end: assertions of our own mistakes, and the panic that they lead to; and the end of a boot
 * on a machine that will not do, which is nobody's mistake. Never for a user's word.
 */
#pragma once

#include <kernel/arch.h>
#include <kernel/log.h>
#include <kernel/types.h>

/* Says why on the console, with registers, symbolised back-trace, current process and last trace
 * events, then ends the machine with the status for a panic. Callable from anywhere, also from
 * within itself. */
NORETURN void panic(const char *file, unsigned line, const char *format, ...) PRINTF_LIKE(3, 4);

/* Says on the console why the kernel cannot start on this machine, and ends with EXIT_STATUS_BOOT.
 */
#define boot_fail(format, ...)                                                                     \
    (log_raw("\nLykos cannot start: " format "\n", ##__VA_ARGS__), arch_exit(EXIT_STATUS_BOOT))

#define BUG(...) panic(__FILE__, __LINE__, __VA_ARGS__)

/* Stays on in every build. */
#define ASSERT(e) (likely(e) ? (void)0 : panic(__FILE__, __LINE__, "assertion failed: %s", #e))
