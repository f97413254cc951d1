/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Address spaces that change by swapSlot of a GPT are the same both ways: what processes read,
 * write and execute there right after each change, in several spaces that share the table.
 */
#include "acts.h"
#include "twice.h"

#define PAGES 4
#define SPACES 4
#define STEPS 24
#define M_REPLACED 8 /* capability register of the changer: what the slot held */

/* Capability registers of the changer: tables, whole and restricted, and what goes into slots. */
enum {
    M_UPPER = 10, /* l2v 16 */
    M_UPPER_RO,
    M_TABLE, /* two of l2v 12 */
    M_TABLE_RO,
    M_TABLE_WK,
    M_TABLE_OP,
    M_OTHER,
    M_STALE_TABLE,
    M_PAGE, /* four of them */
    M_PAGE_RO = M_PAGE + PAGES,
    M_PAGE_NX,
    M_PAGE_STALE,
    M_CAPPAGE,
    M_BIG, /* a page said to be of 64 KiB */
    M_OWN_LOW,
    M_END
};

/* Where the tables are in the four spaces: the upper one whole and read-only; a lower one alone,
 * which must not be executed; and the upper one at two places. */
static const uint64_t places[SPACES] = { 0x90000000, 0xa0000000, 0xb0000000, 0xc0000000 };

struct maps {
    obj changer, user[SPACES], upper, table, other, page[PAGES];
};

struct changes {
    uint64_t seed;
    bool own; /* the changer lives in the first space, too */
};

/* A page with code in it, which leaves a number in eax; the number stands behind it as well. */
static obj page_filled(unsigned number)
{
    volatile uint8_t *at = (volatile uint8_t *)(WINDOW_VA + number * PAGE);
    obj page = page_new();

    map_page(own_space(), WINDOW_VA + number * PAGE, page, 0);
    at[0] = 0xb8; /* movl */
    at[1] = (uint8_t)(0x10 + number);
    at[2] = at[3] = at[4] = 0;
    at[5] = 0xcc; /* int3 */
    at[64] = (uint8_t)(0x20 + number);
    return page;
}

/* What is in R_A, with restrictions, into a register of the changer. */
static void changer_has(const struct maps *m, unsigned reg, unsigned restr)
{
    OK(lk_memory_reduce(R_A, restr, R_C));
    obj_get(m->changer, R_B);
    OK(lk_process_swap_cap_reg(R_B, reg, R_C, 0));
}

/* What is in R_A into a slot of the lowest 4 GiB of a space, for 256 MiB. */
static void place(obj space, uint64_t address, unsigned restr)
{
    OK(lk_memory_set_guard(R_A, 0, 28, R_B));
    OK(lk_memory_reduce(R_B, restr, R_B));
    obj_get(space, R_C);
    OK(lk_gpt_get_slot(R_C, 0, R_D));
    OK(lk_gpt_swap_slot(R_D, (unsigned)(address >> 28), R_B, 0));
}

static void spaces_made(struct maps *m, const struct changes *c)
{
    obj space[SPACES];

    for (unsigned i = 0; i < SPACES; i++) {
        space[i] = space_new();
        m->user[i] = actor_new_in(space[i], PRIO_HIGH, "user");
    }
    m->changer =
        c->own ? actor_new_in(space[0], PRIO_HIGH, "changer") : actor_new(PRIO_HIGH, "changer");
    proc_reply_endpoint(m->changer, 88);
    m->upper = gpt_new(16);
    m->table = gpt_new(12);
    m->other = gpt_new(12);
    obj_get(m->upper, R_A);
    place(space[0], places[0], 0);
    place(space[1], places[1], LK_RO);
    place(space[3], places[0], 0);
    place(space[3], places[3], LK_NX);
    obj_get(m->table, R_A);
    place(space[2], places[2], LK_NX);
}

static void caps_made(struct maps *m)
{
    static const unsigned restr[] = { 0, LK_RO, LK_WK, LK_OP };

    obj_get(m->upper, R_A);
    changer_has(m, M_UPPER, 0);
    changer_has(m, M_UPPER_RO, LK_RO);
    obj_get(m->table, R_A);
    for (unsigned i = 0; i < 4; i++) {
        changer_has(m, M_TABLE + i, restr[i]);
    }
    obj_get(m->other, R_A);
    changer_has(m, M_OTHER, 0);
    proc_cap(m->changer, M_STALE_TABLE, gpt_new(12));
    for (unsigned i = 0; i < PAGES; i++) {
        m->page[i] = page_filled(i);
        proc_cap(m->changer, M_PAGE + i, m->page[i]);
    }
    obj_get(m->page[0], R_A);
    changer_has(m, M_PAGE_RO, LK_RO);
    obj_get(m->page[1], R_A);
    changer_has(m, M_PAGE_NX, LK_NX);
    OK(lk_memory_set_guard(R_A, 0, 16, R_A));
    changer_has(m, M_BIG, 0);
    proc_cap(m->changer, M_PAGE_STALE, page_new());
    proc_cap(m->changer, M_CAPPAGE, obj_new(LK_TYPE_CAPPAGE));
    for (unsigned reg = M_STALE_TABLE; reg <= M_PAGE_STALE; reg += M_PAGE_STALE - M_STALE_TABLE) {
        proc_get_cap(m->changer, reg, R_A);
        OK(lk_range_rescind(R_RANGE, R_A));
    }
}

static void changer_calls(const struct maps *m, unsigned target, uint64_t op, uint64_t word,
                          unsigned cap)
{
    struct lk_regs r =
        canary_regs(LK_CTL_CALL_CAPS(target, 2, 1, cap, 0, 0, M_REPLACED, 0, 0, 0), 1);

    r.rdi = op;
    r.rsi = word;
    raw_go(m->changer, &r);
    note_registers(m->changer, "the changer");
}

/* One access in space `i`. */
static void uses(const struct maps *m, unsigned i, char *act, uint64_t address)
{
    struct lk_regs r = canary_regs(0x5a, 10 + i);

    r.rip = (uint64_t)act;
    r.rdi = address;
    act_tickets = 0;
    raw_go(m->user[i], &r);
    note_registers(m->user[i], "a user of the memory");
}

static void some_change(const struct maps *m, struct rng *rng)
{
    static const unsigned tables[] = { M_UPPER,    M_UPPER_RO, M_TABLE, M_TABLE_RO,
                                       M_TABLE_WK, M_TABLE_OP, M_OTHER, M_STALE_TABLE };
    unsigned form = (unsigned)rng_below(rng, 16);
    unsigned target = form < 6    ? M_TABLE
                      : form < 9  ? M_OTHER
                      : form < 13 ? M_UPPER
                                  : tables[rng_below(rng, 8)];
    unsigned cap = rng_below(rng, 6) == 0 ? 0 : M_PAGE + (unsigned)rng_below(rng, M_END - M_PAGE);
    uint64_t slot = rng_below(rng, 12) == 0 ? 14 + rng_below(rng, 4) : rng_below(rng, 3);

    if (target == M_UPPER && rng_below(rng, 4) != 0) {
        cap = rng_below(rng, 2) == 0 ? M_TABLE + (unsigned)rng_below(rng, 2) : M_OTHER;
    }
    note_step("a change");
    if (rng_below(rng, 12) == 0) {
        changer_calls(m, target, OP_GPT_SET_L2V, 12 + rng_below(rng, 5), 0);
    } else if (rng_below(rng, 12) == 0) {
        changer_calls(m, target, OP_GPT_SET_FLAGS, rng_below(rng, 4), 0);
    } else {
        changer_calls(m, target, OP_GPT_SWAP_SLOT, slot, cap);
    }
}

/* In every space, at random addresses that are mapped often. */
static void some_uses(const struct maps *m, struct rng *rng)
{
    static char *const act[] = { act_read, act_read, act_write, act_jump };

    note_step("uses");
    for (unsigned n = 0; n < 6; n++) {
        unsigned i = (unsigned)rng_below(rng, SPACES);
        uint64_t at = rng_below(rng, 3) << 12;
        char *what = act[rng_below(rng, 4)];

        if (i != 2) {
            at |= rng_below(rng, 3) << 16;
        }
        at |= i == 3 && rng_below(rng, 2) == 0 ? places[0] : places[i];
        uses(m, i, what, what == act_jump ? at : what == act_read ? at + 64 : at + 128);
    }
}

static void maps_play(const void *arg)
{
    const struct changes *c = arg;
    struct rng rng = rng_new(c->seed);
    struct maps m;

    spaces_made(&m, c);
    caps_made(&m);
    changer_calls(&m, M_UPPER, OP_GPT_SWAP_SLOT, 0, M_TABLE);
    changer_calls(&m, M_UPPER, OP_GPT_SWAP_SLOT, 1, M_OTHER);
    for (unsigned i = 0; i < 3; i++) {
        changer_calls(&m, M_TABLE, OP_GPT_SWAP_SLOT, i, M_PAGE + i);
    }
    for (unsigned i = 0; i < STEPS; i++) {
        some_uses(&m, &rng);
        some_change(&m, &rng);
    }
    some_uses(&m, &rng);
    note_gpt(m.upper, "the upper table");
    note_gpt(m.table, "a table");
    note_gpt(m.other, "the other table");
    note_process(m.changer, "the changer");
    note_memory((const void *)WINDOW_VA, PAGES * PAGE, "the pages");
    for (unsigned i = 0; i < PAGES; i++) {
        unmap(own_space(), WINDOW_VA + i * PAGE);
    }
    EQ(kernel_check(), 0);
}

CASE(maps,
     .text = "memory is the same both ways after every change of a table, in all spaces that "
             "share it",
     .steady = true, .ms = 600000)
{
    struct rng rng = rng_new(sys_options.seed);
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 80 : 20;

    gpt_of(own_space(), WINDOW_VA, R_A);
    for (uint64_t i = 0; i < rounds; i++) {
        struct changes c = { .seed = rng_next(&rng), .own = i % 4 == 3 };

        sys_at("play %lu", i);
        play_twice(maps_play, &c);
    }
}
