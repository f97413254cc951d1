/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pool: capabilities of every type there is, of which the fuzzers hold some.
 */
#include "team.h"

#define PLAY_FRAMES 32u /* the last ones, with nothing in them at first */
#define LINE_FIRST 9u   /* interrupt lines without a device */
#define LINES 3u
#define LOOSE_PAGES 6
#define LOOSE_CAPPAGES 3
#define LOOSE_GPTS 4

/* Keep variations of capabilities in the pool. */
static void pool_reduced(obj o)
{
    obj_get(o, R_T0);
    OK(lk_memory_reduce(R_T0, rng_below(&team.rng, 16), R_T0));
    obj_keep(R_T0);
    OK(lk_memory_set_guard(R_T0, rng_below(&team.rng, 4), 12 + rng_below(&team.rng, 36), R_T0));
    obj_keep(R_T0);
}

void pool_endpoint(obj endpoint)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_entry(R_T0, rng_below(&team.rng, 100), R_T1));
    obj_keep(R_T1);
    OK(lk_endpoint_make_app_notice(R_T0, rng_next(&team.rng) >> 32, R_T1));
    obj_keep(R_T1);
    OK(lk_endpoint_make_proxy_entry(R_T0, rng_below(&team.rng, 100), R_T1));
    obj_keep(R_T1);
    OK(lk_endpoint_make_proxy_notice(R_T0, rng_next(&team.rng) >> 32, R_T1));
    obj_keep(R_T1);
}

static void pool_range(uint64_t first, uint64_t n)
{
    OK(lk_range_split(R_RANGE, first, n, R_T0));
    obj_keep(R_T0);
}

/* Capabilities that are not to objects. A wild team may destroy itself. */
void pool_kernel(bool wild)
{
    static const unsigned regs[] = { R_SLEEP, R_DISCRIM, R_CAPBITS, R_IRQCTL };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        obj_keep(regs[i]);
    }
    if (rng_below(&team.rng, 4) == 0) {
        obj_keep(R_KERNLOG);
    }
    OK(lk_iopriv_narrow(R_IOPRIV, PORT_FIRST, PORT_LAST, R_T0));
    obj_keep(R_T0);
    for (unsigned i = 0; i < LINES; i++) {
        OK(lk_irqctl_allocate(R_IRQCTL, LINE_FIRST + i, R_T0));
        obj_keep(R_T0);
    }
    for (unsigned i = 0; i < PRIORITIES; i++) {
        obj_get(team_schedule[i], R_T0);
        obj_keep(R_T0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pool_range(team_frame() + TEAM_FRAMES - PLAY_FRAMES, PLAY_FRAMES);
    }
    pool_range(team_frame() + TEAM_FRAMES - PLAY_FRAMES, 2);
    for (unsigned i = 0; i < 3; i++) { /* the fuzzers lend more, through the others */
        OK(lk_range_lend(R_RANGE, team_frame() + TEAM_FRAMES - PLAY_FRAMES + i, 8, R_T0));
        obj_keep(R_T0);
    }
    for (unsigned i = 0; wild && i < 12; i++) {
        pool_range(team_frame(), TEAM_FRAMES);
    }
}

void pool_loose(void)
{
    for (unsigned i = 0; i < LOOSE_PAGES; i++) {
        obj page = NO_OBJ;

        renew(&page, LK_TYPE_PAGE);
        pool_reduced(page);
    }
    for (unsigned i = 0; i < LOOSE_CAPPAGES; i++) {
        obj page = NO_OBJ;

        renew(&page, LK_TYPE_CAPPAGE);
        pool_reduced(page);
    }
    for (unsigned i = 0; i < LOOSE_GPTS; i++) {
        obj gpt = NO_OBJ;

        renew(&gpt, LK_TYPE_GPT);
        pool_reduced(gpt);
    }
    for (unsigned i = 0; i < team.spaces; i++) {
        pool_reduced(team.s[i].level[0]);
        pool_reduced(team.s[i].data);
    }
}

/* What is in the pool, by type. */
void sort_pool(void)
{
    memset(team.of_type, 0, sizeof(team.of_type));
    for (unsigned i = team.pool; i < team.pool_end; i++) {
        uint64_t type = kept_type((obj)i);

        team.type[i - team.pool] = (uint8_t)type;
        team.of_type[type]++;
    }
    team.of_type[LK_TYPE_NULL] = 0;
}

/* Something of the pool: of any type as likely as of any other, but the treasure more often. */
obj something(void)
{
    unsigned type = (unsigned)rng_below(&team.rng, LK_TYPES);

    if (rng_below(&team.rng, 8) == 0) {
        return (obj)(team.treasure + rng_below(&team.rng, team.treasure_end - team.treasure));
    }
    while (team.of_type[type] == 0) {
        type = (type + 1) % LK_TYPES;
    }
    for (uint64_t skip = rng_below(&team.rng, team.of_type[type]), i = team.pool;; i++) {
        if (team.type[i - team.pool] == type && skip-- == 0) {
            return (obj)i;
        }
    }
}
