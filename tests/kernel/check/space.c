/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Checks: each hardware page table against the walk. From where a table's region begins the walk
 * must find what the table holds, and pass the slots on which its entries depend.
 */
#include "invariant.h"

#include <kernel/depend.h>
#include <kernel/gpt.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <kernel/walk.h>

/* Walk from where a table's region begins, at an offset in it: from the producer, as if by a
 * capability that translates everything, or from the root capability. */
static enum fault_code walk_table(unsigned t, uint64_t offset, struct cap *c, struct walk *out,
                                  struct path *path)
{
    const struct table_key *key = &table_list[t].key;

    *c = object_cap(oid_header(key->producer));
    c->restr = key->restr;
    c->aux = key->guard != 0 ? key->guard & 0xff : MMU_USER_BITS;
    c->payload = (uint32_t)(key->guard >> 8);
    return walk_path(c, key->base + offset, ACCESS_READ, out, path);
}

/* The offset in its region of some page that table `t` maps; false: it maps none. */
static bool some_page(unsigned t, uint64_t *offset)
{
    unsigned level = table_list[t].key.level;

    for (unsigned i = 0; i < table_size(level); i++) {
        pte_t e = table_entries(t)[i];

        *offset = 0;
        if (mmu_present(e) && (level == 1 || some_page(table_of(mmu_target(e)), offset))) {
            *offset += (uint64_t)i << entry_bits(level);
            return true;
        }
    }
    return false;
}

static bool same_key(const struct table_key *a, const struct table_key *b)
{
    return a->producer == b->producer && a->base == b->base && a->guard == b->guard &&
           a->restr == b->restr && a->level == b->level;
}

/* INV-MAP-1 to 3 for one entry. */
static unsigned check_entry(unsigned t, unsigned i)
{
    unsigned level = table_list[t].key.level;
    pte_t e = table_entries(t)[i];
    uint64_t offset = 0;
    struct path path;
    struct walk w;
    struct cap root;
    unsigned failed = 0;
    int k, end;

    if (level > 1 && !some_page(table_of(mmu_target(e)), &offset)) {
        return 0; /* nothing to be had through it */
    }
    offset += (uint64_t)i << entry_bits(level);
    if (walk_table(t, offset, &root, &w, &path) != FAULT_NONE) {
        log_line(LOG_ERROR, "INV-MAP-1 broken: entry %u of table %u maps what is not there", i, t);
        return 1;
    }
    k = table_list[t].key.guard != 0 ? -1 : 0;
    end = path.steps;
    INVARIANT(level == MMU_LEVELS || k < 0 || path.last_window < 0,
              "INV-MAP-3 broken: entry %u of table %u is behind a window", i, t);
    if (level == 1) {
        INVARIANT(e == mmu_leaf(w.frame->leaf, walk_granted(w.restr)) &&
                      (w.frame->hdr.kind == FRAME_PAGE || w.frame->hdr.kind == FRAME_DEVICE) &&
                      w.frame->hdr.kind == w.frame->kind && w.frame->hdr.count != 0 &&
                      (i != 0 || !(table_list[t].key.edge & 1)) &&
                      (i != 511 || !(table_list[t].key.edge & 2)),
                  "INV-MAP-1 broken: entry %u of table %u is %lx", i, t, (unsigned long)e);
    } else {
        const struct table_key *lower = &table_list[table_of(mmu_target(e))].key;
        struct table_key key, whole;
        int below = walk_producer(&path, k, table_bits(level - 1));

        /* One made from the root capability is right whatever is on the way. */
        end = lower->guard != 0 ? -1 : walk_end_slot(&path, below, table_bits(level - 1));
        key = walk_key(&root, &path, below, table_list[t].key.base + offset, level - 1);
        whole = walk_key(&root, &path, -1, table_list[t].key.base + offset, level - 1);
        INVARIANT((same_key(lower, &key) ||
                   ((level == MMU_LEVELS || k < 0) && same_key(lower, &whole))) &&
                      e == mmu_branch(mmu_target(e)),
                  "INV-MAP-3 broken: entry %u of table %u names the wrong table", i, t);
        INVARIANT(lower->edge == (table_list[t].key.edge &
                                  ((i == 0) | (i == (level == MMU_LEVELS ? 255u : 511u)) * 2u)),
                  "INV-MAP-3 broken: entry %u of table %u: first or last page", i, t);
    }
    for (int j = k < 0 ? 0 : k; j < end; j++) {
        INVARIANT(depend_known(t, i, path.step[j].gpt, path.step[j].slot),
                  "INV-MAP-2 broken: entry %u of table %u does not depend on slot %u of GPT %x", i,
                  t, path.step[j].slot, object_oid(path.step[j].gpt));
    }
    return failed;
}

/* INV-MAP-6 for one dependency of table `t`. */
static unsigned check_passed(unsigned t, const struct depend *d)
{
    uint64_t offset = d->first < 0 ? 0 : (uint64_t)d->first << PAGE_SHIFT;
    struct path path;
    struct walk w;
    struct cap root;
    unsigned failed = 0;
    int j = 0;

    (void)!walk_table(t, offset, &root, &w, &path); /* whatever is behind */
    while (j < path.steps && object_oid(path.step[j].gpt) != d->gpt) {
        INVARIANT(
            depend_known(t, (unsigned)(offset >> PAGE_SHIFT), path.step[j].gpt, path.step[j].slot),
            "INV-MAP-6 broken: table %u does not depend on slot %u of GPT %x", t, path.step[j].slot,
            object_oid(path.step[j].gpt));
        j++;
    }
    INVARIANT(j < path.steps &&
                  (int64_t)(offset >> PAGE_SHIFT) - (int64_t)(path.step[j].at >> PAGE_SHIFT) ==
                      d->first &&
                  (path.step[j].restr & (LK_RO | LK_NX | LK_WK)) == d->restr,
              "INV-MAP-6 broken: GPT %x is not passed on the way to entry %lx of table %u", d->gpt,
              (unsigned long)d->first, t);
    return failed;
}

/* INV-MAP-5 for one process. */
static unsigned check_process(const struct process *p, unsigned t)
{
    struct table_key key = walk_root_key(&p->slot[SLOT_ADDR_SPACE]);
    const struct table_key *is = &table_list[t].key;
    unsigned failed = 0;

    INVARIANT(cap_live(&p->slot[SLOT_ADDR_SPACE]) && key.producer == is->producer &&
                  key.guard == is->guard && key.restr == is->restr,
              "INV-MAP-5 broken: process %x uses the root of another space", object_oid(p));
    return failed;
}

unsigned space_check(void)
{
    unsigned failed = depend_check();

    for (unsigned t = 0; t < space_totals.tables_max; t++) {
        const struct table *table = &table_list[t];

        if (table->key.producer == 0) {
            continue;
        }
        for (unsigned i = 0; i < table_size(table->key.level); i++) {
            failed += mmu_present(table_entries(t)[i]) ? check_entry(t, i) : 0;
        }
        for (uint32_t id = table->depends; id != 0 && table->exact; id = table_links[id - 1].next) {
            failed += check_passed(t, &depend_list[id - 1]);
        }
        for (const struct list *l = table->processes.next;
             table->key.level == MMU_LEVELS && l != &table->processes; l = l->next) {
            failed += check_process(container_of(l, const struct process, space_link), t);
        }
    }
    return failed;
}
