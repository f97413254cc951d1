/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking into hardware page tables, for the self-tests and for the unit tests.
 */
#pragma once

#include <arch/mmu.h>
#include <kernel/process.h>

/* What an entry lets user level do: ACCESS_ bits. */
static inline unsigned mmu_access(pte_t e)
{
    if ((e & (PTE_PRESENT | PTE_USER)) != (PTE_PRESENT | PTE_USER)) {
        return 0;
    }
    return ACCESS_READ | (e & PTE_WRITE ? ACCESS_WRITE : 0) | (e & PTE_NO_EXEC ? 0 : ACCESS_EXEC);
}

/* What the hardware tables of `p` grant at an address now (0: nothing mapped), as
 * ACCESS_ bits, and the physical page. Never more than the walk grants. */
unsigned space_probe(struct process *p, uva_t address, kpa_t *page);
