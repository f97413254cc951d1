/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random allocate and free of everything; what a pair costs.
 */
#include "stage.h"

#define FRAMES 2000u
#define BANKS 10u
#define SLOTS 1024u /* in four capability pages */
#define R_SLOTS R_F /* R_F..R_I */
#define R_KEPT R_B  /* a capability page with copies of Ranges */

static struct {
    uint8_t type; /* LK_TYPE_NULL: nothing */
    uint8_t bank;
} slot[SLOTS];
static obj banks[BANKS];
static unsigned above[BANKS]; /* the bank above; itself: the topmost */

static void slot_put(unsigned i, unsigned reg)
{
    OK(lk_cappage_swap_slot(R_SLOTS + i / 256, i % 256, reg, 0));
}

static void slot_get(unsigned i, unsigned reg)
{
    OK(lk_cappage_get_slot(R_SLOTS + i / 256, i % 256, reg));
}

static bool is_below(unsigned b, unsigned top)
{
    while (b != top && above[b] != b) {
        b = above[b];
    }
    return b == top;
}

/* Are as many banks as there may be for certain below the one at the top of those above `b`?
 * (<lykos/bank.h>, BANK_OPEN) Those still to be opened anew count as where they were. */
static bool is_full(unsigned b)
{
    unsigned first = above[b];
    unsigned below = 0;

    while (above[first] != first) {
        first = above[first];
    }
    for (unsigned i = 0; i < BANKS; i++) {
        below += i != b && i != first && is_below(i, first);
    }
    return first != b && below >= BANK_DEPTH;
}

static void open_bank(struct rng *rng, unsigned b)
{
    above[b] = (unsigned)rng_below(rng, b + 1);
    if (is_full(b)) {
        above[b] = b;
    }
    if (above[b] == b) {
        lk_copy_cap(R_TOP, R_C);
    } else {
        obj_get(banks[above[b]], R_C);
    }
    OK(lk_bank_open(R_C, "random", rng_below(rng, 2) * (100 + rng_below(rng, 600)), R_D));
    obj_put(banks[b], R_D);
}

/* Close a bank and open it and those below anew: what they gave is gone. */
static void close_bank(struct rng *rng, unsigned b)
{
    bool below[BANKS];

    obj_get(banks[b], R_C);
    OK(lk_bank_close(R_C));
    for (unsigned i = 0; i < BANKS; i++) {
        below[i] = is_below(i, b);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slot[i].type != LK_TYPE_NULL && below[slot[i].bank]) {
            slot_get(i, R_C);
            EQ(reg_type(R_C), LK_TYPE_NULL);
            slot[i].type = LK_TYPE_NULL;
        }
    }
    for (unsigned i = 0; i < BANKS; i++) {
        if (below[i]) {
            open_bank(rng, i);
        }
    }
}

static void give_back(unsigned i)
{
    slot_get(i, R_C);
    obj_get(banks[slot[i].bank], R_D);
    OK(slot[i].type == LK_TYPE_RANGE ? lk_bank_free_range(R_D, R_C) : lk_bank_free(R_D, R_C));
    slot_get(i, R_C);
    EQ(reg_type(R_C), LK_TYPE_NULL);
    slot[i].type = LK_TYPE_NULL;
}

/* A Range of frames with nothing in them has come: nobody who once had them put something there. */
static void check_range(unsigned reg)
{
    uint64_t frames = 0;
    uint64_t free = 0;

    OK(lk_range_get_info(reg, 0, &frames, &free));
    EQ(free, (1ull << frames) - 1);
}

/* Copies of Ranges and parts of them, which nobody gives back. */
static void keep_copy(struct rng *rng, unsigned range)
{
    uint64_t frames = 0;

    OK(lk_range_get_info(range, 0, &frames, NULL));
    OK(lk_range_split(range, rng_below(rng, frames), 1, R_E));
    OK(lk_cappage_swap_slot(R_KEPT, rng_below(rng, 256), rng_below(rng, 2) == 0 ? range : R_E, 0));
}

/* Whoever kept one tries what he can do with it: make something, which is destroyed again. */
static void use_copy(struct rng *rng)
{
    enum status s;

    OK(lk_cappage_get_slot(R_KEPT, rng_below(rng, 256), R_C));
    s = lk_range_fabricate(R_C, LK_TYPE_CAPPAGE, 0, 0, R_E);
    CHECK(s == STATUS_OK || s == STATUS_INVALID_CAP || s == STATUS_IN_USE);
    if (s == STATUS_OK) {
        OK(lk_range_rescind_at(R_C, 0, 0));
    }
}

static bool take(struct rng *rng, unsigned i)
{
    static const uint8_t types[] = {
        LK_TYPE_ENDPOINT, LK_TYPE_PROCESS,  LK_TYPE_GPT,  LK_TYPE_PAGE,
        LK_TYPE_CAPPAGE,  LK_TYPE_SCHEDULE, LK_TYPE_PAGE, LK_TYPE_RANGE
    };
    uint8_t type = types[rng_below(rng, sizeof(types))];
    uint8_t bank = (uint8_t)rng_below(rng, BANKS);
    enum status s;

    obj_get(banks[bank], R_D);
    s = type == LK_TYPE_RANGE ? lk_bank_range(R_D, 1 + rng_below(rng, 24), R_C)
                              : lk_bank_make(R_D, type, R_C);
    if (s == STATUS_NO_MEMORY) {
        return false;
    }
    OK(s);
    if (type == LK_TYPE_RANGE) {
        check_range(R_C);
        if (rng_below(rng, 2) == 0) {
            OK(lk_range_fabricate(R_C, LK_TYPE_GPT, 0, rng_below(rng, 12), R_E));
        }
        if (rng_below(rng, 4) == 0) { /* the whole, or a part: as good as what the bank gave, but */
            keep_copy(rng, R_C);
        }
    }
    slot[i].type = type;
    slot[i].bank = bank;
    slot_put(i, R_C);
    return true;
}

CASE(
    random,
    .text = "random allocate and free of mixed types in a tree of banks ends with every frame back",
    .ms = 4000000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds
                      : sys_options.soak && sys_options.preempt == 0
                          ? 1000000 /* once with the fast path, and once without */
                          : 100000;
    uint64_t refused = 0;

    stage_begin(FRAMES, PRIO_HIGH);
    memset(slot, 0, sizeof(slot));
    for (unsigned i = 0; i < 4; i++) {
        obj_new_in(LK_TYPE_CAPPAGE, R_SLOTS + i);
    }
    obj_new_in(LK_TYPE_CAPPAGE, R_KEPT);
    for (unsigned b = 0; b < BANKS; b++) {
        above[b] = b;
    }
    for (unsigned b = 0; b < BANKS; b++) {
        banks[b] = obj_keep(R_TOP);
        open_bank(&rng, b);
    }
    for (uint64_t round = 0; round < rounds; round++) {
        unsigned i = (unsigned)rng_below(&rng, SLOTS);

        sys_at("round %lu", round);
        use_copy(&rng);
        if (rng_below(&rng, 5000) == 0) {
            close_bank(&rng, (unsigned)rng_below(&rng, BANKS));
        } else if (slot[i].type != LK_TYPE_NULL) {
            give_back(i);
        } else {
            refused += take(&rng, i) ? 0 : 1;
        }
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slot[i].type != LK_TYPE_NULL && slot[i].bank % 2 == 0) {
            give_back(i);
        }
    }
    for (unsigned b = 0; b < BANKS; b++) {
        if (above[b] == b) {
            obj_get(banks[b], R_C);
            OK(lk_bank_close(R_C));
        }
    }
    sys_say("# %lu rounds, %lu times no memory", rounds, refused);
    all_back(0);
}

/* Instructions of a pair of allocate and free. */
static uint64_t pair_cost(unsigned bank, unsigned type)
{
    uint64_t begin = 0;

    for (unsigned i = 0; i < 60; i++) {
        if (i == 10) {
            begin = instructions();
        }
        OK(lk_bank_make(bank, type, R_E));
        OK(lk_bank_free(bank, R_E));
    }
    return (instructions() - begin) / 50;
}

static void check_flat(const char *what, uint64_t few, uint64_t many)
{
    sys_say("# %s: %lu instructions with one bank and no objects, %lu with many", what, few, many);
    CHECK(many <= few + few / 10);
}

CASE(cost,
     .text = "a pair of allocate and free costs the same with one bank and no objects as with many",
     .steady = true)
{
    static const uint32_t four[] = { R_E, R_E, R_E, R_E };
    uint64_t page, gpt, endpoint;

    stage_begin(4096, PRIO_HIGH);
    OK(lk_bank_open(R_TOP, "one", 0, R_BANK));
    OK(lk_bank_make(R_BANK, LK_TYPE_GPT, R_E));
    OK(lk_bank_make(R_BANK, LK_TYPE_ENDPOINT, R_E));
    page = pair_cost(R_BANK, LK_TYPE_PAGE);
    gpt = pair_cost(R_BANK, LK_TYPE_GPT);
    endpoint = pair_cost(R_BANK, LK_TYPE_ENDPOINT);
    for (unsigned b = 0; b < 100; b++) {
        OK(lk_bank_open(R_TOP, "many", 0, R_C));
        for (unsigned i = 0; i < 8; i++) {
            OK(lk_bank_make_some(R_C, LK_TYPE_PAGE, 4, four));
            OK(lk_bank_make_some(R_C, LK_TYPE_GPT, 4, four));
        }
    }
    for (unsigned i = 0; i < 50; i++) {
        OK(lk_bank_make_some(R_BANK, LK_TYPE_PAGE, 4, four));
        OK(lk_bank_make_some(R_BANK, LK_TYPE_GPT, 4, four));
        OK(lk_bank_make_some(R_BANK, LK_TYPE_ENDPOINT, 4, four));
    }
    check_flat("page", page, pair_cost(R_BANK, LK_TYPE_PAGE));
    check_flat("GPT", gpt, pair_cost(R_BANK, LK_TYPE_GPT));
    check_flat("endpoint", endpoint, pair_cost(R_BANK, LK_TYPE_ENDPOINT));
    page = info_of(R_TOP).used;
    gpt = instructions();
    server_kill();
    server_start();
    EQ(info_of(R_TOP).used, page);
    sys_say("# a restart with %lu of 4,096 frames in use: %lu instructions", page,
            instructions() - gpt);
}
