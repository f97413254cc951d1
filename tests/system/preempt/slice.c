/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Slice-expired notices: at the end of each time slice of a process that runs under a schedule that
 * asks for them. Plain ones inform, proxied ones also stop: what a scheduler of user level needs.
 */
#include "spin.h"
#include "trio.h"

#define SLICE (500000ull)

/* A schedule whose slices end with these bits through what is in register `notice`. */
static obj slice_schedule(unsigned priority, uint64_t slice, uint64_t bits, obj notice)
{
    obj s = obj_new(LK_TYPE_SCHEDULE);

    obj_get(s, R_T0);
    obj_get(notice, R_T1);
    OK(lk_schedctl_set_slice_notice(R_SCHEDCTL, bits, R_T0, R_T1));
    OK(lk_schedctl_set_up(R_SCHEDCTL, priority, slice, 1, R_T0));
    return s;
}

/* A process that computes for ever, stopped before its first instruction. */
static obj spinner(obj schedule)
{
    obj p = proc_new(PRIO_LOW);
    struct lk_regs r = raw_regs(0);

    proc_slot(p, SLOT_SCHEDULE, schedule);
    r.rip = (uint64_t)spin_on;
    proc_set_regs(p, &r);
    return p;
}

CASE(slice_refused,
     .text = "setSliceNotice takes a Schedule that is not set up yet, and an AppNotice "
             "or Null")
{
    struct trio x = trio_new();

    obj_new_in(LK_TYPE_SCHEDULE, R_A);
    obj_get(x.notice, R_B);
    obj_get(x.entry, R_C);
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, R_C), STATUS_REQUEST_ERROR);
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, R_SCHEDCTL), STATUS_REQUEST_ERROR);
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_C, R_B), STATUS_REQUEST_ERROR);
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, 0, R_B), STATUS_REQUEST_ERROR);
    OK(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, R_B));
    OK(lk_schedctl_set_slice_notice(R_SCHEDCTL, 2, R_A, 0)); /* taken back */
    OK(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, R_B));
    OK(lk_schedctl_set_up(R_SCHEDCTL, 50, SLICE, 1, R_A));
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, R_B), STATUS_IN_USE);
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, 0), STATUS_IN_USE);
    obj_get(schedule_new(50, SLICE), R_A);
    STATUS(lk_schedctl_set_slice_notice(R_SCHEDCTL, 1, R_A, R_B), STATUS_IN_USE);
    OK(lk_schedule_get_info(R_A, NULL, NULL, NULL, NULL));
}

CASE(slice_plain,
     .text = "plain bits go to the open wait of whom the notice names, at the end of each "
             "slice, also with nobody else at that priority",
     .steady = true)
{
    obj p = proc_new(PRIO_HIGH);
    obj e = endpoint_new(p, 4, false);
    obj t = spinner(slice_schedule(PRIO_LOW, SLICE, 0x30, notice_new(e, 0xf0)));
    uint64_t cpu = 0;

    proc_resume(t);
    for (unsigned i = 0; i < 8; i++) {
        raw_do(p, LK_RECV);
        sys_at("slice %u", i);
        EVENTUALLY(raw_done(p));
        EQ(lk_kind(raw_result(p).rax), LK_KIND_NOTICE);
        EQ(raw_result(p).rdi, 0x30);
        CHECK(proc_state(t).cpu >= cpu + SLICE * 8 / 10);
        CHECK(proc_state(t).cpu <= cpu + SLICE * 20 / 10); /* the case looks now and then only */
        cpu = proc_state(t).cpu / SLICE * SLICE;
    }
    EQ(proc_state(t).holds, 0);
    EQ(proc_state(t).r.rip, (uint64_t)spin_on);
}

CASE(slice_proxied,
     .text = "proxied bits stop the process at the end of its slice and tell its "
             "receiver; let go, it has another slice",
     .steady = true)
{
    struct trio x = trio_new();
    uint64_t cpu = 0;
    struct lk_regs r = raw_regs(0);
    obj other = proc_new(PRIO_LOW);

    proc_slot(x.t, SLOT_SCHEDULE, slice_schedule(PRIO_LOW, SLICE, 1, x.notice));
    r.rip = (uint64_t)spin_on;
    raw_go(x.t, &r);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t used;

        sys_at("slice %u", i);
        if (i == 4) { /* with an equal that also wants to run */
            proc_slot(other, SLOT_SCHEDULE, schedule_new(PRIO_LOW, SLICE));
            proc_set_regs(other, &r);
            proc_resume(other);
        }
        r_waits(&x);
        EVENTUALLY(held(x.t));
        r_has_bits(&x, 1);
        used = proc_state(x.t).cpu;
        CHECK(used - cpu >= SLICE * 9 / 10 && used - cpu <= SLICE * 12 / 10);
        sleep_ns(2 * SLICE);
        EQ(proc_state(x.t).cpu, used); /* it does not run */
        cpu = used;
        let_go(x.t);
    }
}

CASE(slice_pending,
     .text = "while R does not wait the process goes on, and the bits of any number of "
             "slices are one notice",
     .steady = true)
{
    struct trio x = trio_new();
    struct lk_regs r = raw_regs(0);

    proc_slot(x.t, SLOT_SCHEDULE, slice_schedule(PRIO_LOW, SLICE, 1, x.notice));
    r.rip = (uint64_t)spin_on;
    raw_go(x.t, &r);
    sleep_ns(10 * SLICE);
    CHECK(proc_state(x.t).cpu > 7 * SLICE);
    EQ(preempting(x.t), 1);
    CHECK(preemption(x.t).merges >= 5);
    r_waits(&x);
    r_has_bits(&x, 1);
}

CASE(slice_null,
     .text = "a Null notice, a notice whose endpoint is gone, and bits outside its mask "
             "ask for nothing; the process runs on",
     .steady = true)
{
    for (unsigned i = 0; i < 4; i++) {
        struct trio x = trio_new();
        obj notice = i == 0 ? NO_OBJ : i == 1 ? proxy_notice_new(x.e, 2) : x.notice;
        struct lk_regs r = raw_regs(0);

        sys_at("%u", i);
        proc_slot(x.t, SLOT_SCHEDULE, slice_schedule(PRIO_LOW, SLICE, 1, notice));
        r_waits(&x);
        r.rip = (uint64_t)spin_on;
        raw_go(x.t, &r);
        if (i == 2) {
            obj_rescind(x.e);
        } else if (i == 3) {
            obj_get(x.e, R_A);
            OK(lk_endpoint_set_recipient(R_A, 0));
        }
        sleep_ns(6 * SLICE);
        CHECK(proc_state(x.t).cpu > 4 * SLICE);
        CHECK(!held(x.t));
        EQ(preemption(x.t).posts, 0);
        EQ(kernel_check(), 0);
        proc_hold(x.t, 1);
    }
}

CASE(slice_schedule_gone, .text = "a schedule that is destroyed, or exchanged, ends its notices",
     .steady = true)
{
    struct trio x = trio_new();
    struct lk_regs r = raw_regs(0);
    obj schedule = slice_schedule(PRIO_LOW, SLICE, 1, x.notice);
    uint32_t posts;

    proc_slot(x.t, SLOT_SCHEDULE, schedule);
    r.rip = (uint64_t)spin_on;
    raw_go(x.t, &r);
    sleep_ns(3 * SLICE);
    posts = preemption(x.t).posts;
    CHECK(posts >= 1);
    proc_slot(x.t, SLOT_SCHEDULE, schedule_of(PRIO_LOW));
    sleep_ns(3 * SLICE);
    EQ(preemption(x.t).posts, posts);
    proc_slot(x.t, SLOT_SCHEDULE, schedule);
    sleep_ns(3 * SLICE);
    CHECK(preemption(x.t).posts > posts);
    obj_rescind(schedule);
    EQ(kernel_check(), 0);
    posts = preemption(x.t).posts;
    sleep_ns(3 * SLICE);
    CHECK(preemption(x.t).posts <= posts + 1);
    posts = preemption(x.t).posts;
    sleep_ns(3 * SLICE);
    EQ(preemption(x.t).posts, posts);
}

CASE(slice_shared,
     .text = "processes that share such a schedule each end their slices with the "
             "notice; one that sleeps does not",
     .steady = true)
{
    struct trio x = trio_new();
    obj schedule = slice_schedule(PRIO_LOW, SLICE, 4, x.notice);
    obj p[3];
    uint32_t posts;

    for (unsigned i = 0; i < 3; i++) {
        p[i] = spinner(schedule);
        proc_resume(p[i]);
    }
    sleep_ns(12 * SLICE);
    posts = preemption(x.t).posts;
    CHECK(posts >= 9 && posts <= 13);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(proc_state(p[i]).cpu > 3 * SLICE && proc_state(p[i]).cpu < 5 * SLICE);
        proc_hold(p[i], 1);
    }
    posts = preemption(x.t).posts;
    sleep_ns(5 * SLICE);
    EQ(preemption(x.t).posts, posts);
}

CASE(slice_preempted,
     .text = "a slice is CPU time: one that loses the CPU to a higher priority ends "
             "its slice when it has used it",
     .steady = true)
{
    struct trio x = trio_new();
    struct lk_regs r = raw_regs(0);
    uint64_t until;

    proc_slot(x.t, SLOT_SCHEDULE, slice_schedule(PRIO_LOW, SLICE, 1, x.notice));
    r.rip = (uint64_t)spin_on;
    raw_go(x.t, &r);
    r_waits(&x);
    while (proc_state(x.t).cpu < SLICE / 4) {
        sleep_ns(SLICE / 8);
    }
    until = now() + 4 * SLICE; /* the case, of higher priority, keeps the CPU */
    while (now() < until) {
    }
    CHECK(!held(x.t));
    EVENTUALLY(held(x.t));
    CHECK(proc_state(x.t).cpu >= SLICE * 8 / 10 && proc_state(x.t).cpu <= SLICE * 12 / 10);
}
