/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Look an address up in the table of function names. Safe to call from a panic: reads constant data
 * only.
 */
#include <kernel/symbols.h>

const char *symbol_lookup(uint64_t address, uint64_t *offset)
{
    uint64_t start = (uint64_t)kernel_text_start;
    uint64_t low = 0;
    uint64_t high = symbol_count;

    if (address < start || address >= (uint64_t)kernel_text_end) {
        return NULL;
    }
    address -= start;
    while (low < high) { /* entries below low lie at or below the address, from high on above it */
        uint64_t middle = low + (high - low) / 2;

        if (symbol_entries[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    *offset = address - symbol_entries[low - 1].address;
    return symbol_names + symbol_entries[low - 1].name;
}
