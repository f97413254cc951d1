/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Windows; see window.h.
 *
 *      root of the space (l2v 28)   slot 12: the GPT above all windows, paid by the server
 *        above (l2v 24)             slot n: window n, paid by its client from here on
 *          table (l2v 20)           16 times 1 MiB
 *            middle (l2v 16)        16 times 64 KiB
 *              leaf (l2v 12)        16 pages
 */
#include "window.h"

#include "registers.h"

#include <lykos/bank.h>
#include <lykos/invoke.h>
#include <lykos/pager.h>
#include <lykos/start.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define WINDOWS_VA LK_HEAP_END
#define WINDOW_BITS 24u
#define LEAF_PAGES 16u
#define MIDDLE_PAGES 256u
_Static_assert(WINDOWS_VA + ((uint64_t)WINDOWS << WINDOW_BITS) <= LK_STACKS_VA, "they have room");
_Static_assert((uint64_t)WINDOW_PAGES << 12 == 1ull << WINDOW_BITS, "a window is full of pages");

#define NOBODY WINDOWS

static unsigned at_hand = NOBODY;       /* whose bank and table are in registers */
static uint32_t leaf_at_hand = NO_PAGE; /* page >> 4 of the leaf that is in its register */

void *window_page(const struct window *w, uint16_t page)
{
    return (void *)(WINDOWS_VA + ((uint64_t)w->number << WINDOW_BITS) + ((uint64_t)page << 12));
}

uint64_t window_paid(const struct window *w)
{
    struct bank_info info;

    lk_cappage_get_slot(REG_SHELF, SHELF_BANK(w->number), REG_WORK);
    return lk_bank_info(REG_WORK, &info) == STATUS_OK ? info.used : 0;
}

/* ---- capabilities ---------------------------------------------------------------------------- */

static void take_up(const struct window *w)
{
    if (at_hand != w->number) {
        lk_cappage_get_slot(REG_SHELF, SHELF_BANK(w->number), REG_BANK);
        lk_cappage_get_slot(REG_SHELF, SHELF_TABLE(w->number), REG_TABLE);
        at_hand = w->number;
        leaf_at_hand = NO_PAGE;
    }
}

/* A new GPT that maps 2^(l2v + 4) bytes, into register `reg`, and into a slot of another. */
static enum status make_table(uint32_t bank, uint64_t l2v, uint32_t above, uint64_t slot,
                              uint32_t reg)
{
    enum status s = lk_bank_make(bank, LK_TYPE_GPT, reg);

    if (s == STATUS_OK) {
        s = lk_gpt_set_l2v(reg, l2v);
    }
    if (s == STATUS_OK) {
        s = lk_memory_set_guard(reg, 0, l2v + 4, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(above, slot, REG_WORK, 0);
    }
    return s;
}

/* Is one of `count` pages, a power of two up to 256, around this one made? */
static bool any_made(const struct window *w, uint32_t page, uint32_t count)
{
    uint32_t first = page & ~(count - 1);
    uint64_t any = 0;

    if (count < 64) {
        return (w->used[first / 64] >> (first % 64) & ((1ull << count) - 1)) != 0;
    }
    for (uint32_t i = first / 64; i < (first + count) / 64; i++) {
        any |= w->used[i];
    }
    return any != 0;
}

/* The leaf GPT of a page comes to its register; what is missing on the way is made. */
static enum status find_leaf(struct window *w, uint32_t page)
{
    uint64_t high = page / MIDDLE_PAGES;
    uint64_t low = page / LEAF_PAGES % 16;
    enum status s = STATUS_OK;

    if (leaf_at_hand == page / LEAF_PAGES) {
        return STATUS_OK;
    }
    leaf_at_hand = NO_PAGE;
    if (any_made(w, page, MIDDLE_PAGES)) {
        s = lk_gpt_get_slot(REG_TABLE, high, REG_PAGE);
    } else {
        s = make_table(REG_BANK, 16, REG_TABLE, high, REG_PAGE);
        w->tables += s == STATUS_OK ? 1 : 0;
    }
    if (s == STATUS_OK && any_made(w, page, LEAF_PAGES)) {
        s = lk_gpt_get_slot(REG_PAGE, low, REG_LEAF);
    } else if (s == STATUS_OK) {
        s = make_table(REG_BANK, 12, REG_PAGE, low, REG_LEAF);
        w->tables += s == STATUS_OK ? 1 : 0;
        if (s != STATUS_OK && !any_made(w, page, MIDDLE_PAGES)) {
            lk_bank_free(REG_BANK, REG_PAGE); /* there is nothing in it */
            w->tables--;
        }
    }
    if (s == STATUS_OK) {
        leaf_at_hand = page / LEAF_PAGES;
    }
    return s;
}

/* The last page of a leaf or of 1 MiB is gone: so is what mapped them. */
static void drop_tables(struct window *w, uint32_t page)
{
    uint64_t high = page / MIDDLE_PAGES;

    if (any_made(w, page, LEAF_PAGES)) {
        return;
    }
    leaf_at_hand = NO_PAGE;
    if (lk_bank_free(REG_BANK, REG_LEAF) == STATUS_OK) {
        w->tables--;
    }
    if (!any_made(w, page, MIDDLE_PAGES) &&
        lk_gpt_get_slot(REG_TABLE, high, REG_PAGE) == STATUS_OK &&
        lk_bank_free(REG_BANK, REG_PAGE) == STATUS_OK) {
        w->tables--;
    }
}

/* ---- pages ----------------------------------------------------------------------------------- */

static uint32_t lowest_free(const struct window *w)
{
    for (uint32_t i = 0; i < WINDOW_PAGES / 64; i++) {
        if (w->used[i] != UINT64_MAX) {
            return i * 64 + (uint32_t)__builtin_ctzll(~w->used[i]);
        }
    }
    return NO_PAGE;
}

/* One page more from the bank. */
static enum status make_page(struct window *w)
{
    uint32_t page = lowest_free(w);
    enum status s;

    if (page == NO_PAGE) {
        return STATUS_NO_MEMORY;
    }
    s = find_leaf(w, page);
    if (s != STATUS_OK) {
        return s;
    }
    s = lk_bank_make(REG_BANK, LK_TYPE_PAGE, REG_PAGE);
    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(REG_LEAF, page % LEAF_PAGES, REG_PAGE, 0);
    }
    if (s != STATUS_OK) {
        drop_tables(w, page);
        return s;
    }
    w->used[page / 64] |= 1ull << (page % 64);
    w->pages++;
    window_drop(w, (uint16_t)page);
    return STATUS_OK;
}

/* A page goes back to the bank. */
static void free_page(struct window *w, uint16_t page)
{
    if (find_leaf(w, page) != STATUS_OK ||
        lk_gpt_get_slot(REG_LEAF, page % LEAF_PAGES, REG_PAGE) != STATUS_OK ||
        lk_bank_free(REG_BANK, REG_PAGE) != STATUS_OK) {
        lk_die("page %u of window %u is not to be found", page, w->number);
    }
    w->used[page / 64] &= ~(1ull << (page % 64));
    w->pages--;
    drop_tables(w, page);
}

enum status window_reserve(struct window *w, unsigned pages)
{
    enum status s = STATUS_OK;

    if (w->spares < pages) {
        take_up(w);
    }
    while (s == STATUS_OK && w->spares < pages) {
        s = make_page(w);
    }
    return s == STATUS_OK ? s : STATUS_NO_MEMORY;
}

uint16_t window_take(struct window *w)
{
    uint16_t page = w->spare;

    if (w->spares == 0) {
        lk_die("window %u: a page that was not reserved", w->number);
    }
    w->spare = *(const uint16_t *)window_page(w, page);
    w->spares--;
    return page;
}

void window_drop(struct window *w, uint16_t page)
{
    *(uint16_t *)window_page(w, page) = w->spare;
    w->spare = page;
    w->spares++;
}

bool window_trim(struct window *w, unsigned keep, unsigned most)
{
    if (w->spares > keep) {
        take_up(w);
    }
    for (; most > 0 && w->spares > keep; most--) {
        free_page(w, window_take(w));
    }
    return w->spares > keep;
}

/* ---- the window as a whole ------------------------------------------------------------------- */

enum status windows_begin(void)
{
    uint32_t bank = lk_cap("bank");
    enum status s = lk_bank_make(bank, LK_TYPE_CAPPAGE, REG_SHELF);

    if (s == STATUS_OK) {
        s = make_table(bank, WINDOW_BITS, lk_cap("space"), WINDOWS_VA >> 28, REG_TABLE);
    }
    if (s == STATUS_OK) { /* nothing there is ever executed */
        s = lk_memory_reduce(REG_WORK, LK_NX, REG_WORK);
    }
    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(lk_cap("space"), WINDOWS_VA >> 28, REG_WORK, 0);
    }
    return s;
}

enum status window_open(struct window *w, unsigned number, uint64_t limit)
{
    enum status s;

    memset(w, 0, sizeof(*w));
    w->number = number;
    at_hand = NOBODY;
    s = lk_bank_open(lk_cap("bank"), "client", limit, REG_BANK);
    if (s == STATUS_OK) {
        s = lk_gpt_get_slot(lk_cap("space"), WINDOWS_VA >> 28, REG_LEAF);
    }
    if (s == STATUS_OK) {
        s = make_table(REG_BANK, WINDOW_BITS - 4, REG_LEAF, number, REG_TABLE);
    }
    if (s == STATUS_OK) {
        lk_cappage_swap_slot(REG_SHELF, SHELF_BANK(number), REG_BANK, 0);
        lk_cappage_swap_slot(REG_SHELF, SHELF_TABLE(number), REG_TABLE, 0);
        w->tables = 1;
    } else {
        lk_bank_close(REG_BANK);
    }
    return s;
}

void window_close(struct window *w)
{
    take_up(w);
    at_hand = NOBODY;
    lk_bank_close(REG_BANK);
    lk_cappage_swap_slot(REG_SHELF, SHELF_BANK(w->number), 0, 0);
    lk_cappage_swap_slot(REG_SHELF, SHELF_TABLE(w->number), 0, 0);
}
