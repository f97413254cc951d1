/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random trees of GPTs, with windows and background spaces, changed at random, and processes that
 * touch them: what the machine does must be what a walk over the test's own copy of the tree says.
 *
 * The copy is kept by name (which object, which generation of it), not by capability, so that it
 * shares nothing with the kernel's way to find things.
 */
#include "prober.h"

#define GPTS 10
#define PAGES 6
#define CAPPAGES 1
#define PROBERS 2
#define SLOTS 16
#define MOST_WINDOWS 4
#define TREE_BITS 43 /* what the tree translates: slot 1 of each prober's root */
#define TREE_VA (1ull << TREE_BITS)
#define OWN_HANDLER 500 /* endpoint IDs of where faults are told: of the process, of GPTs */
#define GPT_HANDLER 600

enum kind { NOTHING, GPT, PAGE_, CAPPAGE, OTHER, WINDOW, LOCAL_WINDOW };

/* A capability as the test knows it. */
struct model_cap {
    enum kind kind;
    unsigned index, generation;
    unsigned restr, l2g;
    uint64_t match;
    uint64_t offset; /* of a window; index: its root */
};

struct model_gpt {
    unsigned generation, l2v;
    bool handler, background;
    struct model_cap slot[SLOTS];
};

struct world {
    struct model_gpt gpt[GPTS];
    unsigned page_generation[PAGES], cappage_generation[CAPPAGES];
    struct model_cap root[PROBERS];
    obj gpt_obj[GPTS], page_obj[PAGES], cappage_obj[CAPPAGES];
    uint64_t gpt_frame[GPTS], page_frame[PAGES];
    obj prober[PROBERS], prober_root[PROBERS];
    obj handler[GPTS]; /* Entries */
    struct rng rng;
};

static struct world w;

/* ---- The test's own walk ---- */

struct outcome {
    uint64_t fault;
    int page; /* index, if there was no fault */
    unsigned windows;
    uint64_t handler_id;
};

static uint64_t low(uint64_t a, unsigned bits)
{
    return a & ((1ull << bits) - 1);
}

static bool alive(const struct model_cap *c)
{
    switch (c->kind) {
    case GPT:
        return w.gpt[c->index].generation == c->generation;
    case PAGE_:
        return w.page_generation[c->index] == c->generation;
    case CAPPAGE:
        return w.cappage_generation[c->index] == c->generation;
    case WINDOW:
    case LOCAL_WINDOW:
        return true;
    case NOTHING:
    case OTHER:
        break;
    }
    return false;
}

static struct outcome walk(const struct model_cap *c, uint64_t at, unsigned access)
{
    struct outcome o = { .page = -1, .handler_id = OWN_HANDLER };
    unsigned restr = 0;
    unsigned above = TREE_BITS; /* l2v of the prober's root */
    const struct model_gpt *in = NULL;
    const struct model_gpt *back = NULL;

    for (;;) {
        struct model_gpt *g;
        uint64_t slot;

        if (!alive(c) || at >> c->l2g != c->match) {
            o.fault = FAULT_INVALID_ADDR;
            return o;
        }
        at = low(at, c->l2g);
        restr |= c->restr;
        if (c->kind == WINDOW || c->kind == LOCAL_WINDOW) {
            in = c->kind == WINDOW ? back : in;
            if (in == NULL || o.windows++ == MOST_WINDOWS) {
                o.fault = FAULT_MALFORMED_SPACE;
                return o;
            }
            at += c->offset;
            above = 64;
            c = &in->slot[c->kind == WINDOW ? GPT_BACKGROUND_SLOT : c->index];
            continue;
        }
        if (c->kind != GPT) {
            o.fault = c->kind == CAPPAGE                                  ? FAULT_DATA_TYPE
                      : c->l2g != 12                                      ? FAULT_MALFORMED_SPACE
                      : access == WRITE && (restr & (LK_RO | LK_WK)) != 0 ? FAULT_ACCESS_VIOLATION
                      : access == EXEC && (restr & LK_NX) != 0            ? FAULT_NO_EXEC
                                                                          : FAULT_NONE;
            o.page = (int)c->index;
            return o;
        }
        g = &w.gpt[c->index];
        if (g->l2v >= above) {
            o.fault = FAULT_MALFORMED_SPACE;
            return o;
        }
        above = g->l2v;
        if (g->handler && (restr & LK_WK) == 0) {
            o.handler_id = GPT_HANDLER + c->index;
        }
        slot = at >> g->l2v;
        in = g;
        back = g->background ? g : back;
        if (slot >= SLOTS || (g->handler && slot == GPT_HANDLER_SLOT) ||
            (g->background && slot == GPT_BACKGROUND_SLOT)) {
            o.fault = FAULT_INVALID_ADDR;
            return o;
        }
        at = low(at, g->l2v);
        c = &g->slot[slot];
    }
}

/* ---- Making things up ---- */

static unsigned below(unsigned n)
{
    return (unsigned)rng_below(&w.rng, n);
}

/* A capability for a slot that covers 2^bits: mostly one that fits. */
static struct model_cap some_cap(unsigned bits)
{
    struct model_cap c = { .l2g = 12 };
    unsigned what = below(20);

    if (what < 1) {
        return (struct model_cap){ .kind = OTHER };
    }
    if (what < 2) {
        return (struct model_cap){ .kind = NOTHING };
    }
    if (what < 3) {
        c.kind = CAPPAGE;
        c.index = below(CAPPAGES);
        c.generation = w.cappage_generation[c.index];
    } else if (what < 10 && bits > 12) {
        c.kind = GPT;
        c.index = below(GPTS);
        c.generation = w.gpt[c.index].generation;
        c.l2g = w.gpt[c.index].l2v + below(6);
    } else {
        c.kind = PAGE_;
        c.index = below(PAGES);
        c.generation = w.page_generation[c.index];
        c.l2g = below(12) == 0 ? 13 : 12;
    }
    if (c.l2g > bits && below(8) != 0) {
        c.l2g = bits;
    }
    c.l2g = c.l2g < 12 ? 12 : c.l2g > 47 ? 47 : c.l2g;
    if (c.l2g < bits) {
        unsigned free_bits = bits - c.l2g > 32 ? 32 : bits - c.l2g;

        c.match = below(2) == 0 ? 0 : rng_next(&w.rng) & ((1ull << free_bits) - 1);
    }
    if (below(3) == 0) {
        c.restr = below(16);
    }
    return c;
}

/* The capability itself, in a register. */
static void realise(const struct model_cap *c, unsigned reg)
{
    if (c->kind == NOTHING || c->kind == OTHER) {
        lk_copy_cap(c->kind == OTHER ? R_SLEEP : 0, reg);
        return;
    }
    obj_get(c->kind == GPT     ? w.gpt_obj[c->index]
            : c->kind == PAGE_ ? w.page_obj[c->index]
                               : w.cappage_obj[c->index],
            reg);
    OK(lk_memory_reduce(reg, c->restr, reg));
    OK(lk_memory_set_guard(reg, c->match, c->l2g, reg));
}

static void set_window(unsigned g, unsigned slot)
{
    struct model_cap c = { .kind = below(3) == 0 ? LOCAL_WINDOW : WINDOW };

    c.l2g = below(4) == 0 ? 12 + below(36) : w.gpt[g].l2v;
    c.restr = below(3) == 0 ? below(16) : 0;
    c.match = below(8) == 0 ? below(3) : 0;
    c.offset = low((uint64_t)below(SLOTS) << (12 + 4 * below(8)), 47) >> c.l2g << c.l2g;
    obj_get(w.gpt_obj[g], R_A);
    if (c.kind == WINDOW) {
        OK(lk_gpt_set_window(R_A, slot, c.offset, c.match, c.l2g, c.restr));
    } else {
        c.index = below(SLOTS);
        OK(lk_gpt_set_local_window(R_A, slot, c.index, c.offset, c.match, c.l2g, c.restr));
    }
    w.gpt[g].slot[slot] = c;
}

static void set_slot(unsigned g, unsigned slot)
{
    bool background = w.gpt[g].background && slot == GPT_BACKGROUND_SLOT;
    struct model_cap c = some_cap(background ? TREE_BITS : w.gpt[g].l2v);

    if (w.gpt[g].handler && slot == GPT_HANDLER_SLOT) {
        return; /* that one is the handler's */
    }
    if (below(3) == 0) {
        set_window(g, slot);
        return;
    }
    realise(&c, R_A);
    obj_get(w.gpt_obj[g], R_B);
    OK(lk_gpt_swap_slot(R_B, slot, R_A, 0));
    w.gpt[g].slot[slot] = c;
}

static void set_root(unsigned p)
{
    struct model_cap c = some_cap(TREE_BITS);

    if (below(8) != 0) { /* something that leads somewhere */
        c = (struct model_cap){ .kind = GPT, .index = below(GPTS) };
        c.generation = w.gpt[c.index].generation;
        c.l2g = TREE_BITS;
    }
    realise(&c, R_A);
    obj_get(w.prober_root[p], R_B);
    OK(lk_gpt_swap_slot(R_B, 1, R_A, 0));
    w.root[p] = c;
}

static void set_l2v(unsigned g)
{
    unsigned l2v = below(4) == 0 ? 12 + below(31) : 12 + 4 * below(8);

    obj_get(w.gpt_obj[g], R_A);
    OK(lk_gpt_set_l2v(R_A, l2v));
    w.gpt[g].l2v = l2v;
}

static void set_handler(unsigned g, bool on)
{
    obj_get(w.gpt_obj[g], R_A);
    obj_get(w.handler[g], R_B);
    OK(lk_gpt_swap_slot(R_A, GPT_HANDLER_SLOT, on ? R_B : 0, 0));
    w.gpt[g].background = below(3) != 0;
    OK(lk_gpt_set_flags(R_A, (on ? GPT_HAS_HANDLER : 0u) |
                                 (w.gpt[g].background ? GPT_HAS_BACKGROUND : 0u)));
    w.gpt[g].slot[GPT_HANDLER_SLOT] = (struct model_cap){ .kind = OTHER };
    w.gpt[g].handler = on;
}

/* A GPT or page is destroyed and made again in its place. */
static void renew_gpt(unsigned g)
{
    struct model_gpt fresh = { .generation = w.gpt[g].generation + 1, .l2v = 12 };

    if (fresh.generation > 1) {
        OK(lk_range_rescind_at(R_RANGE, w.gpt_frame[g], 0));
    }
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_GPT, w.gpt_frame[g], 0, R_A));
    obj_put(w.gpt_obj[g], R_A);
    w.gpt[g] = fresh;
}

static void renew_page(unsigned i)
{
    if (w.page_generation[i]++ > 0) {
        OK(lk_range_rescind_at(R_RANGE, w.page_frame[i], 0));
    }
    OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, w.page_frame[i], 0, R_A));
    obj_put(w.page_obj[i], R_A);
    map_page(own_space(), WINDOW_VA + i * PAGE, w.page_obj[i], LK_NX);
    for (unsigned j = 0; j < PAGE / 8; j++) {
        page_words(i)[j] = PAGE_VALUE(i);
    }
}

static void change(void)
{
    unsigned g = below(GPTS);

    switch (below(16)) {
    case 0:
        set_l2v(g);
        break;
    case 1:
        set_handler(g, below(2) != 0);
        break;
    case 2:
        renew_gpt(g);
        set_l2v(g);
        break;
    case 3:
        renew_page(below(PAGES));
        break;
    case 4:
    case 5:
        set_root(below(PROBERS));
        break;
    default:
        set_slot(g, below(SLOTS));
        break;
    }
}

/* An address that leads far down, more often than chance would have it: the bits below `open` are
 * not chosen yet, and mean the same in every space on the way. */
static uint64_t some_address(const struct model_cap *c)
{
    const struct model_gpt *in = NULL;
    const struct model_gpt *back = NULL;
    uint64_t va = 0;
    uint64_t at = 0;
    unsigned open = TREE_BITS;

    for (unsigned depth = 0; depth < 16 && alive(c); depth++) {
        if (c->l2g < open) {
            uint64_t bits = low(c->match << c->l2g, open);

            va |= bits;
            at |= bits;
            open = c->l2g;
        }
        at = low(at, c->l2g);
        if (c->kind == GPT) {
            unsigned l2v = w.gpt[c->index].l2v;
            unsigned free_bits = l2v >= open ? 0 : open - l2v > 4 ? 4 : open - l2v;
            unsigned slot = below(1u << free_bits);

            in = &w.gpt[c->index];
            back = in->background ? in : back;
            for (unsigned try = 0; try < SLOTS && !alive(&in->slot[(at >> l2v | slot) % SLOTS]);
                 try++) {
                slot = (slot + 1) % (1u << free_bits);
            }
            va |= (uint64_t)slot << l2v;
            c = &in->slot[(at >> l2v | slot) % SLOTS];
            at = low(at, l2v);
            open = l2v < open ? l2v : open;
        } else if (c->kind == WINDOW || c->kind == LOCAL_WINDOW) {
            in = c->kind == WINDOW ? back : in;
            if (in == NULL) {
                break;
            }
            at += c->offset;
            c = &in->slot[c->kind == WINDOW ? GPT_BACKGROUND_SLOT : c->index];
        } else {
            break;
        }
    }
    if (below(6) == 0) {
        va ^= 1ull << (12 + below(TREE_BITS - 12));
    }
    return (low(va, TREE_BITS) & ~(PAGE - 1)) | (8ull * below(PAGE / 8));
}

/* ---- One look ---- */

static unsigned reached, reached_behind; /* looks that found a page, and that behind windows */

static void look(void)
{
    unsigned p = below(PROBERS);
    unsigned access = 1u << below(3);
    uint64_t offset = some_address(&w.root[p]);
    uint64_t va = TREE_VA + offset;
    struct outcome o = walk(&w.root[p], offset, access);
    uint64_t value = rng_next(&w.rng);
    struct touch t = touch(w.prober[p], access, va, value);
    uint64_t id = 0;

    sys_at("prober %u, access %u of %lx", p, access, va);
    if (t.fault != o.fault) {
        FAIL("fault %lu (%s), not %lu (%s)", t.fault, lk_fault_text(t.fault), o.fault,
             lk_fault_text(o.fault));
    }
    if (t.fault != FAULT_NONE) {
        EQ(t.info, va);
        obj_get(w.prober[p], R_A);
        OK(lk_process_get_wait(R_A, NULL, &id, NULL, NULL, NULL, NULL));
        EQ(id, o.handler_id);
        return;
    }
    reached++;
    reached_behind += o.windows != 0;
    if (access == READ) {
        EQ(t.value, PAGE_VALUE(o.page));
    } else if (access == WRITE) {
        volatile uint64_t *word = &page_words((unsigned)o.page)[offset % PAGE / 8];

        EQ(*word, value);
        *word = PAGE_VALUE(o.page);
    }
}

static void make_world(uint64_t seed)
{
    obj nobody = obj_new(LK_TYPE_PROCESS);

    memset(&w, 0, sizeof(w));
    w.rng = rng_new(seed);
    for (unsigned i = 0; i < GPTS; i++) {
        w.gpt_frame[i] = frames_new(1);
        w.gpt_obj[i] = obj_keep(0);
        w.handler[i] = entry_new(endpoint_new(nobody, GPT_HANDLER + i, false), 0);
        renew_gpt(i);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        w.page_frame[i] = frames_new(1);
        w.page_obj[i] = obj_keep(0);
        renew_page(i);
    }
    for (unsigned i = 0; i < CAPPAGES; i++) {
        w.cappage_obj[i] = obj_new(LK_TYPE_CAPPAGE);
        w.cappage_generation[i] = 1;
    }
    for (unsigned i = 0; i < GPTS; i++) { /* a tree to begin with */
        obj_get(w.gpt_obj[i], R_A);
        OK(lk_gpt_set_l2v(R_A, 12 + 4 * (GPTS - 1 - i) % 32));
        w.gpt[i].l2v = 12 + 4 * (GPTS - 1 - i) % 32;
        if (below(2) != 0) {
            set_handler(i, false);
        }
        for (unsigned j = 0; j < SLOTS; j++) {
            set_slot(i, j);
        }
    }
    for (unsigned i = 0; i < PROBERS; i++) {
        w.prober_root[i] = space_new();
        w.prober[i] = proc_new_in(w.prober_root[i], PRIO_HIGH);
        proc_slot(w.prober[i], SLOT_HANDLER,
                  entry_new(endpoint_new(nobody, OWN_HANDLER, false), 0));
        set_root(i);
    }
}

CASE(trees,
     .text = "random trees, random changes: each access does what the walk says, and its handler "
             "is the right one",
     .ms = 3600000)
{
    uint64_t rounds = sys_options.rounds != 0 ? sys_options.rounds
                      : sys_options.soak      ? 10000
                                              : 1500;

    make_world(sys_options.seed);
    reached = reached_behind = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        unsigned looks = 1 + below(6);

        change();
        for (unsigned j = 0; j < looks; j++) {
            look();
        }
        if (i % 50 == 0) {
            EQ(kernel_check(), 0);
        }
    }
    sys_say("# trees: %lu rounds, %u accesses reached a page, %u of them behind windows", rounds,
            reached, reached_behind);
    CHECK(reached > rounds / 10);
    CHECK(reached_behind > rounds / 1000); /* how often windows lead anywhere differs by seed */
}
