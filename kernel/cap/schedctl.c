/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of SchedCtl: give a new schedule its priority, slice and CPU set, once. It never
 * changes afterwards, so a process may keep a copy of its priority.
 */
#include <kernel/cpu.h>
#include <kernel/operations.h>
#include <kernel/schedule.h>

/* Ask for notices of the ends of slices, before the schedule is set up. */
enum status schedctl_op_set_slice_notice(struct invocation *inv)
{
    struct schedule *s = schedule_of(&inv->arg[1]);

    if (s->state.ready != 0) {
        return STATUS_IN_USE;
    }

    txn_commit();

    cap_copy(&s->state.notice, &inv->arg[2]);
    s->state.notice_bits = (uint32_t)inv->word[1];
    return STATUS_OK;
}

/* Set a schedule up. */
enum status schedctl_op_set_up(struct invocation *inv)
{
    struct schedule *s = schedule_of(&inv->arg[1]);
    uint64_t slice = inv->word[2];
    uint64_t cpus = inv->word[3];

    if (slice < LK_SLICE_MIN || slice > LK_SLICE_MAX || (cpus & CPUS_RUNNING) == 0) {
        return STATUS_OUT_OF_RANGE;
    }
    if (s->state.ready != 0) {
        return STATUS_IN_USE;
    }

    txn_commit();

    s->state.priority = (uint8_t)inv->word[1];
    s->state.slice = slice;
    s->state.cpus = cpus;
    s->state.ready = 1;
    return STATUS_OK;
}
