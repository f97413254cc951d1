/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A prober: a raw process that touches one address and stops.
 */
#pragma once

#include "../lib/sys.h"

#define READ 1u
#define WRITE 2u
#define EXEC 4u

/* Bytes that a page is filled with: what is executed there is a breakpoint. */
#define PAGE_VALUE(id) ((uint64_t)(id) << 8 | 0xcc)

/* What became of an access. */
struct touch {
    uint64_t fault; /* FAULT_NONE: it went well */
    uint64_t info;
    uint64_t value; /* read */
};

struct touch touch(obj p, unsigned access, uint64_t va, uint64_t value);
/* It went well, and read this; it faulted so, at that address. */
void reads(obj p, uint64_t va, uint64_t value);
void faults(obj p, unsigned access, uint64_t va, uint64_t fault);
/* A page filled with its value, mapped for the case itself at WINDOW_VA + id pages. */
obj page_filled(unsigned id);
volatile uint64_t *page_words(unsigned id);
