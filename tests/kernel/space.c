/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Self-tests of address spaces: random trees of GPTs, changed at random, on the real page tables of
 * the machine.
 *
 * After each change the tables must grant nothing that the walk does not, and after each mapping
 * exactly what it does. Addresses and guards are drawn from few values, so that paths meet, share
 * tables, and lie beside one another.
 */
#include "helpers.h"
#include "probe.h"
#include "selftest.h"

#include <kernel/cmdline.h>
#include <kernel/gpt.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/space.h>
#include <kernel/string.h>

#define GPTS 10
#define PAGES 5
#define PROCESSES 3
#define STEPS 4000
#define SEEDS 3
#define SOAK_SEEDS 100
#define SAMPLES 6

static struct {
    uint64_t random;
    unsigned mapped; /* accesses that the walk allowed */
    struct objhdr *gpt[GPTS];
    struct objhdr *page[PAGES];
    struct objhdr *cappage;
    struct process *process[PROCESSES];
} forest;

static uint32_t draw(uint32_t n)
{
    return test_random(&forest.random, n);
}

/* A value for l2v of GPT `i`: mostly one that falls from each GPT to the next, in small steps and
 * large ones, aligned to hardware tables and not. */
static uint8_t draw_l2v(unsigned i)
{
    static const uint8_t values[] = { 46, 43, 40, 39, 35, 32, 30, 28, 24, 21, 20, 18, 16, 13, 12 };
    const unsigned n = ARRAY_LEN(values);
    unsigned k = i * n / GPTS;

    return values[draw(8) == 0 ? draw(n) : k + draw(n / GPTS + 1)];
}

/* A capability for a slot of GPT `i`: mostly to a GPT behind it, or a page, with a guard that lets
 * everything through. */
static struct cap draw_cap(unsigned i)
{
    uint32_t what = draw(16);
    struct cap c;

    if (what == 0) {
        return (struct cap){ 0 };
    }
    if (what == 1) {
        return object_cap(forest.cappage);
    }
    if (what < 4) { /* a window: as large as the slot, mostly, to one of the first slots */
        unsigned l2g = draw(3) == 0 ? 12 + draw(36) : draw_l2v(i);

        c = (struct cap){ .type = draw(3) == 0 ? CAP_LOCALWINDOW : CAP_WINDOW,
                          .aux = (uint16_t)l2g };
        c.oid = (oid_t)(((uint64_t)draw(3) << l2g & ((1ull << 47) - 1)) >> PAGE_SHIFT);
        c.count = c.type == CAP_LOCALWINDOW ? draw(3) << 8 : 0;
    } else if (what < 6 || i == GPTS - 1) {
        c = object_cap(forest.page[draw(PAGES)]);
    } else {
        c = object_cap(forest.gpt[what < 8 ? draw(GPTS) : i + 1 + draw(GPTS - 1 - i)]);
    }
    if (draw(5) == 0) {
        c.restr = (uint8_t)draw(16);
    }
    if (draw(8) == 0) {
        c.aux = (uint16_t)(12 + draw(36));
        c.payload = draw(3);
    }
    return c;
}

/* An address that the space of `p` has something at, if there is any: on the way down, any slot
 * that holds a live capability. Now and then the next page but a few, or one far away. */
static uva_t draw_address(const struct process *p)
{
    const struct cap *c = &p->slot[SLOT_ADDR_SPACE];
    const struct gpt *back = NULL;
    uva_t a = draw(4) == 0 ? draw(PAGE_SIZE) : 0;

    for (unsigned steps = 0; steps < 8 && cap_live(c); steps++) {
        if (c->type == CAP_WINDOW && back != NULL) { /* the offset is small: mostly nothing */
            c = &back->state.slot[GPT_BACKGROUND_SLOT];
        }
        if (c->type != CAP_GPT) {
            break;
        }
        const struct gpt *g = (const struct gpt *)(const void *)oid_header(c->oid);
        unsigned slot = draw(GPT_SLOTS);

        for (unsigned tries = 0; tries < GPT_SLOTS && !cap_live(&g->state.slot[slot]); tries++) {
            slot = (slot + 1) % GPT_SLOTS;
        }
        a |= (uva_t)c->payload << c->aux;
        a |= (uva_t)slot << g->state.l2v;
        c = &g->state.slot[slot];
        back = g->state.flags & GPT_HAS_BACKGROUND ? g : back;
    }
    if (draw(6) == 0) {
        a ^= 1ull << (12 + draw(35));
    }
    return a & ((1ull << 47) - 1);
}

static unsigned granted_by(const struct walk *w)
{
    return ACCESS_READ | (w->restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
           (w->restr & LK_NX ? 0 : ACCESS_EXEC);
}

/* Do the tables of `p` grant at most what the walk does at `address`, and all of it if `all`? */
static bool agrees(struct process *p, uva_t address, bool all)
{
    struct walk w;
    kpa_t page;
    unsigned is = space_probe(p, address, &page);
    enum fault_code fault = space_walk(&p->slot[SLOT_ADDR_SPACE], address, ACCESS_READ, &w);

    if (fault != FAULT_NONE) {
        return is == 0 && !all;
    }
    if (is == 0) {
        return !all;
    }
    return page == frame_kpa(w.frame) && (is & ~granted_by(&w)) == 0 &&
           (!all || is == granted_by(&w));
}

static bool samples_agree(void)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct process *p = forest.process[draw(PROCESSES)];

        if (!agrees(p, draw_address(p), false)) {
            return false;
        }
    }
    return true;
}

static void flush(struct gpt *g, unsigned slot)
{
    while (!space_flush_slot(g, slot)) {
        /* a bounded piece each time */
    }
}

/* As GPT.swapSlot, setL2v and setFlags do it. */
static void change_gpt(void)
{
    unsigned i = draw(GPTS);
    struct gpt *g = (struct gpt *)(void *)forest.gpt[i];
    uint32_t what = draw(10);
    unsigned slot = draw(4) == 0 ? draw(GPT_SLOTS) : draw(6) == 0 ? GPT_BACKGROUND_SLOT : draw(3);

    txn_begin();
    flush(g, what < 8 ? slot : SPACE_ALL_SLOTS);
    txn_commit();
    if (what < 8) {
        g->state.slot[slot] = draw_cap(i);
    } else if (what == 8) {
        g->state.l2v = draw_l2v(i);
    } else {
        g->state.flags ^= draw(3) == 0 ? GPT_HAS_HANDLER : GPT_HAS_BACKGROUND;
    }
}

/* Another space, or the same one with another guard. */
static void change_root(void)
{
    struct process *p = forest.process[draw(PROCESSES)];
    struct cap c = draw(8) == 0 ? draw_cap(draw(GPTS)) : object_cap(forest.gpt[draw(3)]);

    if (draw(4) != 0) {
        c.aux = c.type == CAP_GPT ? 47 : c.aux;
    }
    test_commit();
    p->slot[SLOT_ADDR_SPACE] = c;
    space_set(p);
}

/* An object goes, and another takes its place: capabilities to the old one are Null. */
static void replace_object(void)
{
    bool page = draw(2) == 0;
    unsigned i = draw(page ? PAGES : GPTS);
    struct objhdr **place = page ? &forest.page[i] : &forest.gpt[i];

    test_rescind(*place);
    *place = test_make(page ? FRAME_PAGE : FRAME_GPT);
    if (!page) {
        struct gpt *g = (struct gpt *)(void *)*place;

        g->state.l2v = draw_l2v(i);
        for (unsigned slot = 0; slot < 3; slot++) {
            g->state.slot[slot] = draw_cap(i);
        }
    }
}

/* A fault: what the walk allows must be mapped afterwards, and nothing else. */
static bool touch(void)
{
    struct process *p = forest.process[draw(PROCESSES)];
    uva_t address = draw_address(p);
    unsigned access = 1u << draw(3);
    struct walk expected;
    struct walk w;
    enum fault_code fault = space_walk(&p->slot[SLOT_ADDR_SPACE], address, access, &expected);

    forest.mapped += fault == FAULT_NONE;
    txn_begin();
    if (space_map(p, address, access, &w) != fault) {
        return false;
    }
    if (fault == FAULT_NONE && w.frame != expected.frame) {
        return false;
    }
    return agrees(p, address, fault == FAULT_NONE);
}

static void plant(uint64_t seed)
{
    forest.random = seed;
    for (unsigned i = 0; i < PAGES; i++) {
        forest.page[i] = test_make(FRAME_PAGE);
    }
    for (unsigned i = 0; i < GPTS; i++) {
        forest.gpt[i] = test_make(FRAME_GPT);
        ((struct gpt *)(void *)forest.gpt[i])->state.l2v = draw_l2v(i);
    }
    forest.cappage = test_make(FRAME_CAPPAGE);
    for (unsigned i = 0; i < PROCESSES; i++) {
        forest.process[i] = test_make_process(1);
    }
    for (unsigned i = 0; i < 8 * GPTS; i++) {
        change_gpt();
    }
    for (unsigned i = 0; i < 4 * PROCESSES; i++) {
        change_root();
    }
}

static void fell(void)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        test_rescind_process(forest.process[i]);
    }
    for (unsigned i = 0; i < GPTS; i++) {
        test_rescind(forest.gpt[i]);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        test_rescind(forest.page[i]);
    }
    test_rescind(forest.cappage);
}

SELFTEST(space_random,
         "hardware tables grant what the walk does, through random changes of random trees")
{
    /* The words `seed=N` and `soak` of the boot command line: where to begin, and how many. */
    uint64_t first = cmdline.seed != 0 ? cmdline.seed : 1;
    unsigned seeds = text_match("*soak*", cmdline.init_words) ? SOAK_SEEDS : SEEDS;
    struct frame_totals before = frame_totals;
    bool holds = true;

    forest.mapped = 0;
    for (uint64_t seed = first; seed < first + seeds && holds; seed++) {
        plant(seed);
        for (unsigned i = 0; i < STEPS && holds; i++) {
            uint32_t what = draw(100);

            if (what < 70) {
                holds = CHECK(touch());
            } else if (what < 92) {
                change_gpt();
            } else if (what < 98) {
                change_root();
            } else {
                replace_object();
            }
            holds = holds && CHECK(samples_agree());
            if (i % 250 == 0) {
                holds = holds && CHECK_EQUAL(space_check(), 0);
            }
            if (!holds) {
                log_raw("# seed %lu, step %u\n", seed, i);
            }
        }
        fell();
        CHECK_EQUAL(space_check(), 0);
    }
    CHECK(forest.mapped > seeds * STEPS / 20);
    CHECK_EQUAL(frame_totals.free, before.free);
    CHECK_EQUAL(frame_totals.objects, before.objects);
}

/* The forest with every GPT empty: l2v 43, 16, and 12 for all others. */
#define TOP_L2V 43

static void plant_simple(void)
{
    plant(1);
    for (unsigned i = 0; i < GPTS; i++) {
        struct gpt *g = (struct gpt *)(void *)forest.gpt[i];

        txn_begin();
        flush(g, SPACE_ALL_SLOTS);
        txn_commit();
        memset(&g->state, 0, sizeof(g->state));
        g->state.l2v = i == 0 ? TOP_L2V : i == 1 ? 16 : 12;
    }
}

static struct cap guarded(struct objhdr *hdr, unsigned l2g, unsigned restr)
{
    struct cap c = object_cap(hdr);

    c.aux = (uint16_t)l2g;
    c.restr = (uint8_t)restr;
    return c;
}

SELFTEST(space_restrictions, "restrictions add up along the path, in the walk and in the tables")
{
    struct gpt *top;
    struct gpt *middle;
    struct gpt *bottom;
    struct process *p;

    plant_simple();
    top = (struct gpt *)(void *)forest.gpt[0];
    middle = (struct gpt *)(void *)forest.gpt[1];
    bottom = (struct gpt *)(void *)forest.gpt[2];
    p = forest.process[0];
    for (unsigned restr = 0; restr < 64; restr++) {
        static const uva_t address = 0x5000;
        unsigned above = restr & 7;
        unsigned below = restr >> 3;
        bool read_only = ((above | below) & (LK_RO | LK_WK)) != 0;
        bool no_exec = ((above | below) & LK_NX) != 0;
        struct walk w;

        txn_begin();
        flush(top, 0);
        flush(middle, 0);
        flush(bottom, 5);
        txn_commit();
        top->state.slot[0] = guarded(&middle->hdr, TOP_L2V, above);
        middle->state.slot[0] = guarded(&bottom->hdr, 16, 0);
        bottom->state.slot[5] = guarded(forest.page[0], 12, below);
        p->slot[SLOT_ADDR_SPACE] = guarded(&top->hdr, 47, 0);
        space_set(p);
        txn_begin();
        CHECK_EQUAL(space_map(p, address, ACCESS_WRITE, &w),
                    read_only ? FAULT_ACCESS_VIOLATION : FAULT_NONE);
        CHECK_EQUAL(space_map(p, address, ACCESS_EXEC, &w), no_exec ? FAULT_NO_EXEC : FAULT_NONE);
        CHECK_EQUAL(space_map(p, address, ACCESS_READ, &w), FAULT_NONE);
        CHECK(agrees(p, address, true));
    }
    fell();
}

SELFTEST(space_first_page, "nothing is ever mapped in the first page")
{
    struct gpt *top;
    struct process *p;
    struct walk w;
    kpa_t page;

    plant_simple();
    top = (struct gpt *)(void *)forest.gpt[3]; /* l2v 12 */
    p = forest.process[0];
    test_commit();
    top->state.slot[0] = object_cap(forest.page[0]);
    top->state.slot[1] = object_cap(forest.page[1]);
    p->slot[SLOT_ADDR_SPACE] = guarded(&top->hdr, 47, 0);
    space_set(p);
    txn_begin();
    CHECK_EQUAL(space_map(p, 0x0, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_map(p, 0xfff, ACCESS_WRITE, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_map(p, 0x1000, ACCESS_READ, &w), FAULT_NONE);
    CHECK_EQUAL(space_probe(p, 0x0, &page), 0);
    CHECK(space_probe(p, 0x1fff, &page) != 0);
    CHECK_EQUAL(space_map(p, LK_USER_END, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    CHECK_EQUAL(space_map(p, UINT64_MAX, ACCESS_READ, &w), FAULT_INVALID_ADDR);
    fell();
}

SELFTEST(space_ring, "GPTs that form a ring are a malformed space, not an endless walk")
{
    struct gpt *top;
    struct process *p;
    struct walk w;

    plant_simple();
    top = (struct gpt *)(void *)forest.gpt[1];
    p = forest.process[0];
    test_commit();
    for (unsigned i = 0; i < GPT_SLOTS; i++) {
        top->state.slot[i] = guarded(&top->hdr, 47, 0);
    }
    p->slot[SLOT_ADDR_SPACE] = guarded(&top->hdr, 47, 0);
    space_set(p);
    txn_begin();
    CHECK_EQUAL(space_map(p, 0x11000, ACCESS_READ, &w), FAULT_MALFORMED_SPACE);
    fell();
}

SELFTEST(space_sharing, "spaces that share a subtree share its tables, wherever it lies")
{
    struct gpt *top;
    struct gpt *other;
    struct gpt *shared;
    struct walk w;
    uint64_t tables;

    plant_simple();
    top = (struct gpt *)(void *)forest.gpt[0];
    other = (struct gpt *)(void *)forest.gpt[3];
    shared = (struct gpt *)(void *)forest.gpt[1];
    test_commit();
    other->state.l2v = TOP_L2V;
    shared->state.l2v = 35;
    for (unsigned i = 0; i < 8; i++) {
        shared->state.slot[i] = guarded(forest.page[i % PAGES], 12, 0);
    }
    top->state.slot[1] = guarded(&shared->hdr, TOP_L2V, 0);
    other->state.slot[2] = guarded(&shared->hdr, TOP_L2V, 0);
    forest.process[0]->slot[SLOT_ADDR_SPACE] = guarded(&top->hdr, 47, 0);
    forest.process[1]->slot[SLOT_ADDR_SPACE] = guarded(&other->hdr, 47, 0);
    space_set(forest.process[0]);
    space_set(forest.process[1]);
    txn_begin();
    for (uva_t i = 1; i < 8; i++) {
        CHECK_EQUAL(space_map(forest.process[0], (1ull << TOP_L2V) + (i << 35), ACCESS_READ, &w),
                    FAULT_NONE);
    }
    tables = space_totals.tables;
    for (uva_t i = 1; i < 8; i++) {
        CHECK_EQUAL(space_map(forest.process[1], (2ull << TOP_L2V) + (i << 35), ACCESS_READ, &w),
                    FAULT_NONE);
    }
    CHECK_EQUAL(space_totals.tables, tables + 1); /* its root */
    CHECK_EQUAL(space_check(), 0);
    fell();
}
