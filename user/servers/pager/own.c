/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager's own memory. Nobody pages the pager: what it needs it takes from its own bank, in runs
 * of a few frames, and maps itself. Nothing is given back; when the pager goes its bank is closed.
 */
#include "pager.h"

#include <lykos/room.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define RUN_FRAMES 8u
#define DEPTH 16u
#define ARCHIVE_TAG(address) ((address) / PAGER_LEAF)

struct pager_setup pager;

static struct lk_room room;
static uint64_t archive_tag[TABLE_ARCHIVE_SLOTS]; /* which GPT is in the slot; 0: none */

uint64_t cap_type(uint32_t reg, uint64_t *restr_out)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(pager.discrim, reg, &type, restr_out) == STATUS_OK ? type
                                                                                  : LK_TYPE_NULL;
}

/* A run of frames for the objects to come. Refused: what is left of the last one is still there. */
static enum status next_run(void)
{
    enum status s = paid_range(pager.bank, RUN_FRAMES, P_PAGE);

    if (s == STATUS_OK) {
        lk_copy_cap(P_PAGE, P_RANGE);
        lk_room_open(&room, P_RANGE, 0, RUN_FRAMES, P_WORK);
        room.discrim = pager.discrim;
    }
    return s;
}

static enum status own_make(uint64_t type, uint32_t reg)
{
    enum status s = lk_room_make(&room, type, reg);

    if (s == STATUS_EXHAUSTED) {
        s = next_run();
        if (s == STATUS_OK) {
            s = lk_room_make(&room, type, reg);
        }
    }
    return s;
}

void *own_address(unsigned n)
{
    uintptr_t address = pager.own_va + n * PAGER_PAGE;

    __asm__("" : "+r"(address)); /* no object that the compiler knows */
    return (void *)address;
}

enum status own_page(unsigned n)
{
    uint64_t address = pager.own_va + n * PAGER_PAGE;
    enum status s = own_make(LK_TYPE_PAGE, P_OLD);

    if (s == STATUS_OK) {
        s = lk_memory_reduce(P_OLD, LK_NX, P_OLD);
    }
    if (s == STATUS_OK) {
        s = lk_space_put_page(&room, pager.space, address, P_OLD);
        if (s == STATUS_EXHAUSTED) { /* no room for a GPT on the way */
            s = next_run();
            if (s == STATUS_OK) {
                s = lk_space_put_page(&room, pager.space, address, P_OLD);
            }
        }
    }
    return s;
}

enum status own_cappage(uint32_t reg)
{
    return own_make(LK_TYPE_CAPPAGE, reg);
}

void *own_scratch(void)
{
    return own_address(0);
}

enum status own_begin(const struct pager_setup *setup)
{
    enum status s;

    pager = *setup;
    memset(archive_tag, 0, sizeof(archive_tag));
    s = next_run();
    if (s == STATUS_OK) {
        s = own_cappage(P_TABLE);
    }
    if (s == STATUS_OK) {
        s = own_page(0);
    }
    lk_copy_cap(P_OLD, P_SCRATCH);
    return s;
}

/* ---- The archive. Its part of the space may have any form: the walk is the general one. ---- */

/* The GPT of l2v 12 that holds the page of this address, into a register. */
static enum status find_archive_gpt(uint64_t address, uint32_t reg)
{
    lk_copy_cap(pager.space, reg);
    for (unsigned depth = 0; depth < DEPTH && cap_type(reg, NULL) == LK_TYPE_GPT; depth++) {
        uint64_t match;
        uint64_t l2g;
        uint64_t l2v;

        if (lk_memory_get_guard(reg, &match, &l2g, NULL) != STATUS_OK ||
            lk_gpt_get_state(reg, &l2v, NULL) != STATUS_OK || address >> l2g != match) {
            break;
        }
        address &= (1ull << l2g) - 1;
        if (1ull << l2v == PAGER_PAGE) {
            return STATUS_OK;
        }
        if (lk_gpt_get_slot(reg, address >> l2v, reg) != STATUS_OK) {
            break;
        }
        address &= (1ull << l2v) - 1;
    }
    return STATUS_NOT_FOUND;
}

enum status own_archive_page(uint64_t address, uint32_t reg)
{
    uint64_t tag = ARCHIVE_TAG(address);
    uint64_t at = tag % TABLE_ARCHIVE_SLOTS;
    enum status s;

    if (archive_tag[at] == tag) {
        s = lk_cappage_get_slot(P_TABLE, TABLE_ARCHIVE + at, reg);
    } else {
        s = find_archive_gpt(address, reg);
        if (s == STATUS_OK) {
            s = lk_cappage_swap_slot(P_TABLE, TABLE_ARCHIVE + at, reg, 0);
        }
        archive_tag[at] = s == STATUS_OK ? tag : 0;
    }
    if (s == STATUS_OK) {
        s = lk_gpt_get_slot(reg, address / PAGER_PAGE % 16, reg);
    }
    return s == STATUS_OK && cap_type(reg, NULL) != LK_TYPE_PAGE ? STATUS_NOT_FOUND : s;
}
