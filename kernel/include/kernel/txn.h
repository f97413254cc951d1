/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Transactions: every entry into the kernel is one. First acquire (find, check, prepare), then
 * txn_commit(), then effects. Before the commit any line may restart or abandon, and nothing
 * visible has changed; after it nothing fails, blocks or restarts. So nothing on the stack ever
 * needs cleaning up: restart and abandon leave it where it is and go back to the process. The rule
 * is checked: functions that acquire begin with ASSERT_BEFORE_COMMIT(), those that change stored
 * state with ASSERT_AFTER_COMMIT().
 */
#pragma once

#include <kernel/cpu.h>
#include <kernel/panic.h>

struct process;

/* Restart injection watches this transaction, or it is committed already, which is a bug: what is
 * not in the common path. */
void txn_watch(void);
void txn_watched_commit(void);
void txn_watched_point(void) MAY_RESTART;

/* Is the transaction of this CPU past its commit point? */
static inline bool txn_is_committed(void)
{
    return cpu_self()->txn.committed;
}

#define ASSERT_BEFORE_COMMIT() ASSERT(!txn_is_committed())
#define ASSERT_AFTER_COMMIT() ASSERT(txn_is_committed())

/* Begin: called once by each kernel entry, before anything else, and by each piece of work put off.
 */
static inline void txn_begin(void)
{
    cpu_self()->txn.begun = 0;
}

/* Begin, for a system call. */
static inline void txn_begin_syscall(void)
{
    cpu_self()->txn.begun = TXN_SYSCALL;
}

/* Begin, for a piece of work put off that acquires what it needs. */
static inline void txn_begin_work(void)
{
    txn_begin();
    if (unlikely(cpu_self()->txn.inject_work)) {
        txn_watch();
    }
}

/* The commit point. At most once per transaction. */
static ALWAYS_INLINE void txn_commit(void)
{
    struct txn *t = &cpu_self()->txn;

    if (unlikely(t->begun & TXN_SPECIAL)) {
        txn_watched_commit();
    }
    t->committed = true;
}

/* Leave without having changed anything; the system call of the current process will be begun
 * again. */
NORETURN void txn_restart(void);

/* An acquire point: where restart injection may strike. Not behind the commit point. */
static ALWAYS_INLINE void txn_acquire_point(void) MAY_RESTART
{
    if (unlikely(cpu_self()->txn.begun & TXN_SPECIAL)) {
        txn_watched_point();
    }
}

/* ACQUIRE. If `c` is not live, make it Null where it stands (that changes nothing visible). Returns
 * whether it is. */
static ALWAYS_INLINE bool cap_prepare(struct cap *c) MAY_RESTART
{
    txn_acquire_point();
    if (likely(cap_live(c))) {
        return true;
    }
    cap_set_null(c);
    return false;
}

/* EFFECT. Restart injection: the next system call of `p` is restarted at its n-th acquire point;
 * with LK_INJECT_WORK in `n`, the next piece of work put off that has acquire points. What
 * happened to the one watched last is forgotten. */
void txn_inject(struct process *p, uint32_t n);
