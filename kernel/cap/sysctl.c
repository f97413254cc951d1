/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of SysCtl: end the machine, counters, and what tests need.
 */
#include <kernel/check.h>
#include <kernel/cpu.h>
#include <kernel/invoke.h>
#include <kernel/log.h>
#include <kernel/space.h>
#include <kernel/trace.h>
#include <kernel/txn.h>
#include <ops.h>

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
    const struct cpu_stats *s = &cpu_self()->stats;

    txn_commit();

    inv->out[1] = s->entries;
    inv->out[2] = s->cr3_writes;
    inv->out[3] = s->invalidations;
    inv->out[4] = s->restarts;
    inv->out[5] = s->interrupts;
    inv->out[6] = s->idle_time;
    inv->out[7] = s->faults;
    return STATUS_OK;
}

/* Counters of memory. */
enum status sysctl_op_get_memory(struct invocation *inv)
{
    txn_commit();

    inv->out[1] = frame_totals.frames;
    inv->out[2] = frame_totals.free;
    inv->out[3] = frame_totals.objects;
    inv->out[4] = space_totals.tables;
    inv->out[5] = space_totals.tables_max;
    inv->out[6] = space_totals.depends_max;
    inv->out[7] = space_totals.depends;
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
    uint32_t passed;
    bool hit;

    txn_commit();

    /* No operation has that many acquire points: any such number means one that is never reached.
     */
    txn_inject(inv->invoker, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n, &passed, &hit);
    inv->out[1] = passed;
    inv->out[2] = hit;
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
