/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The team: fuzzers of low priority, the spaces they run in, and a pool of all that they hold, in a
 * run of frames of their own. Now and then the case looks after them: those that faulted or wait go
 * on, what they destroyed is made again. It trusts nothing of theirs and waits for none of them.
 */
#include "fuzz.h"

#define TEAM_FRAMES 120u /* everything of the team; the last of them have nothing in them at first */
#define PLAY_FRAMES 32u
#define PRIORITIES 4
#define LOOSE_PAGES 6
#define LOOSE_CAPPAGES 3
#define LOOSE_GPTS 4
#define LEVELS_MOST 5
#define FLAG_IF 0x200ull
#define FLAG_NEVER 0x1ab000ull /* I/O privilege, virtual-8086 mode, virtual interrupts, reserved */
#define POOL_MOST 512
#define REGISTERS_VA (WINDOW_VA + 12 * PAGE)
#define TEXT_VA 0x400000ull
#define TEXT_GPTS_MOST 4
#define CHECK_TICKS 100
#define TICK_LEAST 20000
#define TICK_VARIES 150000
#define STUCK_MOST 4
#define LINE_BYTES 1024

struct counts counts;

/* A GPT of a space, by the size of what a slot of it covers. */
struct space {
    obj level[LEVELS_MOST]; /* from the root on, down to l2v 20 */
    unsigned l2v[LEVELS_MOST];
    unsigned levels;
    obj text, text_leaf[TEXT_GPTS_MOST];
    obj data, area[FUZZERS_MOST];
};

struct fuzzer {
    obj p, endpoint, reply;
    unsigned space;
    unsigned fpu; /* FUZZER_FPU or 0 */
    obj page[AREA_WEAK + 1];
    uint64_t calls, calls_at_fault; /* when last looked at, and found faulted */
    unsigned stuck;                 /* times in a row that it faulted and had not got on */
};

static struct {
    uint64_t seed;
    struct rng rng;
    unsigned fuzzers, spaces;
    struct fuzzer f[FUZZERS_MOST];
    struct space s[FUZZERS_MOST];
    obj sink_process, sink; /* where messages go and nobody ever receives */
    unsigned pool, pool_end; /* on the shelf: what the fuzzers hold */
    unsigned treasure, treasure_end;
    uint8_t type[POOL_MOST]; /* of what is in the pool */
    unsigned of_type[LK_TYPES];
    unsigned shelf;
    uint64_t made_in[LK_TYPES]; /* where the last object of a type was made */
    uint64_t frames, objects;
    uint64_t text_sum;
} team;

/* For all teams of a case. */
static uint64_t first_frame; /* of the contexts, then of the team */
static obj context_page[FUZZERS_MOST];
static struct context *context[FUZZERS_MOST]; /* seen from here */
static obj text_page[TEXT_GPTS_MOST * 16];
static unsigned text_pages;
static obj schedule[PRIORITIES];
static obj log_notice;

/* What the fuzzers may see and not change: a page and a CapPage with the page in it, both of them
 * given in ways that allow no writing; and what stands in the page. */
static obj treasure, treasure_box, treasure_gpt;
static obj graves; /* a CapPage: capabilities of the last team */
#define TREASURE_VA (WINDOW_VA + FUZZERS_MOST * PAGE)
#define TREASURE_WORD(i) (0x7ea5000000000000ull + (i))
#define TREASURE_SLOT 5

/* ---- Objects of the team ---- */

static uint64_t team_frame(void)
{
    return first_frame + FUZZERS_MOST;
}

/* Destroy whatever stands in a frame, from a random place on. */
static void empty_frame(uint64_t frame)
{
    unsigned first = (unsigned)rng_below(&team.rng, 64);

    for (unsigned i = 0; i < 64; i++) {
        lk_range_rescind_at(R_RANGE, frame, (first + i) % 64);
    }
}

/* An object in some place of a frame. */
static bool make_in(unsigned type, uint64_t frame, unsigned reg)
{
    uint64_t per_frame = 1;

    OK(lk_range_objects_per_frame(R_RANGE, type, &per_frame));
    for (uint64_t i = 0; i < per_frame; i++) {
        if (lk_range_fabricate(R_RANGE, type, frame, i, reg) == STATUS_OK) {
            return true;
        }
    }
    return false;
}

/* A new object, its capability in a register: where the last one of its type was made, or in a free
 * frame. If the fuzzers have taken them all, one is taken back. */
static void make(unsigned type, unsigned reg)
{
    uint64_t *last = &team.made_in[type];
    uint64_t at = team_frame() + rng_below(&team.rng, TEAM_FRAMES);

    if (*last != 0 && type != LK_TYPE_PAGE && type != LK_TYPE_CAPPAGE && make_in(type, *last, reg)) {
        return;
    }
    for (uint64_t i = team_frame(); i < team_frame() + TEAM_FRAMES; i++) {
        uint64_t free = 0;

        OK(lk_range_get_info(R_RANGE, i, NULL, &free));
        if ((free & 1) != 0) {
            at = i;
            break;
        }
    }
    *last = at;
    if (!make_in(type, at, reg)) {
        empty_frame(at);
        CHECK(make_in(type, at, reg));
    }
}

/* Is what is kept still there? Its type, or 0. */
static uint64_t kept_type(obj o)
{
    obj_get(o, R_T0);
    return reg_type(R_T0);
}

/* Keep a new object; in the place of one that is gone, if it is one that was there before. */
static void renew(obj *o, unsigned type)
{
    make(type, R_T0);
    if (*o == NO_OBJ) {
        *o = obj_keep(R_T0);
    } else {
        obj_put(*o, R_T0);
    }
}

static void renew_if_gone(obj *o, unsigned type)
{
    if (*o == NO_OBJ || kept_type(*o) != type) {
        renew(o, type);
    }
}

/* ---- Spaces ---- */

static void renew_gpt(obj *o, unsigned l2v)
{
    renew(o, LK_TYPE_GPT);
    obj_get(*o, R_T0);
    OK(lk_gpt_set_l2v(R_T0, l2v));
    OK(lk_memory_set_guard(R_T0, 0, l2v + 4 > 47 ? 47 : l2v + 4, R_T0));
    obj_put(*o, R_T0);
}

static void hang(obj above, uint64_t slot, obj below, unsigned restr)
{
    obj_get(above, R_T0);
    obj_get(below, R_T1);
    if (restr != 0) {
        lk_memory_reduce(R_T1, restr, R_T1);
    }
    OK(lk_gpt_swap_slot(R_T0, slot, R_T1, 0));
}

/* The pages of a fuzzer, in its GPT of each space. */
static void hang_area(obj area, const struct fuzzer *f, unsigned i)
{
    hang(area, AREA_CONTEXT, context_page[i], LK_NX);
    hang(area, AREA_RW, f->page[AREA_RW], 0);
    hang(area, AREA_RO, f->page[AREA_RO], LK_RO);
    hang(area, AREA_RW_2, f->page[AREA_RW_2], LK_NX);
    hang(area, AREA_RW_3, f->page[AREA_RW_3], LK_NX);
    hang(area, AREA_CAPS, f->page[AREA_CAPS], 0);
    hang(area, AREA_WEAK, f->page[AREA_WEAK], LK_WK);
}

static void space_make(struct space *s)
{
    for (unsigned i = 0; i < s->levels; i++) {
        renew_gpt(&s->level[i], s->l2v[i]);
        if (i > 0) {
            hang(s->level[i - 1], 0, s->level[i], 0);
        }
    }
    renew_gpt(&s->text, 16);
    hang(s->level[s->levels - 1], TEXT_VA >> 20, s->text, 0);
    for (unsigned i = 0; i < text_pages; i++) {
        if (i % 16 == 0) {
            renew_gpt(&s->text_leaf[i / 16], 12);
            hang(s->text, i / 16, s->text_leaf[i / 16], 0);
        }
        hang(s->text_leaf[i / 16], i % 16, text_page[i], LK_RO);
    }
    renew_gpt(&s->data, 16);
    hang(s->level[s->levels - 1], AREA_VA >> 20, s->data, 0);
    for (unsigned i = 0; i < team.fuzzers; i++) {
        renew_gpt(&s->area[i], 12);
        hang(s->data, i, s->area[i], 0);
        hang_area(s->area[i], &team.f[i], i);
    }
}

/* From the root down to l2v 20: all levels, or some left out. */
static void space_choose(struct space *s)
{
    static const unsigned above[] = { 43, 36, 28, 24 };

    *s = (struct space){ .text = NO_OBJ, .data = NO_OBJ };
    for (unsigned i = 0; i < 4; i++) {
        if (rng_below(&team.rng, 2) == 0) {
            s->l2v[s->levels++] = above[i];
        }
    }
    s->l2v[s->levels++] = 20;
    for (unsigned i = 0; i < LEVELS_MOST; i++) {
        s->level[i] = NO_OBJ;
    }
    for (unsigned i = 0; i < TEXT_GPTS_MOST; i++) {
        s->text_leaf[i] = NO_OBJ;
    }
    for (unsigned i = 0; i < FUZZERS_MOST; i++) {
        s->area[i] = NO_OBJ;
    }
}

/* Destroy what is left of a space that its users cannot run in any more, and make it again. */
static void space_again(struct space *s)
{
    const obj *all[] = { s->level, s->text_leaf, s->area, &s->text, &s->data };
    const unsigned n[] = { s->levels, TEXT_GPTS_MOST, team.fuzzers, 1, 1 };

    for (unsigned i = 0; i < 5; i++) {
        for (unsigned j = 0; j < n[i]; j++) {
            if (all[i][j] != NO_OBJ && kept_type(all[i][j]) == LK_TYPE_GPT) {
                OK(lk_range_rescind(R_RANGE, R_T0));
            }
        }
    }
    for (unsigned i = 0; i < team.fuzzers; i++) {
        for (unsigned j = AREA_RW; j <= AREA_WEAK; j++) {
            if (j != AREA_GAP && j != AREA_GAP_2) {
                renew_if_gone(&team.f[i].page[j], j == AREA_CAPS ? LK_TYPE_CAPPAGE : LK_TYPE_PAGE);
            }
        }
    }
    space_make(s);
    counts.spaces++;
}

/* ---- Fuzzers ---- */

/* Something of the pool: of any type as likely as of any other, but the treasure more often. */
static obj something(void)
{
    unsigned type = (unsigned)rng_below(&team.rng, LK_TYPES);

    if (rng_below(&team.rng, 8) == 0) {
        return (obj)(team.treasure + rng_below(&team.rng, team.treasure_end - team.treasure));
    }
    while (team.of_type[type] == 0) {
        type = (type + 1) % LK_TYPES;
    }
    for (uint64_t skip = rng_below(&team.rng, team.of_type[type]), i = team.pool;; i++) {
        if (team.type[i - team.pool] == type && skip-- == 0) {
            return (obj)i;
        }
    }
}

/* What a fuzzer holds: anything of the pool. */
static void give_caps(const struct fuzzer *f, unsigned one_in)
{
    for (unsigned reg = 1; reg < LK_CAP_REGS; reg++) {
        if (rng_below(&team.rng, one_in) == 0) {
            obj_get(something(), R_T1);
            obj_get(f->p, R_T0);
            OK(lk_process_swap_cap_reg(R_T0, reg, R_T1, 0));
        }
    }
}

static void set_slot(const struct fuzzer *f, unsigned slot, obj o)
{
    obj_get(f->p, R_T0);
    obj_get(o, R_T1);
    OK(lk_process_swap_slot(R_T0, slot, R_T1, 0));
}

/* Its handler: nobody, one where nobody receives, or another fuzzer. */
static void set_handler(const struct fuzzer *f)
{
    obj to = team.sink;

    if (rng_below(&team.rng, 2) == 0) {
        to = team.f[rng_below(&team.rng, team.fuzzers)].endpoint;
    }
    obj_get(f->p, R_T0);
    obj_get(to, R_T1);
    if (rng_below(&team.rng, 4) == 0 || lk_endpoint_make_entry(R_T1, 7, R_T1) != STATUS_OK) {
        lk_copy_cap(0, R_T1);
    }
    OK(lk_process_swap_slot(R_T0, SLOT_HANDLER, R_T1, 0));
}

static void set_endpoint(obj endpoint, obj recipient, uint64_t id, bool match)
{
    obj_get(endpoint, R_T0);
    obj_get(recipient, R_T1);
    OK(lk_endpoint_set_endpoint_id(R_T0, id));
    OK(lk_endpoint_set_recipient(R_T0, R_T1));
    OK(lk_endpoint_set_payload_match(R_T0, match));
}

/* All slots and fields as they are to be, but the registers. */
static void set_up(struct fuzzer *f)
{
    renew_if_gone(&f->endpoint, LK_TYPE_ENDPOINT);
    renew_if_gone(&f->reply, LK_TYPE_ENDPOINT);
    set_endpoint(f->endpoint, f->p, rng_below(&team.rng, 4), rng_below(&team.rng, 8) == 0);
    set_endpoint(f->reply, f->p, rng_below(&team.rng, 4), true);
    set_slot(f, SLOT_ADDR_SPACE, team.s[f->space].level[0]);
    set_slot(f, SLOT_SCHEDULE, schedule[rng_below(&team.rng, PRIORITIES)]);
    set_slot(f, SLOT_REPLY_ENDPOINT, f->reply);
    set_handler(f);
    obj_get(f->p, R_T0);
    for (unsigned hold = 0; hold < 8; hold++) {
        OK(lk_process_clear_not_schedulable(R_T0, hold, NULL));
    }
    OK(lk_process_set_flags(R_T0, rng_below(&team.rng, 64) == 0 ? rng_below(&team.rng, 4) : 0));
}

/* Make it begin again, whatever it is at. False: it is gone. */
static bool begin_again(const struct fuzzer *f, const struct lk_regs *r)
{
    uint64_t state = 0;

    obj_get(f->p, R_T0);
    if (lk_process_get_state(R_T0, &state, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL) !=
        STATUS_OK) {
        return false;
    }
    OK(lk_process_set_regs(R_T0, state, r, sizeof(*r)));
    if (state == LK_STATE_FAULTED) {
        OK(lk_process_resume(R_T0, 1));
    }
    return true;
}

static void begin_fuzzing(const struct fuzzer *f, unsigned i)
{
    struct lk_regs r = {
        .rip = (uint64_t)fuzzer_main,
        .rsp = area_va(i) + PAGE - 8,
        .rdi = (rng_next(&team.rng) & ~(uint64_t)FUZZER_FPU) | f->fpu,
        .rsi = area_va(i),
        .rflags = 0x202,
    };

    begin_again(f, &r);
}

/* Process, pages and space of a fuzzer are there. */
static void rebuild_if_gone(struct fuzzer *f)
{
    if (kept_type(f->p) != LK_TYPE_PROCESS) {
        renew(&f->p, LK_TYPE_PROCESS);
        give_caps(f, 1);
        counts.rebuilt++;
    }
    if (kept_type(team.s[f->space].level[0]) != LK_TYPE_GPT || f->stuck >= STUCK_MOST) {
        space_again(&team.s[f->space]);
        f->stuck = 0;
    }
}

/* ---- The pool ---- */

/* Keep variations of capabilities in the pool. */
static void pool_reduced(obj o)
{
    obj_get(o, R_T0);
    OK(lk_memory_reduce(R_T0, rng_below(&team.rng, 16), R_T0));
    obj_keep(R_T0);
    OK(lk_memory_set_guard(R_T0, rng_below(&team.rng, 4), 12 + rng_below(&team.rng, 36), R_T0));
    obj_keep(R_T0);
}

static void pool_endpoint(obj endpoint)
{
    obj_get(endpoint, R_T0);
    OK(lk_endpoint_make_entry(R_T0, rng_below(&team.rng, 100), R_T1));
    obj_keep(R_T1);
    OK(lk_endpoint_make_app_notice(R_T0, rng_next(&team.rng) >> 32, R_T1));
    obj_keep(R_T1);
}

/* By each of these ways the treasure can be seen, and not be changed or come by. */
static void pool_treasure(void)
{
    static const unsigned restr[] = { LK_WK, LK_RO | LK_WK, LK_WK | LK_OP, LK_RO | LK_OP };

    for (unsigned i = 0; i < sizeof(restr) / sizeof(restr[0]); i++) {
        obj_get(treasure, R_T0);
        OK(lk_memory_reduce(R_T0, LK_RO | restr[i], R_T0));
        obj_keep(R_T0);
        obj_get(treasure_box, R_T0);
        OK(lk_memory_reduce(R_T0, restr[i], R_T0));
        obj_keep(R_T0);
        obj_get(treasure_gpt, R_T0);
        OK(lk_memory_reduce(R_T0, restr[i], R_T0));
        obj_keep(R_T0);
    }
}

static void pool_range(uint64_t first, uint64_t n)
{
    OK(lk_range_split(R_RANGE, first, n, R_T0));
    obj_keep(R_T0);
}

/* Capabilities that are not to objects. A wild team may destroy itself. */
static void pool_kernel(bool wild)
{
    static const unsigned regs[] = { R_SLEEP, R_DISCRIM, R_CAPBITS, R_IRQCTL };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        obj_keep(regs[i]);
    }
    if (rng_below(&team.rng, 4) == 0) {
        obj_keep(R_KERNLOG);
    }
    OK(lk_iopriv_narrow(R_IOPRIV, PORT_FIRST, PORT_LAST, R_T0));
    obj_keep(R_T0);
    for (unsigned i = 0; i < PRIORITIES; i++) {
        obj_get(schedule[i], R_T0);
        obj_keep(R_T0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pool_range(team_frame() + TEAM_FRAMES - PLAY_FRAMES, PLAY_FRAMES);
    }
    pool_range(team_frame() + TEAM_FRAMES - PLAY_FRAMES, 2);
    for (unsigned i = 0; wild && i < 12; i++) {
        pool_range(team_frame(), TEAM_FRAMES);
    }
}

static void pool_loose(void)
{
    for (unsigned i = 0; i < LOOSE_PAGES; i++) {
        obj page = NO_OBJ;

        renew(&page, LK_TYPE_PAGE);
        pool_reduced(page);
    }
    for (unsigned i = 0; i < LOOSE_CAPPAGES; i++) {
        obj page = NO_OBJ;

        renew(&page, LK_TYPE_CAPPAGE);
        pool_reduced(page);
    }
    for (unsigned i = 0; i < LOOSE_GPTS; i++) {
        obj gpt = NO_OBJ;

        renew(&gpt, LK_TYPE_GPT);
        pool_reduced(gpt);
    }
    for (unsigned i = 0; i < team.spaces; i++) {
        pool_reduced(team.s[i].level[0]);
        pool_reduced(team.s[i].data);
    }
}

/* What is in the pool, by type. */
static void sort_pool(void)
{
    memset(team.of_type, 0, sizeof(team.of_type));
    for (unsigned i = team.pool; i < team.pool_end; i++) {
        uint64_t type = kept_type((obj)i);

        team.type[i - team.pool] = (uint8_t)type;
        team.of_type[type]++;
    }
    team.of_type[LK_TYPE_NULL] = 0;
}

/* ---- What died with the last team ---- */

#define GRAVES 256

/* Keep what the fuzzers can name, before it is destroyed. (To fetch a capability that is dead makes
 * it Null where it stands.) */
static void bury(void)
{
    for (unsigned i = 0; i < GRAVES && team.pool + i < team.pool_end; i++) {
        bool lives_on = team.pool + i >= team.treasure && team.pool + i < team.treasure_end;

        obj_get(lives_on ? NO_OBJ : (obj)(team.pool + i), R_T0);
        obj_get(graves, R_T1);
        OK(lk_cappage_swap_slot(R_T1, i, R_T0, 0));
    }
}

/* In the same places there are others now: none of the old capabilities names one of them. */
static void check_graves(void)
{
    for (unsigned i = 0; i < GRAVES; i++) {
        uint64_t type;

        obj_get(graves, R_T0);
        OK(lk_cappage_get_slot(R_T0, i, R_T1));
        type = reg_type(R_T1);
        CHECK(type == LK_TYPE_NULL || type > LK_TYPE_CAPPAGE);
    }
}

/* ---- The team ---- */

static uint64_t text_sum(void)
{
    uint64_t sum = 0;

    for (uint64_t va = TEXT_VA; va < TEXT_VA + text_pages * PAGE; va += sizeof(uint64_t)) {
        uintptr_t at = va;

        __asm__("" : "+r"(at));
        sum = sum * 31 + *(const volatile uint64_t *)at;
    }
    return sum;
}

static void memory_now(uint64_t *frames, uint64_t *objects)
{
    OK(lk_sysctl_get_memory(R_SYSCTL, NULL, frames, objects, NULL, NULL, NULL, NULL));
}

/* The pages of this program that may be read only: its text and constants. */
static void find_text(void)
{
    for (text_pages = 0; text_pages < TEXT_GPTS_MOST * 16; text_pages++) {
        uint64_t restr = 0;
        unsigned slot = gpt_of(own_space(), TEXT_VA + text_pages * PAGE, R_T1);

        OK(lk_gpt_get_slot(R_T1, slot, R_T0));
        OK(lk_discrim_classify(R_DISCRIM, R_T0, NULL, &restr));
        if ((restr & LK_RO) == 0) {
            return;
        }
        text_page[text_pages] = obj_keep(R_T0);
    }
    FAIL("the text of this program is larger than the fuzzers' GPTs");
}

void team_init(void)
{
    find_text();
    first_frame = frames_new(FUZZERS_MOST + TEAM_FRAMES);
    for (unsigned i = 0; i < FUZZERS_MOST; i++) {
        OK(lk_range_fabricate(R_RANGE, LK_TYPE_PAGE, first_frame + i, 0, R_T0));
        context_page[i] = obj_keep(R_T0);
        map_page(own_space(), WINDOW_VA + i * PAGE, context_page[i], 0);
        context[i] = (struct context *)(WINDOW_VA + i * PAGE); /* NOLINT */
    }
    graves = obj_new(LK_TYPE_CAPPAGE);
    treasure = page_new();
    map_page(own_space(), TREASURE_VA, treasure, 0);
    for (unsigned i = 0; i < PAGE / 8; i++) {
        ((uint64_t *)TREASURE_VA)[i] = TREASURE_WORD(i); /* NOLINT */
    }
    treasure_box = obj_new(LK_TYPE_CAPPAGE);
    obj_get(treasure, R_T1);
    OK(lk_cappage_swap_slot(R_T0, TREASURE_SLOT, R_T1, 0));
    treasure_gpt = gpt_new(12);
    OK(lk_gpt_swap_slot(R_T0, TREASURE_SLOT, R_T1, 0));
    for (unsigned i = 0; i < PRIORITIES; i++) {
        schedule[i] = schedule_new(PRIO_LOW - i / 2, 50000 * (i + 1));
    }
    OK(lk_endpoint_make_app_notice(R_ENDPOINT, 1, R_T0));
    log_notice = obj_keep(R_T0);
    team.shelf = shelf_mark();
    team.pool = team.pool_end = 0;
}

/* What the kernel says of the fuzzers' mistakes is not to be printed: whoever binds to the log is
 * the one who prints, and what was read counts as printed. */
static void quiet(void)
{
    static char text[LINE_BYTES];
    static uint64_t from;
    size_t n;

    do {
        OK(lk_kernlog_read(R_KERNLOG, from, &from, NULL, text, sizeof(text), &n));
    } while (n != 0);
    obj_get(log_notice, R_T0);
    OK(lk_kernlog_bind(R_KERNLOG, 1, R_T0));
}

/* Fill a page with what may be taken for registers, nearly all right, and for FPU state. */
static void fill_with_registers(obj page)
{
    static const uint64_t odd[] = {
        0, 1, LK_USER_END - 1, LK_USER_END, 1ull << 48, 1ull << 63, 0xffff800000000000ull, UINT64_MAX,
    };
    struct lk_regs *r = (struct lk_regs *)REGISTERS_VA; /* NOLINT */

    map_page(own_space(), REGISTERS_VA, page, 0);
    for (unsigned i = 0; i < REGISTERS_MOST; i++) {
        uint64_t *field = (uint64_t *)&r[i];

        for (unsigned j = 0; j < sizeof(*r) / 8; j++) {
            field[j] = rng_next(&team.rng);
        }
        r[i].rip = (uint64_t)raw_syscall;
        r[i].rsp = area_va(0) + PAGE;
        r[i].fs_base = 0;
        if (rng_below(&team.rng, 2) == 0) {
            r[i].rflags = 0x202;
        }
        if (rng_below(&team.rng, 2) == 0) {
            field[15 + rng_below(&team.rng, 4)] = odd[rng_below(&team.rng, sizeof(odd) / sizeof(odd[0]))];
        }
    }
    for (unsigned i = REGISTERS_MOST * sizeof(*r) / 8; i < PAGE / 8; i++) {
        ((uint64_t *)REGISTERS_VA)[i] = rng_next(&team.rng); /* NOLINT */
    }
    unmap(own_space(), REGISTERS_VA);
}

static void make_processes(void)
{
    team.sink_process = team.sink = NO_OBJ;
    renew(&team.sink_process, LK_TYPE_PROCESS);
    renew(&team.sink, LK_TYPE_ENDPOINT);
    set_endpoint(team.sink, team.sink_process, 9, false);
    for (unsigned i = 0; i < team.fuzzers; i++) {
        struct fuzzer *f = &team.f[i];

        *f = (struct fuzzer){ .p = NO_OBJ, .endpoint = NO_OBJ, .reply = NO_OBJ };
        f->space = (unsigned)rng_below(&team.rng, team.spaces);
        f->fpu = rng_below(&team.rng, 4) == 0 ? FUZZER_FPU : 0;
        renew(&f->p, LK_TYPE_PROCESS);
        renew(&f->endpoint, LK_TYPE_ENDPOINT);
        renew(&f->reply, LK_TYPE_ENDPOINT);
        for (unsigned j = AREA_RW; j <= AREA_WEAK; j++) {
            f->page[j] = NO_OBJ;
            if (j != AREA_GAP && j != AREA_GAP_2) {
                renew(&f->page[j], j == AREA_CAPS ? LK_TYPE_CAPPAGE : LK_TYPE_PAGE);
            }
        }
        fill_with_registers(f->page[AREA_RW_3]);
        set_endpoint(f->endpoint, f->p, i, false);
        pool_endpoint(f->endpoint);
        pool_endpoint(f->reply);
    }
    pool_endpoint(team.sink);
}

void team_make(uint64_t seed)
{
    team.seed = seed;
    team.rng = rng_new(seed);
    memset(team.made_in, 0, sizeof(team.made_in));
    team.text_sum = text_sum();
    shelf_back(team.shelf);
    quiet();
    memory_now(&team.frames, &team.objects);
    team.fuzzers = 4 + (unsigned)rng_below(&team.rng, FUZZERS_MOST - 4 + 1);
    team.spaces = 1 + (unsigned)rng_below(&team.rng, team.fuzzers);
    team.pool = shelf_mark();
    make_processes();
    for (unsigned i = 0; i < team.spaces; i++) {
        space_choose(&team.s[i]);
        space_make(&team.s[i]);
    }
    pool_loose();
    team.treasure = shelf_mark();
    pool_treasure();
    team.treasure_end = shelf_mark();
    pool_kernel(rng_below(&team.rng, 2) == 0);
    team.pool_end = shelf_mark();
    sort_pool();
    check_graves();
    for (unsigned i = 0; i < team.fuzzers; i++) {
        memset(context[i], 0, PAGE);
        give_caps(&team.f[i], 1);
        set_up(&team.f[i]);
    }
}

/* What a fuzzer counted. It may have been overwritten with anything. */
static void gather(struct fuzzer *f, unsigned i)
{
    const struct context *c = context[i];

    if (c->calls > f->calls && c->calls - f->calls < 1000000) {
        counts.calls += c->calls - f->calls;
    }
    f->calls = c->calls;
}

/* At the end of a team, where the numbers make sense. */
static void gather_results(void)
{
    for (unsigned i = 0; i < team.fuzzers; i++) {
        const struct context *c = context[i];
        uint64_t sum = 0;

        for (unsigned j = 0; j < STATUSES; j++) {
            sum += c->status[j];
        }
        if (sum == c->calls) {
            for (unsigned j = 0; j < STATUSES; j++) {
                counts.status[j] += c->status[j];
            }
            counts.messages += c->messages;
            counts.notices += c->notices;
        }
    }
}

/* Registers are such as user level may have, whoever set them. */
static void check_registers(const struct lk_regs *r)
{
    CHECK(r->rip <= LK_USER_END && r->fs_base < LK_USER_END);
    EQ(r->rflags & (FLAG_IF | FLAG_NEVER), FLAG_IF);
}

/* Those that stopped or wait go on; those that run are left alone, mostly. */
static void look_after(struct fuzzer *f, unsigned i)
{
    uint64_t state = 0;
    uint64_t holds = 0;
    struct lk_regs r;
    size_t n = 0;

    gather(f, i);
    obj_get(f->p, R_T0);
    if (lk_process_get_state(R_T0, &state, &holds, NULL, NULL, NULL, NULL, NULL, &r, sizeof(r), &n) !=
        STATUS_OK) {
        state = LK_STATE_FAULTED;
    } else {
        check_registers(&r);
    }
    if (state == LK_STATE_READY && holds == 0 && rng_below(&team.rng, 16) != 0) {
        return;
    }
    if (state == LK_STATE_FAULTED) {
        counts.faults++;
        f->stuck = f->calls == f->calls_at_fault ? f->stuck + 1 : 0;
        f->calls_at_fault = f->calls;
    } else if (rng_below(&team.rng, 3) == 0) {
        return; /* let others end its wait */
    }
    if (f->stuck > 1 || rng_below(&team.rng, 8) == 0) {
        rebuild_if_gone(f);
        set_up(f);
        give_caps(f, 2);
    } else if (kept_type(f->p) == LK_TYPE_PROCESS) {
        give_caps(f, 12);
    }
    begin_fuzzing(f, i);
}

/* The lines of the log about broken invariants. */
static void say_log(uint64_t from)
{
    char text[LINE_BYTES];
    uint64_t end = log_mark();

    while (from < end) {
        size_t n = 0;

        OK(lk_kernlog_read(R_KERNLOG, from, &from, NULL, text, sizeof(text) - 1, &n));
        if (n == 0) {
            break;
        }
        text[n] = '\0';
        sys_say("%s", text);
    }
}

static void check(void)
{
    uint64_t mark = log_mark();
    unsigned failed = kernel_check();

    counts.checks++;
    if (failed != 0) {
        say_log(mark);
        FAIL("%u invariants of the kernel are broken", failed);
    }
}

static void check_all_authority(void);

void team_run(unsigned ticks)
{
    OK(lk_sysctl_set_preempt(R_SYSCTL, rng_next(&team.rng) | 1));
    for (unsigned i = 0; i < team.fuzzers; i++) {
        begin_fuzzing(&team.f[i], i);
    }
    for (unsigned tick = 0; tick < ticks; tick++) {
        sleep_ns(TICK_LEAST + rng_below(&team.rng, TICK_VARIES));
        counts.ticks++;
        if (tick % CHECK_TICKS == CHECK_TICKS / 2) {
            check();
            check_all_authority();
        }
        for (unsigned i = 0; i < team.fuzzers; i++) {
            look_after(&team.f[i], i);
        }
        quiet();
    }
    OK(lk_sysctl_set_preempt(R_SYSCTL, 0));
    check();
    gather_results();
}

void team_step(unsigned steps)
{
    for (unsigned step = 0; step < steps; step++) {
        unsigned i = (unsigned)rng_below(&team.rng, team.fuzzers);
        struct fuzzer *f = &team.f[i];
        struct lk_msg m;
        struct lk_regs r;

        rebuild_if_gone(f);
        set_up(f);
        compose(&team.rng, &m);
        r = (struct lk_regs){
            .rax = m.control, .rdi = m.w[0], .rsi = m.w[1], .rdx = m.w[2], .rbx = m.w[3],
            .r12 = m.w[4], .r13 = m.w[5], .r14 = m.w[6], .r15 = m.w[7], .r8 = m.id,
            .r9 = m.string_len | (uint64_t)m.buffer_size << 32, .r10 = (uint64_t)m.string,
            .rbp = (uint64_t)m.buffer, .rip = (uint64_t)raw_syscall, .rsp = area_va(i) + PAGE - 8,
            .rflags = 0x202,
        };
        sys_at("seed %lu, step %u: fuzzer %u, control %lx, method %lx", team.seed, step, i, m.control,
               m.w[0]);
        CHECK(begin_again(f, &r));
        sleep_ns(20000);
        check();
        counts.calls++;
        if (step % 8 == 0) {
            give_caps(f, 6);
            quiet();
        }
    }
}

/* ---- The end ---- */

/* Is a capability one that a fuzzer can have come by? */
static void check_authority(unsigned reg)
{
    uint64_t type = 0;
    uint64_t restr = 0;
    uint64_t frame = 0;

    OK(lk_discrim_classify(R_DISCRIM, reg, &type, &restr));
    switch (type) {
    case LK_TYPE_ENDPOINT:
    case LK_TYPE_ENTRY:
    case LK_TYPE_APPNOTICE:
    case LK_TYPE_PROCESS:
        OK(lk_range_identify(R_RANGE, reg, NULL, &frame, NULL));
        CHECK(frame >= team_frame() && frame < team_frame() + TEAM_FRAMES);
        break;
    case LK_TYPE_GPT:
    case LK_TYPE_CAPPAGE:
    case LK_TYPE_PAGE: /* others' only for looking */
        OK(lk_range_identify(R_RANGE, reg, NULL, &frame, NULL));
        CHECK((frame >= first_frame && frame < team_frame() + TEAM_FRAMES) ||
              (restr & (LK_RO | LK_WK)) != 0);
        break;
    case LK_TYPE_RANGE: {
        uint64_t n = 0;
        uint64_t low = 0;

        OK(lk_range_get_info(reg, 0, &n, NULL));
        OK(lk_capbits_get(R_CAPBITS, reg, &low, NULL));
        frame = low >> 32; /* the protected payload: the first frame */
        CHECK(frame >= team_frame() && frame + n <= team_frame() + TEAM_FRAMES);
        break;
    }
    case LK_TYPE_IOPRIV: {
        uint64_t first = 0;
        uint64_t last = 0;

        OK(lk_iopriv_get_info(reg, &first, &last));
        CHECK(first >= PORT_FIRST && last <= PORT_LAST);
        break;
    }
    case LK_TYPE_NULL:
    case LK_TYPE_SCHEDULE:
    case LK_TYPE_SLEEP:
    case LK_TYPE_IRQCTL:
    case LK_TYPE_IRQWAIT:
    case LK_TYPE_KERNLOG:
    case LK_TYPE_DISCRIM:
    case LK_TYPE_CAPBITS:
        break;
    default:
        FAIL("a fuzzer has a capability of type %lu", type);
    }
}

/* The treasure is what and where it was. */
static void check_treasure(void)
{
    const volatile uint64_t *word = (const uint64_t *)TREASURE_VA; /* NOLINT */
    uint64_t l2v = 0;

    sys_at("seed %lu, the treasure", team.seed);
    for (unsigned i = 0; i < PAGE / 8; i++) {
        EQ(word[i], TREASURE_WORD(i));
    }
    obj_get(treasure, R_T2);
    for (unsigned i = 0; i < 256; i++) {
        obj_get(treasure_box, R_T0);
        OK(lk_cappage_get_slot(R_T0, i, R_T1));
        CHECK(reg_same(R_T1, i == TREASURE_SLOT ? R_T2 : 0));
    }
    for (unsigned i = 0; i < 16; i++) {
        obj_get(treasure_gpt, R_T0);
        OK(lk_gpt_get_slot(R_T0, i, R_T1));
        CHECK(reg_same(R_T1, i == TREASURE_SLOT ? R_T2 : 0));
    }
    OK(lk_gpt_get_state(R_T0, &l2v, NULL));
    EQ(l2v, 12);
}

static void check_all_authority(void)
{
    for (unsigned i = 0; i < team.fuzzers; i++) {
        if (kept_type(team.f[i].p) != LK_TYPE_PROCESS) {
            continue;
        }
        lk_copy_cap(R_T0, R_T2);
        for (unsigned reg = 1; reg < LK_CAP_REGS; reg++) {
            sys_at("seed %lu, fuzzer %u, capability register %u", team.seed, i, reg);
            OK(lk_process_get_cap_reg(R_T2, reg, R_T0));
            check_authority(R_T0);
        }
        if (kept_type(team.f[i].page[AREA_CAPS]) == LK_TYPE_CAPPAGE) {
            lk_copy_cap(R_T0, R_T2);
            for (unsigned slot = 0; slot < 256; slot++) {
                OK(lk_cappage_get_slot(R_T2, slot, R_T0));
                check_authority(R_T0);
            }
        }
    }
}

void team_end(void)
{
    uint64_t frames, objects;
    uint64_t at = rng_below(&team.rng, TEAM_FRAMES);

    check_all_authority();
    check_treasure();
    bury();
    for (unsigned i = 0; i < TEAM_FRAMES; i++) {
        empty_frame(team_frame() + (at + i) % TEAM_FRAMES);
    }
    for (unsigned line = 0; line < 24; line++) {
        lk_irqctl_release(R_IRQCTL, line);
    }
    check();
    memory_now(&frames, &objects);
    EQ(frames, team.frames);
    EQ(objects, team.objects);
    EQ(text_sum(), team.text_sum);
    shelf_back(team.shelf);
    quiet();
}
