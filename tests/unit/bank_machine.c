/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A machine for the books of the space bank, see bank_machine.h; and the books themselves, compiled
 * to be cut off.
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

void machine_ignore(job_t job)
{
    (void)job;
}

void machine_work(void)
{
    for (unsigned i = 0; books_busy() && CHECK(i < 100000); i++) {
        books_work(machine_ignore);
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
    CHECK(bank_kept(frame_bank(f)));
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

        if (!bank_kept(b)) {
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
