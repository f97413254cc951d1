/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state of a CPU's transaction; see txn.h.
 */
#pragma once

#include <kernel/types.h>

/* One per CPU: there is one kernel entry at a time. Only txn.h and txn.c write it. */
struct txn {
    union {
        struct {
            bool committed;
            bool syscall; /* a system call: restart begins it again */
            bool watched; /* restart injection counts the acquire points of this one */
        };
        uint32_t begun; /* all of them, written at once */
    };
#define TXN_SYSCALL 0x100u   /* `syscall` alone */
#define TXN_SPECIAL 0x10001u /* `committed` or `watched` */
    uint32_t passed;         /* acquire points passed by the last one watched */
    uint32_t inject_at;      /* restart at this acquire point; 0: none */
    bool inject_hit;
    bool inject_work; /* of the work put off, not of a system call */
    uint64_t hash;    /* of all stored state at the start, while watched */
};
