/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Closing banks: others are served, capabilities are of no use at once, closers may go.
 */
#include "stage.h"

static volatile unsigned served, closed_yet, refused;
static volatile bool stop;

static void fill(unsigned bank, unsigned pages)
{
    static const uint32_t four[] = { R_G, R_G, R_G, R_G };

    for (unsigned i = 0; i < pages; i += 4) {
        OK(lk_bank_make_some(bank, LK_TYPE_PAGE, 4, four));
        OK(lk_bank_make_some(bank, LK_TYPE_ENDPOINT, 4, four));
        OK(lk_bank_make_some(bank, LK_TYPE_GPT, 4, four));
    }
}

static void closer(void *arg)
{
    (void)arg;
    OK(lk_bank_close(R_TOP));
    closed_yet++;
}

/* Asks for a page and gives it back, again and again. */
static void worker(void *arg)
{
    (void)arg;
    while (!stop) {
        OK(lk_bank_make(R_TOP, LK_TYPE_PAGE, R_B));
        OK(lk_bank_free(R_TOP, R_B));
        served++;
    }
    stop = false;
}

static enum status once(unsigned bank, uint64_t method)
{
    return (enum status)lk_call0(bank, method).w[0];
}

CASE(others_served,
     .text = "while a bank with thousands of objects is closed others are served, and it is "
             "of no use from the first moment")
{
    unsigned before;

    stage_begin(2048, PRIO_CASE - 20);
    served = closed_yet = 0;
    stop = false;
    OK(lk_bank_open(R_TOP, "large", 0, R_B));
    OK(lk_bank_open(R_B, "below", 0, R_C));
    OK(lk_bank_open(R_TOP, "other", 0, R_D));
    fill(R_B, 800);
    fill(R_C, 400);
    OK(lk_bank_range(R_B, 300, R_E));
    for (unsigned i = 0; i < 300; i++) {
        OK(lk_range_fabricate(R_E, i % 2 != 0 ? LK_TYPE_PAGE : LK_TYPE_PROCESS, i, 0, R_F));
    }
    worker_start(client_new(R_D, PRIO_CASE - 10, worker, NULL));
    worker_start(client_new(R_B, PRIO_CASE - 5, closer, NULL));
    sleep_ns(20000); /* the closer waits */
    EQ(closed_yet, 0);
    STATUS(once(R_B, BANK_INFO), STATUS_INVALID_CAP);
    STATUS(once(R_C, BANK_INFO), STATUS_INVALID_CAP);
    STATUS(once(R_C, BANK_CLOSE), STATUS_INVALID_CAP);
    CHECK(info_of(R_TOP).used > 1000);
    EQ(closed_yet, 0);
    before = served;
    EVENTUALLY(closed_yet == 1);
    CHECK(served > before + 10);
    sys_say("# closing 1,200 pages, 1,200 endpoints, 1,200 GPTs and a Range: %u pairs were served",
            served - before);
    stop = true;
    EVENTUALLY(!stop);
    OK(lk_bank_close(R_D));
    all_back(0);
}

/* Closes the bank that pays for it. */
static void suicide(void *arg)
{
    (void)arg;
    if (lk_call0(R_TOP, BANK_CLOSE).w[0] != STATUS_INVALID_CAP) {
        refused++;
    }
    closed_yet++; /* never: it is no more */
}

CASE(from_within,
     .text = "a process that closes the bank that pays for it is gone, and the bank with it")
{
    stage_begin(256, PRIO_HIGH);
    closed_yet = 0;
    for (unsigned i = 0; i < 20; i++) {
        sys_at("round %u", i);
        OK(lk_bank_open(R_TOP, "outer", 0, R_B));
        OK(lk_bank_open(R_B, "inner", 0, R_C));
        if (i % 2 != 0) {
            fill(R_B, 100);
        }
        inmate_start(i % 4 < 2 ? R_C : R_B, suicide, NULL);
        EVENTUALLY(once(R_C, BANK_INFO) == STATUS_INVALID_CAP);
        EVENTUALLY(i % 4 >= 2 || info_of(R_TOP).used == info_of(R_B).used);
        if (i % 4 < 2) {
            OK(lk_bank_close(R_B));
        }
        EVENTUALLY(info_of(R_TOP).used == 0);
        EQ(closed_yet, 0);
    }
    all_back(0);
}

#define CLOSERS 18u

/* One whose bank may be gone already, with one above it. */
static void late_closer(void *arg)
{
    enum status s = once(R_TOP, BANK_CLOSE);

    (void)arg;
    CHECK(s == STATUS_OK || s == STATUS_INVALID_CAP);
    closed_yet++;
}

CASE(many_closers,
     .text = "more may close at once than the server can keep in mind, and some of them go "
             "away meanwhile; banks inside of one that is being closed too")
{
    struct worker w[CLOSERS];
    obj banks[CLOSERS];
    unsigned gone = 0;

    stage_begin(2048, PRIO_CASE - 20);
    closed_yet = 0;
    for (unsigned i = 0; i < CLOSERS; i++) {
        OK(lk_bank_open(i % 3 == 2 ? R_C : R_TOP, "closed", 0, R_C));
        fill(R_C, 40);
        banks[i] = obj_keep(R_C);
        w[i] = client_new(R_C, PRIO_CASE - 10, late_closer, NULL);
    }
    for (unsigned i = CLOSERS; i-- > 0;) {
        worker_start(w[i]);
    }
    sleep_ns(40000);
    CHECK(closed_yet < CLOSERS / 2);
    for (unsigned i = 0; i < CLOSERS; i += 4) {
        obj_rescind(w[i].p);
        gone++;
    }
    EVENTUALLY(closed_yet >= CLOSERS - gone);
    for (unsigned i = 0; i < CLOSERS; i++) {
        obj_get(banks[i], R_C);
        once(R_C, BANK_CLOSE);
    }
    EVENTUALLY(info_of(R_TOP).used == 0);
    all_back(0);
}

/* Allocates and is destroyed at any moment. */
static void victim(void *arg)
{
    (void)arg;
    for (;;) {
        lk_bank_make(R_TOP, LK_TYPE_GPT, R_B);
        lk_bank_range(R_TOP, 3, R_C);
        lk_bank_make(R_TOP, LK_TYPE_PAGE, R_D);
        lk_bank_free(R_TOP, R_D);
        lk_bank_free_range(R_TOP, R_C);
        lk_bank_open(R_TOP, "below", 0, R_E);
        lk_bank_close(R_E);
        lk_bank_free(R_TOP, R_B);
    }
}

CASE(clients_killed,
     .text = "clients destroyed at random moments: what they had is their bank's until it "
             "is closed")
{
    struct rng rng = rng_new(sys_options.seed);
    unsigned rounds = sys_options.rounds != 0 ? (unsigned)sys_options.rounds : 200;

    stage_begin(512, PRIO_CASE - 10);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned mark = shelf_mark();
        uint64_t frames = frames_mark();
        struct worker w;

        sys_at("round %u", i);
        process_reset();
        OK(lk_bank_open(R_TOP, "client", 30, R_F));
        w = client_new(R_F, PRIO_LOW, victim, NULL);
        worker_start(w);
        sleep_ns(rng_below(&rng, 60000));
        obj_rescind(w.p);
        OK(lk_bank_close(R_F));
        all_back(0);
        shelf_back(mark);
        frames_back(frames);
    }
}
