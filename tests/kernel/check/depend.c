/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: the cache of hardware page tables and its chains.
 */
#include "invariant.h"

#include <kernel/depend.h>
#include <kernel/process.h>
#include <kernel/space.h>

bool depend_known(unsigned t, unsigned i, const struct gpt *g, unsigned slot)
{
    for (uint32_t id = table_list[t].depends; id != 0; id = table_links[id - 1].next) {
        const struct depend *d = &depend_list[id - 1];
        unsigned from, end;

        if (d->gpt == object_oid(g)) {
            depend_range(d, g, slot, &from, &end);
            if (from <= i && i < end) {
                return true;
            }
        }
    }
    return false;
}

/* Entry `i` of table `t` stands on the chain of its target. */
static unsigned check_link(unsigned t, unsigned i)
{
    unsigned failed = 0;
    uint32_t id = t * MMU_ENTRIES + i + 1;
    const struct link *l = &entry_links[id - 1];
    uint32_t before = l->prev != 0 ? entry_links[l->prev - 1].next
                                   : *depend_chain(table_list[t].key.level, table_entries(t)[i]);

    INVARIANT(before == id && (l->next == 0 || entry_links[l->next - 1].prev == id),
              "INV-MAP-4 broken: entry %u of table %u is not linked", i, t);
    return failed;
}

/* Entries, users and dependencies of one table. */
static unsigned check_table(unsigned t)
{
    const struct table *table = &table_list[t];
    unsigned failed = 0;
    unsigned present = 0;
    uint32_t refs = 0;

    INVARIANT(oid_header(table->key.producer)->count != 0,
              "INV-MAP-4 broken: table %u has no producer", t);
    for (unsigned i = 0; i < table_size(table->key.level); i++) {
        if (mmu_present(table_entries(t)[i])) {
            present++;
            failed += check_link(t, i);
        }
    }
    INVARIANT(present == table->present, "INV-MAP-4 broken: table %u has %u entries, not %u", t,
              present, table->present);
    for (uint32_t id = table->parents; id != 0; id = entry_links[id - 1].next) {
        INVARIANT(mmu_target(table_frames[id - 1]) == table_kpa(t),
                  "INV-MAP-4 broken: entry %u does not name table %u", id - 1, t);
        refs++;
    }
    if (table->key.level == MMU_LEVELS) {
        for (const struct list *l = table->processes.next; l != &table->processes; l = l->next) {
            INVARIANT(container_of(l, const struct process, space_link)->space_root ==
                          table_root(t),
                      "INV-MAP-5 broken: a process of root %u uses another", t);
            refs++;
        }
    }
    INVARIANT(refs == table->refs, "INV-MAP-4 broken: table %u has %u users, not %u", t, refs,
              table->refs);
    return failed;
}

/* The dependencies of one table; adds their number to *count. */
static unsigned check_depends(unsigned t, uint64_t *count)
{
    unsigned failed = 0;

    for (uint32_t id = table_list[t].depends; id != 0; id = table_links[id - 1].next) {
        const struct depend *d = &depend_list[id - 1];
        const struct objhdr *hdr = oid_header(d->gpt);
        const struct link *l = &gpt_links[id - 1];

        INVARIANT(d->table == t, "INV-MAP-4 broken: dependency %u is not of table %u", id - 1, t);
        INVARIANT(hdr->kind == FRAME_GPT && hdr->count != 0,
                  "INV-MAP-4 broken: dependency %u is of no GPT", id - 1);
        INVARIANT((l->prev != 0 ? gpt_links[l->prev - 1].next : hdr->depend) == id,
                  "INV-MAP-4 broken: dependency %u is not linked", id - 1);
        ++*count;
    }
    return failed;
}

unsigned depend_check(void)
{
    unsigned failed = 0;
    uint64_t tables = 0;
    uint64_t depends = 0;

    for (unsigned t = 0; t < space_totals.tables_max; t++) {
        if (table_list[t].key.producer != 0) {
            tables++;
            failed += check_table(t);
            failed += check_depends(t, &depends);
        }
    }
    INVARIANT(tables == space_totals.tables, "INV-MAP-4 broken: %lu tables, not %lu",
              (unsigned long)tables, (unsigned long)space_totals.tables);
    INVARIANT(depends == space_totals.depends, "INV-MAP-4 broken: %lu dependencies, not %lu",
              (unsigned long)depends, (unsigned long)space_totals.depends);
    return failed;
}
