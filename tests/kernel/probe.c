/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A walk over the hardware page tables of a process, by what <arch/mmu.h> says of their entries.
 */
#include "tests/kernel/probe.h"

#include <arch/mmu.h>
#include <kernel/depend.h>

unsigned space_probe(struct process *p, uva_t address, kpa_t *page)
{
    kpa_t table = mmu_target(p->space_root);

    *page = 0;
    if (address >> MMU_USER_BITS != 0) {
        return 0;
    }
    for (unsigned level = MMU_LEVELS;; level--) {
        pte_t e = ((const pte_t *)arch_kva(table))[entry_index(address, level)];

        if (!mmu_present(e)) {
            return 0;
        }
        if (level == 1) {
            *page = mmu_target(e);
            return mmu_access(e);
        }
        table = mmu_target(e);
    }
}
