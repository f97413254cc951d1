/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The property that the whole of space.c and depend.c is for: what the hardware grants equals what
 * the walk grants, once a fault has been taken, and is never more, whatever was changed before,
 * whatever the processor remembers, and however small the pools are.
 *
 * Random trees of GPTs (shared subtrees, windows, background spaces, guards, restrictions, rings,
 * wrong types), random changes by the kernel's own operations, random accesses through the
 * pretended MMU of arch/host, which forgets only what it is told to forget. The truth is a walk
 * of the tests' own (space_truth.h).
 */
#include "space_truth.h"
#include "tests/kernel/probe.h"
#include "world.h"

#include <kernel/txn.h>

#define GPTS 20u
#define PAGES 16u
#define PROCESSES 5u
#define RECENT 64u /* addresses looked at again */

static struct {
    struct gpt *gpt[GPTS];
    struct objhdr *page[PAGES];
    struct objhdr *cappage;
    struct process *process[PROCESSES];
    struct process *current;
    uva_t recent[RECENT];
    bool windows; /* it has many, and is simple otherwise */
    uint64_t granted, refused;
    uint64_t granted_behind[5]; /* behind so many windows */
    uint64_t acquired;          /* pages of strings behind the first */
} world;

/* --- random things --- */

/* Where l2v tends to be; any other is drawn now and then. */
static unsigned random_l2v(void)
{
    static const uint8_t usual[] = { 12, 12, 13, 16, 16, 17, 20, 20, 21, 22,
                                     24, 28, 29, 30, 32, 38, 39, 43, 46 };

    if (world.windows) {
        return 12 + 4 * (unsigned)unit_random(5);
    }
    return unit_once_in(8) ? 12 + (unsigned)unit_random(35) : usual[unit_random(sizeof(usual))];
}

static unsigned random_restr(void)
{
    return unit_once_in(3) ? (unsigned)unit_random(16) : 0;
}

/* An address that this capability, in a slot of way.in, may well translate. From the top: of the
 * bits below `open` none is chosen yet, and they mean the same in every space on the way. */
static uint64_t random_address_in(struct cap c, struct way way)
{
    uint64_t address = 0; /* in the space of `c` as it was given */
    uint64_t a = 0;       /* in the one where the walk is */
    unsigned open = 47;

    for (unsigned n = 0; n < 40; n++) {
        uint64_t bits = 0;

        if (c.type == CAP_NULL || c.aux < 12 || c.aux > 47) {
            break;
        }
        if (c.aux < open) {
            bits = ((uint64_t)c.payload << c.aux) % (1ull << open);
            open = c.aux;
        }
        address |= bits;
        a = (a | bits) % (1ull << c.aux);
        if (c.type == CAP_GPT && oid_header(c.oid)->count == c.count) {
            const struct gpt *g = (const struct gpt *)(void *)oid_header(c.oid);
            unsigned l2v = g->state.l2v;
            unsigned slots = l2v >= open ? 1 : open - l2v > 4 ? 16 : 1u << (open - l2v);
            unsigned first = (unsigned)(a >> l2v) % 16;
            unsigned at = (unsigned)unit_random(slots);
            bool window = unit_once_in(3);

            for (unsigned i = 0; i < slots; i++) {
                unsigned type = g->state.slot[(first + at) % 16].type;

                if (window ? type == CAP_WINDOW || type == CAP_LOCALWINDOW : type != CAP_NULL) {
                    break;
                }
                at = (at + 1) % slots;
            }
            if (a >> l2v >= 16) {
                break;
            }
            address |= (uint64_t)at << l2v;
            a %= 1ull << l2v;
            open = l2v < open ? l2v : open;
            way.in = g;
            way.background = g->state.flags & GPT_HAS_BACKGROUND ? g : way.background;
            c = g->state.slot[(first + at) % 16];
        } else if (c.type == CAP_WINDOW || c.type == CAP_LOCALWINDOW) {
            bool local = c.type == CAP_LOCALWINDOW;

            way.in = local ? way.in : way.background;
            if (way.in == NULL) {
                break;
            }
            a += window_offset(&c);
            c = way.in->state.slot[local ? window_root(&c) : 14];
        } else {
            break;
        }
    }
    return address + unit_random(1ull << open);
}

/* A window for a slot of `in`: mostly as large as the slot, and to where there is something. */
static struct cap random_window(unsigned l2v, const struct gpt *in)
{
    const struct gpt *other = world.gpt[unit_random(GPTS)];
    const struct way way = { .in = in, .background = in };
    unsigned l2g = unit_once_in(world.windows ? 5 : 3) ? 12 + (unsigned)unit_random(36)
                   : l2v > 47                          ? 47
                                                       : l2v;
    struct cap c = {
        .type = unit_once_in(3) ? CAP_LOCALWINDOW : CAP_WINDOW,
        .restr = (uint8_t)random_restr(),
        .payload = unit_once_in(6) ? (uint32_t)unit_random(3) : 0,
        .aux = (uint16_t)l2g,
    };
    unsigned root = c.type == CAP_LOCALWINDOW ? (unsigned)unit_random(GPT_SLOTS) : 0;
    uint64_t offset = unit_random(16) << (l2g > 43 ? 43 : l2g);

    if (!unit_once_in(4)) {
        const struct cap *space = c.type == CAP_LOCALWINDOW              ? &in->state.slot[root]
                                  : in->state.flags & GPT_HAS_BACKGROUND ? &in->state.slot[14]
                                                                         : &other->state.slot[14];

        offset = random_address_in(*space, way);
    }
    offset = offset % (1ull << 47) >> l2g << l2g;
    c.oid = (oid_t)(offset >> 12);
    c.count = (uint32_t)(offset >> 44 | root << 8);
    return c;
}

/* A capability for a slot of a GPT, or (AS_ROOT for l2v) for a process: most often one that makes
 * sense there. */
#define AS_ROOT 47u
static struct cap random_cap(unsigned l2v, const struct gpt *in)
{
    bool as_root = l2v == AS_ROOT;
    const struct gpt *g;
    const struct objhdr *hdr;
    unsigned l2g;

    switch (unit_random(as_root ? 6 : world.windows ? 32 : 22)) {
    case 0:
        return as_root ? world_cap(world.page[unit_random(PAGES)], unit_random(1u << 20), 12, 0)
                       : (struct cap){ 0 };
    case 6:
        return world_cap(world.cappage, unit_random(2), 12, 0);
    case 7:
        return object_cap(&world.process[0]->hdr);
    case 8:
    case 9:
    case 10:
    case 11:
        hdr = world.page[unit_random(PAGES)];
        return world_cap(hdr, unit_once_in(4) ? unit_random(16) : 0, unit_once_in(40) ? 13 : 12,
                         random_restr());
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
        return random_window(l2v, in);
    case 22:
    case 23:
    case 24:
    case 25:
    case 26:
    case 27:
    case 28:
    case 29:
        return random_window(l2v, in);
    default:
        g = world.gpt[unit_random(GPTS)];
        for (unsigned n = 0; n < 4 && g->state.l2v >= l2v; n++) {
            g = world.gpt[unit_random(GPTS)];
        }
        hdr = &g->hdr;
        l2g = object_cap(hdr).aux;
        if (unit_once_in(world.windows ? 12 : 3)) {
            l2g = 12 + (unsigned)unit_random(36);
        } else if (as_root && unit_once_in(2)) {
            l2g = 47;
        }
        return world_cap(hdr, unit_once_in(4) ? unit_random(4) : 0, l2g, random_restr());
    }
}

static uva_t random_address(const struct process *p)
{
    const struct way way = { 0 };
    uva_t a = random_address_in(p->slot[SLOT_ADDR_SPACE], way);
    struct truth t = truth_at(p, a, ACCESS_READ);

    for (unsigned n = 0; n < 8; n++) { /* one where there is a page, behind windows if it may be */
        uva_t other = random_address_in(p->slot[SLOT_ADDR_SPACE], way);
        struct truth o = truth_at(p, other, ACCESS_READ);

        if (o.fault == FAULT_NONE && (t.fault != FAULT_NONE || o.windows > t.windows)) {
            a = other;
            t = o;
        }
    }
    switch (unit_random(12)) {
    case 0:
        return world.recent[unit_random(RECENT)];
    case 1:
        return a ^ (1ull << unit_random(48));
    case 2:
        return a + 4096;
    case 3:
        return unit_random(1ull << 48);
    default:
        return a;
    }
}

static unsigned random_access(void)
{
    static const unsigned access[] = { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

    return access[unit_random(3)];
}

/* A slot of a GPT gets something: that of a background space may be larger than others. */
static void random_slot(struct gpt *g, unsigned slot)
{
    bool background = slot == 14 && (g->state.flags & GPT_HAS_BACKGROUND) && !unit_once_in(4);

    world_set_slot(g, slot, random_cap(background ? AS_ROOT : g->state.l2v, g));
}

/* --- the checks --- */

static void say(const char *what, const struct process *p, uva_t address, unsigned access)
{
    CHECK_SAY(false, "%s: process %x, address %llx, access %u", what, object_oid(p),
              (unsigned long long)address, access);
}

/* What arch_resume() does. */
static void resume(struct process *p)
{
    if (p->space_root != cpu_self()->loaded_root) {
        mmu_load_root(p->space_root);
    }
    world.current = p;
}

/* An access that no fault follows, as a processor makes them at any time: not more than the truth.
 */
static void peek(uva_t address, unsigned access)
{
    struct truth t = truth_at(world.current, address, access);
    kpa_t page;

    if (address >> MMU_USER_BITS == 0 && host_mmu_access(address, access, &page) &&
        (t.fault != FAULT_NONE || t.page != page)) {
        say("the hardware grants too much", world.current, address, access);
    }
}

/* Whatever the processor remembers is still true. */
static void check_remembered(void)
{
    unsigned at = 0;
    unsigned tag;
    uva_t address;
    unsigned access;
    kpa_t page;

    while (host_mmu_remembered(&at, &tag, &address, &access, &page)) {
        for (unsigned i = 0; i < PROCESSES; i++) {
            struct process *p = world.process[i];

            if (mmu_tagged ? (p->space_root & ROOT_TAG) == tag : p == world.current) {
                struct truth t = truth_at(p, address, ACCESS_READ);

                if (t.fault != FAULT_NONE || t.page != page || (access & ~t.access)) {
                    say("the processor remembers what is not so", p, address, access);
                }
            }
        }
    }
}

/* An access of the current process, with the fault it may take. */
static void touch(uva_t address, unsigned access)
{
    struct process *p = world.current;
    struct truth t = truth_at(p, address, access);
    struct walk w;
    kpa_t page = 0;
    kpa_t probed;
    bool granted = address >> MMU_USER_BITS == 0 && host_mmu_access(address, access, &page);

    if (space_walk(&p->slot[SLOT_ADDR_SPACE], address, access, &w) != t.fault) {
        say("the walk is wrong", p, address, access);
    }
    if (!granted) {
        enum fault_code fault = world_fault(p, address, access, &w);

        if (fault != t.fault) {
            say("the fault is wrong", p, address, access);
        }
        resume(p);
        if (fault == FAULT_NONE && !host_mmu_access(address, access, &page)) {
            say("the hardware does not grant what was mapped", p, address, access);
            return;
        }
    }
    if (granted && t.fault != FAULT_NONE) {
        say("the hardware grants what the walk does not", p, address, access);
    } else if (t.fault == FAULT_NONE &&
               (page != t.page || space_probe(p, address, &probed) != t.access ||
                probed != t.page)) {
        say("the hardware grants another page, or other rights", p, address, access);
    }
    world.granted += t.fault == FAULT_NONE;
    world.granted_behind[t.windows] += t.fault == FAULT_NONE;
    world.refused += t.fault != FAULT_NONE;
    world.recent[unit_random(RECENT)] = address;
}

/* The pages of a string, of a process that need not be current: those that the truth finds, up to
 * the first that it refuses. */
static void acquire(struct process *p, uva_t address, unsigned access)
{
    void *page[STRING_PAGES];
    const struct cap *handler;
    struct truth t = truth_at(p, address, access);
    uva_t where = 0;
    size_t n = unit_random(LK_MAX_STRING) + 1;
    size_t got = 0;
    enum fault_code fault;

    txn_begin();
    fault = space_acquire(p, address, n, access, page, &where, &handler, &got);
    if (address >= LK_USER_END || n > LK_USER_END - address) {
        t.fault = FAULT_INVALID_ADDR;
    } else {
        uva_t at = address;

        for (unsigned i = 0; t.fault == FAULT_NONE; i++) {
            if (page[i] != arch_kva(t.page)) {
                say("a string is in other pages", p, at, access);
                return;
            }
            at = (at | PAGE_MASK) + 1;
            if (at >= address + n) {
                break;
            }
            world.acquired++;
            t = truth_at(p, at, access);
        }
        if (t.fault != FAULT_NONE && (where != at || got != at - address)) {
            say("a string faults elsewhere", p, at, access);
        }
    }
    if (fault != t.fault) {
        say("the fault of a string is wrong", p, address, access);
    }
    resume(world.current);
}

/* --- the changes --- */

static struct gpt *again_gpt(struct gpt *g)
{
    pfn_t pfn = object_pfn(&g->hdr);

    world_rescind(&g->hdr);
    g = (struct gpt *)(void *)world_make_at(FRAME_GPT, pfn, 0);
    g->state.l2v = (uint8_t)random_l2v();
    g->state.flags = unit_once_in(2) ? GPT_HAS_BACKGROUND : 0;
    return g;
}

static void change(void)
{
    unsigned g = (unsigned)unit_random(GPTS);
    unsigned i;
    pfn_t pfn;
    struct cap c;

    switch (unit_random(24)) {
    case 0:
        world_op(OP_GPT_SET_L2V, object_cap(&world.gpt[g]->hdr), random_l2v(), 0, NULL, NULL);
        break;
    case 1:
        world_op(OP_GPT_SET_FLAGS, object_cap(&world.gpt[g]->hdr), unit_random(4), 0, NULL, NULL);
        break;
    case 2:
        world.gpt[g] = again_gpt(world.gpt[g]);
        for (i = 0; i < GPT_SLOTS; i += 1 + (unsigned)unit_random(3)) {
            random_slot(world.gpt[g], i);
        }
        break;
    case 3:
        i = (unsigned)unit_random(PAGES);
        pfn = object_pfn(world.page[i]);
        world_rescind(world.page[i]);
        world.page[i] = world_make_at(FRAME_PAGE, pfn, 0);
        break;
    case 4:
        world_set_space(world.process[unit_random(PROCESSES)], random_cap(AS_ROOT, NULL));
        break;
    case 5:
        resume(world.process[unit_random(PROCESSES)]);
        break;
    case 6:
        i = (unsigned)unit_random(PROCESSES);
        if (world.process[i] != world.current) {
            pfn = object_pfn(&world.process[i]->hdr);
            c = world.process[i]->slot[SLOT_ADDR_SPACE];
            world_rescind(&world.process[i]->hdr);
            world.process[i] = (struct process *)(void *)world_make_at(FRAME_PROCESS, pfn, 0);
            world_set_space(world.process[i], c);
        }
        break;
    case 7: /* the same capability elsewhere: a subtree is shared */
        c = world.gpt[unit_random(GPTS)]->state.slot[unit_random(GPT_SLOTS)];
        world_set_slot(world.gpt[g], (unsigned)unit_random(GPT_SLOTS), c);
        break;
    default:
        random_slot(world.gpt[g], (unsigned)unit_random(GPT_SLOTS));
        break;
    }
    resume(world.current);
}

static void begin(uint64_t seed)
{
    static const unsigned tables[] = { 8, 9, 12, 24, 64, 200 };
    static const unsigned depends[] = { 256, 300, 500, 1000 };

    unit_random_seed(seed);
    mmu_invalidate_all();
    mmu_tagged = unit_once_in(2);
    world.windows = unit_once_in(2);
    world_boot(24, tables[unit_random(6)], depends[unit_random(4)]);
    world.cappage = world_make(FRAME_CAPPAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        world.page[i] = world_page();
    }
    for (unsigned i = 0; i < GPTS; i++) {
        world.gpt[i] = world_gpt(random_l2v());
        world.gpt[i]->state.flags = unit_once_in(2) ? GPT_HAS_BACKGROUND : 0;
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        world.process[i] = world_process(NULL);
    }
    for (unsigned i = 0; i < GPTS; i++) {
        for (unsigned s = 0; s < GPT_SLOTS; s++) {
            if (!unit_once_in(3)) {
                random_slot(world.gpt[i], s);
            }
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        world_set_space(world.process[i], random_cap(AS_ROOT, NULL));
    }
    resume(world.process[0]);
}

static void one_round(uint64_t round)
{
    struct walk w;

    change();
    check_remembered();
    for (unsigned n = 0; n < 4; n++) {
        peek(unit_once_in(2) ? world.recent[unit_random(RECENT)] : random_address(world.current),
             random_access());
    }
    for (unsigned n = 0; n < 6; n++) {
        touch(random_address(world.current), random_access());
    }
    if (unit_once_in(2)) { /* as a string transfer does, for a process that is not current */
        struct process *p = world.process[unit_random(PROCESSES)];
        uva_t address = random_address(p);
        unsigned access = random_access();

        if (access != ACCESS_EXEC) { /* or near the end of a hardware table */
            acquire(p, unit_once_in(4) ? address | 0x1fa123 : address, access);
        } else if (world_fault(p, address, access, &w) != truth_at(p, address, access).fault) {
            say("the fault of another process is wrong", p, address, access);
        }
        resume(world.current);
    }
    if (round % 64 == 0) {
        CHECK_EQUAL(space_check(), 0);
    }
}

#define ROUNDS_OF_A_WORLD 2000u

TEST(space_random, "hardware and walk agree, whatever changes")
{
    uint64_t seed = unit_seed(1);
    uint64_t rounds = unit_rounds(100000);

    for (uint64_t round = 0; round < rounds && unit_failures() == 0; round++) {
        if (round % ROUNDS_OF_A_WORLD == 0) {
            begin(seed + round / ROUNDS_OF_A_WORLD * 0x100000001ull);
        }
        one_round(round);
    }
    CHECK_EQUAL(space_check(), 0);
    mmu_invalidate_all();
    mmu_tagged = false;
    CHECK_SAY(world.granted * 5 > world.refused, "%llu granted, %llu refused",
              (unsigned long long)world.granted,
              (unsigned long long)world.refused); /* or the test looks at nothing */
    CHECK_SAY(world.acquired * 50 > rounds, "%llu pages", (unsigned long long)world.acquired);
    for (unsigned n = 1; n <= 2; n++) {
        CHECK_SAY(world.granted_behind[n] * 2000 > world.granted, "%llu granted behind %u windows",
                  (unsigned long long)world.granted_behind[n], n);
    }
}
