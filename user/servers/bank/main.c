/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The space bank: who pays for which memory (<lykos/bank.h>). See README.md.
 *
 *   service.c   methods, callers, notices
 *   books.c     objects and ranges; close.c: what takes longer; begin.c: a restart
 *   tree.c      banks; frees.c: free frames; state.h: all that is kept
 *   mem.c       what is asked of the kernel
 */
#include "service.h"

int main(void)
{
    service_begin((void *)BANK_STATE_VA); /* NOLINT: a fixed address */
    service_run();
}
