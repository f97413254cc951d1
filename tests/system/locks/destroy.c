/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members that are destroyed, and made again.
 */
#include "team.h"

static struct lk_lock lock;
static struct lk_condition condition;
static volatile uint64_t done;
static volatile bool go_on;

static void begin(void)
{
    team_new();
    lock = (struct lk_lock)LK_LOCK("lock", 1);
    condition = (struct lk_condition)LK_CONDITION("condition", &lock);
    done = 0;
    go_on = false;
}

static void once(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    done++;
    lk_unlock(&lock);
}

static void waits(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    lk_wait_for(&condition);
    lk_unlock(&lock);
    done++;
}

static void holds(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    while (!go_on) {
        lk_sleep_ms(1);
    }
    lk_unlock(&lock);
    done++;
}

CASE(made_again, .text = "a member that has returned is destroyed, and its place is taken again")
{
    begin();
    for (unsigned i = 1; i <= 60; i++) {
        sys_at("round %u", i);
        member_new(0, PRIO_HIGH, once, NULL);
        EVENTUALLY(done == i);
        EVENTUALLY(proc_wait_kind(member_process(0)) == LK_WAIT_NOTICE);
        OK(member_destroy(0));
        CHECK(member_of(0) == NULL);
    }
}

CASE(not_while_waiting,
     .text = "one that waits, or has a lock, is not destroyed; others wake as before",
     .steady = true)
{
    begin();
    member_new(0, PRIO_HIGH, waits, NULL);
    STATUS(member_destroy(0), STATUS_IN_USE);
    member_new(1, PRIO_LOW, holds, NULL);
    EVENTUALLY(lock.holder == member_of(1));
    STATUS(member_destroy(1), STATUS_IN_USE);
    member_new(2, PRIO_HIGH, once, NULL);
    STATUS(member_destroy(2), STATUS_IN_USE);
    go_on = true;
    EVENTUALLY(done == 2);
    OK(member_destroy(1));
    OK(member_destroy(2));
    lk_lock(&lock);
    lk_signal(&condition);
    STATUS(member_destroy(0), STATUS_IN_USE); /* signalled, and waits for the lock */
    lk_unlock(&lock);
    EVENTUALLY(done == 3);
    OK(member_destroy(0));
}
