/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of the team know of each other.
 */
#pragma once

#include "fuzz.h"

#define TEAM_FRAMES 120u /* for everything of the team */
#define PRIORITIES 4
#define LEVELS_MOST 5
#define POOL_MOST 512
#define TEXT_VA 0x400000ull
#define TEXT_GPTS_MOST 4

/* The GPTs of a space. */
struct space {
    obj level[LEVELS_MOST]; /* from the root on, down to l2v 20 */
    unsigned l2v[LEVELS_MOST];
    unsigned levels;
    obj text, text_leaf[TEXT_GPTS_MOST];
    obj data, area[FUZZERS_MOST];
};

struct fuzzer {
    obj p, endpoint, reply;
    unsigned space;
    unsigned fpu; /* FUZZER_FPU or 0 */
    obj page[AREA_WEAK + 1];
    uint64_t calls, calls_at_fault; /* when last looked at, and found faulted */
    unsigned stuck;                 /* times in a row that it faulted and had not got on */
};

extern struct team {
    uint64_t seed;
    struct rng rng;
    unsigned fuzzers, spaces;
    struct fuzzer f[FUZZERS_MOST];
    struct space s[FUZZERS_MOST];
    obj sink_process, sink;   /* where messages go and nobody ever receives */
    obj schedule[PRIORITIES]; /* whose ends of slices are told */
    unsigned pool, pool_end;  /* on the shelf: what the fuzzers hold */
    unsigned treasure, treasure_end;
    uint8_t type[POOL_MOST]; /* of what is in the pool */
    unsigned of_type[LK_TYPES];
    unsigned shelf;
    uint64_t made_in[LK_TYPES]; /* where the last object of a type was made */
    uint64_t frames, objects;   /* before there was a team */
    uint64_t text_sum;
} team;

/* For all teams of a case. */
extern uint64_t team_first_frame; /* of the contexts, then of the team */
extern obj team_context_page[FUZZERS_MOST];
extern obj team_schedule[PRIORITIES];

/* ---- storage.c ---- */
uint64_t team_frame(void);
/* Destroy whatever stands in a frame, in some order. */
void empty_frame(uint64_t frame);
/* Type of what is kept, 0 if it is gone; it comes to R_T0. */
uint64_t kept_type(obj o);
/* Keep a new object, in the place of the old one if there is one. */
void renew(obj *o, unsigned type);
void renew_if_gone(obj *o, unsigned type);

/* ---- spaces.c ---- */
void find_text(void);
uint64_t text_sum(void);
void space_choose(struct space *s);
void space_make(struct space *s);
void space_again(struct space *s);

/* ---- pool.c ---- */
void pool_endpoint(obj endpoint);
void pool_kernel(bool wild); /* a wild team may destroy itself */
void pool_loose(void);
void sort_pool(void);
/* Something of the pool. */
obj something(void);

/* ---- members.c ---- */
void make_processes(void);
/* Schedules that ask for notices of the ends of slices. */
void make_schedules(void);
/* No holds. */
void release(const struct fuzzer *f);
/* New capabilities for one in so many of its registers. */
void give_caps(const struct fuzzer *f, unsigned one_in);
void set_up(struct fuzzer *f);
bool begin_again(const struct fuzzer *f, const struct lk_regs *r);
void begin_fuzzing(const struct fuzzer *f, unsigned i);
void rebuild_if_gone(struct fuzzer *f);

/* ---- authority.c ---- */
void make_treasure(void);
void pool_treasure(void);
void check_treasure(void);
void check_all_authority(void);
/* Before a team dies, and when there is another in its place. */
void bury(void);
void check_graves(void);
