/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operation of Schedule: show it. SchedCtl sets it up.
 */
#include <kernel/operations.h>
#include <kernel/schedule.h>

/* Priority, time slice, CPU set; all zero while it is not set up. */
void schedule_op_get_info(struct invocation *inv)
{
    const struct schedule *s = inv_object(inv, schedule);

    inv->out[1] = s->state.priority;
    inv->out[2] = s->state.slice;
    inv->out[3] = s->state.cpus;
    inv->out[4] = s->state.ready;
}
