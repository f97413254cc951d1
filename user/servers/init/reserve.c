/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The reserve; see reserve.h. Which frames are free the kernel knows.
 */
#include "reserve.h"

#include "registers.h"

#include <lykos/stubs.h>

#define MASK_FRAMES 64u /* frames of which one getInfo tells */

static struct {
    uint64_t frames; /* in the kernel's Range */
    uint64_t per_frame[PURSE_KINDS];
    uint64_t first, end; /* of the reserve */
    uint64_t next;       /* the first that is in no purse */
} reserve;

static const uint64_t small_type[PURSE_KINDS] = {
    LK_TYPE_PROCESS,
    LK_TYPE_ENDPOINT,
    LK_TYPE_GPT,
    LK_TYPE_SCHEDULE,
};

/* Which kind of small object a type is; PURSE_KINDS: one that fills a frame alone. */
static unsigned small_kind(uint64_t type)
{
    unsigned i = 0;

    while (i < PURSE_KINDS && small_type[i] != type) {
        i++;
    }
    return i;
}

bool reserve_init(void)
{
    for (unsigned i = 0; i < PURSE_KINDS; i++) {
        if (lk_range_objects_per_frame(LK_INIT_RANGE, small_type[i], &reserve.per_frame[i]) !=
                STATUS_OK ||
            reserve.per_frame[i] == 0) {
            return false;
        }
    }
    return lk_range_get_info(LK_INIT_RANGE, 0, &reserve.frames, NULL) == STATUS_OK;
}

uint64_t reserve_frames_for(uint64_t type, uint64_t n)
{
    unsigned kind = small_kind(type);

    return kind == PURSE_KINDS ? n : (n + reserve.per_frame[kind] - 1) / reserve.per_frame[kind];
}

bool reserve_take(uint64_t frames)
{
    uint64_t run = 0;
    uint64_t at = reserve.frames;
    uint64_t mask = 0;

    while (at > 0 && run < frames) {
        at--;
        if (run == 0 || at % MASK_FRAMES == MASK_FRAMES - 1) {
            uint64_t first = at - at % MASK_FRAMES;

            if (lk_range_get_info(LK_INIT_RANGE, first, NULL, &mask) != STATUS_OK) {
                return false;
            }
        }
        run = (mask >> (at % MASK_FRAMES) & 1) != 0 ? run + 1 : 0;
    }
    reserve.first = at;
    reserve.next = at;
    reserve.end = at + run;
    return frames != 0 && run == frames;
}

enum status reserve_rest(uint32_t reg)
{
    return lk_range_split(LK_INIT_RANGE, 0, reserve.first, reg);
}

bool purse_open(struct purse *p, uint64_t frames)
{
    if (frames == 0 || frames > reserve.end - reserve.next) {
        return false;
    }
    *p = (struct purse){ .first = reserve.next, .frames = frames };
    reserve.next += frames;
    return true;
}

/* Destroy what stands in a frame. */
static void empty_frame(uint64_t frame)
{
    uint64_t objects = 0;

    lk_range_get_frame(LK_INIT_RANGE, frame, NULL, &objects);
    for (; objects != 0; objects &= objects - 1) {
        lk_range_rescind_at(LK_INIT_RANGE, frame, (uint64_t)__builtin_ctzll(objects));
    }
}

void purse_empty(struct purse *p)
{
    for (uint64_t f = p->first; f < p->first + p->frames; f++) {
        empty_frame(f);
    }
    *p = (struct purse){ .first = p->first, .frames = p->frames };
}

enum status purse_make(struct purse *p, uint64_t type, uint32_t reg)
{
    unsigned kind = small_kind(type);

    if (kind < PURSE_KINDS && p->small[kind].next < p->small[kind].per_frame) {
        return lk_range_fabricate(LK_INIT_RANGE, type, p->small[kind].frame, p->small[kind].next++,
                                  reg);
    }
    if (p->used == p->frames) {
        return STATUS_EXHAUSTED;
    }
    uint64_t frame = p->first + p->used++;

    if (kind < PURSE_KINDS) {
        p->small[kind].frame = frame;
        p->small[kind].next = 1;
        p->small[kind].per_frame = reserve.per_frame[kind];
    }
    return lk_range_fabricate(LK_INIT_RANGE, type, frame, 0, reg);
}

enum status purse_split(struct purse *p, uint64_t frames, uint32_t reg)
{
    if (frames > p->frames - p->used) {
        return STATUS_EXHAUSTED;
    }
    uint64_t first = p->first + p->used;

    p->used += frames;
    return lk_range_split(LK_INIT_RANGE, first, frames, reg);
}
