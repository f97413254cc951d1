/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Transactions: commit point, restart, and restart injection. Read txn.h first.
 *
 * Restart injection is a test of the rule itself: a watched system call is thrown away at its n-th
 * acquire point, after the stored state of every object was compared with what it was when the call
 * began.
 */
#include <kernel/arch.h>
#include <kernel/check.h>
#include <kernel/cpu.h>
#include <kernel/sched.h>
#include <kernel/trace.h>
#include <kernel/txn.h>

void txn_watch(void)
{
    struct txn *t = &cpu_self()->txn;

    t->watched = true;
    t->passed = 0;
    t->hash = t->inject_hit ? 0 : object_state_hash(); /* it was compared already */
}

/* The call got through: it is watched no longer. */
void txn_watched_commit(void)
{
    struct cpu *cpu = cpu_self();

    ASSERT_BEFORE_COMMIT();
    cpu->txn.watched = false;
    if (cpu->txn.inject_work && cpu->txn.passed == 0) {
        return; /* this piece has none; the next may */
    }
    cpu->txn.inject_work = false;
    cpu->txn.inject_at = 0;
    if (cpu->current != NULL) {
        cpu->current->attention &= ~ATTN_INJECT;
    }
}

void txn_restart(void)
{
    struct cpu *cpu = cpu_self();

    ASSERT_BEFORE_COMMIT();
    cpu->stats.restarts++;
    trace_event(TRACE_RESTART, cpu->stats.restarts, 0);
    if (cpu->txn.syscall) {
        process_syscall_again(cpu->current);
    }
    arch_on_fresh_stack(sched_exit);
}

void txn_watched_point(void)
{
    struct txn *t = &cpu_self()->txn;

    ASSERT_BEFORE_COMMIT();
    t->passed++;
    if (t->passed != t->inject_at || t->inject_hit) {
        return;
    }
    t->inject_hit = true;
    if (object_state_hash() != t->hash) {
        BUG("stored state changed before the commit point (acquire point %u)", t->passed);
    }
    txn_restart();
}

void txn_inject(struct process *p, uint32_t n)
{
    struct txn *t = &cpu_self()->txn;

    ASSERT_AFTER_COMMIT();
    t->passed = 0;
    t->inject_hit = false;
    t->inject_at = n & ~LK_INJECT_WORK;
    t->inject_work = (n & LK_INJECT_WORK) != 0;
    if (n != 0 && !t->inject_work) {
        p->attention |= ATTN_INJECT;
    } else {
        p->attention &= ~ATTN_INJECT;
    }
}
