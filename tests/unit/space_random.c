/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The property that the whole of space.c and depend.c is for: what the hardware grants equals what
 * the walk grants, once a fault has been taken, and is never more, whatever was changed before,
 * whatever the processor remembers, and however small the pools are.
 *
 * Random trees of GPTs (shared subtrees, guards, restrictions, rings, wrong types), random changes
 * by the kernel's own operations, random accesses through the pretended MMU of arch/host, which
 * forgets only what it is told to forget. The truth is a walk written down here a second time,
 * straight from the rules.
 */
#include "tests/kernel/probe.h"
#include "world.h"

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
    uint64_t granted, refused, flushes;
} world;

/* --- the truth --- */

struct truth {
    enum fault_code fault;
    kpa_t page;
    unsigned access; /* ACCESS_ bits granted, whatever was asked for */
};

static struct truth truth_of(struct cap c, uint64_t a, unsigned restr, unsigned l2v)
{
    struct truth t = { .fault = FAULT_INVALID_ADDR };

    if (c.type == CAP_WINDOW || c.type == CAP_LOCALWINDOW) {
        t.fault = FAULT_MALFORMED_SPACE;
        return t;
    }
    if ((c.type != CAP_GPT && c.type != CAP_PAGE && c.type != CAP_CAPPAGE) ||
        oid_header(c.oid)->count != c.count) {
        return t;
    }
    if (a >> c.aux != c.payload) {
        return t;
    }
    a %= 1ull << c.aux;
    restr |= c.restr;
    if (c.type == CAP_CAPPAGE) {
        t.fault = FAULT_DATA_TYPE;
    } else if (c.type == CAP_PAGE && c.aux != 12) {
        t.fault = FAULT_MALFORMED_SPACE;
    } else if (c.type == CAP_PAGE) {
        t.fault = FAULT_NONE;
        t.page = frame_kpa(page_frame(&c));
        t.access = ACCESS_READ;
        t.access |= restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE;
        t.access |= restr & LK_NX ? 0 : ACCESS_EXEC;
    } else {
        const struct gpt *g = (const struct gpt *)(void *)oid_header(c.oid);
        uint64_t slot = a >> g->state.l2v;

        if (g->state.l2v >= l2v) {
            t.fault = FAULT_MALFORMED_SPACE;
        } else if (slot < 16 && !(slot == 15 && (g->state.flags & GPT_HAS_HANDLER))) {
            return truth_of(g->state.slot[slot], a % (1ull << g->state.l2v), restr, g->state.l2v);
        }
    }
    return t;
}

static struct truth truth_at(const struct process *p, uva_t address, unsigned access)
{
    struct truth t = { .fault = FAULT_INVALID_ADDR };

    if (address >= LK_USER_MIN && address < LK_USER_END) {
        t = truth_of(p->slot[SLOT_ADDR_SPACE], address, 0, 64);
    }
    if (t.fault == FAULT_NONE && (access & ~t.access & ACCESS_WRITE)) {
        t.fault = FAULT_ACCESS_VIOLATION;
    } else if (t.fault == FAULT_NONE && (access & ~t.access & ACCESS_EXEC)) {
        t.fault = FAULT_NO_EXEC;
    }
    return t;
}

/* --- random things --- */

/* Where l2v tends to be; any other is drawn now and then. */
static unsigned random_l2v(void)
{
    static const uint8_t usual[] = { 12, 12, 13, 16, 16, 17, 20, 20, 21, 22,
                                     24, 28, 29, 30, 32, 38, 39, 43, 46 };

    return unit_once_in(8) ? 12 + (unsigned)unit_random(35) : usual[unit_random(sizeof(usual))];
}

static unsigned random_restr(void)
{
    return unit_once_in(3) ? (unsigned)unit_random(16) : 0;
}

/* A capability for a slot of a GPT, or (AS_ROOT for l2v) for a process: most often one that makes
 * sense there. */
#define AS_ROOT 47u
static struct cap random_cap(unsigned l2v)
{
    bool as_root = l2v == AS_ROOT;
    const struct gpt *g;
    const struct objhdr *hdr;
    unsigned l2g;

    switch (unit_random(as_root ? 6 : 20)) {
    case 0:
        return as_root ? world_cap(world.page[unit_random(PAGES)], unit_random(1u << 20), 12, 0)
                       : (struct cap){ 0 };
    case 6:
        return world_cap(world.cappage, unit_random(2), 12, 0);
    case 7:
        return unit_once_in(2) ? (struct cap){ .type = CAP_WINDOW }
                               : object_cap(&world.process[0]->hdr);
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
        hdr = world.page[unit_random(PAGES)];
        return world_cap(hdr, unit_once_in(4) ? unit_random(16) : 0, unit_once_in(40) ? 13 : 12,
                         random_restr());
    default:
        g = world.gpt[unit_random(GPTS)];
        for (unsigned n = 0; n < 4 && g->state.l2v >= l2v; n++) {
            g = world.gpt[unit_random(GPTS)];
        }
        hdr = &g->hdr;
        l2g = object_cap(hdr).aux;
        if (unit_once_in(3)) {
            l2g = 12 + (unsigned)unit_random(36);
        } else if (as_root && unit_once_in(2)) {
            l2g = 47;
        }
        return world_cap(hdr, unit_once_in(4) ? unit_random(4) : 0, l2g, random_restr());
    }
}

/* An address that this capability may well translate. */
static uint64_t random_address_in(struct cap c, unsigned depth)
{
    uint64_t a = unit_random(4096);

    if (c.type == CAP_GPT && depth > 0 && oid_header(c.oid)->count == c.count) {
        const struct gpt *g = (const struct gpt *)(void *)oid_header(c.oid);
        unsigned slot = (unsigned)unit_random(GPT_SLOTS);

        for (unsigned n = 0; n < GPT_SLOTS && g->state.slot[slot].type == CAP_NULL; n++) {
            slot = (slot + 1) % GPT_SLOTS;
        }
        a = random_address_in(g->state.slot[slot], depth - 1) % (1ull << g->state.l2v);
        a += (uint64_t)slot << g->state.l2v;
    }
    if (c.type != CAP_NULL && c.aux >= 12 && c.aux <= 47) {
        a = a % (1ull << c.aux) + ((uint64_t)c.payload << c.aux);
    }
    return a;
}

static uva_t random_address(const struct process *p)
{
    uva_t a = random_address_in(p->slot[SLOT_ADDR_SPACE], 12);

    for (unsigned n = 0; n < 6 && truth_at(p, a, ACCESS_READ).fault != FAULT_NONE; n++) {
        a = random_address_in(p->slot[SLOT_ADDR_SPACE], 12);
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

    if (address < LK_USER_END && host_mmu_access(address, access, &page) &&
        (t.fault != FAULT_NONE || t.page != page)) {
        say("the hardware grants too much", world.current, address, access);
    }
}

/* Whatever the processor remembers is still true. */
static void check_remembered(void)
{
    unsigned at = 0;
    uva_t address;
    unsigned access;
    kpa_t page;

    while (host_mmu_remembered(&at, &address, &access, &page)) {
        struct truth t = truth_at(world.current, address, ACCESS_READ);

        if (t.fault != FAULT_NONE || t.page != page || (access & ~t.access)) {
            say("the processor remembers what is not so", world.current, address, access);
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
    bool granted = address < LK_USER_END && host_mmu_access(address, access, &page);

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
    world.refused += t.fault != FAULT_NONE;
    world.recent[unit_random(RECENT)] = address;
}

/* --- the changes --- */

static struct gpt *again_gpt(struct gpt *g)
{
    pfn_t pfn = object_pfn(&g->hdr);

    world_rescind(&g->hdr);
    g = (struct gpt *)(void *)world_make_at(FRAME_GPT, pfn, 0);
    g->state.l2v = (uint8_t)random_l2v();
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
        world_op(gpt_op_set_l2v, object_cap(&world.gpt[g]->hdr), random_l2v(), 0, NULL, NULL);
        break;
    case 1:
        world_op(gpt_op_set_flags, object_cap(&world.gpt[g]->hdr), unit_random(2), 0, NULL, NULL);
        break;
    case 2:
        world.gpt[g] = again_gpt(world.gpt[g]);
        for (i = 0; i < GPT_SLOTS; i += 1 + (unsigned)unit_random(3)) {
            world_set_slot(world.gpt[g], i, random_cap(world.gpt[g]->state.l2v));
        }
        break;
    case 3:
        i = (unsigned)unit_random(PAGES);
        pfn = object_pfn(world.page[i]);
        world_rescind(world.page[i]);
        world.page[i] = world_make_at(FRAME_PAGE, pfn, 0);
        break;
    case 4:
        world_set_space(world.process[unit_random(PROCESSES)], random_cap(AS_ROOT));
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
        world_set_slot(world.gpt[g], (unsigned)unit_random(GPT_SLOTS),
                       random_cap(world.gpt[g]->state.l2v));
        break;
    }
    resume(world.current);
}

static void begin(uint64_t seed)
{
    static const unsigned tables[] = { 8, 9, 12, 24, 64, 200 };
    static const unsigned depends[] = { 128, 160, 300, 1000 };

    unit_random_seed(seed);
    world_boot(24, tables[unit_random(6)], depends[unit_random(4)]);
    world.cappage = world_make(FRAME_CAPPAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        world.page[i] = world_page();
    }
    for (unsigned i = 0; i < GPTS; i++) {
        world.gpt[i] = world_gpt(random_l2v());
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        world.process[i] = world_process(NULL);
    }
    for (unsigned i = 0; i < GPTS; i++) {
        for (unsigned s = 0; s < GPT_SLOTS; s++) {
            if (!unit_once_in(3)) {
                world_set_slot(world.gpt[i], s, random_cap(world.gpt[i]->state.l2v));
            }
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        world_set_space(world.process[i], random_cap(AS_ROOT));
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

        if (world_fault(p, address, access, &w) != truth_at(p, address, access).fault) {
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
    uint64_t rounds = unit_rounds(60000);

    for (uint64_t round = 0; round < rounds && unit_failures() == 0; round++) {
        if (round % ROUNDS_OF_A_WORLD == 0) {
            begin(seed + round / ROUNDS_OF_A_WORLD * 0x100000001ull);
        }
        one_round(round);
    }
    CHECK_EQUAL(space_check(), 0);
    CHECK_SAY(world.granted * 5 > world.refused, "%llu granted, %llu refused",
              (unsigned long long)world.granted,
              (unsigned long long)world.refused); /* or the test looks at nothing */
}
