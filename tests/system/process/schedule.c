/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who runs: priorities, round robin, schedules that are Null or go away, and CPU time.
 */
#include "../lib/sys.h"

#define COUNTERS 4
#define SHORT_SLICE 50000

static volatile uint64_t counts[COUNTERS];
static volatile bool stop;

static void counts_up(void *arg)
{
    volatile uint64_t *mine = arg;

    while (!stop) {
        (*mine)++;
    }
}

static struct worker counter_new(unsigned i, obj schedule)
{
    struct worker w = worker_new(PRIO_LOW, counts_up, (void *)(uintptr_t)&counts[i]);

    counts[i] = 0;
    stop = false;
    proc_slot(w.p, SLOT_SCHEDULE, schedule);
    return w;
}

CASE(info, .text = "a schedule shows what it was set up with, once, and is inert before")
{
    uint64_t priority = 9, slice = 9, cpus = 9, ready = 9;
    obj s = obj_new(LK_TYPE_SCHEDULE);

    obj_get(s, R_A);
    OK(lk_schedule_get_info(R_A, &priority, &slice, &cpus, &ready));
    EQ(priority | slice | cpus | ready, 0);
    OK(lk_schedctl_set_up(R_SCHEDCTL, 77, 123456, 1, R_A));
    OK(lk_schedule_get_info(R_A, &priority, &slice, &cpus, &ready));
    EQ(priority, 77);
    EQ(slice, 123456);
    EQ(cpus, 1);
    EQ(ready, 1);
    STATUS(lk_schedctl_set_up(R_SCHEDCTL, 78, 123456, 1, R_A), STATUS_IN_USE);
}

CASE(no_schedule, .text = "a process with a Null schedule does not run, until it has one")
{
    struct worker w = counter_new(0, NO_OBJ);

    worker_start(w);
    sleep_ns(3 * NSEC_PER_MSEC);
    EQ(counts[0], 0);
    EQ(proc_state(w.p).run_state, LK_STATE_READY);
    proc_slot(w.p, SLOT_SCHEDULE, schedule_new(PRIO_LOW, SHORT_SLICE));
    EVENTUALLY(counts[0] > 0);
    EQ(kernel_check(), 0);
}

CASE(not_set_up, .text = "a schedule that is not set up is refused, and taken once it is")
{
    obj s = obj_new(LK_TYPE_SCHEDULE);
    struct worker w = counter_new(0, NO_OBJ);

    worker_start(w);
    obj_get(s, R_A);
    obj_get(w.p, R_B);
    STATUS(lk_process_swap_slot(R_B, SLOT_SCHEDULE, R_A, 0), STATUS_REQUEST_ERROR);
    OK(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SHORT_SLICE, 1, R_A));
    OK(lk_process_swap_slot(R_B, SLOT_SCHEDULE, R_A, 0));
    EVENTUALLY(counts[0] > 0);
    EQ(kernel_check(), 0);
}

CASE(rescinded,
     .text = "a schedule that is rescinded stops all of its processes, waiting and running")
{
    obj s = schedule_new(PRIO_LOW, SHORT_SLICE);
    struct worker w[3];
    uint64_t sum;

    for (unsigned i = 0; i < 3; i++) {
        w[i] = counter_new(i, s);
        worker_start(w[i]);
    }
    EVENTUALLY(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
    obj_rescind(s);
    sum = counts[0] + counts[1] + counts[2];
    sleep_ns(3 * NSEC_PER_MSEC);
    EQ(counts[0] + counts[1] + counts[2], sum);
    EQ(kernel_check(), 0);
    proc_slot(w[1].p, SLOT_SCHEDULE, schedule_of(PRIO_LOW));
    EVENTUALLY(counts[0] + counts[1] + counts[2] > sum);
}

CASE(rescinds_own, .text = "a process that rescinds its own schedule stops behind that call")
{
    obj s = schedule_new(PRIO_HIGH, SHORT_SLICE);
    obj p = proc_new(PRIO_HIGH);
    struct lk_regs r = raw_regs(LK_CTL_CALL_CAPS(8, 1, 1, 7, 0, 0, 0, 0, 0, 0));

    proc_slot(p, SLOT_SCHEDULE, s);
    proc_reply_endpoint(p, 1);
    proc_cap(p, 7, s);
    obj_get(p, R_A);
    OK(lk_process_swap_cap_reg(R_A, 8, R_RANGE, 0));
    r.rdi = OP_RANGE_RESCIND;
    raw_go(p, &r);
    EQ(proc_state(p).run_state, LK_STATE_READY);
    EQ(proc_state(p).r.rip, (uint64_t)raw_after);
    EQ(proc_state(p).r.rdi, STATUS_OK);
    proc_slot(p, SLOT_SCHEDULE, schedule_of(PRIO_HIGH));
    raw_result(p);
}

CASE(priorities, .text = "only the highest priority runs")
{
    struct worker low = counter_new(0, schedule_of(30));
    struct worker high = counter_new(1, schedule_of(31));

    worker_start(low);
    worker_start(high);
    sleep_ns(5 * NSEC_PER_MSEC);
    CHECK(counts[1] > 0);
    EQ(counts[0], 0);
    proc_slot(low.p, SLOT_SCHEDULE, schedule_of(32)); /* the other way round, at once */
    {
        uint64_t was = counts[1];

        sleep_ns(5 * NSEC_PER_MSEC);
        CHECK(counts[0] > 0);
        EQ(counts[1], was);
    }
}

CASE(all_priorities, .text = "every priority from 0 to 255 is a place in the order")
{
    static const unsigned some[] = { 0, 1, 31, 63, 64, 65, 99 };
    obj p[7];

    for (unsigned i = 0; i < 7; i++) {
        p[i] = proc_new(some[i]);
        raw_do(p[i], LK_YIELD);
        EQ(proc_state(p[i]).r.rip, (uint64_t)raw_syscall);
    }
    for (unsigned i = 7; i-- > 0;) { /* each is let run alone, highest first */
        EVENTUALLY(raw_done(p[i]));
        for (unsigned j = 0; j < i; j++) {
            if (raw_done(p[j])) {
                CHECK(raw_done(p[i]));
            }
        }
    }
    obj_get(proc_new(50), R_A);
    obj_get(schedule_new(255, SHORT_SLICE), R_B);
    OK(lk_process_swap_slot(R_A, SLOT_SCHEDULE, R_B, 0));
}

CASE(round_robin, .text = "those of one priority share the CPU by time slice")
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        worker_start(counter_new(i, schedule_new(PRIO_LOW, SHORT_SLICE)));
    }
    EVENTUALLY(counts[0] > 100000 && counts[1] > 100000 && counts[2] > 100000 &&
               counts[3] > 100000);
    stop = true;
}

CASE(preempted_at_once,
     .text = "a process of higher priority that wakes runs at once, one of equal priority later",
     .steady = true)
{
    obj equal = proc_new(PRIO_CASE);
    obj higher = proc_new(PRIO_CASE + 1);

    raw_do(equal, LK_SEND);
    EQ(proc_state(equal).r.rip, (uint64_t)raw_syscall);
    raw_do(higher, LK_SEND);
    raw_result(higher);
    lk_yield();
    raw_result(equal);
}

static uint64_t idle_time(void)
{
    uint64_t idle = 0;

    OK(lk_sysctl_get_stats(R_SYSCTL, NULL, NULL, NULL, NULL, NULL, &idle, NULL));
    return idle;
}

CASE(cpu_time,
     .text = "CPU time is exact: what all used and what nobody used is the time that passed")
{
    struct worker w[COUNTERS];
    uint64_t first = now(); /* before anything is read; `begun` is after */
    uint64_t own = proc_state(SELF).cpu;
    uint64_t idle = idle_time();
    uint64_t begun = now();
    uint64_t over;

    for (unsigned i = 0; i < COUNTERS; i++) {
        w[i] = counter_new(i, schedule_new(PRIO_LOW, SHORT_SLICE));
        worker_start(w[i]);
    }
    sleep_ns(50 * NSEC_PER_MSEC);
    stop = true;
    sleep_ns(5 * NSEC_PER_MSEC);
    over = now(); /* from here on nobody but the case runs */
    own = proc_state(SELF).cpu - own;
    idle = idle_time() - idle;
    for (unsigned i = 0; i < COUNTERS; i++) {
        uint64_t cpu = proc_state(w[i].p).cpu;

        CHECK(cpu > 0);
        own += cpu;
    }
    sys_at("used %lu, idle %lu of %lu to %lu ns", own, idle, over - begun, now() - first);
    CHECK(own + idle + 1000 >= over - begun); /* each sum is cut to whole nanoseconds */
    CHECK(own + idle <= now() - first + 1000);
}

CASE(direct_switch,
     .text = "a call to a server of equal priority runs it at once, before others of that priority",
     .steady = true)
{
    obj bystander = proc_new(PRIO_CASE);
    obj server = proc_new(PRIO_CASE);
    obj e = endpoint_new(server, 1, false);

    raw_do(server, LK_RECV | LK_CTL_RECVS(9, 0, 0, 0));
    lk_yield();
    EQ(proc_state(server).run_state, LK_STATE_RECEIVING);
    raw_do(bystander, LK_YIELD);
    obj_get(entry_new(e, 0), R_A);
    EQ(lk_send2(R_A, 4, 0, 0), STATUS_OK); /* the server has run to its end when we are back */
    EQ(proc_state(bystander).r.rip, (uint64_t)raw_syscall);
    EQ(raw_result(server).rdi, 4);
}
