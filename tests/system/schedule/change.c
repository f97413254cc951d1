/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Schedules that are set, changed, taken away and rescinded, in every state of a process.
 */
#include "share.h"

#define REG_TARGET 5

CASE(null_schedule,
     .text = "a process without a schedule does not run, and does as soon as it has one")
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker w;

    share_begin();
    w = spinner_new(NO_OBJ, 0);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t cpu = cpu_of(w.p);

        sleep_ns(5 * SLICE);
        EQ(proc_state(w.p).run_state, LK_STATE_READY);
        EQ(cpu_of(w.p), cpu);
        proc_slot(w.p, SLOT_SCHEDULE, s);
        sleep_ns(5 * SLICE);
        about(cpu_of(w.p) - cpu, 5 * SLICE);
        proc_slot(w.p, SLOT_SCHEDULE, NO_OBJ);
    }
    EQ(kernel_check(), 0);
}

CASE(null_schedule_shown,
     .text = "getWait says that there is no schedule, or which priority it gives")
{
    obj s = schedule_new(77, SLICE);
    obj p = proc_new(PRIO_LOW);
    uint64_t priority = 0;

    proc_slot(p, SLOT_SCHEDULE, s);
    obj_get(p, R_A);
    OK(lk_process_get_wait(R_A, NULL, NULL, NULL, NULL, NULL, &priority));
    EQ(priority, 77);
    obj_rescind(s);
    OK(lk_process_get_wait(R_A, NULL, NULL, NULL, NULL, NULL, &priority));
    EQ(priority, 256);
    proc_slot(p, SLOT_SCHEDULE, NO_OBJ);
    OK(lk_process_get_wait(R_A, NULL, NULL, NULL, NULL, NULL, &priority));
    EQ(priority, 256);
}

CASE(rescinded,
     .text = "a schedule that is rescinded stops who runs by it at once; its equal goes on alone")
{
    obj s = schedule_new(PRIO_LOW, SLICE);
    struct worker w[3];
    uint64_t cpu[3];

    share_begin();
    for (unsigned i = 0; i < 3; i++) {
        w[i] = spinner_new(i == 1 ? schedule_new(PRIO_LOW, SLICE) : s, i);
    }
    sleep_ns(10 * SLICE);
    obj_rescind(s);
    for (unsigned i = 0; i < 3; i++) {
        cpu[i] = cpu_of(w[i].p);
    }
    sleep_ns(10 * SLICE);
    EQ(cpu_of(w[0].p), cpu[0]);
    EQ(cpu_of(w[2].p), cpu[2]);
    about(cpu_of(w[1].p) - cpu[1], 10 * SLICE);
    proc_slot(w[2].p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, SLICE));
    sleep_ns(10 * SLICE);
    about(cpu_of(w[2].p) - cpu[2], 5 * SLICE);
    EQ(cpu_of(w[0].p), cpu[0]);
    EQ(kernel_check(), 0);
}

#define MANY 4000 /* are ready */
#define NAP 5000
#define LATE 20000 /* of a nap, at most */

CASE(rescinded_many, .text = "the schedule of thousands that are ready is rescinded, and nobody "
                             "waits for them to be dropped")
{
    struct lk_regs r = raw_regs(LK_YIELD);
    obj s = schedule_new(PRIO_LOW, SLICE);
    uint64_t last;
    struct worker w;

    share_begin();
    obj_get(s, R_B);
    for (unsigned i = 0; i < MANY; i++) {
        obj_new_in(LK_TYPE_PROCESS, R_A);
        OK(lk_process_swap_slot(R_A, SLOT_SCHEDULE, R_B, 0));
        OK(lk_process_set_regs(R_A, LK_STATE_FAULTED, &r, sizeof(r)));
        OK(lk_process_resume(R_A, 1));
    }
    w = spinner_new(schedule_new(40, SLICE), 0);
    obj_rescind(s);
    last = now();
    while (done[0] == 0) { /* that one comes behind them all */
        uint64_t late;

        sleep_ns(NAP);
        late = now() - last - NAP;
        sys_at("late by %lu ns", late);
        CHECK(late <= LATE);
        last = now();
    }
    EQ(kernel_check(), 0);
    CHECK(cpu_of(w.p) > 0);
}

static void once(void *who)
{
    turn_note((unsigned)(uintptr_t)who);
    done[(unsigned)(uintptr_t)who]++;
}

CASE(changed_while_ready,
     .text = "one that is ready goes to the place of its new priority, behind its new equals")
{
    static const unsigned order[] = { 2, 3, 4, 1, 0 };
    enum { READY = 5 };
    struct worker w[READY];

    share_begin();
    for (unsigned i = 0; i < READY; i++) { /* below the case: none runs yet */
        w[i] = runner_new(schedule_of(50), once, i);
        worker_start(w[i]);
    }
    proc_slot(w[2].p, SLOT_SCHEDULE, schedule_of(52)); /* before all */
    proc_slot(w[0].p, SLOT_SCHEDULE, schedule_of(49)); /* behind all */
    proc_slot(w[1].p, SLOT_SCHEDULE, schedule_of(52)); /* behind 2 .. */
    proc_slot(w[1].p, SLOT_SCHEDULE, NO_OBJ);          /* .. nowhere .. */
    proc_slot(w[1].p, SLOT_SCHEDULE, schedule_of(50)); /* .. and behind 4 */
    EQ(turn_count, 0);
    EQ(kernel_check(), 0);
    sleep_ns(SLICE);
    EQ(turn_count, READY);
    for (unsigned i = 0; i < READY; i++) {
        EQ(turns[i].who, order[i]);
    }
}

CASE(changed_while_running,
     .text = "one that gets a lower priority in the middle of its work loses the CPU at once")
{
    obj high = schedule_of(PRIO_CASE);
    obj low = schedule_of(40);

    share_begin();
    worker_start(runner_new(schedule_of(50), once, 0));
    worker_start(runner_new(schedule_of(30), once, 1));
    EQ(turn_count, 0);
    proc_slot(SELF, SLOT_SCHEDULE, low);
    EQ(turn_count, 1);
    proc_slot(SELF, SLOT_SCHEDULE, high);
    EQ(turn_count, 1);
    EQ(done[1], 0);
}

CASE(changed_while_sending, .text = "one that waits to send is served by its new priority, among "
                                    "those of other endpoints as well")
{
    static const unsigned order[] = { 3, 1, 0, 2 };
    obj r = proc_new(PRIO_HIGH);
    obj s[4];

    for (unsigned i = 0; i < 4; i++) {
        s[i] = proc_new(110 + i);
        proc_cap(s[i], REG_TARGET, entry_new(endpoint_new(r, i / 2, false), 0));
        raw_do_word(s[i], LK_CTL(LK_SEND | LK_BLOCK, REG_TARGET, 1), i);
        EQ(proc_wait_kind(s[i]), LK_WAIT_SENDING);
    }
    proc_slot(s[2], SLOT_SCHEDULE, schedule_of(109)); /* would have been second: is last */
    proc_slot(s[3], SLOT_SCHEDULE, NO_OBJ);           /* keeps its place */
    proc_slot(s[1], SLOT_SCHEDULE, schedule_of(40));
    proc_slot(s[1], SLOT_SCHEDULE, schedule_of(111));
    EQ(kernel_check(), 0);
    for (unsigned i = 0; i < 4; i++) {
        raw_do(r, LK_RECV);
        EQ(raw_result(r).rdi, order[i]);
    }
    EQ(proc_state(s[3]).run_state, LK_STATE_READY);
    EQ(proc_state(s[3]).r.rip, (uint64_t)raw_after);
    proc_slot(s[3], SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    raw_result(s[3]);
}

/* Counts the messages that it takes. */
static void takes(void *who)
{
    for (;;) {
        lk_wait(0);
        turn_note((unsigned)(uintptr_t)who);
        done[(unsigned)(uintptr_t)who]++;
    }
}

CASE(changed_while_receiving,
     .text = "one that waits for a message runs with its new priority when it comes")
{
    struct worker w = runner_new(schedule_of(50), takes, 0);
    obj entry = entry_new(w.endpoint, 0);
    obj gone = schedule_new(PRIO_HIGH, SLICE);

    share_begin();
    worker_start(w);
    EVENTUALLY(proc_wait_kind(w.p) == LK_WAIT_OPEN);
    obj_get(entry, R_A);
    OK(lk_post2(R_A, 0, 0, 0));
    EQ(done[0], 0); /* of lower priority: later */
    EVENTUALLY(done[0] == 1);
    proc_slot(w.p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    OK(lk_post2(R_A, 0, 0, 0));
    EQ(done[0], 2); /* of higher priority: at once */
    proc_slot(w.p, SLOT_SCHEDULE, gone);
    obj_rescind(gone);
    OK(lk_post2(R_A, 0, 0, 0));
    sleep_ns(SLICE);
    EQ(done[0], 2);
    EQ(proc_state(w.p).run_state, LK_STATE_READY); /* it has the message */
    STATUS(lk_post2(R_A, 0, 0, 0), STATUS_WOULD_BLOCK);
    proc_slot(w.p, SLOT_SCHEDULE, schedule_of(50));
    EQ(done[0], 2);
    EVENTUALLY(done[0] == 3);
    EQ(kernel_check(), 0);
}

/* Sleeps for a moment. */
static void nap_once(void *who)
{
    sleep_ns(SLICE);
    once(who);
}

CASE(changed_while_sleeping,
     .text = "so does one that sleeps, and its time passes without a schedule too")
{
    struct worker w[3];

    share_begin();
    for (unsigned i = 0; i < 3; i++) {
        w[i] = runner_new(schedule_of(PRIO_HIGH), nap_once, i);
        worker_start(w[i]);
        EQ(proc_wait_kind(w[i].p), LK_WAIT_SLEEPING);
    }
    proc_slot(w[0].p, SLOT_SCHEDULE, NO_OBJ);
    proc_slot(w[1].p, SLOT_SCHEDULE, schedule_of(50));
    spinner_new(schedule_of(60), 4);
    sleep_ns(5 * SLICE);
    EQ(done[0] + done[1], 0);
    EQ(done[2], 1);
    EQ(proc_state(w[0].p).run_state, LK_STATE_READY);
    EQ(proc_state(w[1].p).run_state, LK_STATE_READY);
    proc_slot(w[0].p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    proc_slot(w[1].p, SLOT_SCHEDULE, schedule_of(70));
    EQ(done[0], 1);
    EVENTUALLY(done[1] == 1);
}
