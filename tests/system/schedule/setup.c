/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making schedules.
 */
#include "share.h"

CASE(out_of_range, .text = "a schedule is not set up with a priority, slice or CPU set out of "
                           "range, and stays as it was")
{
    static const struct {
        uint64_t priority, slice, cpus;
    } bad[] = {
        { 256, SLICE, 1 },
        { UINT64_MAX, SLICE, 1 },
        { 1ull << 32, SLICE, 1 },
        { PRIO_LOW, LK_SLICE_MIN - 1, 1 },
        { PRIO_LOW, 0, 1 },
        { PRIO_LOW, LK_SLICE_MAX + 1, 1 },
        { PRIO_LOW, UINT64_MAX, 1 },
        { PRIO_LOW, SLICE, 0 },
        { PRIO_LOW, SLICE, 2 }, /* none of these CPUs runs processes */
        { PRIO_LOW, SLICE, 1ull << 63 },
        { PRIO_LOW, SLICE, ~1ull },
    };
    uint64_t priority = 9, slice = 9, cpus = 9, ready = 9;

    obj_get(obj_new(LK_TYPE_SCHEDULE), R_A);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sys_at("the bad one of number %u", i);
        STATUS(lk_schedctl_set_up(R_SCHEDCTL, bad[i].priority, bad[i].slice, bad[i].cpus, R_A),
               STATUS_OUT_OF_RANGE);
    }
    OK(lk_schedule_get_info(R_A, &priority, &slice, &cpus, &ready));
    EQ(priority | slice | cpus | ready, 0);
    OK(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SLICE, 1, R_A));
}

CASE(limits, .text = "the least and the greatest priority and slice, and CPUs that do not run "
                     "beside one that does")
{
    static const struct {
        uint64_t priority, slice, cpus;
    } good[] = {
        { 0, LK_SLICE_MIN, 1 },
        { 255, LK_SLICE_MAX, 1 },
        { PRIO_LOW, SLICE, UINT64_MAX },
        { PRIO_LOW, SLICE, 3 },
    };

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t priority = 0, slice = 0, cpus = 0, ready = 0;

        obj_get(obj_new(LK_TYPE_SCHEDULE), R_A);
        OK(lk_schedctl_set_up(R_SCHEDCTL, good[i].priority, good[i].slice, good[i].cpus, R_A));
        OK(lk_schedule_get_info(R_A, &priority, &slice, &cpus, &ready));
        EQ(priority, good[i].priority);
        EQ(slice, good[i].slice);
        EQ(cpus, good[i].cpus);
        EQ(ready, 1);
    }
}

CASE(once, .text = "a schedule is set up once; a second time it is in use, whoever uses it and "
                   "whatever is asked for")
{
    uint64_t priority = 0, slice = 0;
    obj s = schedule_new(PRIO_LOW, SLICE);

    share_begin();
    for (unsigned i = 0; i < 2; i++) { /* the second time somebody runs by it */
        obj_get(s, R_A);
        STATUS(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SLICE, 1, R_A), STATUS_IN_USE);
        STATUS(lk_schedctl_set_up(R_SCHEDCTL, 3, 2 * SLICE, 1, R_A), STATUS_IN_USE);
        OK(lk_schedule_get_info(R_A, &priority, &slice, NULL, NULL));
        EQ(priority, PRIO_LOW);
        EQ(slice, SLICE);
        spinner_new(s, i);
        EVENTUALLY(done[i] > 0);
    }
    obj_rescind(s); /* what stands in its place is a new one */
    obj_get(obj_new(LK_TYPE_SCHEDULE), R_A);
    OK(lk_schedctl_set_up(R_SCHEDCTL, 3, 2 * SLICE, 1, R_A));
}

CASE(not_a_schedule, .text = "only a schedule can be set up, and one that is gone is none")
{
    obj s = obj_new(LK_TYPE_SCHEDULE);

    obj_get(obj_new(LK_TYPE_ENDPOINT), R_A);
    STATUS(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SLICE, 1, R_A), STATUS_REQUEST_ERROR);
    STATUS(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SLICE, 1, 0), STATUS_REQUEST_ERROR);
    STATUS(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SLICE, 1, R_SCHEDCTL), STATUS_REQUEST_ERROR);
    obj_get(s, R_A);
    obj_rescind(s);
    STATUS(lk_schedctl_set_up(R_SCHEDCTL, PRIO_LOW, SLICE, 1, R_A), STATUS_REQUEST_ERROR);
}
