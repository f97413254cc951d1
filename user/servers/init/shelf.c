/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shelf; see shelf.h.
 */
#include "shelf.h"

#include "description.h"
#include "registers.h"

#include <lykos/stubs.h>

#define PAGE_SLOTS 256u
#define OWN_PAGE 255u /* slot of the page of init's own */
#define NO_PAGE UINT32_MAX

_Static_assert(SHELF_ROWS == OWN_PAGE * SHELF_PAGE_ROWS &&
                   PAGE_SLOTS == SHELF_PAGE_ROWS * SHELF_PLACES,
               "all pages but one are of programs");
_Static_assert(SHELF_ENDPOINT + DESC_ENDPOINTS <= SHELF_PLACES, "a program's endpoints fit");

static unsigned pages;          /* of programs */
static unsigned held = NO_PAGE; /* the page that is in REG_SHELF_PAGE */

enum status shelf_init(const struct source *s)
{
    enum status status = source_make(s, LK_TYPE_CAPPAGE, REG_SHELF);

    if (status == STATUS_OK) {
        status = source_make(s, LK_TYPE_CAPPAGE, REG_SHELF_PAGE);
    }
    if (status == STATUS_OK) {
        status = lk_cappage_swap_slot(REG_SHELF, OWN_PAGE, REG_SHELF_PAGE, 0);
        held = OWN_PAGE;
    }
    return status;
}

enum status shelf_grow(const struct source *s, unsigned row)
{
    enum status status = row < SHELF_ROWS ? STATUS_OK : STATUS_NO_MEMORY;

    while (status == STATUS_OK && pages <= row / SHELF_PAGE_ROWS) {
        held = NO_PAGE;
        status = source_make(s, LK_TYPE_CAPPAGE, REG_SHELF_PAGE);
        if (status == STATUS_OK) {
            status = lk_cappage_swap_slot(REG_SHELF, pages, REG_SHELF_PAGE, 0);
        }
        if (status == STATUS_OK) {
            held = pages++;
        }
    }
    return status;
}

/* Have page `page` in REG_SHELF_PAGE. */
static enum status hold(unsigned page)
{
    enum status s = STATUS_OK;

    if (held != page) {
        s = lk_cappage_get_slot(REG_SHELF, page, REG_SHELF_PAGE);
        held = s == STATUS_OK ? page : NO_PAGE;
    }
    return s;
}

enum status shelf_put(unsigned row, unsigned place, uint32_t reg)
{
    enum status s = hold(row / SHELF_PAGE_ROWS);

    return s != STATUS_OK
               ? s
               : lk_cappage_swap_slot(REG_SHELF_PAGE, row % SHELF_PAGE_ROWS * SHELF_PLACES + place,
                                      reg, 0);
}

enum status shelf_get(unsigned row, unsigned place, uint32_t reg)
{
    enum status s = hold(row / SHELF_PAGE_ROWS);

    return s != STATUS_OK ? s
                          : lk_cappage_get_slot(REG_SHELF_PAGE,
                                                row % SHELF_PAGE_ROWS * SHELF_PLACES + place, reg);
}

bool cap_there(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(LK_INIT_DISCRIM, reg, &type, NULL) == STATUS_OK &&
           type != LK_TYPE_NULL;
}

enum status own_put(unsigned place, uint32_t reg)
{
    enum status s = hold(OWN_PAGE);

    return s != STATUS_OK ? s : lk_cappage_swap_slot(REG_SHELF_PAGE, place, reg, 0);
}

enum status own_get(unsigned place, uint32_t reg)
{
    enum status s = hold(OWN_PAGE);

    return s != STATUS_OK ? s : lk_cappage_get_slot(REG_SHELF_PAGE, place, reg);
}
