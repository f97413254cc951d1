/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Address spaces: the walk over the tree of GPTs, and hardware page tables made from what it finds.
 *
 * A capability translates the addresses whose bits above l2g equal its guard's match; the l2g bits
 * below go on. A GPT takes the bits above l2v for the number of a slot, and the l2v bits below go
 * on to the capability in it. A window puts its offset above the bits that go on, and goes on in a
 * space that a GPT passed before holds in a slot: the last GPT (LocalWindow), or the last that has
 * a background space (Window). l2v falls at every step from window to window, and the windows are
 * counted, so a walk ends even where the tree has rings. Restrictions add up.
 *
 * The hardware wants one table for each aligned region of 2 MiB, 1 GiB, ... What a table holds is
 * decided by the place where the walks of all addresses of its region still run together: the last
 * GPT that all of them go into (its producer) and the offset in it. space_map() does the walk once,
 * keeps its steps, and goes down the levels of the hardware with a second finger on the steps.
 * depend.c keeps the tables and knows what they depend on. So it can make the entry of a page that
 * comes to stand beside others without a walk.
 *
 * A window is a step of its own: through the slot of the GPT that holds the space, though in a
 * region where that slot does not lie. Its offset is aligned, so whole regions go together through
 * it, and have the same tables as for those who come to that space directly. But what a window
 * leads to depends on all of the way to it. So a table with windows below it has the root for its
 * producer, and takes the place of one without when a window is first passed below.
 */
#include <kernel/gpt.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <kernel/txn.h>
#include <kernel/walk.h>

static uint64_t low_bits(uint64_t a, unsigned n)
{
    return a & ((1ull << n) - 1);
}

/* The restrictions that decide what can be accessed. */
static uint8_t access_restr(unsigned restr)
{
    return (uint8_t)(restr & (LK_RO | LK_NX | LK_WK));
}

/* One step: into GPT `g` that `c` names, at *at of the space that `c` translates. On success *at is
 * where to go on in the capability of slot s->slot. */
static inline enum fault_code step_into(struct gpt *g, const struct cap *c, uint64_t *at,
                                        struct step *s, struct walk *out, struct path *path)
{
    uint64_t slot = *at >> g->state.l2v;

    s->gpt = g;
    s->at = *at;
    s->l2g = (uint8_t)c->aux;
    s->l2v = g->state.l2v;
    s->restr = (uint8_t)out->restr;
    s->slot = (uint8_t)slot;
    s->window = false;
    if (g->state.flags & GPT_HAS_HANDLER) {
        /* An Entry fetched through a weak capability is Null. */
        out->handler = out->restr & LK_WK ? out->handler : &g->state.slot[GPT_HANDLER_SLOT];
        slot = slot == GPT_HANDLER_SLOT ? GPT_SLOTS : slot;
    }
    if (g->state.flags & GPT_HAS_BACKGROUND) {
        path->background = g;
        slot = slot == GPT_BACKGROUND_SLOT ? GPT_SLOTS : slot;
    }
    if (slot >= GPT_SLOTS) {
        return FAULT_INVALID_ADDR;
    }
    *at -= slot << g->state.l2v;
    return FAULT_NONE;
}

/* Is `c` memory that lives? */
static inline bool live_memory(const struct cap *c)
{
    return (CAP_OBJECT_TYPES & CAP_MEMORY_TYPES) >> c->type & 1 &&
           object_alive(c, c->type == CAP_GPT ? FRAME_GPT : FRAME_DESCRIPTORS);
}

/* The guard: does `c` translate *at? If so *at is what it leaves. */
static inline enum fault_code pass_guard(const struct cap *c, uint64_t *at)
{
    if (c->aux < PAGE_SHIFT || c->aux > MMU_USER_BITS) {
        return FAULT_MALFORMED_SPACE;
    }
    if (*at >> c->aux != c->payload) {
        return FAULT_INVALID_ADDR;
    }
    *at -= (uint64_t)c->payload << c->aux;
    return FAULT_NONE;
}

/* At a leaf of the tree: is it a page, and may it be accessed so? */
static enum fault_code leaf(const struct cap *c, unsigned access, struct walk *out)
{
    if (c->type == CAP_CAPPAGE) {
        return FAULT_DATA_TYPE;
    }
    if (c->aux != PAGE_SHIFT) {
        return FAULT_MALFORMED_SPACE;
    }
    /* What is weak tells nobody anything: but to read a device's registers may tell the device. */
    if (((access & ACCESS_WRITE) && (out->restr & (LK_RO | LK_WK))) ||
        ((out->restr & LK_WK) && c->type == CAP_DEVICEPAGE)) {
        return FAULT_ACCESS_VIOLATION;
    }
    if ((access & ACCESS_EXEC) && (out->restr & LK_NX)) {
        return FAULT_NO_EXEC;
    }
    out->frame = page_frame(c);
    return FAULT_NONE;
}

/* The step of window `c`, at offset `at` of what it translates. */
static __attribute__((noinline)) enum fault_code step_window(const struct cap *c, uint64_t *at,
                                                             struct walk *out, struct path *path)
{
    struct step *s = &path->step[path->steps];
    bool local = c->type == CAP_LOCALWINDOW;

    if (path->steps == 0 || path->windows++ == MAX_WINDOWS) {
        return FAULT_MALFORMED_SPACE;
    }
    s->gpt = local ? s[-1].gpt : path->background;
    s->at = *at;
    s->l2g = s->l2v = (uint8_t)c->aux;
    s->restr = (uint8_t)out->restr;
    s->slot = local ? (uint8_t)window_root(c) : GPT_BACKGROUND_SLOT;
    s->window = true;
    path->last_window = path->steps++;
    *at += window_offset(c);
    return s->gpt != NULL ? FAULT_NONE : FAULT_MALFORMED_SPACE;
}

enum fault_code walk_path(const struct cap *c, uint64_t at, unsigned access, struct walk *out,
                          struct path *path)
{
    unsigned l2v = L2V_MAX + 1;

    *out = (struct walk){ 0 };
    path->steps = 0;
    path->windows = 0;
    path->last_window = -1;
    path->background = NULL;
    for (;;) {
        struct step *s = &path->step[path->steps];
        bool live = live_memory(c);
        enum fault_code fault =
            likely(live) || cap_is_window(c) ? pass_guard(c, &at) : FAULT_INVALID_ADDR;

        if (fault != FAULT_NONE) {
            return fault;
        }
        out->restr |= c->restr;
        if (unlikely(!live)) {
            fault = step_window(c, &at, out, path);
            l2v = L2V_MAX + 1;
        } else if (c->type != CAP_GPT) {
            return leaf(c, access, out);
        } else {
            struct gpt *g = (struct gpt *)(void *)oid_header(c->oid);

            if (g->state.l2v >= l2v) {
                return FAULT_MALFORMED_SPACE;
            }
            path->steps++; /* l2v falls, so there is room */
            fault = step_into(g, c, &at, s, out, path);
            l2v = g->state.l2v;
        }
        if (fault != FAULT_NONE) {
            return fault;
        }
        c = &s->gpt->state.slot[s->slot];
    }
}

static enum fault_code walk_user(const struct cap *root, uva_t address, unsigned access,
                                 struct walk *out, struct path *path)
{
    if (address < LK_USER_MIN || address >= LK_USER_END) {
        *out = (struct walk){ 0 };
        return FAULT_INVALID_ADDR;
    }
    return walk_path(root, address, access, out, path);
}

enum fault_code space_walk(const struct cap *root, uva_t address, unsigned access, struct walk *out)
{
    struct path path;

    return walk_user(root, address, access, out, &path);
}

/* --- from the walk to the tables --- */

struct table_key walk_key(const struct cap *root, const struct path *path, int k, uva_t address,
                          unsigned level)
{
    unsigned bits = table_bits(level);
    uint64_t region = address >> bits;
    unsigned edge = (region == 0) | (unsigned)(region == LK_USER_END >> bits) << 1;
    struct table_key key = { .level = (uint8_t)level, .edge = (uint16_t)edge };

    if (k < 0) {
        key.producer = root->oid;
        key.restr = access_restr(root->restr);
        key.base = address - low_bits(address, bits);
        key.guard = (uint64_t)root->payload << 8 | root->aux;
    } else {
        key.producer = object_oid(path->step[k].gpt);
        key.restr = access_restr(path->step[k].restr);
        key.base = path->step[k].at - low_bits(path->step[k].at, bits);
    }
    return key;
}

struct table_key walk_root_key(const struct cap *root)
{
    struct table_key key = walk_key(root, NULL, -1, 0, MMU_LEVELS);

    if (root->type == CAP_GPT && root->aux == MMU_USER_BITS && root->payload == 0) {
        key.guard = 0; /* it translates everything */
    }
    return key;
}

/* An entry of table `t` for `address` is about to be made through the slots of steps from..end-1,
 * or from the first on if there is no producer: record it. */
static bool record(unsigned t, const struct path *path, int from, int end, uva_t address)
{
    unsigned level = table_list[t].key.level;
    unsigned bits = entry_bits(level);
    int64_t at = (int64_t)low_bits(address, table_bits(level));
    int64_t limit = table_size(level);

    for (int j = from < 0 ? 0 : from; j < end; j++) {
        const struct step *s = &path->step[j];
        /* Where in the table this GPT's slot 0 begins, or the window, and what the capability to
         * it opens; both are whole entries, or the entry would not have come this far. */
        int64_t first = (at - (int64_t)s->at) >> bits;
        int64_t window = first + (1ll << (s->l2g - bits));
        int64_t slot_end = first + ((int64_t)(s->slot + 1) << (s->l2v - bits));

        limit = window < limit ? window : limit;
        if (unlikely(s->window)) {
            /* As if the slot lay where the window does: it is at least as large, and aligned. */
            int64_t size = (int64_t)(1ull << (s->gpt->state.l2v - bits));

            first = (at >> bits & -size) - s->slot * size;
        }
        if (!depend_record(t, s->gpt, first, (unsigned)limit, access_restr(s->restr))) {
            return false;
        }
        limit = slot_end < limit ? slot_end : limit;
    }
    return true;
}

static void enter_root(struct process *p, unsigned t)
{
    list_remove(&p->space_link);
    list_insert_before(&table_list[t].processes, &p->space_link);
    table_list[t].refs++;
    p->space_root = table_root(t);
}

/* The top table of `p`, made if need be. */
static unsigned root_table(struct process *p)
{
    unsigned t = table_of(mmu_target(p->space_root));

    if (p->space_root == kernel_root) {
        struct table_key key = walk_root_key(&p->slot[SLOT_ADDR_SPACE]);

        t = table_make(&key);
        enter_root(p, t);
    }
    table_touch(t);
    return t;
}

/* Go down the levels and make what is missing. Touches the tables on the way. Returns false if
 * there was no room for a dependency: nothing is left to throw away but these tables. */
static bool build(struct process *p, const struct path *path, uva_t address, pte_t leaf_entry)
{
    unsigned t = root_table(p);
    int k = walk_producer(path, -1, table_bits(MMU_LEVELS));
    pte_t *e;

    for (unsigned level = MMU_LEVELS; level > 1; level--) {
        unsigned i = entry_index(address, level);
        unsigned bits = entry_bits(level);
        int below = walk_producer(path, k, bits);

        e = &table_entries(t)[i];
        if (mmu_present(*e) &&
            (likely(below >= 0) || table_list[table_of(mmu_target(*e))].key.guard != 0)) {
            t = table_of(mmu_target(*e));
            table_touch(t);
            k = unlikely(table_list[t].key.guard != 0) ? -1 : below;
        } else {
            struct table_key key =
                walk_key(&p->slot[SLOT_ADDR_SPACE], path, below, address, level - 1);
            unsigned lower;

            entry_clear(t, i); /* a table without windows where there are some now */
            lower = table_make(&key);
            if (!record(t, path, k, walk_end_slot(path, below, bits), address)) {
                return false;
            }
            entry_set(t, i, mmu_branch(table_kpa(lower)));
            t = lower;
            k = below;
        }
    }
    e = &table_entries(t)[entry_index(address, 1)];
    if (!mmu_present(*e)) {
        if (!record(t, path, k, path->steps, address)) {
            return false;
        }
        entry_set(t, entry_index(address, 1), leaf_entry);
    }
    ASSERT(*e == leaf_entry); /* what changes it takes it away first */
    return true;
}

enum fault_code space_map(struct process *p, uva_t address, unsigned access, struct walk *out)
{
    struct path path;
    enum fault_code fault;
    pte_t e;

    ASSERT_BEFORE_COMMIT();
    fault = walk_user(&p->slot[SLOT_ADDR_SPACE], address, access, out, &path);
    if (fault != FAULT_NONE) {
        return fault;
    }
    e = mmu_leaf(out->frame->leaf, walk_granted(out->restr));
    depend_pin++;
    while (unlikely(!build(p, &path, address, e))) {
        /* The tables on the way have all the dependencies there are: then it is they that must go.
         * Each time round there are fewer tables that have any, so this ends; in practice the first
         * time. */
        depend_give_up();
    }
    depend_forget();
    return FAULT_NONE;
}

/* --- pages for the kernel --- */

/* Up to `n` pages in a row from an address on: as many as the hardware tables of `p` have already,
 * in one table, and allow to be accessed so (INV-MAP-1: then the walk would). Returns how many; of
 * the next one the walk decides. */
static inline size_t mapped(const struct process *p, uva_t address, size_t n, unsigned access,
                            void *page[])
{
    const pte_t *e = arch_kva(mmu_target(p->space_root));
    size_t room = MMU_ENTRIES - entry_index(address, 1);
    size_t i = 0;

    if (address >= LK_USER_END) {
        return 0;
    }
#pragma GCC unroll 4
    for (unsigned level = MMU_LEVELS; level > 1; level--) {
        e += entry_index(address, level);
        if (!mmu_present(*e)) {
            return 0;
        }
        e = arch_kva(mmu_target(*e));
    }
    e += entry_index(address, 1);
    for (n = n < room ? n : room; i < n && mmu_allows(e[i], access); i++) {
        page[i] = arch_kva(mmu_target(e[i]));
    }
    return i;
}

/* As space_acquire(), page by page. */
__attribute__((noinline)) static enum fault_code
acquire_each(struct process *p, uva_t address, size_t n, unsigned access, void *page[],
             uva_t *where, const struct cap **handler, size_t *got)
{
    *handler = NULL;
    *where = address;
    *got = 0;
    if (address >= LK_USER_END || n > LK_USER_END - address) {
        return FAULT_INVALID_ADDR;
    }
    for (; *got < n; page++) {
        if (mapped(p, *where, 1, access, page) == 0) {
            struct walk walk;
            enum fault_code code = space_map(p, *where, access, &walk);

            if (code == FAULT_NONE && walk.frame->kind == FRAME_DEVICE) {
                code = FAULT_DATA_TYPE; /* not the kernel's to touch */
            }
            if (code != FAULT_NONE) {
                *handler = walk.handler;
                return code;
            }
            *page = frame_data(walk.frame); /* next time it is there */
        }
        *where = (*where | PAGE_MASK) + 1;
        *got = *where - address;
    }
    return FAULT_NONE;
}

bool space_mapped(const struct process *p, uva_t address, size_t n, unsigned access, void *page[])
{
    size_t count = ((address & PAGE_MASK) + n + PAGE_MASK) >> PAGE_SHIFT;

    return mapped(p, address, count, access, page) == count;
}

enum fault_code space_acquire(struct process *p, uva_t address, size_t n, unsigned access,
                              void *page[], uva_t *where, const struct cap **handler, size_t *got)
{
    ASSERT_BEFORE_COMMIT();
    txn_acquire_point();
    if (likely(space_mapped(p, address, n, access, page))) {
        return FAULT_NONE;
    }
    return acquire_each(p, address, n, access, page, where, handler, got);
}

/* --- when something changes --- */

void space_set(struct process *p)
{
    const struct cap *root = &p->slot[SLOT_ADDR_SPACE];

    space_drop(p);
    if ((root->type == CAP_GPT || root->type == CAP_PAGE) && cap_live(root)) {
        struct table_key key = walk_root_key(root);
        unsigned t = table_find(&key);

        if (t != 0) {
            enter_root(p, t - 1);
        }
    }
}

void space_drop(struct process *p)
{
    if (p->space_root != 0 && p->space_root != kernel_root) {
        table_list[table_of(mmu_target(p->space_root))].refs--;
        list_remove(&p->space_link);
    }
    p->space_root = kernel_root;
}

void space_init(void)
{
    uint64_t tables = frame_totals.frames / 64;

    tables = tables < 64 ? 64 : tables > MMU_TAGS ? MMU_TAGS : tables;
    depend_init((unsigned)tables, (unsigned)tables * 16);
}
