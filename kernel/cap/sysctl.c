/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of SysCtl: end the machine, counters, and what tests need.
 */
#include <kernel/check.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/operations.h>
#include <kernel/space.h>
#include <kernel/string.h>
#include <kernel/trace.h>

/* End, with a status for whoever runs the machine. */
void sysctl_op_halt(struct invocation *inv)
{
    log_take_back();
    arch_exit((unsigned)inv->word[1]);
}

/* Begin again. */
void sysctl_op_reboot(UNUSED struct invocation *inv)
{
    log_take_back();
    arch_reboot();
}

/* Counters of this CPU. */
void sysctl_op_get_stats(struct invocation *inv)
{
    STATIC_ASSERT(sizeof(struct cpu_stats) == 7 * sizeof(inv->out[0]), "all of them, in order");

    memcpy(&inv->out[1], &cpu_self()->stats, sizeof(struct cpu_stats));
}

/* Counters of memory. */
void sysctl_op_get_memory(struct invocation *inv)
{
    STATIC_ASSERT(sizeof(frame_totals) == 3 * sizeof(inv->out[0]) &&
                      sizeof(space_totals) == 4 * sizeof(inv->out[0]),
                  "all of them, in order");

    memcpy(&inv->out[1], &frame_totals, sizeof(frame_totals));
    memcpy(&inv->out[4], &space_totals, sizeof(space_totals));
}

/* Check everything that can be checked. Not bounded, on purpose: it is for tests, and its holder
 * knows. */
void sysctl_op_check(struct invocation *inv)
{
    inv->out[1] = check_all();
}

/* Restart injection for the next invocation of the invoker. */
void sysctl_op_inject_restart(struct invocation *inv)
{
    uint64_t n = inv->word[1];
    const struct txn *t = &cpu_self()->txn;

    inv->out[1] = t->passed;
    inv->out[2] = t->inject_hit;
    /* No operation has that many acquire points: any such number means one that is never reached.
     */
    txn_inject(inv->invoker, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
}

/* Record all events, or only those that matter. */
void sysctl_op_set_trace(struct invocation *inv)
{
    trace_all(inv->word[1] != 0);
}

/* Records of the trace from a position on. */
void sysctl_op_read_trace(struct invocation *inv)
{
    uint64_t oldest = TRACE_COUNT > TRACE_RECORDS ? TRACE_COUNT - TRACE_RECORDS : 0;
    uint64_t at = inv->word[1] < oldest ? oldest : inv->word[1];

    inv->out[3] = at - inv->word[1];
    while (at < TRACE_COUNT && inv->out_len + TRACE_BYTES <= inv->out_room) {
        memcpy(&inv->string[inv->out_len], &trace_ring.record[at++ % TRACE_RECORDS], TRACE_BYTES);
        inv->out_len += TRACE_BYTES;
    }
    inv->out[1] = at;
    inv->out[2] = TRACE_COUNT;
    inv->out[4] = arch_cycles();
    inv->out[5] = arch_now();
}

/* Random preemption from a seed. */
void sysctl_op_set_preempt(struct invocation *inv)
{
    cpu_self()->preempt_seed = inv->word[1];
}

void sysctl_op_set_fast_path(struct invocation *inv)
{
    cpu_self()->no_fast = inv->word[1] == 0;
}
