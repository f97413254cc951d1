/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ramdisk: pages for blocks; see store.h.
 *
 * A page is mapped by the server itself, and not by the pager: a bank that has no more is a result
 * code here, and would be a fault there. The GPTs above the pages come out of a Range, when the
 * first page below them comes, and stay. The last of them, a *leaf*, has 16 pages; one that has 16
 * leaves is a *branch*. The capabilities of the branches stand in a CapPage, so that nobody has to
 * walk down from the root for each page.
 */
#include "store.h"

#include "registers.h"
#include <lykos/bank.h>
#include <lykos/gen/ramdisk.h>
#include <lykos/lykos.h>
#include <lykos/pager.h>

#define WINDOW LK_HEAP_END /* up to LK_STACKS_VA there is nothing */
#define FAN 16u            /* slots of a GPT */
#define LEAF_BITS 12u      /* bits of address below a slot of a leaf, */
#define BRANCH_BITS 16u    /* and of a branch */
#define LEVEL_BITS 4u
#define PER_BRANCH (FAN * FAN)
#define PER_PAGE (RAMDISK_PAGE / RAMDISK_BLOCK)

_Static_assert(WINDOW + (uint64_t)STORE_PAGES_MOST * RAMDISK_PAGE <= LK_STACKS_VA,
               "the disk lies between heap and stacks");
_Static_assert(STORE_PAGES_MOST / PER_BRANCH <= 256, "a CapPage has a slot for each branch");

static struct lk_room room;
static uint64_t all_blocks;
static uint64_t present[STORE_PAGES_MOST / 64];      /* a bit for each page that is there, */
static uint64_t leaves[STORE_PAGES_MOST / FAN / 64]; /* and each leaf */

static bool has(const uint64_t *bits, uint64_t i)
{
    return (bits[i / 64] >> i % 64 & 1) != 0;
}

static uint8_t *address_of(uint64_t page)
{
    return (uint8_t *)(WINDOW + page * RAMDISK_PAGE);
}

enum status store_begin(uint64_t blocks)
{
    uint64_t frames = 0;
    enum status s = lk_range_get_info(lk_cap("memory"), 0, &frames, NULL);

    if (blocks == 0 || blocks % PER_PAGE != 0 || blocks / PER_PAGE > STORE_PAGES_MOST) {
        return STATUS_OUT_OF_RANGE;
    }
    if (s == STATUS_OK) {
        s = lk_bank_make(lk_cap("bank"), LK_TYPE_CAPPAGE, REG_BRANCHES);
    }
    all_blocks = blocks;
    lk_room_open(&room, lk_cap("memory"), 0, frames, REG_WORK);
    room.discrim = lk_cap("discrim");
    return s;
}

uint64_t store_blocks(void)
{
    return all_blocks;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* A leaf comes to be there, by way of putting nothing below it, and with it a branch. */
static enum status make_leaf(uint64_t leaf)
{
    uint64_t base = (uint64_t)address_of(leaf * FAN);
    enum status s = lk_space_put_page(&room, lk_cap("space"), base, 0);

    lk_copy_cap(lk_cap("space"), REG_LEAF);
    for (unsigned l2v = PAGER_ROOT_L2V; s == STATUS_OK && l2v > BRANCH_BITS; l2v -= LEVEL_BITS) {
        s = lk_gpt_get_slot(REG_LEAF, base >> l2v & (FAN - 1), REG_LEAF);
    }
    if (s == STATUS_OK) {
        s = lk_cappage_swap_slot(REG_BRANCHES, leaf / FAN, REG_LEAF, 0);
    }
    if (s == STATUS_OK) {
        leaves[leaf / 64] |= 1ull << leaf % 64;
    }
    return s;
}

/* The leaf of a page, which is there, into REG_LEAF. */
static enum status find_leaf(uint64_t page)
{
    enum status s = lk_cappage_get_slot(REG_BRANCHES, page / PER_BRANCH, REG_LEAF);

    return s == STATUS_OK ? lk_gpt_get_slot(REG_LEAF, page / FAN % FAN, REG_LEAF) : s;
}

/* A page of zeros comes to be there. */
static enum status make_page(uint64_t page)
{
    enum status s = lk_bank_make(lk_cap("bank"), LK_TYPE_PAGE, REG_PAGE);

    if (s != STATUS_OK) {
        return STATUS_NO_MEMORY; /* also a bank that was closed has none */
    }
    if (!has(leaves, page / FAN)) {
        s = make_leaf(page / FAN);
    }
    if (s == STATUS_OK) {
        s = find_leaf(page);
    }
    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(REG_LEAF, page % FAN, REG_PAGE, 0);
    }
    if (s != STATUS_OK) {
        lk_bank_free(lk_cap("bank"), REG_PAGE);
        return STATUS_NO_MEMORY; /* the Range has none for a GPT */
    }
    present[page / 64] |= 1ull << page % 64;
    return STATUS_OK;
}

/* It goes back to the bank. */
static void free_page(uint64_t page)
{
    enum status s = find_leaf(page);

    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(REG_LEAF, page % FAN, 0, REG_PAGE);
    }
    if (s == STATUS_OK) {
        s = lk_bank_free(lk_cap("bank"), REG_PAGE);
    }
    lk_must(s, "giving a page back");
    present[page / 64] &= ~(1ull << page % 64);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

uint32_t store_piece(uint64_t block, uint32_t count)
{
    uint32_t most = PER_PAGE - (uint32_t)(block % PER_PAGE);

    return count < most ? count : most;
}

static uint8_t *place_of(uint64_t block)
{
    return address_of(block / PER_PAGE) + block % PER_PAGE * RAMDISK_BLOCK;
}

void store_read(uint64_t block, uint32_t count, void *to)
{
    if (has(present, block / PER_PAGE)) {
        memcpy(to, place_of(block), (size_t)count * RAMDISK_BLOCK);
    } else {
        memset(to, 0, (size_t)count * RAMDISK_BLOCK);
    }
}

enum status store_write(uint64_t block, uint32_t count, const void *from)
{
    enum status s = has(present, block / PER_PAGE) ? STATUS_OK : make_page(block / PER_PAGE);

    if (s == STATUS_OK) {
        memcpy(place_of(block), from, (size_t)count * RAMDISK_BLOCK);
    }
    return s;
}

void store_discard(uint64_t block, uint32_t count)
{
    if (!has(present, block / PER_PAGE)) {
        return;
    }
    if (count == PER_PAGE) {
        free_page(block / PER_PAGE);
    } else {
        memset(place_of(block), 0, (size_t)count * RAMDISK_BLOCK);
    }
}

uint32_t store_absent(uint64_t block, uint32_t count)
{
    uint32_t absent = 0;

    for (unsigned i = 0; i < STORE_LOOK && absent < count; i++) {
        if (has(present, (block + absent) / PER_PAGE)) {
            break;
        }
        absent += store_piece(block + absent, count - absent);
    }
    return absent;
}

uint64_t store_used(uint64_t block, uint64_t count)
{
    uint64_t used = 0;

    for (uint64_t page = block / PER_PAGE; page < (block + count) / PER_PAGE; page++) {
        used += has(present, page);
    }
    return used;
}
