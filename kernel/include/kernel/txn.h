/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Transactions: every entry into the kernel is one. First acquire (find, check, prepare), then txn_commit(), then
 * effects. Before the commit any line may restart or abandon, and nothing visible has changed; after it nothing fails,
 * blocks or restarts. So nothing on the stack ever needs cleaning up: restart and abandon leave it where it is and go
 * back to the process. The rule is checked: functions that acquire begin with ASSERT_BEFORE_COMMIT(), those that change
 * stored state with ASSERT_AFTER_COMMIT().
 */
#ifndef KERNEL_TXN_H
#define KERNEL_TXN_H

#include <kernel/types.h>

struct txn {
    bool committed;
    bool active;        /* between entry and exit */
    bool syscall;       /* a system call: restart begins it again */
    bool watched;       /* restart injection counts the acquire points of this one */
    uint32_t passed;    /* acquire points passed by the last one watched */
    uint32_t inject_at; /* restart at this acquire point; 0: none */
    bool inject_hit;
    uint64_t hash;      /* of all stored state at the start, while watched */
};

struct process;

/* Begin: called once by each kernel entry, before anything else, and by each piece of work put off. */
void txn_begin(void);
/* Begin, for the system call of `p`. */
void txn_begin_syscall(struct process *p);

/* The commit point. At most once per transaction. */
void txn_commit(void);

/* Leave without having changed anything; the system call of the current process will be begun again. */
NORETURN void txn_restart(void);

/* An acquire point: where restart injection may strike. */
void txn_acquire_point(void) MAY_RESTART;

bool txn_is_committed(void);

/* EFFECT. Restart injection: the next system call of `p` is restarted at its n-th acquire point. Reads out what happened
 * to the one watched last. */
void txn_inject(struct process *p, uint32_t n, uint32_t *passed, bool *hit);

#define ASSERT_BEFORE_COMMIT() ASSERT(!txn_is_committed())
#define ASSERT_AFTER_COMMIT() ASSERT(txn_is_committed())

#endif
