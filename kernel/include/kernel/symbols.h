/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of the kernel's functions, for back-traces. The table is made by tools/mksyms when the
 * kernel is linked.
 */
#pragma once

#include <kernel/types.h>

/* Where a function begins, and its name. */
struct symbol {
    uint32_t address; /* from kernel_text_start */
    uint32_t name;    /* from symbol_names */
};
extern const uint64_t symbol_count;
extern const struct symbol symbol_entries[]; /* by address */
extern const char symbol_names[];

/* Bounds of the kernel's code (boot/kernel.ld). */
extern const uint8_t kernel_text_start[], kernel_text_end[];

/* The function in which `address` lies and, in *offset, how far behind its start. NULL: not in the
 * kernel's code. */
const char *symbol_lookup(uint64_t address, uint64_t *offset);
