/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Conditions: nobody sleeps while there is something for it, nobody wakes before its turn.
 */
#include "team.h"

#define SLOTS 4
#define ITEMS 150 /* of each of those who put something in */

static struct lk_lock lock;
static struct lk_condition filled, emptied;
static volatile uint64_t woken, order[MEMBERS], done;
static volatile bool go_on;
static struct {
    uint64_t slot[SLOTS], first, count;
    uint64_t put, taken, sum;
    bool over;
} queue;

static void begin(void)
{
    team_new();
    lock = (struct lk_lock)LK_LOCK("lock", 1);
    filled = (struct lk_condition)LK_CONDITION("filled", &lock);
    emptied = (struct lk_condition)LK_CONDITION("emptied", &lock);
    memset(&queue, 0, sizeof(queue));
    woken = done = 0;
    go_on = false;
}

static void waits(void *number)
{
    lk_lock(&lock);
    lk_wait_for(&filled);
    order[woken++] = (uint64_t)number;
    lk_unlock(&lock);
    done++;
}

CASE(signal_one, .text = "a signal wakes the one that has waited longest, and one only",
     .steady = true)
{
    begin();
    for (unsigned i = 0; i < 4; i++) {
        member_new(i, i == 2 ? PRIO_HIGH + 1 : PRIO_HIGH, waits, (void *)(uint64_t)i);
        EQ(proc_wait_kind(member_process(i)), LK_WAIT_NOTICE);
    }
    EQ(lock.word, 0);
    for (unsigned i = 0; i < 2; i++) {
        lk_lock(&lock);
        lk_signal(&filled);
        EQ(woken, i); /* it has not the lock yet */
        lk_unlock(&lock);
        EQ(woken, i + 1);
        EQ(order[i], i);
    }
    lk_lock(&lock);
    lk_signal_all(&filled);
    lk_signal_all(&filled);
    EQ(woken, 2);
    lk_unlock(&lock);
    EQ(woken, 4);
    EQ(done, 4);
    members_fine();
}

#define TURNS 10

static volatile uint64_t had[MEMBERS], sequence[MEMBERS * TURNS];

/* Waits again and again. */
static void waits_often(void *number)
{
    lk_lock(&lock);
    for (unsigned i = 0; i < TURNS; i++) {
        lk_wait_for(&filled);
        had[(uint64_t)number]++;
        sequence[woken++] = (uint64_t)number;
    }
    lk_unlock(&lock);
    done++;
}

CASE(turns, .text = "those who wait again and again are signalled in turn, whatever their priority",
     .steady = true)
{
    begin();
    memset((void *)(uintptr_t)had, 0, sizeof(had));
    for (unsigned i = 0; i < MEMBERS; i++) {
        member_new(i, PRIO_LOW + i * 20 % 70, waits_often, (void *)(uint64_t)i);
        sleep_ns(NSEC_PER_MSEC); /* it waits now */
    }
    for (uint64_t n = 0; n < MEMBERS * TURNS; n++) {
        lk_lock(&lock);
        lk_signal(&filled);
        lk_unlock(&lock);
        EVENTUALLY(woken == n + 1);
        sleep_ns(NSEC_PER_MSEC); /* it waits again */
        EQ(sequence[n], n % MEMBERS);
    }
    EVENTUALLY(done == MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        EQ(had[i], TURNS);
    }
}

CASE(signal_nobody, .text = "a signal for which nobody waits leaves nothing behind", .steady = true)
{
    begin();
    lk_lock(&lock);
    lk_signal(&filled);
    lk_signal_all(&filled);
    lk_unlock(&lock);
    member_new(0, PRIO_HIGH, waits, NULL);
    EQ(woken, 0);
    EQ(proc_wait_kind(member_process(0)), LK_WAIT_NOTICE);
    lk_lock(&lock);
    lk_signal(&filled);
    lk_unlock(&lock);
    EQ(woken, 1);
}

static void puts_in(void *number)
{
    for (uint64_t i = 1; i <= ITEMS; i++) {
        lk_lock(&lock);
        while (queue.count == SLOTS) {
            lk_wait_for(&emptied);
        }
        queue.slot[(queue.first + queue.count++) % SLOTS] = i * (uint64_t)number;
        queue.put++;
        lk_signal(&filled);
        lk_unlock(&lock);
    }
    done++;
}

static void takes_out(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    for (;;) {
        while (queue.count == 0 && !queue.over) {
            lk_wait_for(&filled);
        }
        if (queue.count == 0) {
            break;
        }
        queue.sum += queue.slot[queue.first++ % SLOTS];
        queue.count--;
        queue.taken++;
        lk_signal(&emptied);
        if (queue.taken % 7 == 0) { /* as a worker: without the lock */
            lk_unlock(&lock);
            lk_yield();
            lk_lock(&lock);
        }
    }
    lk_unlock(&lock);
    done++;
}

CASE(nothing_lost, .text = "what some put into a small queue others take out, and nobody sleeps on")
{
    begin();
    for (unsigned i = 0; i < 3; i++) {
        member_new(i, PRIO_LOW + i % 2, takes_out, NULL);
    }
    for (unsigned i = 0; i < 3; i++) {
        member_new(3 + i, PRIO_LOW + i % 2, puts_in, (void *)(uint64_t)(i + 1));
    }
    EVENTUALLY(done == 3 && queue.taken == 3 * ITEMS);
    EQ(queue.put, 3 * ITEMS);
    EQ(queue.sum, 6 * ITEMS * (ITEMS + 1) / 2);
    lk_lock(&lock);
    queue.over = true;
    lk_signal_all(&filled);
    lk_unlock(&lock);
    EVENTUALLY(done == MEMBERS);
    members_fine();
    EQ(lock.word, 0);
}
