/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Copies of Ranges that are kept when the bank has them back, and parts of them: they are of no
 * use.
 */
#include "stage.h"

#define FRAMES 40u
#define HOLDERS 3u

/* Every operation there can be, through what is in a register. */
static void check_dead(unsigned reg)
{
    for (uint64_t method = 0; method < LK_OPS; method++) {
        const uint64_t type = method == OP_RANGE_FABRICATE ? LK_TYPE_PAGE : 0;
        struct lk_msg msg = {
            .control = LK_CTL_CALL_CAPS(reg, 4, 1, R_SPACE, 0, 0, R_I, 0, 0, 0),
            .w = { method, type, type == 0 ? 1 : 0, 0 },
        };

        sys_at("method %lu", method);
        STATUS(lk_invoke(&msg), STATUS_INVALID_CAP);
    }
    EQ(reg_type(reg), LK_TYPE_NULL);
}

/* Whose Range it is, ways to give it back: to the bank, or by closing it or the bank above. */
enum way { FREED, CLOSED, CLOSED_ABOVE, WAYS };

/* A Range of `frames` in R_D, from bank R_C below R_B; a copy in R_E, parts in R_F and R_G. */
static void take_range(unsigned frames)
{
    OK(lk_bank_open(R_TOP, "above", 0, R_B));
    OK(lk_bank_open(R_B, "holder", 0, R_C));
    OK(lk_bank_range(R_C, frames, R_D));
    lk_copy_cap(R_D, R_E);
    OK(lk_range_split(R_D, 1, frames - 1, R_F));
    OK(lk_range_split(R_F, frames - 2, 1, R_G));
    OK(lk_range_fabricate(R_G, LK_TYPE_PAGE, 0, 0, R_H));
}

/* They may be closed already. */
static void close_both(void)
{
    lk_call0(R_C, BANK_CLOSE);
    lk_call0(R_B, BANK_CLOSE);
}

CASE(
    kept,
    .text =
        "a Range that the bank has back, a copy or a part of it that somebody kept, answers "
        "invalid capability to whatever is asked; those who have the frames then see nothing of it")
{
    stage_begin(256, PRIO_HIGH);
    for (enum way way = FREED; way < WAYS; way++) {
        uint64_t free = 0;

        take_range(FRAMES);
        if (way == FREED) {
            OK(lk_bank_free_range(R_C, R_D));
        } else {
            OK(lk_bank_close(way == CLOSED ? R_C : R_B));
        }
        for (unsigned reg = R_D; reg <= R_G; reg++) {
            check_dead(reg);
        }
        EQ(reg_type(R_H), LK_TYPE_NULL);
        OK(lk_bank_range(R_TOP, 256, R_H)); /* all frames there are */
        OK(lk_range_get_info(R_H, 0, NULL, &free));
        EQ(free, UINT64_MAX);
        for (unsigned reg = R_D; reg <= R_G; reg++) {
            check_dead(reg);
        }
        OK(lk_range_fabricate(R_H, LK_TYPE_PAGE, 255, 0, R_I));
        OK(lk_bank_free_range(R_TOP, R_H));
        close_both();
        all_back(0);
    }
}

CASE(
    kept_and_killed,
    .text =
        "the same when the server is destroyed in the middle, again and again, and another goes on")
{
    struct rng rng = rng_new(sys_options.seed);
    unsigned rounds = sys_options.rounds != 0 ? (unsigned)sys_options.rounds : 60;

    stage_begin(256, PRIO_CASE - 10);
    for (unsigned round = 0; round < rounds; round++) {
        enum way way = (enum way)(round % WAYS);
        unsigned bank = way == CLOSED_ABOVE ? R_B : R_C;

        sys_at("round %u", round);
        take_range(2 + (unsigned)rng_below(&rng, 200));
        /* Not a call: whoever asks does not wait. */
        if (way == FREED) {
            struct lk_msg msg = {
                .control = LK_CTL(LK_SEND | LK_BLOCK | LK_CAPS, bank, 1) | 2ull << LK_NSEND_SHIFT |
                           (uint64_t)R_D << (LK_SEND_CAP_SHIFT + LK_CAP_BITS),
                .w = { BANK_FREE_RANGE },
            };

            OK(lk_invoke(&msg));
        } else {
            OK((enum status)lk_call_ctl0(LK_CTL(LK_SEND | LK_BLOCK, bank, 1), BANK_CLOSE).w[0]);
        }
        for (unsigned i = 0; i < 3; i++) {
            sleep_ns(rng_below(&rng, 20000));
            server_kill();
            server_start();
        }
        if (way == FREED) { /* the server may have got nowhere with it */
            enum status s = lk_bank_free_range(R_C, R_D);

            CHECK(s == STATUS_OK || s == STATUS_REQUEST_ERROR);
            for (unsigned reg = R_D; reg <= R_G; reg++) {
                EQ(reg_type(reg), LK_TYPE_NULL); /* from the answer on */
            }
        } else {
            lk_call0(bank, BANK_CLOSE);
        }
        EVENTUALLY(info_of(R_TOP).used == 0);
        for (unsigned reg = R_D; reg <= R_H; reg++) {
            EQ(reg_type(reg), LK_TYPE_NULL);
        }
        close_both();
        all_back(0);
    }
}

/* One who has a Range and makes things in it for as long as he can, at any moment. */
static struct holder {
    struct rng rng;
    volatile uint64_t made;
    volatile bool dead; /* his Range */
} holders[HOLDERS];

static void hold(void *arg)
{
    static const uint8_t types[] = { LK_TYPE_PAGE, LK_TYPE_PROCESS, LK_TYPE_GPT };
    struct holder *h = arg;

    for (;;) {
        uint64_t type = types[rng_below(&h->rng, sizeof(types))];
        enum status s = lk_range_fabricate(R_B, type, rng_below(&h->rng, FRAMES), 0, R_C);

        CHECK(s == STATUS_OK || s == STATUS_IN_USE || s == STATUS_OUT_OF_RANGE ||
              s == STATUS_INVALID_CAP);
        h->made += s == STATUS_OK;
        h->dead = s == STATUS_INVALID_CAP;
        sleep_ns(20000 + rng_below(&h->rng, 80000)); /* the bank has to come to run, too */
    }
}

CASE(
    holders_race,
    .text =
        "others who have copies and parts of a Range make things in it while the bank destroys it: "
        "none of that is left when the frames are free, or somebody else's",
    .ms = 4000000)
{
    struct rng rng = rng_new(sys_options.seed);
    unsigned rounds = sys_options.rounds != 0 ? (unsigned)sys_options.rounds : 100;
    struct worker w[HOLDERS];
    uint64_t made = 0;

    stage_begin(256, PRIO_CASE - 20);
    for (unsigned i = 0; i < HOLDERS; i++) {
        holders[i] =
            (struct holder){ .rng = rng_new(sys_options.seed * HOLDERS + i), .dead = true };
        w[i] = worker_new(PRIO_CASE - 10, hold, &holders[i]);
        worker_start(w[i]);
    }
    for (unsigned round = 0; round < rounds; round++) {
        enum way way = (enum way)(round % WAYS);
        uint64_t frames = 1 + rng_below(&rng, 64);
        unsigned mark = shelf_mark();
        uint64_t free = 0;

        sys_at("round %u", round);
        take_range(FRAMES);
        for (unsigned i = 0; i < HOLDERS; i++) {
            proc_cap(w[i].p, R_B, obj_keep(R_E + i)); /* the copy and the parts */
        }
        sleep_ns(rng_below(&rng, 200000));
        if (way == FREED) {
            OK(lk_bank_free_range(R_C, R_D));
        } else {
            OK(lk_bank_close(way == CLOSED ? R_C : R_B));
        }
        OK(lk_bank_range(R_TOP, frames, R_H)); /* some of the same frames */
        sleep_ns(rng_below(&rng, 50000));
        OK(lk_range_get_info(R_H, 0, NULL, &free));
        EQ(free, frames == 64 ? UINT64_MAX : (1ull << frames) - 1);
        OK(lk_bank_free_range(R_TOP, R_H));
        close_both();
        all_back(0);
        shelf_back(mark);
    }
    for (unsigned i = 0; i < HOLDERS; i++) {
        EVENTUALLY(holders[i].dead);
        made += holders[i].made;
    }
    CHECK(made > rounds);
    sys_say("# %u rounds, %lu objects were made in Ranges by others", rounds, made);
}
