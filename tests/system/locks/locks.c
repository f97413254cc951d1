/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Taking and letting go: one at a time, in the order in which they came, without spinning.
 */
#include "team.h"

#define ROUNDS 200

static struct lk_lock lock;
static volatile uint64_t inside, most, counter, done, order[MEMBERS], orders;
static const struct lk_lock fresh = LK_LOCK("lock", 1);

static void begin(void)
{
    team_new();
    lock = fresh;
    inside = most = counter = done = orders = 0;
}

/* What somebody does who has the lock, and would be disturbed by another one who has it. */
static void use(void)
{
    uint64_t before = counter;

    if (++inside > most) {
        most = inside;
    }
    if (before % 3 == 0) {
        lk_yield();
    }
    counter = before + 1;
    inside--;
}

static void takes_often(void *checked)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        lk_lock_at(&lock, checked != NULL ? LK_SITE : NULL);
        use();
        lk_unlock_at(&lock, checked != NULL ? LK_SITE : NULL);
    }
    done++;
}

static void excludes(bool checked)
{
    begin();
    for (unsigned i = 0; i < MEMBERS; i++) {
        member_new(i, i < 4 ? PRIO_LOW : PRIO_LOW + 1, takes_often, checked ? &lock : NULL);
    }
    EVENTUALLY(done == MEMBERS);
    members_fine();
    EQ(most, 1);
    EQ(counter, MEMBERS * ROUNDS);
    EQ(lock.taken, MEMBERS * ROUNDS);
    EQ(lock.word, 0);
}

CASE(one_at_a_time, .text = "of six who want a lock again and again one has it at a time")
{
    excludes(true);
    CHECK(lock.waits > 0);
}

CASE(one_at_a_time_unchecked, .text = "the same, unchecked")
{
    excludes(false);
}

/* Takes it once, and notes when. */
static void takes_once(void *number)
{
    lk_lock(&lock);
    order[orders++] = (uint64_t)number;
    use();
    lk_unlock(&lock);
    done++;
}

CASE(in_order, .text = "those who wait have it in the order in which they came, whatever they are",
     .steady = true)
{
    static const unsigned priority[MEMBERS] = { PRIO_HIGH,     PRIO_HIGH + 2, PRIO_HIGH,
                                                PRIO_HIGH + 1, PRIO_HIGH + 2, PRIO_HIGH };

    begin();
    lk_lock(&lock);
    for (unsigned i = 0; i < MEMBERS; i++) {
        member_new(i, priority[i], takes_once, (void *)(uint64_t)i);
        EQ(proc_wait_kind(member_process(i)), LK_WAIT_NOTICE);
    }
    EQ(orders, 0);
    lk_unlock(&lock);
    EVENTUALLY(done == MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        EQ(order[i], i);
    }
    EQ(lock.waits, MEMBERS);
}

CASE(not_passed, .text = "who waits has it before who lets go of it and wants it again",
     .steady = true)
{
    begin();
    for (unsigned round = 0; round < 3; round++) {
        lk_lock(&lock);
        member_new(round, PRIO_LOW, takes_once, (void *)(uint64_t)round);
        sleep_ns(NSEC_PER_MSEC); /* it waits now */
        EQ(orders, round);
        lk_unlock(&lock);
        EQ(orders, round); /* it has it, and has not run */
        lk_lock(&lock);
        EQ(orders, round + 1);
        lk_unlock(&lock);
    }
    members_fine();
}

#define PATIENT 3u /* so many are before it */

static volatile bool over;
static volatile uint64_t asked_at, had_at;

/* Wants it again and again, without a pause. */
static void hogs(void *unused)
{
    (void)unused;
    while (!over) {
        lk_lock(&lock);
        lk_unlock(&lock);
    }
    done++;
}

static void is_patient(void *unused)
{
    (void)unused;
    lk_lock(&lock);
    had_at = lock.taken;
    over = true;
    lk_unlock(&lock);
    done++;
}

CASE(overtaken,
     .text = "who waits is overtaken by nobody, however often and urgently others want it",
     .steady = true)
{
    begin();
    over = false;
    had_at = 0;
    lk_lock(&lock);
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (i == PATIENT) {
            member_new(i, PRIO_LOW, is_patient, NULL);
        } else {
            member_new(i, PRIO_HIGH + i, hogs, NULL);
        }
        sleep_ns(NSEC_PER_MSEC); /* it waits now */
    }
    asked_at = lock.taken;
    lk_unlock(&lock);
    EVENTUALLY(done == MEMBERS);
    EQ(had_at, asked_at + PATIENT + 1); /* those that came before, and itself */
}

CASE(no_spinning, .text = "who waits takes no time, and the kernel is not entered for it",
     .steady = true)
{
    struct pstate before, after;

    begin();
    lk_lock(&lock);
    member_new(0, PRIO_HIGH, takes_once, NULL); /* above who has the lock */
    before = proc_state(member_process(0));
    sleep_ns(20 * NSEC_PER_MSEC);
    after = proc_state(member_process(0));
    EQ(after.cpu, before.cpu);
    EQ(after.run_state, LK_STATE_RECEIVING);
    lk_unlock(&lock);
    EQ(done, 1);
}

CASE(uncontended, .text = "a lock that nobody else wants is taken without the kernel",
     .steady = true)
{
    uint64_t before = 0, after = 0, once = 0;

    begin();
    OK(lk_sysctl_get_stats(R_SYSCTL, &before, NULL, NULL, NULL, NULL, NULL, NULL));
    OK(lk_sysctl_get_stats(R_SYSCTL, &once, NULL, NULL, NULL, NULL, NULL, NULL));
    for (unsigned i = 0; i < 100; i++) {
        lk_lock(&lock);
        lk_unlock(&lock);
    }
    OK(lk_sysctl_get_stats(R_SYSCTL, &after, NULL, NULL, NULL, NULL, NULL, NULL));
    EQ(after - once, once - before);
}

/* Waits for the lock, then asks for its notices. */
static void wants_bits(void *bits)
{
    lk_lock(&lock);
    lk_unlock(&lock);
    *(volatile uint64_t *)bits = lk_take_notices();
    *(volatile uint64_t *)bits |= lk_take_notices() << 32;
    done++;
}

CASE(notices_kept, .text = "notices that come to who waits for a lock are not lost")
{
    static volatile uint64_t bits;
    obj notice;

    begin();
    bits = 0;
    lk_lock(&lock);
    member_new(0, PRIO_HIGH, wants_bits, (void *)(uintptr_t)&bits);
    notice = notice_new(member_endpoint(0), 0xff);
    obj_get(notice, R_I);
    OK(lk_appnotice_post(R_I, 0x41));
    EVENTUALLY(proc_wait_kind(member_process(0)) == LK_WAIT_NOTICE);
    OK(lk_appnotice_post(R_I, 0x02));
    EVENTUALLY(proc_wait_kind(member_process(0)) == LK_WAIT_NOTICE);
    EQ(done, 0);
    lk_unlock(&lock);
    EVENTUALLY(bits == 0x43);
    obj_get(notice, R_I);
    OK(lk_appnotice_post(R_I, 0x10));
    EVENTUALLY(done == 1);
    EQ(bits, 0x1000000043);
    members_fine();
}

CASE(wake_left, .text = "a wake-up that comes late is no notice", .steady = true)
{
    static volatile uint64_t bits;

    begin();
    bits = 0;
    lk_lock(&lock);
    member_new(0, PRIO_LOW, wants_bits, (void *)(uintptr_t)&bits);
    obj_get(notice_new(member_endpoint(0), 0xff), R_I);
    sleep_ns(NSEC_PER_MSEC); /* it waits now */
    OK(lk_appnotice_post(R_I, 0x01));
    lk_unlock(&lock); /* it has not run: it will find that it has the lock, and the bit later */
    EVENTUALLY(bits == 0x01);
    sleep_ns(NSEC_PER_MSEC);
    EQ(done, 0);
    OK(lk_appnotice_post(R_I, 0x10));
    EVENTUALLY(done == 1);
    EQ(bits, 0x1000000001);
}

CASE(hold_times, .text = "how long a lock is held is counted, and the last holds are noted")
{
    uint64_t records;
    unsigned line;

    begin();
    records = lk_locks.records;
    for (unsigned i = 1; i <= 3; i++) {
        line = __LINE__ + 1;
        lk_lock(&lock);
        sleep_ns(i * NSEC_PER_MSEC);
        lk_unlock(&lock);

        const struct lk_lock_record *last = &lk_locks.record[records++ % LK_LOCK_RECORDS];

        EQ(lk_locks.records, records);
        EQ((uint64_t)last->lock, (uint64_t)&lock);
        EQ((uint64_t)last->holder, (uint64_t)lk_self());
        CHECK(last->cycles > 0);
        EQ(lock.longest, last->cycles);
        EQ(last->got.site->line, line);
    }
    EQ(lock.taken, 3);
    CHECK(lock.cycles > lock.longest);
}

CASE(who_is_who, .text = "each member is found by its stack")
{
    begin();
    struct lk_member *first = lk_self();

    for (unsigned i = 0; i < MEMBERS; i++) {
        member_new(i, PRIO_HIGH, takes_once, (void *)(uint64_t)i);
        sys_at("member %u", i);
        CHECK(member_of(i) != first);
        EQ((uint64_t)lk_locks.record[(lk_locks.records - 1) % LK_LOCK_RECORDS].holder,
           (uint64_t)member_of(i));
    }
}
