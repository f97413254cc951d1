/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shelf; see shelf.h.
 */
#include "shelf.h"

#include "description.h"
#include "registers.h"

#include <lykos/stubs.h>

#define PAGE_SLOTS 256u

_Static_assert(DESC_PROGRAMS *SHELF_PLACES <= SHELF_PAGES * PAGE_SLOTS,
               "the shelf holds all programs");
_Static_assert(SHELF_ENDPOINT + DESC_ENDPOINTS <= SHELF_PLACES, "a program's endpoints fit");

enum status shelf_put(unsigned program, unsigned place, uint32_t reg)
{
    unsigned i = program * SHELF_PLACES + place;

    return lk_cappage_swap_slot(REG_SHELF + i / PAGE_SLOTS, i % PAGE_SLOTS, reg, 0);
}

enum status shelf_get(unsigned program, unsigned place, uint32_t reg)
{
    unsigned i = program * SHELF_PLACES + place;

    return lk_cappage_get_slot(REG_SHELF + i / PAGE_SLOTS, i % PAGE_SLOTS, reg);
}
