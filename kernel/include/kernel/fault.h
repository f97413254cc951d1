/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Faults of processes, and the messages about them that the kernel sends to their handlers.
 */
#pragma once

#include <kernel/ipc.h>

/* EFFECT. `p` takes a fault: it stops as FAULTED, and its handler is told: the memory's handler if
 * there is one, else the one in its slot. If it is in a system call, the caller has rewound it.
 * Nobody to tell: a line in the log. NO_FAIL. */
void fault_raise(struct process *p, enum fault_code code, uint64_t info,
                 const struct cap *memory_handler);

/* EFFECT. The string that `p` is to receive faults while `p` waits: the wait stays armed, the
 * handler is told. NO_FAIL. */
void fault_raise_receiving(struct process *p, enum fault_code code, uint64_t info,
                           const struct cap *memory_handler);

/* EFFECT. Tell the handler, whoever that is by now, wherever the message waited before. NO_FAIL. */
void fault_tell_again(struct process *p);

/* EFFECT. The message about the fault of `p`, through `entry`, into the wait of its recipient `to`.
 * NO_FAIL. */
void fault_transfer(struct process *p, struct process *to, const struct cap *entry);

/* The capability to the handler to be told of the fault that `p` has now: looks at the memory
 * again. NULL: nobody. */
const struct cap *fault_handler(struct process *p);

/* A fault in words, for the log. */
const char *fault_text(enum fault_code code);
