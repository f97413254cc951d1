/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Address spaces: the walk over the tree of GPTs, and hardware page tables made from what it finds.
 *
 * A capability translates the addresses whose bits above l2g equal its guard's match; the l2g bits
 * below go on. A GPT takes the bits above l2v for the number of a slot, and the l2v bits below go
 * on to the capability in it. l2v falls at every step, so a walk ends even where GPTs form a ring.
 * Restrictions add up.
 *
 * The hardware wants one table for each aligned region of 2 MiB, 1 GiB, ... What a table holds is
 * decided by the place where the walks of all addresses of its region still run together: the last
 * GPT that all of them go into (its producer) and the offset in it. space_map() does the walk once,
 * keeps its steps, and goes down the levels of the hardware with a second finger on the steps.
 * depend.c keeps the tables and knows what they depend on.
 */
#include <kernel/cpu.h>
#include <kernel/depend.h>
#include <kernel/gpt.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <kernel/txn.h>

#define L2V_MIN PAGE_SHIFT
#define L2V_MAX 46u
#define MAX_STEPS (L2V_MAX - L2V_MIN + 1)

/* A GPT on the way. */
struct step {
    struct gpt *gpt;
    uint64_t at;   /* where in its space */
    uint8_t l2g;   /* of the capability that led here */
    uint8_t l2v;   /* of the GPT */
    uint8_t restr; /* met so far, that capability's included */
    uint8_t slot;
};

struct path {
    int steps;
    struct step step[MAX_STEPS];
};

static uint64_t low_bits(uint64_t a, unsigned n)
{
    return a & ((1ull << n) - 1);
}

/* What restrictions mean to the hardware: all that is read-only for whatever reason is LK_RO. */
static uint8_t hardware_restr(unsigned restr)
{
    return (uint8_t)((restr & (LK_RO | LK_WK) ? LK_RO : 0) | (restr & LK_NX));
}

/* The access that restrictions leave. */
static unsigned granted(unsigned restr)
{
    return ACCESS_READ | (restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
           (restr & LK_NX ? 0 : ACCESS_EXEC);
}

/* One step: into the GPT that `c` names, at *at of the space that `c` translates. On success *at is
 * where to go on in the capability of slot s->slot. */
static inline enum fault_code step_into(const struct cap *c, uint64_t *at, struct step *s,
                                        struct walk *out)
{
    struct gpt *g = (struct gpt *)(void *)oid_header(c->oid);
    uint64_t slot = *at >> g->state.l2v;

    s->gpt = g;
    s->at = *at;
    s->l2g = (uint8_t)c->aux;
    s->l2v = g->state.l2v;
    s->restr = (uint8_t)out->restr;
    s->slot = (uint8_t)slot;
    if (g->state.flags & GPT_HAS_HANDLER) {
        out->handler = &g->state.slot[GPT_HANDLER_SLOT];
    }
    if (slot >= GPT_SLOTS || (slot == GPT_HANDLER_SLOT && (g->state.flags & GPT_HAS_HANDLER)) ||
        (slot == GPT_BACKGROUND_SLOT && (g->state.flags & GPT_HAS_BACKGROUND))) {
        return FAULT_INVALID_ADDR;
    }
    *at = low_bits(*at, g->state.l2v);
    return FAULT_NONE;
}

/* Is `c` memory that lives? As cap_live() says it, but without a call: this is asked at every step.
 */
static inline bool live_memory(const struct cap *c)
{
    enum frame_kind kind = c->type == CAP_GPT ? FRAME_GPT : FRAME_DESCRIPTORS;

    return (c->type == CAP_GPT || c->type == CAP_PAGE || c->type == CAP_CAPPAGE) &&
           oid_frame(c->oid)->kind == kind && oid_header(c->oid)->count == c->count;
}

/* What is at a capability that is no memory. */
static enum fault_code not_memory(const struct cap *c)
{
    return c->type == CAP_WINDOW || c->type == CAP_LOCALWINDOW ? FAULT_MALFORMED_SPACE
                                                               : FAULT_INVALID_ADDR;
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
    *at = low_bits(*at, c->aux);
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
    if ((access & ACCESS_WRITE) && (out->restr & (LK_RO | LK_WK))) {
        return FAULT_ACCESS_VIOLATION;
    }
    if ((access & ACCESS_EXEC) && (out->restr & LK_NX)) {
        return FAULT_NO_EXEC;
    }
    out->frame = page_frame(c);
    return FAULT_NONE;
}

/* The walk, from `c` on, at offset `at` of what it translates; restrictions `restr` were met
 * before. */
static enum fault_code walk_path(const struct cap *c, uint64_t at, unsigned restr, unsigned access,
                                 struct walk *out, struct path *path)
{
    unsigned l2v = L2V_MAX + 1;

    *out = (struct walk){ .restr = restr };
    path->steps = 0;
    for (;;) {
        enum fault_code fault;
        struct step *s;

        if (unlikely(!live_memory(c))) {
            return not_memory(c);
        }
        fault = pass_guard(c, &at);
        if (fault != FAULT_NONE) {
            return fault;
        }
        out->restr |= c->restr;
        if (c->type != CAP_GPT) {
            return leaf(c, access, out);
        }
        s = &path->step[path->steps];
        if (((const struct gpt *)(void *)oid_header(c->oid))->state.l2v >= l2v) {
            return FAULT_MALFORMED_SPACE;
        }
        path->steps++; /* l2v falls, so there is room */
        fault = step_into(c, &at, s, out);
        if (fault != FAULT_NONE) {
            return fault;
        }
        l2v = s->l2v;
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
    return walk_path(root, address, 0, access, out, path);
}

enum fault_code space_walk(const struct cap *root, uva_t address, unsigned access, struct walk *out)
{
    struct path path;

    return walk_user(root, address, access, out, &path);
}

/* --- from the walk to the tables --- */

/* How far all addresses of a region of 2^bits around the path's address go together: the number of
 * the last step, or -1, when not even the root capability translates all of the region. `from` is
 * known to be reached. */
static inline int producer_step(const struct path *path, int from, unsigned bits)
{
    while (from + 1 < path->steps && path->step[from + 1].l2g >= bits &&
           (from < 0 || path->step[from].l2v >= bits)) {
        from++;
    }
    return from;
}

/* The table for the region of a level around `address` that step `k` of the path produces. */
static struct table_key key_of(const struct cap *root, const struct path *path, int k,
                               uva_t address, unsigned level)
{
    unsigned bits = table_bits(level);
    struct table_key key = { .level = (uint8_t)level,
                             .low = level < MMU_LEVELS && address >> bits == 0 };

    if (k < 0) {
        key.producer = root->oid;
        key.restr = hardware_restr(root->restr);
        key.base = address - low_bits(address, bits);
        key.guard = (uint64_t)root->payload << 8 | root->aux;
    } else {
        key.producer = object_oid(path->step[k].gpt);
        key.restr = hardware_restr(path->step[k].restr);
        key.base = path->step[k].at - low_bits(path->step[k].at, bits);
    }
    return key;
}

/* The same for the top table, for which the capability is enough. Its region is everything. */
static struct table_key root_key(const struct cap *root)
{
    struct table_key key = { .producer = root->oid,
                             .level = MMU_LEVELS,
                             .restr = hardware_restr(root->restr),
                             .guard = (uint64_t)root->payload << 8 | root->aux };

    if (root->type == CAP_GPT && root->aux == MMU_USER_BITS && root->payload == 0) {
        key.guard = 0; /* it translates everything */
    }
    return key;
}

/* An entry for a lower table depends on the slots of steps first_slot()..end_slot()-1: those passed
 * on the way from the producer of its table, step `k`, to that of the lower one, step `below`, and
 * the one that was found not to go on with the whole region: with another guard in it, the lower
 * table would be another. */
static int first_slot(int k)
{
    return k < 0 ? 0 : k;
}
static int end_slot(const struct path *path, int below, unsigned bits)
{
    ASSERT(below < path->steps);
    return below >= 0 && path->step[below].l2v >= bits ? below + 1 : below;
}

/* An entry of table `t` for `address` is about to be made through the slots of steps from..end-1:
 * record it. */
static bool record(unsigned t, const struct path *path, int from, int end, uva_t address)
{
    unsigned level = table_list[t].key.level;
    unsigned bits = entry_bits(level);
    int64_t at = (int64_t)low_bits(address, table_bits(level));
    int64_t limit = table_size(level);

    for (int j = from; j < end; j++) {
        const struct step *s = &path->step[j];
        /* Where in the table this GPT's slot 0 begins, and the window that the capability to it
         * opens; both are whole entries, or the entry would not have come this far. */
        int64_t first = (at - (int64_t)s->at) >> bits;
        int64_t window = first + (1ll << (s->l2g - bits));
        int64_t slot_end = first + ((int64_t)(s->slot + 1) << (s->l2v - bits));

        limit = window < limit ? window : limit;
        if (!depend_record(t, s->gpt, first, (unsigned)limit)) {
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
    p->space_root = table_kpa(t);
}

/* The top table of `p`, made if need be. */
static unsigned root_table(struct process *p)
{
    unsigned t;

    if (p->space_root != kernel_root) {
        t = table_of(p->space_root);
        table_touch(t);
        return t;
    }
    struct table_key key = root_key(&p->slot[SLOT_ADDR_SPACE]);

    t = table_make(&key);
    enter_root(p, t);
    return t;
}

/* Go down the levels and make what is missing. Touches the tables on the way. Returns false if
 * there was no room for a dependency: nothing is left to throw away but these tables. */
static bool build(struct process *p, const struct path *path, uva_t address, pte_t leaf_entry)
{
    unsigned t = root_table(p);
    int k = producer_step(path, -1, table_bits(MMU_LEVELS));
    pte_t *e;

    for (unsigned level = MMU_LEVELS; level > 1; level--) {
        unsigned i = entry_index(address, level);
        unsigned bits = entry_bits(level);
        int below = producer_step(path, k, bits);

        if (mmu_present(table_entries(t)[i])) {
            t = table_of(mmu_target(table_entries(t)[i]));
            table_touch(t);
        } else {
            struct table_key key =
                key_of(&p->slot[SLOT_ADDR_SPACE], path, below, address, level - 1);
            unsigned lower = table_make(&key);

            if (!record(t, path, first_slot(k), end_slot(path, below, bits), address)) {
                return false;
            }
            entry_set(t, i, mmu_branch(table_kpa(lower)));
            t = lower;
        }
        k = below;
    }
    e = &table_entries(t)[entry_index(address, 1)];
    if (!mmu_present(*e)) {
        if (!record(t, path, first_slot(k), path->steps, address)) {
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
    e = mmu_leaf(frame_kpa(out->frame), granted(out->restr));
    depend_begin();
    while (unlikely(!build(p, &path, address, e))) {
        /* The tables on the way have all the dependencies there are: then it is they that must go.
         * Each time round there are fewer tables that have any, so this ends; in practice the first
         * time. */
        depend_give_up();
        depend_begin();
    }
    depend_forget();
    return FAULT_NONE;
}

/* --- when something changes --- */

void space_set(struct process *p)
{
    const struct cap *root = &p->slot[SLOT_ADDR_SPACE];

    space_drop(p);
    if ((root->type == CAP_GPT || root->type == CAP_PAGE) && cap_live(root)) {
        struct table_key key = root_key(root);
        unsigned t = table_find(&key);

        if (t != 0) {
            enter_root(p, t - 1);
        }
    }
}

void space_drop(struct process *p)
{
    if (p->space_root != 0 && p->space_root != kernel_root) {
        table_list[table_of(p->space_root)].refs--;
        list_remove(&p->space_link);
    }
    p->space_root = kernel_root;
}

bool space_flush_slot(struct gpt *g, unsigned slot)
{
    bool done;

    ASSERT_BEFORE_COMMIT();
    if (g->hdr.depend == 0 && (slot != SPACE_ALL_SLOTS || g->hdr.product == 0)) {
        return true;
    }
    done = depend_flush_slot(g, slot);
    if (done && slot == SPACE_ALL_SLOTS) {
        done = depend_flush_products(&g->hdr);
    }
    depend_forget();
    return done;
}

bool space_flush_object(struct objhdr *hdr)
{
    bool done;

    ASSERT_BEFORE_COMMIT();
    if (hdr->kind == FRAME_GPT) {
        return space_flush_slot((struct gpt *)(void *)hdr, SPACE_ALL_SLOTS);
    }
    if (hdr->kind != FRAME_PAGE || (hdr->depend == 0 && hdr->product == 0)) {
        return true;
    }
    done = depend_flush_page(hdr) && depend_flush_products(hdr);
    depend_forget();
    return done;
}

void space_init(void)
{
    uint64_t tables = frame_totals.frames / 64;

    tables = tables < 64 ? 64 : tables > 4096 ? 4096 : tables;
    depend_init((unsigned)tables, (unsigned)tables * 16);
}

/* --- checks --- */

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
    return walk_path(c, key->base + offset, 0, ACCESS_READ, out, path);
}

#define CHECK(e, ...)                                                                              \
    do {                                                                                           \
        if (!(e)) {                                                                                \
            log_line(LOG_ERROR, __VA_ARGS__);                                                      \
            failed++;                                                                              \
        }                                                                                          \
    } while (0)

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
    if (level == 1) {
        CHECK(e == mmu_leaf(frame_kpa(w.frame), granted(w.restr)) &&
                  w.frame->hdr.kind == FRAME_PAGE && w.frame->hdr.count != 0 &&
                  (i != 0 || !table_list[t].key.low),
              "INV-MAP-1 broken: entry %u of table %u is %lx", i, t, (unsigned long)e);
    } else {
        const struct table_key *lower = &table_list[table_of(mmu_target(e))].key;
        struct table_key key;

        int below = producer_step(&path, k, table_bits(level - 1));

        end = end_slot(&path, below, table_bits(level - 1));
        key = key_of(&root, &path, below, table_list[t].key.base + offset, level - 1);
        CHECK(key.producer == lower->producer && key.base == lower->base &&
                  key.guard == lower->guard && key.restr == lower->restr &&
                  key.level == lower->level && e == mmu_branch(mmu_target(e)),
              "INV-MAP-3 broken: entry %u of table %u names the wrong table", i, t);
        CHECK(lower->low == (i == 0 && (level == MMU_LEVELS || table_list[t].key.low)),
              "INV-MAP-3 broken: entry %u of table %u: first page", i, t);
    }
    for (int j = first_slot(k); j < end; j++) {
        CHECK(depend_known(t, i, path.step[j].gpt, path.step[j].slot),
              "INV-MAP-2 broken: entry %u of table %u does not depend on slot %u of GPT %x", i, t,
              path.step[j].slot, object_oid(path.step[j].gpt));
    }
    return failed;
}

/* INV-MAP-5 for one process. */
static unsigned check_process(const struct process *p, unsigned t)
{
    struct table_key key = root_key(&p->slot[SLOT_ADDR_SPACE]);
    const struct table_key *is = &table_list[t].key;
    unsigned failed = 0;

    CHECK(cap_live(&p->slot[SLOT_ADDR_SPACE]) && key.producer == is->producer &&
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
        for (const struct list *l = table->processes.next;
             table->key.level == MMU_LEVELS && l != &table->processes; l = l->next) {
            failed += check_process(container_of(l, const struct process, space_link), t);
        }
    }
    return failed;
}
