/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bank cut off at every store to its truth and every call of the kernel, and begun again.
 *
 * Random operations. Before each, the world is kept; then the operation is carried out again and
 * again, cut off at its first point, its second, ..., until it runs to its end. After each cut the
 * next server begins, is itself cut off at a random point now and then, and finishes what was
 * begun. Then the books must hold, and whoever was not concerned must have what he had. At each
 * such point one of those who have a Range may make something in it, as long as it is not taken
 * back.
 */
#include "unit.h"

#include "bank_machine.h"

#include <string.h>

#define FRAMES 160u
#define REGS 48u /* that the clients have; the one behind is for results that are dropped */

/* One operation, and whom it concerns. */
struct op {
    unsigned what;
    unsigned bank;
    uint64_t type, count;
    uint32_t reg;
};

static struct {
    struct machine machine;
    uint64_t pages[sizeof(machine_pages) / 8];
    struct state state;
} kept;

static uint64_t points; /* cuts made */

enum { MAKE, FREE, RANGE, FREE_RANGE, IN_RANGE, SPLIT, OPEN, CLOSE, LIMIT, WORK, RESTART, WHATS };

/* As much of a machine as has frames. */
static void copy_machine(struct machine *to, const struct machine *from)
{
    memcpy(to, from, offsetof(struct machine, frame) + FRAMES * sizeof(from->frame[0]));
}

static void keep(void)
{
    copy_machine(&kept.machine, &machine);
    memcpy(kept.pages, machine_pages, sizeof(kept.pages));
    kept.state = state;
}

/* Back to the world that was kept. Nothing was being worked on then, or that starts over. */
static void back(void)
{
    copy_machine(&machine, &kept.machine);
    memcpy(machine_pages, kept.pages, sizeof(kept.pages));
    state = kept.state;
    books_begin_work();
}

/* One that lives, if one is found soon. */
static unsigned some_bank(void)
{
    for (unsigned i = 0; i < 20; i++) {
        unsigned b = (unsigned)unit_random(state.banks);
        unsigned found;

        if (bank_state(b) == BANK_LIVES && tree_find(tree_payload(b), &found)) {
            return b;
        }
    }
    return TOP;
}

/* A register that holds an object that is there, or a range, if one is found soon. */
static uint32_t some_reg(bool range)
{
    uint32_t reg = 0;

    for (unsigned i = 0; i < 10; i++) {
        const struct machine_cap *c;

        reg = (uint32_t)unit_random(REGS - 3);
        c = &machine.reg[reg];
        if (range ? machine_range_live(&machine, c) : machine_live(&machine, c)) {
            break;
        }
    }
    return reg;
}

static struct op some_op(void)
{
    static const uint8_t often[] = { MAKE,  MAKE,  MAKE,     MAKE,       FREE,  FREE,
                                     RANGE, RANGE, IN_RANGE, FREE_RANGE, SPLIT, OPEN,
                                     CLOSE, LIMIT, WORK,     WORK,       WORK,  RESTART };
    static const uint8_t types[] = { LK_TYPE_PAGE,    LK_TYPE_GPT,      LK_TYPE_PROCESS,
                                     LK_TYPE_CAPPAGE, LK_TYPE_ENDPOINT, LK_TYPE_SCHEDULE };

    struct op op = {
        .what = often[unit_random(sizeof(often))],
        .bank = some_bank(),
        .type = types[unit_random(sizeof(types))],
        .count = 1 + unit_random(4),
        .reg = (uint32_t)unit_random(REGS - 3),
    };

    if ((op.what == FREE || op.what == FREE_RANGE || op.what == IN_RANGE || op.what == SPLIT) &&
        !unit_once_in(4)) {
        op.reg = some_reg(op.what != FREE);
    }
    return op;
}

/* The bank that pays for what a register names. */
static unsigned payer(const struct machine_cap *c)
{
    return frame_bank((uint32_t)c->frame);
}

static void carry_out(const struct op *op)
{
    const uint32_t reg[] = { op->reg, op->reg + 1, op->reg + 2, REGS };
    const struct machine_cap *c = &machine.reg[op->reg];
    unsigned bank;
    job_t job;

    switch (op->what) {
    case MAKE:
        books_make(op->bank, op->type, op->count, reg);
        break;
    case FREE:
        books_free(c->type != 0 ? payer(c) : op->bank, op->reg);
        break;
    case RANGE:
        books_range(op->bank, 1 + op->count * op->count, op->reg);
        break;
    case IN_RANGE:
        if (machine_range_live(&machine, c)) {
            machine_make_in(c);
        }
        break;
    case SPLIT:
        if (c->frames > 1) {
            machine_split(op->reg, op->count % c->frames, 1, op->reg + 1);
        }
        break;
    case FREE_RANGE:
        if (c->frames != 0) {
            books_free_range(payer(c), op->reg, &job);
        }
        break;
    case OPEN:
        tree_open(op->bank, "bank", 4, unit_once_in(3) ? 20 : 0, &bank);
        break;
    case CLOSE:
        if (op->bank != TOP) {
            books_close(op->bank, &job);
        }
        break;
    case LIMIT:
        tree_set_limit(op->bank, op->bank == TOP ? 0 : op->count * 15);
        break;
    case WORK:
        books_work(machine_ignore);
        break;
    default:
        machine_restart();
        break;
    }
}

/* Is the object that a register named one that the operation, or closing a bank, may destroy? */
static bool concerned(const struct op *op, unsigned reg)
{
    const struct machine_cap *c = &kept.machine.reg[reg];
    const struct machine_cap *named = &kept.machine.reg[op->reg];
    unsigned bank = (unsigned)(kept.state.frame[c->frame] & FRAME_BANK_MASK);

    if (op->what == FREE && c->frame == named->frame && c->index == named->index) {
        return true;
    }
    for (unsigned b = bank;;
         b = (unsigned)(kept.state.bank[b].word >> (2 + SERIAL_BITS)) & FRAME_BANK_MASK) {
        if ((kept.state.bank[b].word & 3u) == BANK_CLOSING ||
            (op->what == CLOSE && b == op->bank)) {
            return true;
        }
        if (b == TOP) {
            return false;
        }
    }
}

/* An object that a client had. */
static void check_kept_object(const struct op *op, unsigned reg, uint64_t before)
{
    const struct machine_cap *c = &kept.machine.reg[reg];

    if (!machine_live(&kept.machine, c) || (before >> FRAME_USE_SHIFT & 15u) < USE_OBJECTS) {
        return; /* gone already, or made in a Range: of no interest to the bank */
    }
    if (!concerned(op, reg)) {
        CHECK_SAY(machine_live(&machine, c), "register %u is lost by operation %u", reg, op->what);
        CHECK_EQUAL(state.frame[c->frame] & FRAME_TRUTH_MASK, before & FRAME_TRUTH_MASK);
    }
}

/* A range, or part of one. One that was to be given back is taken back if and only if it is no
 * longer a range by the books: it is neither lost nor kept. */
static void check_kept_range(const struct op *op, unsigned reg)
{
    const struct machine_cap *c = &kept.machine.reg[reg];
    const struct machine_cap *named = &kept.machine.reg[op->reg];
    uint64_t first = c->frame - c->behind;

    if (!machine_range_live(&kept.machine, c) || concerned(op, reg)) {
        return;
    }
    if (op->what == FREE_RANGE && first == named->frame) {
        CHECK_EQUAL(machine_range_live(&machine, c), frame_use((uint32_t)first) == USE_RANGE);
    } else {
        CHECK_SAY(machine_range_live(&machine, c), "range in register %u is lost by operation %u",
                  reg, op->what);
    }
}

/* What the clients had before the operation they have still, paid for by whom it was. */
static void check_kept(const struct op *op)
{
    struct state was = kept.state;

    kept.state.frame = kept.pages + (state.frame - machine_pages);
    kept.state.bank = (struct record *)(void *)((char *)kept.pages +
                                                ((char *)state.bank - (char *)machine_pages));
    for (unsigned reg = 0; reg < REGS; reg++) {
        const struct machine_cap *c = &kept.machine.reg[reg];

        if (c->frames != 0) {
            check_kept_range(op, reg);
        } else if (c->type != 0) {
            check_kept_object(op, reg, kept.state.frame[c->frame]);
        }
    }
    kept.state = was;
}

/* All memory was the bank's: what is no longer is retired. */
static void check_none_lost(void)
{
    for (uint32_t f = 0; f < FRAMES; f++) {
        CHECK(frame_use(f) != USE_NONE || machine.frame[f].counts == 0);
    }
}

/* A server begins, and the first few perhaps do not get far. */
static void begin_again(void)
{
    for (volatile unsigned i = 0; i < 3; i++) {
        if (!unit_once_in(3)) {
            break;
        }
        machine_cut_in = 1 + unit_random(20);
        if (setjmp(machine_cut) == 0) {
            machine_restart();
            machine_work();
            break;
        }
        points++;
    }
    machine_cut_in = 0;
    machine_restart();
}

/* Every cut of an operation, then the operation. */
static void cut_everywhere(const struct op *op)
{
    volatile uint64_t n = 0;

    keep();
    for (;;) {
        n++;
        back();
        machine_cut_in = n;
        if (setjmp(machine_cut) == 0) {
            carry_out(op);
            machine_cut_in = 0;
            return;
        }
        points++;
        begin_again();
        machine_check();
        machine_work();
        machine_check();
        check_none_lost();
        check_kept(op);
        if (unit_failures() > 0) {
            return;
        }
    }
}

/* Everything that is left is closed: every frame is back, or retired. */
static void close_all(void)
{
    uint32_t retired = 0;

    tree_set_limit(TOP, 0);
    machine_work();
    for (unsigned b = state.bank[TOP].child; b != NO_BANK; b = state.bank[TOP].child) {
        job_t job;

        if (bank_state(b) == BANK_LIVES) {
            books_close(b, &job);
        }
        machine_work();
    }
    while (state.bank[TOP].list[LIST_RANGES] != NO_FRAME) {
        uint32_t first = state.bank[TOP].list[LIST_RANGES];
        job_t job;

        machine.reg[REGS] = (struct machine_cap){ .type = LK_TYPE_RANGE,
                                                  .frame = first,
                                                  .frames = books_range_length(first) };
        CHECK_EQUAL(books_free_range(TOP, REGS, &job), STATUS_OK);
        machine_work();
    }
    for (unsigned class = 0; class < CLASSES; class ++) {
        enum status s;
        uint64_t n = 0;

        do {
            s = books_object(TOP, books_type(class), n, REGS, &n);
            if (s == STATUS_OK) {
                CHECK_EQUAL(books_free(TOP, REGS), STATUS_OK);
            }
        } while (s == STATUS_OK || s == STATUS_WOULD_BLOCK);
        CHECK_EQUAL(s, STATUS_NOT_FOUND);
    }
    machine_check();
    for (uint32_t f = 0; f < FRAMES; f++) {
        retired += machine.frame[f].counts == 0 ? 1 : 0;
    }
    CHECK_EQUAL(state.free + retired, FRAMES);
    memset(machine.reg, 0, sizeof(machine.reg));
}

TEST(bank_cut_everywhere,
     "cut off anywhere, and begun again, the bank has lost no frame, and every "
     "client has what it had")
{
    uint64_t rounds = unit_rounds(1500);

    unit_random_seed(unit_seed(1));
    machine_begin(FRAMES);
    machine.racing = true;
    for (uint32_t f = 0; f < FRAMES; f += 7) {
        machine.frame[f].counts = 20 + f;
    }
    for (uint64_t i = 0; i < rounds && unit_failures() == 0; i++) {
        struct op op = { .what = RESTART };

        if (i > 0) {
            op = some_op();
        }
        cut_everywhere(&op);
        if (i % 8 == 0) {
            machine_check();
        }
        if (i % 300 == 299) {
            close_all();
        }
    }
    CHECK_SAY(points > 2 * rounds, "%llu cuts", (unsigned long long)points);
    if (unit_failures() == 0) {
        close_all();
    }
}
