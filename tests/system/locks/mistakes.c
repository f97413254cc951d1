/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A checked program stops at the first mistake, as a whole, and says where.
 */
#include "team.h"

#define FILE_NAME "tests/system/locks/mistakes.c"

static struct lk_lock server, client, other, loop, odd;
static struct lk_condition job;
static volatile unsigned at[3]; /* lines */
static volatile bool done;

static void begin(void)
{
    team_new();
    server = (struct lk_lock)LK_LOCK("server", 1);
    client = (struct lk_lock)LK_LOCK_UNDER("client", 2, &server);
    other = (struct lk_lock)LK_LOCK_UNDER("other client", 2, &server);
    loop = (struct lk_lock)LK_LOCK("loop", 3);
    odd = (struct lk_lock)LK_LOCK("odd", 0);
    job = (struct lk_condition)LK_CONDITION("job", &server);
    done = false;
    log_rest();
    team_may_stop();
}

/* A member does this, which is a mistake; the log says these two lines, in which %u are the lines
 * of at[]. second NULL: one line. */
static void is_caught(void (*mistake)(void *), const char *first, const char *second)
{
    uint64_t mark;
    char text[200];

    begin();
    mark = log_mark();
    member_new(0, PRIO_HIGH, mistake, NULL);
    EVENTUALLY(proc_state(member_process(0)).run_state == LK_STATE_FAULTED);
    EQ(proc_state(member_process(0)).fault, FAULT_INVALID_OPCODE);
    EQ(done, false);
    EVENTUALLY(team_stops() == 1);
    lk_format(text, sizeof(text), first, at[0]);
    sys_at("%s", text);
    CHECK(log_has(mark, text));
    if (second != NULL) {
        lk_format(text, sizeof(text), second, at[1]);
        sys_at("%s", text);
        CHECK(log_has(mark, text));
    }
}

/* A member that does this at once. */
#define MISTAKE(name, wrong)                                                                       \
    static void name(void *unused)                                                                 \
    {                                                                                              \
        (void)unused;                                                                              \
        at[0] = __LINE__;                                                                          \
        wrong;                                                                                     \
        done = true;                                                                               \
    }

static void inverts(void *unused)
{
    (void)unused;
    lk_lock(&server);
    at[1] = __LINE__ + 1;
    lk_lock(&loop);
    lk_unlock(&server);
    at[0] = __LINE__ + 1;
    lk_lock(&server);
    done = true;
}

CASE(inversion, .text = "a lock of lower rank is not taken; both places are named")
{
    is_caught(inverts, "m0 takes server (rank 1) at " FILE_NAME ":%u",
              "and has loop (rank 3) since " FILE_NAME ":%u");
}

static void right(void *unused)
{
    (void)unused;
    lk_lock(&server);
    at[2] = __LINE__ + 1;
    lk_lock(&loop);
    lk_unlock(&server);
    lk_unlock(&loop);
}

static void wrong(void *unused)
{
    (void)unused;
    lk_lock(&loop);
    lk_lock(&server);
    done = true;
}

CASE(other_way_round, .text = "and where it was the other way round, if it ever was")
{
    uint64_t mark;
    char text[120];

    begin();
    member_new(0, PRIO_HIGH, right, NULL);
    mark = log_mark();
    member_new(1, PRIO_HIGH, wrong, NULL);
    EVENTUALLY(proc_state(member_process(1)).run_state == LK_STATE_FAULTED);
    lk_format(text, sizeof(text), "at " FILE_NAME ":%u it was the other way round", at[2]);
    CHECK(log_has(mark, text));
    EQ(done, false);
}

static void two_clients(void *unused)
{
    (void)unused;
    lk_lock(&server);
    at[1] = __LINE__ + 1;
    lk_lock(&client);
    at[0] = __LINE__ + 1;
    lk_lock(&other);
    done = true;
}

CASE(same_rank, .text = "two locks of one rank are not held together")
{
    is_caught(two_clients, "m0 takes other client (rank 2) at " FILE_NAME ":%u",
              "and has client (rank 2) since " FILE_NAME ":%u");
}

static void twice(void *unused)
{
    (void)unused;
    at[1] = __LINE__ + 1;
    lk_lock(&server);
    at[0] = __LINE__ + 1;
    lk_lock(&server);
    done = true;
}

CASE(taken_twice, .text = "nor is one taken by who has it")
{
    is_caught(twice, "m0 takes server (rank 1) at " FILE_NAME ":%u",
              "and has server (rank 1) since " FILE_NAME ":%u");
}

MISTAKE(without_server, lk_lock(&client))

CASE(not_under, .text = "a lock that is under another is not taken without that")
{
    is_caught(without_server, "m0 takes client at " FILE_NAME ":%u without server", NULL);
}

MISTAKE(lets_go, lk_unlock(&loop))

CASE(not_held, .text = "who has not a lock does not let go of it")
{
    is_caught(lets_go, "m0 lets go of loop at " FILE_NAME ":%u without having it", NULL);
}

MISTAKE(waits_alone, lk_wait_for(&job))

MISTAKE(signals_alone, lk_signal_all(&job))
MISTAKE(signals_one_alone, lk_signal(&job))

CASE(condition_without, .text = "a condition is waited for and signalled by who has its lock")
{
    is_caught(waits_alone, "m0 waits on a condition of server at " FILE_NAME ":%u without", NULL);
    is_caught(signals_alone, "m0 signals a condition of server at " FILE_NAME ":%u without", NULL);
    is_caught(signals_one_alone, "m0 signals a condition of server at " FILE_NAME ":%u without",
              NULL);
}

static void waits_with_another(void *unused)
{
    (void)unused;
    lk_lock(&server);
    at[1] = __LINE__ + 1;
    lk_lock(&client);
    at[0] = __LINE__ + 1;
    lk_wait_for(&job);
    done = true;
}

static void waits_for_bits(void *unused)
{
    (void)unused;
    at[1] = __LINE__ + 1;
    lk_lock(&server);
    lk_take_notices();
    done = true;
}

CASE(parks_with_lock, .text = "nobody waits for notices with a lock")
{
    at[0] = 0;
    is_caught(waits_for_bits, "m0 waits for notices", "and has server since " FILE_NAME ":%u");
}

static void unlocks_unchecked(void *unused)
{
    (void)unused;
    lk_unlock_at(&loop, NULL);
    done = true;
}

CASE(unchecked_unlock, .text = "a lock that another has is not let go, unchecked either")
{
    begin();
    lk_lock(&loop);
    member_new(0, PRIO_HIGH, unlocks_unchecked, NULL);
    EVENTUALLY(proc_state(member_process(0)).run_state == LK_STATE_FAULTED);
    EQ(done, false);
    lk_unlock(&loop);
}

static void no_member(void *unused)
{
    (void)unused;
    lk_lock(&server);
    done = true;
}

CASE(in_no_team, .text = "a thread that is no member takes no lock")
{
    struct worker w;

    begin();
    w = worker_new(PRIO_HIGH, no_member, NULL);
    proc_slot(w.p, SLOT_HANDLER, parking_entry());
    worker_start(w);
    EVENTUALLY(proc_state(w.p).run_state == LK_STATE_FAULTED);
    EQ(done, false);
}

CASE(waits_with_lock, .text = "who waits on a condition has no other lock")
{
    is_caught(waits_with_another, "m0 waits on a condition of server at " FILE_NAME ":%u",
              "and has client since " FILE_NAME ":%u");
}

static void ends_with_it(void *unused)
{
    (void)unused;
    at[1] = __LINE__ + 1;
    lk_lock(&server);
}

static void works_with_it(void *unused)
{
    (void)unused;
    at[1] = __LINE__ + 1;
    lk_lock(&server);
    at[0] = __LINE__ + 1;
    lk_no_lock("begins a helper");
    done = true;
}

CASE(no_lock, .text = "no member ends, or begins long work, with a lock")
{
    at[0] = 0;
    is_caught(ends_with_it, "m0 ends", "and has server since " FILE_NAME ":%u");
    is_caught(works_with_it, "m0 begins a helper at " FILE_NAME ":%u",
              "and has server since " FILE_NAME ":%u");
}

static void no_rank(void *unused)
{
    (void)unused;
    lk_lock(&odd);
    done = true;
}

CASE(rank_range, .text = "a lock has a rank from 1 to 15")
{
    is_caught(no_rank, "odd has rank 0; ranks are 1 to 15", NULL);
}

static volatile uint64_t computed, slept;

static void computes(void *unused)
{
    (void)unused;
    for (;;) {
        computed++;
    }
}

static void sleeps(void *unused)
{
    (void)unused;
    for (;;) {
        sleep_ns(NSEC_PER_MSEC);
        slept++;
    }
}

static void waits_for_job(void *unused)
{
    (void)unused;
    lk_lock(&server);
    lk_wait_for(&job);
    lk_unlock(&server);
    done = true;
}

CASE(all_stop, .text = "with who makes a mistake all others stop, wherever they are",
     .steady = true)
{
    uint64_t before;

    begin();
    computed = slept = 0;
    member_new(1, PRIO_LOW, computes, NULL);
    member_new(2, PRIO_HIGH, sleeps, NULL);
    member_new(3, PRIO_HIGH, waits_for_job, NULL);
    EVENTUALLY(computed > 0 && slept > 0);
    member_new(0, PRIO_LOW + 1, inverts, NULL);
    EVENTUALLY(proc_state(member_process(0)).run_state == LK_STATE_FAULTED);
    EQ(team_stops(), 1);
    for (unsigned i = 1; i <= 3; i++) {
        sys_at("member %u", i);
        EQ(proc_state(member_process(i)).holds, 1u << LK_HOLD_TEAM);
    }
    before = computed + slept;
    lk_signal_all_at(&job, NULL);
    sleep_ns(20 * NSEC_PER_MSEC);
    EQ(computed + slept, before);
    EQ(done, false);
}

static void is_stopped_twice(void *site)
{
    (void)site;
    lk_unlock(&server);
    done = true;
}

CASE(one_dies, .text = "of several mistakes at once one is told")
{
    uint64_t mark;
    unsigned died = 0;

    begin();
    mark = log_mark();
    for (unsigned i = 0; i < MEMBERS; i++) {
        member_new(i, PRIO_LOW, is_stopped_twice, NULL);
    }
    EVENTUALLY(log_has(mark, "without having it"));
    sleep_ns(20 * NSEC_PER_MSEC);
    for (unsigned i = 0; i < MEMBERS; i++) {
        died += proc_state(member_process(i)).run_state == LK_STATE_FAULTED;
    }
    EQ(died, 1);
    EQ(done, false);
}

static struct lk_lock many[LK_HELD_LOCKS + 1];

static void takes_many(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i <= LK_HELD_LOCKS; i++) {
        many[i] = (struct lk_lock)LK_LOCK("one of many", i + 1);
        at[0] = __LINE__ + 1;
        lk_lock(&many[i]);
    }
    done = true;
}

CASE(too_many, .text = "no more than eight locks are held at once")
{
    is_caught(takes_many, "m0 has 8 locks, and takes one of many at " FILE_NAME ":%u", NULL);
}

static void as_it_should(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 3; i++) { /* the order of the dispatcher */
        lk_lock(&server);
        lk_lock(i == 1 ? &other : &client);
        lk_unlock(&server);
        lk_lock(&loop);
        lk_unlock(i == 1 ? &other : &client);
        lk_unlock(&loop);
        lk_no_lock("begins a helper");
    }
    lk_lock(&server);
    lk_signal(&job);
    lk_unlock(&server);
    done = true;
}

CASE(no_mistake, .text = "what keeps the rules is let through, in whatever order locks are let go")
{
    begin();
    member_new(0, PRIO_HIGH, as_it_should, NULL);
    EVENTUALLY(done);
    members_fine();
}
