/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects out of a Range, pages into a space; see room.h.
 */
#include <lykos/room.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define PAGE_BITS 12u
#define LEVEL_BITS 4u
#define DEPTH 64u /* more levels than any space that narrows on the way down can have */

void lk_room_open(struct lk_room *room, uint32_t range, uint64_t first, uint64_t frames,
                  uint32_t work)
{
    memset(room, 0, sizeof(*room));
    room->range = range;
    room->work = work;
    room->next = first;
    room->end = first + frames;
}

enum status lk_room_place(struct lk_room *room, uint64_t type, struct lk_place *place)
{
    uint64_t count = 0;

    if (type >= LK_TYPES) {
        return STATUS_REQUEST_ERROR;
    }
    if (room->kind[type].left == 0) {
        enum status s = lk_range_objects_per_frame(room->range, type, &count);

        if (s != STATUS_OK) {
            return s;
        }
        if (room->next == room->end) {
            return STATUS_EXHAUSTED;
        }
        room->kind[type].next = (struct lk_place){ .frame = room->next++ };
        room->kind[type].left = count;
    }
    *place = room->kind[type].next;
    room->kind[type].next.index++;
    room->kind[type].left--;
    return STATUS_OK;
}

enum status lk_room_make(struct lk_room *room, uint64_t type, uint32_t reg)
{
    struct lk_place at;
    enum status s = lk_room_place(room, type, &at);

    return s == STATUS_OK ? lk_range_fabricate(room->range, type, at.frame, at.index, reg) : s;
}

/* ---- Address spaces: a walk as the kernel's, but by invocation. ---- */

/* What stands in register `reg` on the way down. */
struct step {
    uint64_t type; /* LK_TYPE_GPT, LK_TYPE_PAGE, or LK_TYPE_NULL for anything else */
    uint64_t slot; /* of a GPT: the one to go on through */
    uint64_t l2v;
};

/* Look at the memory capability in register `reg`, and take its part off the address. `discrim`:
 * the register of Discrim, or 0. NOT_FOUND: its guard says that the address is not mapped. */
static enum status look_at(uint32_t reg, uint32_t discrim, uint64_t *address, struct step *step)
{
    uint64_t match = 0;
    uint64_t l2g = 0;
    enum status s = discrim != 0 ? lk_discrim_classify(discrim, reg, &step->type, NULL)
                                 : lk_get_type(reg, &step->type);

    if (s == STATUS_INVALID_CAP ||
        (s == STATUS_OK && step->type != LK_TYPE_GPT && step->type != LK_TYPE_PAGE)) {
        step->type = LK_TYPE_NULL;
        return STATUS_OK;
    }
    if (s == STATUS_OK) {
        s = lk_memory_get_guard(reg, &match, &l2g, NULL);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (*address >> l2g != match) {
        return STATUS_NOT_FOUND;
    }
    *address &= (1ull << l2g) - 1;
    if (step->type == LK_TYPE_GPT) {
        s = lk_gpt_get_state(reg, &step->l2v, NULL);
        step->slot = *address >> step->l2v;
        *address &= (1ull << step->l2v) - 1;
    }
    return s;
}

enum status lk_space_find_page(uint32_t space, uint32_t discrim, uint64_t address, uint32_t reg)
{
    struct step step;

    lk_copy_cap(space, reg);
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        enum status s = look_at(reg, discrim, &address, &step);

        if (s == STATUS_OK && step.type == LK_TYPE_PAGE) {
            return STATUS_OK;
        }
        if (s == STATUS_OK && step.type == LK_TYPE_NULL) {
            s = STATUS_NOT_FOUND;
        }
        if (s == STATUS_OK) {
            s = lk_gpt_get_slot(reg, step.slot, reg);
        }
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_NOT_FOUND;
}

/* A new GPT for a slot of one whose l2v is `above`, into register `reg`. */
static enum status make_gpt(struct lk_room *room, uint64_t above, uint32_t reg)
{
    uint64_t l2v = above >= PAGE_BITS + LEVEL_BITS ? above - LEVEL_BITS : PAGE_BITS;
    enum status s = lk_room_make(room, LK_TYPE_GPT, reg);

    if (s == STATUS_OK) {
        s = lk_gpt_set_l2v(reg, l2v);
    }
    return s == STATUS_OK ? lk_memory_set_guard(reg, 0, above, reg) : s;
}

/* Is there nothing in the register? */
static bool is_null(const struct lk_room *room, uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    return room->discrim != 0 ? lk_discrim_classify(room->discrim, reg, &type, NULL) == STATUS_OK &&
                                    type == LK_TYPE_NULL
                              : lk_get_type(reg, &type) == STATUS_INVALID_CAP;
}

/* Go from the GPT in register `gpt` down through a slot: what is there, or a new GPT, comes to the
 * same register. `child` is a register to work with. */
static enum status go_down(struct lk_room *room, const struct step *at, uint32_t gpt,
                           uint32_t child)
{
    enum status s = lk_gpt_get_slot(gpt, at->slot, child);

    if (s == STATUS_OK && is_null(room, child)) {
        s = make_gpt(room, at->l2v, child);
        if (s == STATUS_OK) {
            s = lk_gpt_swap_slot(gpt, at->slot, child, 0);
        }
    }
    lk_copy_cap(child, gpt);
    return s;
}

enum status lk_space_put_page(struct lk_room *room, uint32_t space, uint64_t address, uint32_t page)
{
    uint32_t gpt = room->work;
    uint64_t rest = address;
    struct step step;

    if (address >= LK_USER_END || address % (1u << PAGE_BITS) != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    lk_copy_cap(space, gpt);
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        enum status s = look_at(gpt, room->discrim, &rest, &step);

        if (s == STATUS_NOT_FOUND || (s == STATUS_OK && step.type != LK_TYPE_GPT) ||
            (s == STATUS_OK && step.slot > 15)) {
            return STATUS_OUT_OF_RANGE;
        }
        if (s == STATUS_OK && step.l2v == PAGE_BITS) {
            return lk_gpt_swap_slot(gpt, step.slot, page, 0);
        }
        if (s == STATUS_OK) {
            s = go_down(room, &step, gpt, room->work + 1);
        }
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OUT_OF_RANGE;
}
