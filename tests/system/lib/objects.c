/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects of a case, made in one run of frames, the arena. Nothing is given back in between: when
 * the case is over the supervisor destroys whatever stands in the frames that were used. Their
 * capabilities stand on the shelf, by number.
 */
#include "sys.h"

#define ARENA_MOST 8192u
#define ARENA_LEAST 512u
#define SHELF_SLOTS 256
#define FRAMES_PER_MASK 64u
#define PRIORITIES 256
#define SLICE_USUAL (10000 * NSEC_PER_MSEC) /* nothing depends on how fast the machine is */

/* Kinds of objects of which several share a frame: where the next one goes. */
struct place {
    uint64_t frame;
    unsigned next, per_frame;
};

static struct arena_use arena;
static struct place places[LK_TYPES];
static unsigned shelf_next;
static obj schedules[PRIORITIES]; /* by priority, as obj + 1 */
static bool has_processes[ARENA_MOST];

/* The longest run of free frames, up to ARENA_MOST. */
void arena_find(void)
{
    uint64_t frames = 0;
    uint64_t free = 0;
    uint64_t run = 0;

    OK(lk_range_get_info(R_RANGE, 0, &frames, &free));
    for (uint64_t f = 0; f < frames && arena.frames < ARENA_MOST; f++) {
        if (f % FRAMES_PER_MASK == 0) {
            OK(lk_range_get_info(R_RANGE, f, &frames, &free));
        }
        run = (free >> (f % FRAMES_PER_MASK) & 1) != 0 ? run + 1 : 0;
        if (run > arena.frames) {
            arena.frames = run;
            arena.first = f + 1 - run;
        }
    }
    CHECK(arena.frames >= ARENA_LEAST);
}

void arena_reset(void)
{
    arena.used = 0;
    shelf_next = 0;
    memset(places, 0, sizeof(places));
    memset(schedules, 0, sizeof(schedules));
    memset(has_processes, 0, sizeof(has_processes));
}

/* Destroy whatever stands in a frame, at all its places. */
static void frame_empty(uint64_t frame)
{
    for (unsigned i = 0; lk_range_rescind_at(R_RANGE, frame, i) == STATUS_OK; i++) {
        uint64_t free = 0;

        OK(lk_range_get_info(R_RANGE, frame, NULL, &free));
        if ((free & 1) != 0) {
            break;
        }
    }
}

/* Processes first: then nothing runs, and nobody waits for what goes away. */
static void empty_from(uint64_t mark)
{
    for (uint64_t f = mark; f < arena.used; f++) {
        if (has_processes[f]) {
            frame_empty(arena.first + f);
            has_processes[f] = false;
        }
    }
    for (uint64_t f = mark; f < arena.used; f++) {
        frame_empty(arena.first + f);
    }
}

void arena_empty(void)
{
    empty_from(0);
}

uint64_t frames_mark(void)
{
    for (unsigned t = 0; t < LK_TYPES; t++) {
        places[t].next = places[t].per_frame; /* what is made now stands behind the mark */
    }
    return arena.used;
}

void frames_back(uint64_t mark)
{
    empty_from(mark);
    for (unsigned t = 0; t < LK_TYPES; t++) {
        if (places[t].per_frame != 0 && places[t].frame >= arena.first + mark) {
            places[t].next = places[t].per_frame; /* its frame is gone */
        }
    }
    arena.used = mark;
}

struct arena_use arena_use(void)
{
    return arena;
}

uint64_t frames_new(unsigned n)
{
    uint64_t frame = arena.first + arena.used;

    if (arena.used + n > arena.frames) {
        FAIL("the case needs more frames than the arena has");
    }
    arena.used += n;
    return frame;
}

void obj_new_in(unsigned type, unsigned reg)
{
    struct place *p = &places[type];

    if (p->per_frame == 0) {
        uint64_t n = 0;

        OK(lk_range_objects_per_frame(R_RANGE, type, &n));
        p->per_frame = (unsigned)n;
        p->next = p->per_frame;
    }
    if (p->next == p->per_frame) {
        p->frame = frames_new(1);
        p->next = 0;
        has_processes[p->frame - arena.first] = type == LK_TYPE_PROCESS;
    }
    OK(lk_range_fabricate(R_RANGE, type, p->frame, p->next++, reg));
}

void shelf_new(void)
{
    for (unsigned i = 0; i < R_SHELVES; i++) {
        obj_new_in(LK_TYPE_CAPPAGE, R_SHELF + i);
    }
}

void obj_put(obj o, unsigned reg)
{
    OK(lk_cappage_swap_slot(R_SHELF + (unsigned)o / SHELF_SLOTS, (unsigned)o % SHELF_SLOTS, reg,
                            0));
}

void obj_get(obj o, unsigned reg)
{
    if (o == SELF) {
        lk_copy_cap(R_SELF, reg);
    } else if (o == NO_OBJ) {
        lk_copy_cap(0, reg);
    } else {
        OK(lk_cappage_get_slot(R_SHELF + (unsigned)o / SHELF_SLOTS, (unsigned)o % SHELF_SLOTS,
                               reg));
    }
}

obj obj_keep(unsigned reg)
{
    if (shelf_next == R_SHELVES * SHELF_SLOTS) {
        FAIL("the shelf is full");
    }
    obj_put((obj)shelf_next, reg);
    return (obj)shelf_next++;
}

obj obj_new(unsigned type)
{
    obj_new_in(type, R_T0);
    return obj_keep(R_T0);
}

void obj_rescind(obj o)
{
    obj_get(o, R_T0);
    OK(lk_range_rescind(R_RANGE, R_T0));
}

unsigned shelf_mark(void)
{
    return shelf_next;
}

void shelf_back(unsigned mark)
{
    shelf_next = mark;
    for (unsigned i = 0; i < PRIORITIES; i++) {
        schedules[i] = schedules[i] > (obj)mark ? 0 : schedules[i];
    }
    process_forget((obj)mark);
    space_forget((obj)mark);
}

uint64_t reg_type(unsigned reg)
{
    uint64_t type = 0;

    OK(lk_discrim_classify(R_DISCRIM, reg, &type, NULL));
    return type;
}

bool reg_same(unsigned a, unsigned b)
{
    uint64_t same = 0;

    OK(lk_discrim_compare(R_DISCRIM, a, b, &same));
    return same == 1;
}

obj page_new(void)
{
    return obj_new(LK_TYPE_PAGE);
}

obj schedule_new(unsigned priority, uint64_t slice)
{
    obj s = obj_new(LK_TYPE_SCHEDULE);

    obj_get(s, R_T0);
    OK(lk_schedctl_set_up(R_SCHEDCTL, priority, slice, 1, R_T0));
    return s;
}

obj schedule_of(unsigned priority)
{
    if (schedules[priority] == 0) {
        schedules[priority] = schedule_new(priority, SLICE_USUAL) + 1;
    }
    return schedules[priority] - 1;
}

obj endpoint_new(obj recipient, uint64_t id, bool match)
{
    obj e = obj_new(LK_TYPE_ENDPOINT);

    obj_get(e, R_T0);
    obj_get(recipient, R_T1);
    OK(lk_endpoint_set_endpoint_id(R_T0, id));
    OK(lk_endpoint_set_recipient(R_T0, R_T1));
    OK(lk_endpoint_set_payload_match(R_T0, match));
    return e;
}

obj entry_new(obj endpoint, uint64_t payload)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_entry(R_T0, payload, R_T1));
    return obj_keep(R_T1);
}

obj notice_new(obj endpoint, uint32_t mask)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_app_notice(R_T0, mask, R_T1));
    return obj_keep(R_T1);
}
