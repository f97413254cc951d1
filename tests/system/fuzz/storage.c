/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects of the team: all in one run of frames, wherever in it there is room.
 */
#include "team.h"

uint64_t team_frame(void)
{
    return team_first_frame + FUZZERS_MOST;
}

/* Destroy whatever stands in a frame, from a random place on. */
void empty_frame(uint64_t frame)
{
    unsigned first = (unsigned)rng_below(&team.rng, 64);

    for (unsigned i = 0; i < 64; i++) {
        lk_range_rescind_at(R_RANGE, frame, (first + i) % 64);
    }
}

/* An object in some place of a frame. */
static bool make_in(unsigned type, uint64_t frame, unsigned reg)
{
    uint64_t per_frame = 1;

    OK(lk_range_objects_per_frame(R_RANGE, type, &per_frame));
    for (uint64_t i = 0; i < per_frame; i++) {
        if (lk_range_fabricate(R_RANGE, type, frame, i, reg) == STATUS_OK) {
            return true;
        }
    }
    return false;
}

/* A new object, its capability in a register: where the last one of its type was made, or in a free
 * frame. If the fuzzers have taken them all, one is taken back. */
static void make(unsigned type, unsigned reg)
{
    uint64_t *last = &team.made_in[type];
    uint64_t at = team_frame() + rng_below(&team.rng, TEAM_FRAMES);

    if (*last != 0 && type != LK_TYPE_PAGE && type != LK_TYPE_CAPPAGE &&
        make_in(type, *last, reg)) {
        return;
    }
    for (uint64_t i = team_frame(); i < team_frame() + TEAM_FRAMES; i++) {
        uint64_t free = 0;

        OK(lk_range_get_info(R_RANGE, i, NULL, &free));
        if ((free & 1) != 0) {
            at = i;
            break;
        }
    }
    *last = at;
    if (!make_in(type, at, reg)) {
        empty_frame(at);
        CHECK(make_in(type, at, reg));
    }
}

/* Is what is kept still there? Its type, or 0. */
uint64_t kept_type(obj o)
{
    obj_get(o, R_T0);
    return reg_type(R_T0);
}

/* Keep a new object; in the place of one that is gone, if it is one that was there before. */
void renew(obj *o, unsigned type)
{
    make(type, R_T0);
    if (*o == NO_OBJ) {
        *o = obj_keep(R_T0);
    } else {
        obj_put(*o, R_T0);
    }
}

void renew_if_gone(obj *o, unsigned type)
{
    if (*o == NO_OBJ || kept_type(*o) != type) {
        renew(o, type);
    }
}
