/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System calls that are answered on the spot: what is left of kernel_syscall() when everything is as usual. The same tests
 * in the same order, the commit point, then stores only; if anything is not as usual, nothing has changed and
 * kernel_syscall() does it all. The result is the same either way.
 *
 * Here: invoking capability register 0, which always reads Null, by a plain send or call. Programs do that to probe, and
 * the benchmark null_syscall, to show what a kernel entry costs.
 */
#include <kernel/arch.h>
#include <kernel/process.h>
#include <kernel/trace.h>

#define WORDS_FIELD (15ull << LK_NWORDS_SHIFT)

struct process *kernel_fastpath(struct process *p)
{
    uint64_t control = p->regs.rax;
    uint64_t shape = control & ~WORDS_FIELD; /* and target 0, no capabilities */

    if (shape != LK_SHAPE_CALL && shape != LK_SEND && shape != (LK_SEND | LK_BLOCK)) {
        return NULL;
    }
    if (control >> LK_NWORDS_SHIFT > LK_MAX_WORDS) { /* a malformed system call */
        return NULL;
    }
    if (p->s.flags & (PROC_SINGLE_STEP | PROC_TRAP_SYSCALL)) {
        return NULL;
    }
    if (p->attention & ATTN_INJECT) {
        return NULL;
    }
    if (trace_mask & 1u << TRACE_SYSCALL) {
        return NULL;
    }

    /* --- commit --- */

    p->regs.rax = (uint64_t)LK_KIND_RESULT << LK_DLV_KIND_SHIFT;
    p->regs.rdi = STATUS_INVALID_CAP;
    return p;
}
