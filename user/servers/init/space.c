/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Building address spaces; see space.h.
 *
 * A GPT whose l2v is v splits 2^(v+4) bytes into 16 parts of 2^v. The root has v = 28; below it
 * stand GPTs of v = 24, 20, 16 and 12, and the slots of the last hold pages. Pages are put in by
 * rising address as a rule, so the last GPT used is kept in REG_LEAF.
 */
#include "space.h"

#include "registers.h"

#include <lykos/room.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define ROOT_L2V 28u
#define LEAF_L2V 12u
#define LEVEL_BITS 4u
#define LEAF_BYTES (1ull << (LEAF_L2V + LEVEL_BITS))
#define NO_LEAF UINT64_MAX

static uint64_t leaf_base = NO_LEAF; /* first address that the GPT in REG_LEAF translates */

uint64_t space_gpts_for(uint64_t low, uint64_t high)
{
    uint64_t n = 0;

    for (unsigned v = LEAF_L2V; v < ROOT_L2V; v += LEVEL_BITS) {
        n += ((high - 1) >> (v + LEVEL_BITS)) - (low >> (v + LEVEL_BITS)) + 1;
    }
    return n;
}

/* A new GPT with this l2v, and the guard to go with it, into register `reg`. */
static enum status make_gpt(const struct source *from, unsigned l2v, uint32_t reg)
{
    enum status s = source_make(from, LK_TYPE_GPT, reg);

    if (s == STATUS_OK) {
        s = lk_gpt_set_l2v(reg, l2v);
    }
    if (s == STATUS_OK) {
        s = lk_memory_set_guard(reg, 0, l2v + LEVEL_BITS, reg);
    }
    return s;
}

enum status space_begin(const struct source *from)
{
    leaf_base = NO_LEAF;
    return make_gpt(from, ROOT_L2V, REG_ROOT);
}

/* Make REG_LEAF the GPT that holds the page at `address`; makes what is missing on the way. */
static enum status find_leaf(const struct source *from, uint64_t address)
{
    lk_copy_cap(REG_ROOT, REG_LEAF);
    leaf_base = NO_LEAF;
    for (unsigned v = ROOT_L2V; v > LEAF_L2V; v -= LEVEL_BITS) {
        uint64_t slot = address >> v & 15;
        uint64_t type = LK_TYPE_NULL;
        enum status s = lk_gpt_get_slot(REG_LEAF, slot, REG_CHILD);

        if (s == STATUS_OK) {
            s = lk_discrim_classify(LK_INIT_DISCRIM, REG_CHILD, &type, NULL);
        }
        if (s == STATUS_OK && type == LK_TYPE_NULL) {
            s = make_gpt(from, v - LEVEL_BITS, REG_CHILD);
            if (s == STATUS_OK) {
                s = lk_gpt_swap_slot(REG_LEAF, slot, REG_CHILD, 0);
            }
        }
        if (s != STATUS_OK) {
            return s;
        }
        lk_copy_cap(REG_CHILD, REG_LEAF);
    }
    leaf_base = address & ~(LEAF_BYTES - 1);
    return STATUS_OK;
}

enum status space_insert(const struct source *from, uint64_t address, uint32_t reg)
{
    if (address >= SPACE_END || address % SPACE_PAGE != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((address & ~(LEAF_BYTES - 1)) != leaf_base) {
        enum status s = find_leaf(from, address);

        if (s != STATUS_OK) {
            return s;
        }
    }
    return lk_gpt_swap_slot(REG_LEAF, address >> LEAF_L2V & 15, reg, 0);
}

enum status space_show(uint32_t reg)
{
    return lk_gpt_swap_slot(LK_INIT_SCRATCH, 0, reg, 0);
}

enum status space_make_page(const struct source *from, size_t skip, const void *data, size_t bytes)
{
    enum status s = source_make(from, LK_TYPE_PAGE, REG_PAGE);

    if (s == STATUS_OK && bytes > 0) {
        s = space_show(REG_PAGE);
        if (s == STATUS_OK) {
            memcpy((char *)LK_INIT_SCRATCH_VA + skip, data, bytes);
            s = space_show(0);
        }
    }
    return s;
}

enum status space_insert_page(const struct source *from, uint64_t address, size_t skip,
                              const void *data, size_t bytes, unsigned restrictions)
{
    enum status s = space_make_page(from, skip, data, bytes);

    if (s == STATUS_OK) {
        s = lk_memory_reduce(REG_PAGE, restrictions, REG_PAGE);
    }
    return s == STATUS_OK ? space_insert(from, address, REG_PAGE) : s;
}

enum status space_grow_own(const struct source *from, uint64_t address)
{
    enum status s = lk_gpt_get_slot(LK_INIT_SPACE, 0, REG_ROOT);

    leaf_base = NO_LEAF;
    if (s == STATUS_OK) {
        s = space_insert_page(from, address, 0, NULL, 0, LK_NX);
    }
    leaf_base = NO_LEAF;
    return s;
}

void space_forget(void)
{
    leaf_base = NO_LEAF;
}

enum status space_insert_shared(const struct source *from, uint64_t address, const void *data,
                                unsigned restrictions)
{
    enum status s = lk_space_find_page(LK_INIT_SPACE, LK_INIT_DISCRIM, (uint64_t)data, REG_PAGE);

    if (s == STATUS_OK) {
        s = lk_memory_reduce(REG_PAGE, LK_RO | restrictions, REG_PAGE);
    }
    if (s == STATUS_OK) {
        s = lk_memory_set_guard(REG_PAGE, 0, LEAF_L2V, REG_PAGE);
    }
    if (s == STATUS_OK) {
        s = space_insert(from, address, REG_PAGE);
    }
    return s;
}
