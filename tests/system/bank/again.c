/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server destroyed at random moments and begun again, while clients work.
 */
#include "stage.h"

#define CLIENTS 4u
#define HELD 16u
#define HOLDS 5u /* registers R_HOLD.. of a client */
#define R_HOLD R_C

static struct client {
    struct rng rng;
    volatile bool done;
    uint8_t type[HOLDS]; /* what its registers hold; LK_TYPE_NULL: nothing */
    uint64_t steps, refused;
    unsigned held;
} clients[CLIENTS];
static volatile bool stop;

/* Any answer but these is one that a client must not see. */
static bool went_well(struct client *c, enum status s)
{
    if (s == STATUS_NO_MEMORY) {
        c->refused++;
        return false;
    }
    OK(s);
    return true;
}

static void give_back(struct client *c, unsigned i)
{
    uint32_t reg = R_HOLD + i;

    if (c->type[i] == LK_TYPE_RANGE) {
        OK(lk_range_split(reg, 0, 1, R_I));
        OK(lk_bank_free_range(R_TOP, reg));
        EQ(reg_type(reg), LK_TYPE_NULL);
        EQ(reg_type(R_I), LK_TYPE_NULL);
    } else if (c->type[i] == LK_TYPE_ENTRY) {
        OK(lk_bank_close(reg));
    } else {
        EQ(reg_type(reg), c->type[i]);
        OK(lk_bank_free(R_TOP, reg));
    }
    c->type[i] = LK_TYPE_NULL;
}

static void take(struct client *c, unsigned i)
{
    static const uint8_t types[] = { LK_TYPE_ENDPOINT, LK_TYPE_PROCESS, LK_TYPE_GPT,
                                     LK_TYPE_PAGE,     LK_TYPE_CAPPAGE, LK_TYPE_SCHEDULE,
                                     LK_TYPE_RANGE,    LK_TYPE_ENTRY };
    uint8_t type = types[rng_below(&c->rng, sizeof(types))];
    uint32_t reg = R_HOLD + i;
    enum status s;

    if (type == LK_TYPE_RANGE) {
        uint64_t n = 1 + rng_below(&c->rng, 20);

        s = lk_bank_range(R_TOP, n, reg);
        if (s == STATUS_OK) {
            uint64_t free = 0;

            OK(lk_range_get_info(reg, 0, NULL, &free));
            EQ(free, (1ull << n) - 1);
            OK(lk_range_fabricate(reg, LK_TYPE_PROCESS, 0, 1, R_I));
            OK(lk_range_fabricate(reg, LK_TYPE_SCHEDULE, 0, 0, R_I) == STATUS_IN_USE
                   ? STATUS_OK
                   : STATUS_IN_USE);
        }
    } else if (type == LK_TYPE_ENTRY) {
        s = lk_bank_open(R_TOP, "below", 0, reg);
        for (unsigned n = 0; s == STATUS_OK && n < 20; n++) {
            went_well(c, lk_bank_make(reg, types[n % 6], R_I));
        }
    } else {
        s = lk_bank_make(R_TOP, type, reg);
    }
    if (went_well(c, s)) {
        c->type[i] = type;
    }
}

static void work(void *arg)
{
    struct client *c = arg;

    while (!stop) {
        unsigned i = (unsigned)rng_below(&c->rng, HOLDS);

        if (c->type[i] != LK_TYPE_NULL) {
            give_back(c, i);
        } else {
            take(c, i);
        }
        c->steps++;
    }
    for (unsigned i = 0; i < HOLDS; i++) {
        if (c->type[i] != LK_TYPE_NULL) {
            give_back(c, i);
        }
    }
    c->done = true;
}

static void clients_start(void)
{
    memset(clients, 0, sizeof(clients));
    stop = false;
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].rng = rng_new(sys_options.seed * CLIENTS + i);
        OK(lk_bank_open(R_TOP, "client", 250, R_BANK + i));
        worker_start(client_new(R_BANK + i, PRIO_LOW, work, &clients[i]));
    }
}

static bool all_done(void)
{
    bool done = true;

    for (unsigned i = 0; i < CLIENTS; i++) {
        done = done && clients[i].done;
    }
    return done;
}

CASE(server_killed,
     .text = "the server destroyed at random instructions and begun again: every client sees "
             "success or no memory, has what it had, and no frame is lost",
     .ms = 4000000)
{
    struct rng rng = rng_new(sys_options.seed + 1000);
    uint64_t kills = sys_options.rounds != 0 ? sys_options.rounds : sys_options.soak ? 2000 : 1000;
    uint64_t steps = 0;
    uint64_t lost = 0;

    stage_begin(1024, PRIO_CASE - 10);
    clients_start();
    for (uint64_t i = 0; i < kills; i++) {
        sys_at("kill %lu", i);
        sleep_ns(rng_below(&rng, rng_below(&rng, 2) == 0 ? 2000000 : 300000));
        server_kill();
        if (rng_below(&rng, 8) == 0) {
            sleep_ns(rng_below(&rng, 3000000)); /* calls to nobody */
        }
        server_start();
        if (i % 32 == 0) {
            struct bank_info top = info_of(R_TOP);

            EQ(top.used + top.available, 1024);
        }
    }
    stop = true;
    for (unsigned i = 0; i < 1000 && !all_done(); i++) {
        sleep_ns(1000000);
    }
    CHECK(all_done());
    for (unsigned i = 0; i < CLIENTS; i++) {
        steps += clients[i].steps;
        lost += info_of(R_BANK + i).used;
        OK(lk_bank_close(R_BANK + i));
    }
    CHECK(steps > kills);
    sys_say("# %lu kills, %lu steps of clients; %lu frames of lost answers were paid until the end",
            kills, steps, lost);
    all_back(0);
}

CASE(close_goes_on,
     .text = "a close that is cut off is finished by the next server, whoever closed")
{
    struct rng rng = rng_new(sys_options.seed);

    stage_begin(512, PRIO_HIGH);
    for (unsigned round = 0; round < 30; round++) {
        sys_at("round %u", round);
        OK(lk_bank_open(R_TOP, "outer", 0, R_B));
        OK(lk_bank_open(R_B, "inner", 0, R_C));
        for (unsigned i = 0; i < 60; i++) {
            OK(lk_bank_make(R_B, LK_TYPE_PAGE, R_D));
            OK(lk_bank_make(R_C, LK_TYPE_GPT, R_D));
            OK(lk_bank_make(R_C, LK_TYPE_PROCESS, R_D));
        }
        OK(lk_bank_range(R_C, 50, R_D));
        OK(lk_range_fabricate(R_D, LK_TYPE_PROCESS, 49, 1, R_E));
        /* Not a call: whoever closes does not wait. */
        OK((enum status)lk_call_ctl0(LK_CTL(LK_SEND | LK_BLOCK, R_B, 1), BANK_CLOSE).w[0]);
        for (unsigned i = 0; i < 3; i++) {
            server_kill();
            server_start();
            sleep_ns(rng_below(&rng, 30000));
        }
        STATUS((enum status)lk_call0(R_C, BANK_INFO).w[0], STATUS_INVALID_CAP);
        EVENTUALLY(info_of(R_TOP).used == 0);
        EQ(reg_type(R_E), LK_TYPE_NULL);
    }
    all_back(0);
}
