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
enum status sysctl_op_halt(struct invocation *inv)
{
    txn_commit();

    log_take_back();
    arch_exit((unsigned)inv->word[1]);
}

/* Begin again. */
enum status sysctl_op_reboot(UNUSED struct invocation *inv)
{
    txn_commit();

    log_take_back();
    arch_reboot();
}

/* Counters of this CPU. */
enum status sysctl_op_get_stats(struct invocation *inv)
{
    STATIC_ASSERT(sizeof(struct cpu_stats) == 7 * sizeof(inv->out[0]), "all of them, in order");

    txn_commit();

    memcpy(&inv->out[1], &cpu_self()->stats, sizeof(struct cpu_stats));
    return STATUS_OK;
}

/* Counters of memory. */
enum status sysctl_op_get_memory(struct invocation *inv)
{
    STATIC_ASSERT(sizeof(frame_totals) == 3 * sizeof(inv->out[0]) &&
                      sizeof(space_totals) == 4 * sizeof(inv->out[0]),
                  "all of them, in order");

    txn_commit();

    memcpy(&inv->out[1], &frame_totals, sizeof(frame_totals));
    memcpy(&inv->out[4], &space_totals, sizeof(space_totals));
    return STATUS_OK;
}

/* Check everything that can be checked. Not bounded, on purpose: it is for tests, and its holder
 * knows. */
enum status sysctl_op_check(struct invocation *inv)
{
    unsigned failed = check_all();

    txn_commit();

    inv->out[1] = failed;
    return STATUS_OK;
}

/* Restart injection for the next invocation of the invoker. */
enum status sysctl_op_inject_restart(struct invocation *inv)
{
    uint64_t n = inv->word[1];
    const struct txn *t = &cpu_self()->txn;

    txn_commit();

    inv->out[1] = t->passed;
    inv->out[2] = t->inject_hit;
    /* No operation has that many acquire points: any such number means one that is never reached.
     */
    txn_inject(inv->invoker, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
    return STATUS_OK;
}

/* Record all events, or only those that matter. */
enum status sysctl_op_set_trace(struct invocation *inv)
{
    txn_commit();

    trace_all(inv->word[1] != 0);
    return STATUS_OK;
}

/* Random preemption from a seed. */
enum status sysctl_op_set_preempt(struct invocation *inv)
{
    txn_commit();

    cpu_self()->preempt_seed = inv->word[1];
    return STATUS_OK;
}

enum status sysctl_op_set_fast_path(struct invocation *inv)
{
    txn_commit();

    cpu_self()->no_fast = inv->word[1] == 0;
    return STATUS_OK;
}
