/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The books of the space bank on a machine of this test's own.
 */
#include "unit.h"

#include "bank_machine.h"

#include <string.h>

#include "user/servers/bank/begin.c"
#include "user/servers/bank/books.c"
#include "user/servers/bank/close.c"
#include "user/servers/bank/frees.c"
#include "user/servers/bank/tree.c"

struct machine machine;
uint64_t machine_pages[(FRAMES_MOST * 14 + 4096) / 8];
jmp_buf machine_cut;
uint64_t machine_cut_in;

static uint32_t last_count;

/* ---- The machine ---- */

/* Are the frames of all ranges that are live a range's, by the truth? */
static void check_lent(void)
{
    for (unsigned reg = 0; reg < MACHINE_REGS; reg++) {
        const struct machine_cap *c = &machine.reg[reg];

        if (c->frames == 0 || c->count == 0 || !machine_range_live(&machine, c)) {
            continue;
        }
        for (uint64_t f = c->frame; f < c->frame + c->frames; f++) {
            enum use use = frame_use((uint32_t)f);
            bool first = f == c->frame && c->behind == 0;

            CHECK_SAY(first ? use == USE_RANGE || use == USE_DYING : use == USE_MORE,
                      "frame %llu of a range that is live: use %u", (unsigned long long)f, use);
        }
    }
}

/* One of those who have a range makes something in it. */
static void race(void)
{
    const struct machine_cap *c = &machine.reg[unit_random(MACHINE_REGS)];

    if (c->frames != 0 && c->count != 0 && machine_range_live(&machine, c)) {
        machine_make_in(c);
    }
}

void machine_cut_point(void)
{
    check_lent();
    if (machine.racing) {
        race();
    }
    if (machine_cut_in != 0 && --machine_cut_in == 0) {
        longjmp(machine_cut, 1);
    }
}

void machine_begin(uint32_t frames)
{
    memset(&machine, 0, sizeof(machine));
    memset(machine_pages, 0, sizeof(machine_pages));
    machine.frames = frames;
    machine_cut_in = 0;
    for (uint32_t f = 0; f < frames; f++) {
        machine.frame[f].counts = UINT32_MAX;
    }
    CHECK(bank_state_bytes(frames) <= sizeof(machine_pages));
}

bool machine_live(const struct machine *m, const struct machine_cap *c)
{
    const struct machine_frame *f = &m->frame[c->frame];

    return c->type != 0 && c->frames == 0 && (f->objects >> c->index & 1) != 0 &&
           f->count[c->index] == c->count;
}

bool machine_range_live(const struct machine *m, const struct machine_cap *c)
{
    return c->frames != 0 && (c->count == 0 || m->frame[c->frame - c->behind].lent == c->count);
}

void machine_split(uint32_t range, uint64_t first, uint64_t frames, uint32_t reg)
{
    struct machine_cap part = machine.reg[range];

    CHECK(first + frames <= part.frames);
    part.frame += first;
    part.behind += first;
    part.frames = frames;
    machine.reg[reg] = part;
}

void machine_make_in(const struct machine_cap *range)
{
    static const uint8_t made[] = { LK_TYPE_PAGE, LK_TYPE_PROCESS, LK_TYPE_GPT };
    uint64_t type = made[unit_random(sizeof(made))];
    struct machine_frame *f = &machine.frame[range->frame + unit_random(range->frames)];
    uint64_t index = unit_random(mem_per_frame(type));

    if (f->counts > 0 && (f->objects == 0 || f->type == type) && (f->objects >> index & 1) == 0) {
        f->type = type;
        f->objects |= 1ull << index;
        f->counts--;
        f->count[index] = ++last_count;
    }
}

uint64_t mem_free_mask(uint64_t first)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < 64 && first + i < machine.frames; i++) {
        const struct machine_frame *f = &machine.frame[first + i];

        mask |= (uint64_t)(f->objects == 0 && f->counts > 0) << i;
    }
    return mask;
}

struct mem_frame mem_look(uint64_t frame)
{
    const struct machine_frame *f = &machine.frame[frame];

    if (f->objects == 0) {
        return (struct mem_frame){ .objects = f->counts == 0 ? UINT64_MAX : 0 };
    }
    return (struct mem_frame){ .type = f->type, .objects = f->objects };
}

unsigned mem_per_frame(uint64_t type)
{
    switch (type) {
    case LK_TYPE_PAGE:
    case LK_TYPE_CAPPAGE:
        return 1;
    case LK_TYPE_PROCESS:
        return 2;
    case LK_TYPE_GPT:
        return 12;
    case LK_TYPE_ENDPOINT:
        return 21;
    case LK_TYPE_SCHEDULE:
        return 64;
    default:
        return 0;
    }
}

enum status mem_make(uint64_t type, uint64_t frame, uint64_t index, uint32_t reg)
{
    struct machine_frame *f = &machine.frame[frame];

    machine_cut_point();
    CHECK(frame < machine.frames && index < mem_per_frame(type));
    if (f->counts == 0) {
        return STATUS_EXHAUSTED;
    }
    if (f->objects != 0 && (f->type != type || (f->objects >> index & 1) != 0)) {
        return STATUS_IN_USE;
    }
    f->type = type;
    f->objects |= 1ull << index;
    f->counts--;
    f->count[index] = ++last_count;
    machine.reg[reg] =
        (struct machine_cap){ .type = type, .frame = frame, .index = index, .count = last_count };
    machine_cut_point();
    return STATUS_OK;
}

void mem_destroy(uint64_t frame, uint64_t index)
{
    machine_cut_point();
    machine.frame[frame].objects &= ~(1ull << index);
    machine_cut_point();
}

enum status mem_cap(uint64_t frame, uint64_t index, uint32_t reg)
{
    const struct machine_frame *f = &machine.frame[frame];

    machine.reg[reg] = (struct machine_cap){
        .type = f->type, .frame = frame, .index = index, .count = f->count[index]
    };
    return STATUS_OK;
}

bool mem_identify(uint32_t reg, struct mem_object *out)
{
    const struct machine_cap *c = &machine.reg[reg];

    *out = (struct mem_object){ c->type, c->frame, c->index, c->restrictions };
    return machine_live(&machine, c);
}

enum status mem_lend(uint64_t first, uint64_t frames, uint32_t reg)
{
    struct machine_frame *f = &machine.frame[first];

    machine_cut_point();
    if (machine.lent) {
        return STATUS_NO_ACCESS;
    }
    CHECK(frames > 0 && frames <= LK_LENT_MAX && first + frames <= machine.frames && f->counts > 0);
    f->counts--;
    f->lent = ++last_count;
    machine.reg[reg] = (struct machine_cap){
        .type = LK_TYPE_RANGE, .frame = first, .frames = frames, .count = f->lent
    };
    machine_cut_point();
    return STATUS_OK;
}

void mem_take_back(uint64_t first)
{
    machine_cut_point();
    machine.frame[first].lent = 0;
    machine_cut_point();
}

bool mem_range(uint32_t reg, uint64_t *first, uint64_t *frames)
{
    const struct machine_cap *c = &machine.reg[reg];

    *first = c->frame;
    *frames = c->frames;
    return machine_range_live(&machine, c);
}

/* ---- Restart and check ---- */

void machine_restart(void)
{
    const uint32_t frames = machine.frames;
    char *at = (char *)machine_pages;
    const struct header *header = (const struct header *)(const void *)at;
    size_t bytes = bank_state_bytes(frames);

    memset(&state, 0x5a, sizeof(state));
    memset(&work, 0x5a, sizeof(work));
    if (header->magic == MAGIC) {
        struct record *r = (struct record *)(void *)(at + sizeof(struct header));
        uint64_t banks = bank_state_banks(frames);
        uint64_t *word = (uint64_t *)(void *)(r + banks);

        for (uint64_t b = 0; b < banks; b++) {
            memset(&r[b].used, 0x5a, sizeof(r[b]) - offsetof(struct record, used));
        }
        for (uint32_t f = 0; f < frames; f++) {
            word[f] |= ~(uint64_t)FRAME_TRUTH_MASK;
        }
        memset(word + frames, 0x5a, bytes - (size_t)((char *)(word + frames) - at));
    }
    CHECK(books_begin(machine_pages, frames));
}

static void ignore(job_t job)
{
    (void)job;
}

void machine_work(void)
{
    for (unsigned i = 0; books_busy() && CHECK(i < 100000); i++) {
        books_work(ignore);
    }
}

/* Frames of a bank by class, objects by class, as the machine has them. */
struct count {
    uint32_t own, frames[CLASSES], objects[CLASSES], ranges;
};

/* A list is a ring of the frames of the bank that has it, those with room first. */
static void check_list(unsigned b, unsigned class, uint32_t frames)
{
    uint32_t first = state.bank[b].list[class];
    uint32_t f = first;
    uint32_t n = 0;
    bool had_full = false;

    if (first == NO_FRAME) {
        CHECK_EQUAL(frames, 0);
        return;
    }
    do {
        CHECK_EQUAL(frame_prev(frame_next(f)), f);
        CHECK_EQUAL(frame_bank(f), b);
        if (class < CLASSES && machine.frame[f].counts > 0) {
            bool is_full = machine.frame[f].objects == full(class);

            CHECK(is_full || !had_full);
            had_full = had_full || is_full;
        }
        n++;
        f = frame_next(f);
    } while (f != first && n <= frames);
    CHECK_EQUAL(n, frames);
}

static void count_frame(uint32_t f, struct count *counts)
{
    struct count *c = &counts[frame_bank(f)];
    const struct machine_frame *m = &machine.frame[f];
    enum use use = frame_use(f);

    if (use == USE_NONE || use == USE_FREE) {
        CHECK_EQUAL((state.level[0][f / 64] >> f % 64) & 1, use == USE_FREE);
        CHECK(use == USE_NONE || (m->objects == 0 && m->counts > 0));
        CHECK(use == USE_FREE || m->counts == 0 || m->objects != 0); /* nothing is lost */
        return;
    }
    CHECK_EQUAL((state.level[0][f / 64] >> f % 64) & 1, 0);
    CHECK(bank_is(frame_bank(f)));
    c->own++;
    if (use >= USE_OBJECTS) {
        unsigned class = (unsigned)use - USE_OBJECTS;

        /* One that was retired when the server was cut off is paid until the bank is closed. */
        bool lost = m->counts == 0 && m->objects == 0 && state.per_frame[class] == 1;

        CHECK(lost || (m->objects != 0 && m->type == books_type(class)));
        c->frames[class]++;
        c->objects[class] += lost ? 1 : count_bits(m->objects);
    } else if (use == USE_RANGE) {
        c->ranges++;
    } else if (use == USE_MORE) {
        CHECK(f > 0 && frame_bank(f - 1) == frame_bank(f));
        CHECK(frame_use(f - 1) == USE_RANGE || frame_use(f - 1) == USE_DYING ||
              frame_use(f - 1) == USE_MORE);
    }
    if (use == USE_RANGE || use == USE_DYING) {
        uint32_t n = books_range_length(f);

        for (uint32_t i = 1; i < n; i++) {
            CHECK_EQUAL(frame_use(f + i), USE_MORE);
        }
        CHECK(f + n == state.frames || frame_use(f + n) != USE_MORE);
    }
}

static uint32_t used_by(unsigned b, const struct count *counts, unsigned *below)
{
    uint32_t used = counts[b].own;
    unsigned c = state.bank[b].child;

    while (c != NO_BANK) {
        unsigned n = 0;

        CHECK_EQUAL(bank_above(c), b);
        CHECK_EQUAL(state.bank[c].depth, state.bank[b].depth + 1);
        CHECK_EQUAL(state.bank[state.bank[c].next].prev, c);
        used += used_by(c, counts, &n);
        *below += n + 1;
        c = state.bank[c].next == state.bank[b].child ? NO_BANK : state.bank[c].next;
    }
    CHECK_EQUAL(state.bank[b].used, used);
    CHECK_EQUAL(state.bank[b].below, *below);
    return used;
}

void machine_check(void)
{
    static struct count counts[BANK_BANKS_MAX];
    uint32_t free = 0;
    unsigned below = 0;
    unsigned live = 0;

    memset(counts, 0, sizeof(counts));
    for (uint32_t f = 0; f < state.frames; f++) {
        count_frame(f, counts);
        free += frame_use(f) == USE_FREE;
    }
    CHECK_EQUAL(state.free, free);
    for (unsigned b = 0; b < state.banks; b++) {
        const struct record *r = &state.bank[b];

        if (!bank_is(b)) {
            CHECK_EQUAL(counts[b].own, 0);
            continue;
        }
        live++;
        CHECK_EQUAL(r->own, counts[b].own);
        CHECK_EQUAL(r->ranges, counts[b].ranges);
        check_list(b, LIST_RANGES, counts[b].ranges);
        for (unsigned class = 0; class < CLASSES; class ++) {
            CHECK_EQUAL(r->objects[class], counts[b].objects[class]);
            check_list(b, class, counts[b].frames[class]);
        }
    }
    used_by(TOP, counts, &below);
    CHECK_EQUAL(below + 1, live);
}

/* ---- Plain tests ---- */

static void begin(uint32_t frames)
{
    machine_begin(frames);
    CHECK(books_begin(machine_pages, frames));
}

static unsigned open_below(unsigned above, uint64_t limit)
{
    unsigned bank = NO_BANK;

    CHECK_EQUAL(tree_open(above, "x", 1, limit, &bank), STATUS_OK);
    return bank;
}

static enum status make(unsigned bank, uint64_t type, uint32_t reg)
{
    return books_make(bank, type, 1, &reg);
}

TEST(bank_state_small, "the state of the bank takes a few frames on a small machine, 16 bytes a "
                       "frame at most")
{
    CHECK(bank_state_bytes(2048) <= 6ul * 4096);
    for (uint64_t n = 1024; n <= BANK_FRAMES_MAX; n *= 2) {
        CHECK(bank_state_bytes(n) <= 16 * n);
    }
    CHECK_EQUAL(bank_state_bytes(1ul << 30), bank_state_bytes(BANK_FRAMES_MAX));
}

TEST(bank_first_start,
     "what is free at the first start is the bank's, and nothing else, however often "
     "it begins again")
{
    machine_begin(200);
    for (uint32_t f = 0; f < 200; f += 3) {
        mem_make(LK_TYPE_GPT, f, 0, 1);
    }
    machine.frame[1].counts = 0;
    CHECK(books_begin(machine_pages, 200));
    CHECK_EQUAL(state.free, 200 - 67 - 1);
    CHECK(!books_begin(machine_pages, 201));
    for (uint32_t f = 0; f < 200; f += 3) {
        mem_destroy(f, 0); /* and still it is not */
    }
    machine_restart();
    CHECK_EQUAL(state.free, 200 - 67 - 1);
}

TEST(bank_limits,
     "each bank keeps to its limit and to all those above it, and frames with room are "
     "filled first")
{
    unsigned a, b;
    struct bank_info info;

    begin(500);
    a = open_below(TOP, 10);
    b = open_below(a, 7);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_OK);
    }
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_NO_MEMORY);
    for (unsigned i = 0; i < 3 * 12; i++) {
        CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_OK);
    }
    CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 1, 1), STATUS_NO_MEMORY);
    tree_set_limit(a, 0);
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_OK);
    tree_set_limit(a, 5);
    tree_set_limit(b, UINT64_MAX);
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(make(a, LK_TYPE_GPT, 1), STATUS_OK); /* it takes no frame */
    tree_info(a, a, &info);
    CHECK_EQUAL(info.used, 11);
    CHECK_EQUAL(info.own, 4);
    CHECK_EQUAL(info.available, 0);
    CHECK_EQUAL(info.banks, 1);
    CHECK_EQUAL(info.objects[LK_TYPE_GPT], 38);
    machine_check();
}

TEST(bank_depth_and_number,
     "banks are as deep and as many as they can be, and no more; a serial number "
     "never comes again")
{
    unsigned bank = TOP;
    uint32_t payload;
    unsigned found;

    begin(64);
    for (unsigned i = 0; i < BANK_DEPTH; i++) {
        bank = open_below(bank, 0);
    }
    CHECK_EQUAL(tree_open(bank, "x", 1, 0, &bank), STATUS_OUT_OF_RANGE);
    for (unsigned i = BANK_DEPTH + 1; i < BANK_BANKS_MIN; i++) {
        open_below(TOP, 0);
    }
    CHECK_EQUAL(tree_open(TOP, "x", 1, 0, &bank), STATUS_NO_MEMORY);
    machine_check();
    payload = tree_payload(5);
    CHECK(tree_find(payload, &found) && found == 5);
    CHECK(tree_find(payload & ~PAYLOAD_OWNER, &found) && found == 5);
    tree_begin_close(3);
    CHECK(!tree_find(payload, &found)); /* it is below */
    machine_work();
    for (uint32_t i = 0; bank_state(5) != BANK_RETIRED; i++) {
        job_t job;

        CHECK(i <= SERIALS * (BANK_BANKS_MIN - 3));
        bank = open_below(TOP, 0);
        CHECK(tree_payload(bank) != payload);
        books_close(bank, &job);
        machine_work();
    }
    machine_restart();
    machine_check();
}

TEST(bank_free_refused,
     "only what the bank itself gave is freed, by a capability with all authority")
{
    unsigned a, b;
    job_t job;

    begin(300);
    a = open_below(TOP, 0);
    b = open_below(a, 0);
    CHECK_EQUAL(make(b, LK_TYPE_PAGE, 1), STATUS_OK);
    CHECK_EQUAL(books_free(a, 1), STATUS_REQUEST_ERROR);
    machine.reg[2] = machine.reg[1];
    machine.reg[2].restrictions = LK_RO;
    CHECK_EQUAL(books_free(b, 2), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_free(b, 3), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_range(b, 10, 4), STATUS_OK);
    CHECK_EQUAL(books_free(b, 4), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_free_range(a, 4, &job), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_free_range(b, 1, &job), STATUS_REQUEST_ERROR);
    machine_split(4, 0, 9, 5);
    CHECK_EQUAL(books_free_range(b, 5, &job), STATUS_REQUEST_ERROR);
    machine_split(4, 1, 9, 5);
    CHECK_EQUAL(books_free_range(b, 5, &job), STATUS_REQUEST_ERROR);
    mem_make(LK_TYPE_GPT, machine.reg[4].frame + 2, 0, 6);
    CHECK_EQUAL(books_free(b, 6), STATUS_REQUEST_ERROR); /* made in a Range */
    CHECK_EQUAL(books_free_range(b, 4, &job), STATUS_OK);
    CHECK_EQUAL(books_free_range(b, 4, &job), STATUS_REQUEST_ERROR);
    machine_work();
    CHECK(!machine_live(&machine, &machine.reg[6]));
    CHECK_EQUAL(books_free(b, 1), STATUS_OK);
    CHECK_EQUAL(books_free(b, 1), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(state.free, 300);
    machine_check();
}

TEST(bank_range_refused,
     "a range longer than can be lent, or none at all, is refused in words; from a "
     "bank whose memory is lent to it there are none, and nothing is lost")
{
    unsigned a;

    begin(300);
    a = open_below(TOP, 100);
    CHECK_EQUAL(books_range(a, LK_LENT_MAX + 1, 1), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(books_range(a, UINT64_MAX, 1), STATUS_OUT_OF_RANGE);
    CHECK_EQUAL(books_range(a, LK_LENT_MAX, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 101, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 0, 1), STATUS_REQUEST_ERROR);
    machine.lent = true;
    CHECK_EQUAL(books_range(a, 60, 1), STATUS_NO_ACCESS);
    CHECK_EQUAL(machine.reg[1].type, 0);
    machine_work();
    CHECK_EQUAL(state.free, 300);
    CHECK_EQUAL(state.bank[a].ranges, 0);
    machine_check();
    machine.lent = false;
    CHECK_EQUAL(books_range(a, 100, 1), STATUS_OK);
}

TEST(bank_range_taken_back,
     "a range that was given back, or whose bank or a bank above it is closed, "
     "is taken back before its first frame is free, and all parts with it")
{
    unit_random_seed(unit_seed(1));
    for (unsigned way = 0; way < 3; way++) {
        unsigned a, b;
        job_t job;

        begin(300);
        a = open_below(TOP, 0);
        b = open_below(a, 0);
        CHECK_EQUAL(books_range(b, 150, 1), STATUS_OK);
        CHECK_EQUAL(books_range(b, 20, 2), STATUS_OK);
        machine_split(1, 100, 50, 3);
        machine_split(3, 49, 1, 4);
        for (unsigned i = 0; i < 3000; i++) {
            machine_make_in(&machine.reg[1]);
        }
        if (way == 0) {
            CHECK_EQUAL(books_free_range(b, 1, &job), STATUS_OK);
        } else {
            CHECK_EQUAL(books_close(way == 1 ? b : a, &job), STATUS_OK);
        }
        for (unsigned i = 0; books_busy() && CHECK(i < 1000); i++) {
            bool live = machine_range_live(&machine, &machine.reg[1]);

            CHECK(!live || state.free == 130);
            for (unsigned reg = 3; reg <= 4; reg++) {
                CHECK_EQUAL(machine_range_live(&machine, &machine.reg[reg]), live);
            }
            CHECK_EQUAL(books_free_range(b, 3, &job), STATUS_REQUEST_ERROR);
            books_work(ignore);
        }
        for (unsigned reg = 1; reg <= 4; reg++) {
            bool lives = way == 0 && reg == 2;

            CHECK_EQUAL(machine_range_live(&machine, &machine.reg[reg]), lives);
        }
        CHECK_EQUAL(state.free, way == 0 ? 280 : 300);
        CHECK_EQUAL(books_free_range(b, 1, &job), STATUS_REQUEST_ERROR);
        machine_check();
    }
}

TEST(bank_retired, "a frame whose counts are used up leaves the books, and others are taken")
{
    unsigned a;

    begin(100);
    a = open_below(TOP, 0);
    for (uint32_t f = 0; f < 50; f++) {
        machine.frame[f].counts = 1 + f % 4;
    }
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_EQUAL(make(a, i % 2 != 0 ? LK_TYPE_PAGE : LK_TYPE_ENDPOINT, 1), STATUS_OK);
        CHECK_EQUAL(books_free(a, 1), STATUS_OK);
        machine_check();
    }
    CHECK_EQUAL(state.free, 50);
    machine_restart();
    CHECK_EQUAL(state.free, 50);
}

TEST(bank_all_or_none, "several objects are made, or none; the n-th is refused, once")
{
    static const uint32_t reg[] = { 1, 2, 3, 4 };
    unsigned a;
    uint64_t asked;
    bool refused;

    begin(100);
    a = open_below(TOP, 3);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 4, reg), STATUS_NO_MEMORY);
    CHECK_EQUAL(state.free, 100);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 3, reg), STATUS_OK);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 0, reg), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_make(a, LK_TYPE_PAGE, 5, reg), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_make(a, LK_TYPE_ENTRY, 1, reg), STATUS_REQUEST_ERROR);
    CHECK_EQUAL(books_make(a, UINT64_MAX, 1, reg), STATUS_REQUEST_ERROR);
    tree_set_limit(a, 0);
    for (unsigned n = 1; n <= 5; n++) {
        books_refuse(n, &asked, &refused);
        CHECK_EQUAL(books_make(a, LK_TYPE_GPT, 4, reg), n <= 4 ? STATUS_NO_MEMORY : STATUS_OK);
        books_refuse(0, &asked, &refused);
        CHECK_EQUAL(refused, n <= 4);
        CHECK_EQUAL(asked, n <= 4 ? n : 4);
        machine_check();
    }
}

TEST(bank_runs, "frames in a row are found wherever they are, and only there")
{
    unsigned a;

    begin(1000);
    a = open_below(TOP, 0);
    CHECK_EQUAL(books_range(a, 1001, 1), STATUS_NO_MEMORY);
    CHECK_EQUAL(books_range(a, 0, 1), STATUS_REQUEST_ERROR);
    unit_random_seed(unit_seed(1));
    for (unsigned round = 0; round < 300; round++) {
        uint32_t n = 1 + (uint32_t)unit_random(200);
        uint32_t want = NO_FRAME;
        uint32_t run = 0;

        for (uint32_t f = 0; f < 1000; f++) {
            if (unit_once_in(2 + round % 60) && frame_use(f) == USE_FREE) {
                frees_take(f);
                frame_set(f, USE_NONE, 0);
            } else if (unit_once_in(10) && frame_use(f) == USE_NONE) {
                frees_put(f);
                frame_set(f, USE_FREE, 0);
            }
        }
        for (uint32_t f = 0; f < 1000; f++) {
            run = frame_use(f) == USE_FREE ? run + 1 : 0;
            want = run >= n ? f + 1 - n : want;
        }
        CHECK_EQUAL(frees_run(n), want);
    }
}
