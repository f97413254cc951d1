/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The loop's lock: of the highest rank, never seen by callers and callbacks; and mistakes with it,
 * which a checked program names with both places.
 */
#include "parts.h"

#define FILE_NAME "tests/system/loop/rules.c"

static struct lk_lock client, top;
static volatile unsigned line;
static volatile unsigned held; /* locks of the loop thread, as its callback began */
static volatile bool done;

static void rules_new(void)
{
    loop_new();
    client = (struct lk_lock)LK_LOCK_UNDER("client", 2, &server);
    top = (struct lk_lock)LK_LOCK("top", LK_LOOP_RANK);
    held = 99;
    done = false;
}

static void takes_locks(struct lk_source *s, uint32_t why)
{
    record(s, why);
    held = lk_self()->helds + (loop.lock.word != 0);
    lk_lock(&server); /* an inversion, if the loop's lock were held: rank 15 before 1 */
    lk_lock(&client);
    lk_unlock(&server);
    lk_loop_ready(s + 1, 1);
    lk_unlock(&client);
    lk_lock(&top); /* of the loop's own rank */
    lk_unlock(&top);
}

static void removed_takes_locks(struct lk_source *s)
{
    takes_locks(s, 0xe);
}

CASE(no_lock_in_callback, .text = "no callback is called with the loop's lock")
{
    rules_new();
    OK(lk_loop_add(&loop, &source[0],
                   &(struct lk_source_plan){ .kind = LK_SOURCE_READY,
                                             .callback = takes_locks,
                                             .removed = removed_takes_locks }));
    add_ready(1);
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_once(&loop);
    EQ(held, 0);
    CALLED("0:1");
    held = 99;
    OK(lk_loop_remove(&source[0]));
    lk_loop_once(&loop);
    EQ(held, 0);
    CALLED("1:1 0:e");
    lk_loop_once(&loop);
    CALLED("1:1");
}

CASE(under_any_lock, .text = "callers of the loop may hold any lock below it")
{
    struct lk_lock high = LK_LOCK("high", LK_LOOP_RANK - 1);

    rules_new();
    lk_lock(&server);
    lk_lock(&client);
    lk_lock(&high);
    add_with(0, record);
    add_notice(1, 1);
    add_timer(2, LK_NEVER, 0);
    OK(lk_loop_ready(&source[0], 1));
    OK(lk_loop_enable(&source[0], true));
    OK(lk_loop_update_bits(&source[1], 2));
    OK(lk_loop_update_timer(&source[2], 1, 0));
    OK(lk_loop_remove(&source[2]));
    lk_loop_stop(&loop);
    lk_unlock(&high);
    lk_unlock(&client);
    lk_unlock(&server);
    lk_loop_run(&loop);
    CALLED("0:1");
}

/* Waits until member 0 is dead, and expects these lines of the log. */
static void is_caught(uint64_t mark, const char *first, const char *second)
{
    char text[200];

    EVENTUALLY(proc_state(member_process(0)).run_state == LK_STATE_FAULTED);
    EQ(proc_state(member_process(0)).fault, FAULT_INVALID_OPCODE);
    EQ(done, false);
    EVENTUALLY(team_stops() > 0);
    lk_format(text, sizeof(text), first, line + 1);
    sys_at("%s", text);
    CHECK(log_has(mark, text));
    if (second != NULL) {
        lk_format(text, sizeof(text), second, line);
        sys_at("%s", text);
        CHECK(log_has(mark, text));
    }
}

static void calls_under_top(void *unused)
{
    (void)unused;
    line = __LINE__ + 1;
    lk_lock(&top);
    lk_loop_ready(&source[0], 1);
    done = true;
}

CASE(same_rank, .text = "who has a lock of the loop's rank is stopped, and both places are named")
{
    uint64_t mark;

    rules_new();
    add_ready(0);
    log_rest();
    team_may_stop();
    mark = log_mark();
    member_new(0, PRIO_HIGH, calls_under_top, NULL);
    is_caught(mark, "m0 takes loop (rank 15) at " FILE_NAME ":%u",
              "and has top (rank 15) since " FILE_NAME ":%u");
}

static void keeps(struct lk_source *s, uint32_t why)
{
    record(s, why);
    line = __LINE__ + 1;
    lk_lock(&server);
}

static void runs_with_lock(void *unused)
{
    (void)unused;
    lk_loop_init(&loop);
    add_with(0, keeps);
    OK(lk_loop_ready(&source[0], 1));
    lk_loop_run(&loop);
    done = true;
}

CASE(waits_with_lock, .text = "nor does a loop wait with a lock that a callback kept")
{
    uint64_t mark;

    rules_new();
    log_rest();
    team_may_stop();
    mark = log_mark();
    member_new(0, PRIO_HIGH, runs_with_lock, NULL);
    is_caught(mark, "m0 waits in its event loop at " FILE_NAME ":", NULL);
    line--;
    is_caught(mark, "and has server since " FILE_NAME ":%u", NULL);
}

static void runs_anothers(void *unused)
{
    (void)unused;
    lk_loop_once(&loop);
    done = true;
}

CASE(not_its_thread, .text = "a loop is run by its own thread only")
{
    uint64_t mark;

    rules_new();
    log_rest();
    team_may_stop();
    mark = log_mark();
    member_new(0, PRIO_HIGH, runs_anothers, NULL);
    is_caught(mark, "run by another thread than its own", NULL);
}

static void calls_as_stranger(void *unused)
{
    (void)unused;
    lk_loop_ready(&source[0], 1);
    done = true;
}

CASE(stranger, .text = "who is in no team calls no loop")
{
    struct worker w;

    rules_new();
    add_ready(0);
    w = worker_new(PRIO_HIGH, calls_as_stranger, NULL);
    proc_slot(w.p, SLOT_HANDLER, parking_entry());
    worker_start(w);
    EVENTUALLY(proc_state(w.p).run_state == LK_STATE_FAULTED);
    EQ(done, false);
}
