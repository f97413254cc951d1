/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Look an address up in the table of function names. Safe to call from a panic: reads constant data
 * only.
 */
#include <kernel/symbols.h>

const char *symbol_lookup(uint64_t address, uint64_t *offset)
{
    uint64_t at = address - (uint64_t)kernel_text_start;
    uint64_t n = 0; /* symbols at or below the address */

    while (n < symbol_count && symbol_entries[n].address <= at) {
        n++;
    }
    if (n == 0 || at >= (uint64_t)(kernel_text_end - kernel_text_start)) {
        return NULL;
    }
    *offset = at - symbol_entries[n - 1].address;
    return symbol_names + symbol_entries[n - 1].name;
}
