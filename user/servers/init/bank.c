/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A simple bank; see bank.h.
 *
 * Which frames are free the kernel knows; the bank only remembers the purses, because a frame in a
 * purse may be free and yet be promised. There are few purses, so a list of them is searched from
 * end to end.
 */
#include "bank.h"

#include "description.h"
#include "registers.h"

#include <lykos/stubs.h>

#define MASK_FRAMES 64u /* frames of which one getInfo tells */
#define PURSES (DESC_PROGRAMS + 2)

static struct {
    uint64_t frames; /* in the Range */
    struct purse *purse[PURSES];
    uint64_t per_frame[PURSE_KINDS];
} bank;

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

bool bank_init(void)
{
    for (unsigned i = 0; i < PURSE_KINDS; i++) {
        if (lk_range_objects_per_frame(LK_INIT_RANGE, small_type[i], &bank.per_frame[i]) !=
                STATUS_OK ||
            bank.per_frame[i] == 0) {
            return false;
        }
    }
    return lk_range_get_info(LK_INIT_RANGE, 0, &bank.frames, NULL) == STATUS_OK;
}

uint64_t bank_frames_for(uint64_t type, uint64_t n)
{
    unsigned kind = small_kind(type);

    return kind == PURSE_KINDS ? n : (n + bank.per_frame[kind] - 1) / bank.per_frame[kind];
}

/* The first frame from `frame` on that is in no purse. */
static uint64_t skip_purses(uint64_t frame)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (unsigned i = 0; i < PURSES; i++) {
            const struct purse *p = bank.purse[i];

            if (p != NULL && frame >= p->first && frame - p->first < p->frames) {
                frame = p->first + p->frames;
                moved = true;
            }
        }
    }
    return frame;
}

/* Find a run of free frames that no purse has. The frames are gone through once, 64 at a time. */
static bool find_run(uint64_t frames, uint64_t *first)
{
    uint64_t start = 0; /* of the run that is being measured */
    uint64_t at = 0;
    uint64_t mask = 0;
    uint64_t mask_at = 0;
    uint64_t mask_end = 0;

    while (at < bank.frames && at - start < frames) {
        uint64_t next = skip_purses(at);

        if (next != at) {
            at = next;
            start = next;
            continue;
        }
        if (at >= mask_end) {
            mask_at = at;
            mask_end = at + MASK_FRAMES;
            if (lk_range_get_info(LK_INIT_RANGE, at, NULL, &mask) != STATUS_OK) {
                return false;
            }
        }
        bool is_free = (mask >> (at - mask_at) & 1) != 0;

        at++;
        if (!is_free) {
            start = at;
        }
    }
    *first = start;
    return at - start >= frames;
}

bool bank_take(struct purse *p, uint64_t frames)
{
    unsigned i = 0;
    uint64_t first;

    while (i < PURSES && bank.purse[i] != NULL) {
        i++;
    }
    if (i == PURSES || frames == 0 || !find_run(frames, &first)) {
        return false;
    }
    *p = (struct purse){ .first = first, .frames = frames };
    bank.purse[i] = p;
    return true;
}

/* Is there nothing in this frame? */
static bool frame_is_free(uint64_t frame)
{
    uint64_t mask = 0;

    return lk_range_get_info(LK_INIT_RANGE, frame, NULL, &mask) == STATUS_OK && (mask & 1) != 0;
}

void bank_give_back(struct purse *p)
{
    for (uint64_t f = p->first; f < p->first + p->frames; f++) {
        /* What the frame holds is not known; places are emptied until it is free or there are no
         * more. */
        for (uint64_t i = 0; !frame_is_free(f); i++) {
            if (lk_range_rescind_at(LK_INIT_RANGE, f, i) != STATUS_OK) {
                break;
            }
        }
    }
    for (unsigned i = 0; i < PURSES; i++) {
        if (bank.purse[i] == p) {
            bank.purse[i] = NULL;
        }
    }
    *p = (struct purse){ 0 };
}

enum status purse_fabricate(struct purse *p, uint64_t type, uint32_t reg)
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
        p->small[kind].per_frame = bank.per_frame[kind];
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
