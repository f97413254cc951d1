/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cache of hardware page tables, and what its entries depend on. Read depend.h first, then
 * space.c, which decides what goes into an entry.
 *
 * Room is made with a clock hand over the tables: one that was not used since the hand last came by
 * is taken apart. A table that is on the way of the walk in progress stays ("touched"), and so
 * does, as long as there is another, one that a processor has loaded or that very many entries
 * name.
 *
 * What was thrown away the processor may still remember. That is noted as it happens, and
 * depend_forget() tells the processor once, at the end: no user instruction runs in between.
 */
#include <kernel/depend.h>
#include <kernel/gpt.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/txn.h>
#include <kernel/walk.h>

/* Sizes of a bounded piece. */
#define PIECE_DEPENDS 64u   /* dependencies looked at */
#define PIECE_ENTRIES 4096u /* entries they cover */
#define PIECE_LINKS 64u     /* entries of one chain cleared */
#define SEARCH_PRODUCTS 64u /* products of one object looked at for a key */
#define SEARCH_DEPENDS 32u  /* dependencies of one GPT looked at for the same one again */
#define FORGET_PAGES 8u     /* pages forgotten one by one; more: all of them */

struct table *table_list;
struct depend *depend_list;
struct link *product_links, *entry_links, *gpt_links, *table_links;
pte_t *table_frames;
kpa_t table_base;

static uint32_t free_table;
static uint32_t free_depend;
uint32_t depend_pin;
static unsigned clock_hand;

struct space_totals space_totals;

/* What the processor still has to forget. */
static struct {
    bool all;
    unsigned pages;
    struct {
        uint64_t root;
        uva_t address;
    } page[FORGET_PAGES];
} forget;

/* --- chains --- */

/* Number `id` becomes the first of a chain of things of one kind, whose links are `links`. */
static void chain_insert(uint32_t *head, struct link *links, uint32_t id)
{
    uint32_t first = *head;

    links[id - 1] = (struct link){ .next = first };
    if (first != 0) {
        links[first - 1].prev = id;
    }
    *head = id;
}

static void chain_remove(uint32_t *head, struct link *links, uint32_t id)
{
    const struct link *l = &links[id - 1];

    *(l->prev != 0 ? &links[l->prev - 1].next : head) = l->next;
    if (l->next != 0) {
        links[l->next - 1].prev = l->prev;
    }
}

/* Frames for `n` things of a size. */
static void *take(size_t n, size_t size, const char *what)
{
    return frames_take((n * size + PAGE_SIZE - 1) / PAGE_SIZE, what);
}

void depend_init(unsigned tables, unsigned depends)
{
    ASSERT(tables >= DEPEND_TABLES_MIN && depends >= DEPEND_MIN && tables <= MMU_TAGS);
    table_frames = take(tables, PAGE_SIZE, "hardware page tables");
    table_base = arch_kpa(table_frames);
    table_list = take(tables, sizeof(struct table), "the list of page tables");
    product_links = take(tables, sizeof(struct link), "links of page tables");
    entry_links =
        take((size_t)tables * MMU_ENTRIES, sizeof(struct link), "links of page table entries");
    depend_list = take(depends, sizeof(struct depend), "dependencies of page tables");
    gpt_links = take(depends, sizeof(struct link), "links of dependencies");
    table_links = take(depends, sizeof(struct link), "links of dependencies");
    free_table = free_depend = 0;
    for (unsigned i = tables; i > 0; i--) {
        chain_insert(&free_table, product_links, i);
    }
    for (unsigned i = depends; i > 0; i--) {
        chain_insert(&free_depend, gpt_links, i);
    }
    depend_pin = 1;
    clock_hand = 0;
    space_totals = (struct space_totals){ .tables_max = tables, .depends_max = depends };
}

/* --- making the processor forget --- */

/* Entry `i` of table `t` is being cleared. If there is one way to it from a root, it is known
 * whether a processor can have seen it, and at which address; else all must be forgotten. At most
 * one step per level. */
static void forget_entry(unsigned t, unsigned i)
{
    bool leaf = table_list[t].key.level == 1;
    uva_t address = (uva_t)i << entry_bits(table_list[t].key.level);

    while (!forget.all && table_list[t].key.level < MMU_LEVELS) {
        const struct table *table = &table_list[t];

        if (table->refs == 0) {
            return;
        }
        forget.all = table->refs > 1;
        t = (table->parents - 1) / MMU_ENTRIES;
        address |= (uva_t)((table->parents - 1) % MMU_ENTRIES)
                   << entry_bits(table_list[t].key.level);
    }
    if (forget.all || !(mmu_tagged || mmu_root_loaded(table_root(t)))) {
        return;
    }
    if (!leaf || forget.pages == FORGET_PAGES) {
        forget.all = true;
    } else {
        forget.page[forget.pages].root = table_root(t);
        forget.page[forget.pages++].address = address;
    }
}

void depend_forget(void)
{
    if (forget.all) {
        mmu_invalidate_all();
    } else {
        for (unsigned i = 0; i < forget.pages; i++) {
            mmu_invalidate_page(forget.page[i].root, forget.page[i].address);
        }
    }
    forget.all = false;
    forget.pages = 0;
}

/* --- entries --- */

uint32_t *depend_chain(unsigned level, pte_t e)
{
    return level == 1 ? &frame_table[mmu_frame(e, frame_count)].hdr.depend
                      : &table_list[table_of(mmu_target(e))].parents;
}

/* As entry_set(), but for `refs`; the entry goes on this chain. */
static ALWAYS_INLINE void entry_put(unsigned t, unsigned i, pte_t e, uint32_t *chain)
{
    ASSERT(table_entries(t)[i] == 0);
    chain_insert(chain, entry_links, t * MMU_ENTRIES + i + 1);
    table_list[t].present++;
    table_entries(t)[i] = e;
}

void entry_set(unsigned t, unsigned i, pte_t e)
{
    unsigned level = table_list[t].key.level;

    if (level > 1) {
        table_list[table_of(mmu_target(e))].refs++;
    }
    entry_put(t, i, e, depend_chain(level, e));
}

void entry_clear(unsigned t, unsigned i)
{
    struct table *table = &table_list[t];
    pte_t e = table_entries(t)[i];

    if (!mmu_present(e)) {
        return;
    }
    forget_entry(t, i);
    chain_remove(depend_chain(table->key.level, e), entry_links, t * MMU_ENTRIES + i + 1);
    if (table->key.level > 1) {
        table_list[table_of(mmu_target(e))].refs--;
    }
    table->present--;
    table_entries(t)[i] = 0;
}

static void entries_clear(unsigned t, unsigned from, unsigned end)
{
    for (unsigned i = from; i < end && table_list[t].present != 0; i++) {
        entry_clear(t, i);
    }
}

/* Clear entries of a chain, from its head on, at most a piece of them. Returns whether the chain is
 * empty. */
static bool chain_clear(const uint32_t *head)
{
    for (unsigned n = 0; *head != 0 && n < PIECE_LINKS; n++) {
        entry_clear((*head - 1) / MMU_ENTRIES, (*head - 1) % MMU_ENTRIES);
    }
    return *head == 0;
}

/* --- dependencies --- */

static void depend_free(uint32_t id)
{
    struct depend *d = &depend_list[id - 1];

    chain_remove(&oid_header(d->gpt)->depend, gpt_links, id);
    chain_remove(&table_list[d->table].depends, table_links, id);
    chain_insert(&free_depend, gpt_links, id);
    space_totals.depends--;
}

void depend_range(const struct depend *d, const struct gpt *g, unsigned slot, unsigned *from,
                  unsigned *end)
{
    int64_t lo = d->first;
    int64_t hi = d->end;

    if (slot != SPACE_ALL_SLOTS) {
        unsigned shift = g->state.l2v - entry_bits(table_list[d->table].key.level);

        lo += (int64_t)slot << shift;
        hi = lo + (1ll << shift) < hi ? lo + (1ll << shift) : hi;
    }
    lo = lo < 0 ? 0 : lo;
    *from = (unsigned)(lo > d->end ? d->end : lo);
    *end = (unsigned)(hi < lo ? *from : hi);
}

static bool table_evict(void);

bool depend_record(unsigned t, struct gpt *g, int64_t first, unsigned end, unsigned restr)
{
    uint32_t id = g->hdr.depend;
    struct depend *d;

    for (unsigned n = 0; id != 0 && n < SEARCH_DEPENDS; n++) {
        d = &depend_list[id - 1];
        if (d->table == t && d->first == first) {
            d->end = (d->end < end ? end : d->end) & 0x3ff;
            return true;
        }
        id = gpt_links[id - 1].next;
    }
    while (free_depend == 0) {
        if (!table_evict()) {
            return false;
        }
    }
    id = free_depend;
    d = &depend_list[id - 1];
    free_depend = gpt_links[id - 1].next;
    *d = (struct depend){
        .gpt = object_oid(g),
        .table = (uint16_t)t,
        .end = end & 0x3ff,
        .restr = restr & 7,
        .first = first,
    };
    chain_insert(&g->hdr.depend, gpt_links, id);
    chain_insert(&table_list[t].depends, table_links, id);
    space_totals.depends++;
    return true;
}

/* Clear entries [from, end), which `d` covers. Dependencies of other GPTs that cover nothing else
 * are of no use then: those of GPTs that were reached through the slot that changed. Looks at a
 * bounded number; if there are more, the table is not exact any more. */
static void clear_below(const struct depend *d, unsigned from, unsigned end)
{
    uint32_t id = from < end ? table_list[d->table].depends : 0;
    uint32_t next;

    entries_clear(d->table, from, end);
    for (unsigned n = 0; id != 0 && n < PIECE_DEPENDS; id = next, n++) {
        const struct depend *other = &depend_list[id - 1];

        next = table_links[id - 1].next;
        if (other->gpt != d->gpt && other->first >= (int64_t)from && other->end <= end) {
            depend_free(id);
        }
    }
    table_list[d->table].exact &= id == 0;
}

/* Throw away all that some dependencies of an object cover, and them. A piece; returns whether that
 * was all. */
static bool depend_drop(struct objhdr *hdr)
{
    unsigned work = 0;

    for (unsigned n = 0; hdr->depend != 0 && n < PIECE_DEPENDS && work < PIECE_ENTRIES; n++) {
        const struct depend *d = &depend_list[hdr->depend - 1];
        unsigned from, end;

        depend_range(d, NULL, SPACE_ALL_SLOTS, &from, &end);
        clear_below(d, from, end);
        depend_free(hdr->depend);
        work += end - from;
    }
    return hdr->depend == 0;
}

/* Clear the entries made through one slot, a piece of them. Returns whether that was all.
 * Dependencies stay, for the other slots. */
static bool depend_clear_slot(struct gpt *g, unsigned slot)
{
    unsigned n = 0;
    unsigned work = 0;

    for (uint32_t id = g->hdr.depend; id != 0; id = gpt_links[id - 1].next) {
        const struct depend *d = &depend_list[id - 1];
        unsigned from, end;

        if (n++ == PIECE_DEPENDS || work > PIECE_ENTRIES) {
            return false;
        }
        if (g->state.l2v == L2V_MIN) { /* one entry, below which there is no other GPT */
            if ((uint64_t)d->first + slot < d->end) {
                entry_clear(d->table, (unsigned)d->first + slot);
            }
            continue;
        }
        depend_range(d, g, slot, &from, &end);
        clear_below(d, from, end);
        work += end - from;
    }
    return true;
}

/* --- tables --- */

/* Take away a piece of what refers to a table: entries, or the processes that use a root. Returns
 * whether nothing does any more. */
static bool table_detach(unsigned t)
{
    struct table *table = &table_list[t];

    if (table->key.level < MMU_LEVELS) {
        return chain_clear(&table->parents);
    }
    for (unsigned n = 0; !list_empty(&table->processes) && n < PIECE_LINKS; n++) {
        space_drop(container_of(table->processes.next, struct process, space_link));
    }
    return list_empty(&table->processes);
}

void table_destroy(unsigned t)
{
    struct table *table = &table_list[t];

    while (!table_detach(t)) {
    }
    if (table->key.level == MMU_LEVELS) {
        mmu_unload_root(table_root(t));
        memset(table_entries(t) + table_size(MMU_LEVELS), 0, PAGE_SIZE / 2); /* the kernel's half */
    }
    entries_clear(t, 0, table_size(table->key.level));
    while (table->depends != 0) {
        depend_free(table->depends);
    }
    chain_remove(&oid_header(table->key.producer)->product, product_links, t + 1);
    *table = (struct table){ 0 };
    chain_insert(&free_table, product_links, t + 1);
    space_totals.tables--;
}

void depend_give_up(void)
{
    for (unsigned t = 0; t < space_totals.tables_max; t++) {
        if (table_list[t].key.producer != 0 && table_list[t].pin == depend_pin) {
            table_destroy(t);
        }
    }
    depend_pin++;
}

/* Make room: take one table apart. Returns false if all that are left are touched. */
static bool table_evict(void)
{
    unsigned max = (unsigned)space_totals.tables_max;

    for (unsigned n = 0; n < 3 * max; n++) {
        unsigned t = clock_hand;
        struct table *table = &table_list[t];
        bool choosy = n < 2 * max;

        clock_hand = (clock_hand + 1) % max;
        if (table->key.producer == 0 || table->pin == depend_pin) {
            continue;
        }
        if (choosy &&
            (table->used || table->refs > PIECE_LINKS || mmu_root_loaded(table_root(t)))) {
            table->used = false;
            continue;
        }
        table_destroy(t);
        return true;
    }
    return false;
}

unsigned table_find(const struct table_key *key)
{
    uint32_t id = oid_header(key->producer)->product;

    for (unsigned n = 0; id != 0 && n < SEARCH_PRODUCTS; n++) {
        if (memcmp(&table_list[id - 1].key, key, sizeof(*key)) == 0) {
            return id;
        }
        id = product_links[id - 1].next;
    }
    return 0;
}

unsigned table_make(const struct table_key *key)
{
    unsigned t = table_find(key);
    struct table *table;

    if (t != 0) {
        table_touch(t - 1);
        return t - 1;
    }
    if (free_table == 0) {
        bool room = table_evict();

        ASSERT(room); /* a walk touches one table of each level; there are more */
    }
    t = free_table - 1;
    table = &table_list[t];
    free_table = product_links[t].next;
    space_totals.tables++;
    *table = (struct table){ .key = *key,
                             .exact = key->level == 1 && key->edge == 0 && key->guard == 0 };
    list_init(&table->processes);
    chain_insert(&oid_header(key->producer)->product, product_links, t + 1);
    if (key->level == MMU_LEVELS) {
        mmu_root_init(table_entries(t));
    }
    table_touch(t);
    return t;
}

/* Throw away the tables made from an object. A piece; returns whether that was all. */
static bool products_drop(struct objhdr *hdr)
{
    /* One table is a piece: its users, then up to all its entries. */
    if (hdr->product != 0 && table_detach(hdr->product - 1)) {
        table_destroy(hdr->product - 1);
    }
    return hdr->product == 0;
}

/* --- when something changes (space.h) --- */

bool space_flush_slot(struct gpt *g, unsigned slot)
{
    bool done;

    ASSERT_BEFORE_COMMIT();
    if (g->hdr.depend == 0 && (slot != SPACE_ALL_SLOTS || g->hdr.product == 0)) {
        return true;
    }
    /* Of a GPT seen at very many places all of them are thrown away, piece by piece, so that there
     * are less each time. */
    done = slot == SPACE_ALL_SLOTS ? depend_drop(&g->hdr) && products_drop(&g->hdr)
                                   : depend_clear_slot(g, slot) || depend_drop(&g->hdr);
    depend_forget();
    return done;
}

void space_fill_slot(struct gpt *g, unsigned slot)
{
    const struct cap *c = &g->state.slot[slot];
    const struct depend *d;
    uint64_t i;

    if (c->type != CAP_PAGE || g->hdr.depend == 0 || c->aux != PAGE_SHIFT || c->payload != 0 ||
        g->state.l2v != L2V_MIN || (g->state.flags != 0 && slot >= GPT_BACKGROUND_SLOT) ||
        !object_alive(c, FRAME_DESCRIPTORS)) {
        return; /* nothing that the walk would find, or not yet a place for it */
    }
    d = &depend_list[g->hdr.depend - 1];
    i = (uint64_t)d->first + slot;
    if (table_list[d->table].exact && i < d->end) {
        entry_put(d->table, (unsigned)i,
                  mmu_leaf(page_frame(c)->leaf, walk_granted(d->restr | c->restr)),
                  &page_frame(c)->hdr.depend);
    }
}

bool space_flush_object(struct objhdr *hdr)
{
    bool done;

    ASSERT_BEFORE_COMMIT();
    if (hdr->kind == FRAME_GPT) {
        return space_flush_slot((struct gpt *)(void *)hdr, SPACE_ALL_SLOTS);
    }
    if (hdr->depend == 0 && hdr->product == 0) {
        return true;
    }
    done = chain_clear(&hdr->depend) && products_drop(hdr);
    depend_forget();
    return done;
}
