/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making objects out of a Range, and putting pages into an address space: the little that a program
 * needs that makes processes of its own. `cap memory = range N pages` and `cap space = space` in
 * the system description give it the two capabilities.
 *
 * Capability registers are numbers, as everywhere. Nothing is given back in between: what stands in
 * a room goes with it, or with the object's own end (Range.rescind).
 */
#pragma once

#include <abi/gen.h>
#include <stddef.h>
#include <stdint.h>

/* Where an object stands in the Range of its room. */
struct lk_place {
    uint64_t frame;
    uint64_t index;
};

/* Part of a Range: where the next object goes. Small objects of one type share a frame. */
struct lk_room {
    uint32_t range;   /* register of the Range */
    uint32_t work;    /* first of two registers that the functions here use while they run */
    uint32_t discrim; /* register of Discrim, to be set if there is one: without it the kernel log
                         tells of every empty slot that is looked at */
    uint64_t next;    /* the first frame that is not used */
    uint64_t end;     /* behind the last frame */
    struct {
        struct lk_place next;
        uint64_t left; /* places left in the frame of `next` */
    } kind[LK_TYPES];
};

/* A room of `frames` frames of the Range in register `range`, from frame `first` on. */
void lk_room_open(struct lk_room *room, uint32_t range, uint64_t first, uint64_t frames,
                  uint32_t work);

/* Make an object (Process, Endpoint, GPT, Schedule, Page, CapPage), its capability into register
 * `reg`. EXHAUSTED: the room is full; else as Range.fabricate. */
enum status lk_room_make(struct lk_room *room, uint64_t type, uint32_t reg);

/* Take the place of an object without making it. Range.fabricate makes it there, Range.rescindAt
 * destroys it, and it may be made again. EXHAUSTED, REQUEST_ERROR as above. */
enum status lk_room_place(struct lk_room *room, uint64_t type, struct lk_place *place);

/* Write to the byte at `address` what it holds: a page that is made when it is first written to is
 * there afterwards. */
static inline void lk_touch(const volatile void *address)
{
    __atomic_fetch_or((volatile uint8_t *)(uintptr_t)address, 0, __ATOMIC_RELAXED);
}

/* The same for all pages of a buffer of `size` bytes. */
static inline void lk_touch_all(void *buffer, size_t size)
{
    char *bytes = buffer;

    if (size == 0) {
        return;
    }
    for (size_t at = 0; at < size; at += 4096) {
        lk_touch(bytes + at);
    }
    lk_touch(bytes + size - 1);
}

/* The Page that is mapped at `address` of the space in register `space`, into register `reg`, with
 * the rights that the space gives. `discrim`: the register of Discrim; 0: none, then the kernel log
 * tells of an empty slot. NOT_FOUND: none is there; what was never touched may have none
 * (lk_touch()). Else as GPT.getSlot. */
enum status lk_space_find_page(uint32_t space, uint32_t discrim, uint64_t address, uint32_t reg);

/* Put the Page in register `page` (0: nothing) at a page address of the space in register `space`.
 * GPTs that are missing on the way down are made in the room. OUT_OF_RANGE: no address of the
 * space, or not that of a page. */
enum status lk_space_put_page(struct lk_room *room, uint32_t space, uint64_t address,
                              uint32_t page);
