/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The spaces. What there is to know of one is in a table that grows with the numbers used; its
 * capabilities stand in CapPages, CAPS in a row, GROUP spaces in each, and those in P_TABLE. One
 * space is at hand: its bank, and the way down to the page that it was last given, are in
 * registers.
 *
 * A capability that comes out of a program's space may be anything, since the program may hold its
 * space: it is classified before it is invoked, or the pager could be made to wait for somebody.
 */
#include "pager.h"

#include <lykos/string.h>
#include <lykos/stubs.h>

#define CAPS 4u
#define GROUP (256u / CAPS)
#define PER_PAGE ((unsigned)(PAGER_PAGE / sizeof(struct space)))
#define TABLE_PAGES ((PAGER_SPACES + PER_PAGE - 1) / PER_PAGE)
#define FIRST_PAGE 1u /* behind the scratch page */
#define NO_NUMBER UINT64_MAX
#define LEVEL_BITS 4u
#define LEVELS 4u /* below the root */

_Static_assert(PAGER_SPACES % GROUP == 0, "a number and its place have the same slot");
_Static_assert(PAGER_SPACES / GROUP <= TABLE_ARCHIVE, "a slot of P_TABLE for each CapPage");
_Static_assert((FIRST_PAGE + TABLE_PAGES) * PAGER_PAGE <= PAGER_OWN_BYTES, "the table has room");

enum { CAP_ROOT, CAP_BANK, CAP_LEAF, CAP_END = CAP_LEAF + SPACE_LEAVES };

_Static_assert(CAP_END <= CAPS, "a space's capabilities have room");

static bool page_there[TABLE_PAGES];
static bool group_there[PAGER_SPACES / GROUP];

static struct {
    uint64_t number;       /* NO_NUMBER: none */
    uint64_t group;        /* whose CapPage is in P_GROUP */
    uint64_t way[LEVELS];  /* what P_GPT + i translates, as a number of pieces of its size */
    uint8_t restr[LEVELS]; /* restrictions from the root to it, itself included */
    bool root;             /* P_ROOT is its root */
} hand;

static unsigned level_l2v(unsigned level)
{
    return PAGER_ROOT_L2V - LEVEL_BITS * (level + 1);
}

/* The place of a number. */
static unsigned place_of(uint64_t number)
{
    return (unsigned)(number % PAGER_SPACES);
}

/* Which of the GPTs of its level the address goes through. */
static uint64_t level_tag(unsigned level, uint64_t address)
{
    return address >> (level_l2v(level) + LEVEL_BITS);
}

static void forget_leaves(struct space *sp)
{
    for (unsigned i = 0; i < SPACE_LEAVES; i++) {
        sp->leaf[i].tag = NO_LEAF;
    }
}

static void forget_way(void)
{
    for (unsigned i = 0; i < LEVELS; i++) {
        hand.way[i] = NO_LEAF;
    }
}

void spaces_begin(void)
{
    memset(page_there, 0, sizeof(page_there));
    memset(group_there, 0, sizeof(group_there));
    hand.number = NO_NUMBER;
    hand.group = NO_NUMBER;
    forget_way();
}

static struct space *entry(uint64_t number)
{
    unsigned n = place_of(number);
    struct space *page = own_address(FIRST_PAGE + n / PER_PAGE);

    return &page[n % PER_PAGE];
}

struct space *space_of(uint64_t number)
{
    struct space *sp = page_there[place_of(number) / PER_PAGE] ? entry(number) : NULL;

    return sp != NULL && sp->used && sp->number == number ? sp : NULL;
}

/* ---- The capabilities ---- */

/* The CapPage of this number's capabilities into P_GROUP. */
static enum status take_group(uint64_t number)
{
    uint64_t group = place_of(number) / GROUP;
    enum status s = STATUS_OK;

    if (hand.group != group) {
        hand.group = NO_NUMBER;
        s = lk_cappage_get_slot(P_TABLE, group, P_GROUP);
        if (s == STATUS_OK) {
            hand.group = group;
        }
    }
    return s;
}

static enum status get_cap(uint64_t number, unsigned which, uint32_t reg)
{
    enum status s = take_group(number);

    return s == STATUS_OK ? lk_cappage_get_slot(P_GROUP, number % GROUP * CAPS + which, reg) : s;
}

static enum status put_cap(uint64_t number, unsigned which, uint32_t reg)
{
    enum status s = take_group(number);

    return s == STATUS_OK ? lk_cappage_swap_slot(P_GROUP, number % GROUP * CAPS + which, reg, 0)
                          : s;
}

/* Memory and a CapPage for this number. */
static enum status make_place(uint64_t number)
{
    enum status s = STATUS_OK;

    unsigned n = place_of(number);

    if (!page_there[n / PER_PAGE]) {
        s = own_page(FIRST_PAGE + n / PER_PAGE);
        page_there[n / PER_PAGE] = s == STATUS_OK;
    }
    if (s == STATUS_OK && !group_there[n / GROUP]) {
        s = own_cappage(P_OLD);
        if (s == STATUS_OK) {
            s = lk_cappage_swap_slot(P_TABLE, n / GROUP, P_OLD, 0);
        }
        group_there[n / GROUP] = s == STATUS_OK;
    }
    return s;
}

static void leave_hand(uint64_t number)
{
    if (hand.number == number) {
        hand.number = NO_NUMBER;
        forget_way();
    }
}

enum status space_add(uint64_t number, uint32_t root, uint32_t bank,
                      const struct pager_region *region, unsigned count)
{
    enum status s = make_place(number);
    struct space *sp;

    if (s == STATUS_OK) {
        s = put_cap(number, CAP_ROOT, root);
    }
    if (s == STATUS_OK) {
        s = put_cap(number, CAP_BANK, bank);
    }
    if (s != STATUS_OK) {
        return s == STATUS_EXHAUSTED ? STATUS_NO_MEMORY : s;
    }
    hand.number = NO_NUMBER; /* the space at hand may be that which had this place */
    forget_way();
    sp = entry(number);
    *sp = (struct space){ .number = number, .used = true, .regions = (uint8_t)count };
    forget_leaves(sp);
    memcpy(sp->region, region, count * sizeof(*region));
    return STATUS_OK;
}

enum status space_remove(uint64_t number)
{
    struct space *sp = space_of(number);
    enum status s = STATUS_OK;

    if (sp == NULL) {
        return STATUS_NOT_FOUND;
    }
    leave_hand(number);
    sp->used = false;
    for (unsigned i = CAP_ROOT; s == STATUS_OK && i < CAP_END; i++) {
        s = put_cap(number, i, 0);
    }
    return s;
}

enum status space_at_hand(uint64_t number)
{
    enum status s;

    if (hand.number == number) {
        return STATUS_OK;
    }
    hand.number = NO_NUMBER;
    hand.root = false;
    forget_way();
    s = get_cap(number, CAP_BANK, P_BANK);
    if (s == STATUS_OK) {
        hand.number = number;
    }
    return s;
}

/* ---- The walk ---- */

void space_forget_leaf(uint64_t number)
{
    forget_way();
    forget_leaves(entry(number));
}

/* A new GPT for slot `slot` of the one in `above`, into P_GPT + level. It is put there when it is
 * whole: whatever happens, the space has none that is not. */
static enum status make_gpt(unsigned level, uint64_t slot, uint32_t above, unsigned restr)
{
    uint32_t reg = P_GPT + level;
    unsigned l2v = level_l2v(level);
    enum status s = paid_make(P_BANK, LK_TYPE_GPT, reg);

    if (s != STATUS_OK) {
        return s;
    }
    lk_copy_cap(reg, P_OLD);
    s = lk_gpt_set_l2v(reg, l2v);
    if (s == STATUS_OK) {
        s = lk_memory_set_guard(reg, 0, l2v + LEVEL_BITS, reg);
    }
    if (s == STATUS_OK && restr != 0) {
        s = lk_memory_reduce(reg, restr, reg);
    }
    if (s == STATUS_OK) {
        s = lk_gpt_swap_slot(above, slot, reg, 0);
    }
    if (s != STATUS_OK) {
        paid_free(P_BANK, P_OLD);
        return STATUS_REQUEST_ERROR;
    }
    return STATUS_OK;
}

/* From the GPT above to the one of this level. *fresh: the one above was just made, so there is
 * nothing in it; set if this one was. */
static enum status step_down(unsigned level, uint64_t address, const struct pager_region *make,
                             bool *fresh)
{
    uint32_t above = level == 0 ? P_ROOT : P_GPT + level - 1;
    uint64_t slot = address >> (level_l2v(level) + LEVEL_BITS) & 15;
    uint64_t restr = 0;
    uint64_t type = LK_TYPE_NULL;
    enum status s = STATUS_OK;

    hand.way[level] = NO_LEAF;
    if (!*fresh) {
        s = lk_gpt_get_slot(above, slot, P_GPT + level);
        type = s == STATUS_OK ? cap_type(P_GPT + level, &restr) : LK_TYPE_NULL;
    }
    if (s == STATUS_OK && type == LK_TYPE_NULL) {
        if (make == NULL) {
            return STATUS_NOT_FOUND;
        }
        restr = level == LEVELS - 1 ? region_leaf_restr(make, address) : 0;
        s = make_gpt(level, slot, above, (unsigned)restr);
        *fresh = true;
    } else if (s == STATUS_OK && type != LK_TYPE_GPT) {
        s = STATUS_REQUEST_ERROR;
    }
    if (s == STATUS_OK) {
        hand.way[level] = level_tag(level, address);
        hand.restr[level] = (uint8_t)(restr | (level == 0 ? 0 : hand.restr[level - 1]));
    }
    return s;
}

/* Is the leaf for this address one of those that the space was last given pages in? Then take it.
 */
static bool take_last_leaf(uint64_t number, struct space *sp, uint64_t address)
{
    for (unsigned i = 0; i < SPACE_LEAVES; i++) {
        if (sp->leaf[i].tag == level_tag(LEVELS - 1, address) &&
            get_cap(number, CAP_LEAF + i, P_LEAF) == STATUS_OK) {
            hand.way[LEVELS - 1] = sp->leaf[i].tag;
            hand.restr[LEVELS - 1] = sp->leaf[i].restr;
            sp->turn = (uint8_t)((i + 1) % SPACE_LEAVES);
            return true;
        }
    }
    return false;
}

/* Remember the leaf in P_LEAF. */
static void keep_leaf(uint64_t number, struct space *sp)
{
    unsigned i = sp->turn;

    sp->leaf[i].tag = NO_LEAF;
    if (put_cap(number, CAP_LEAF + i, P_LEAF) == STATUS_OK) {
        sp->leaf[i].tag = hand.way[LEVELS - 1];
        sp->leaf[i].restr = hand.restr[LEVELS - 1];
        sp->turn = (uint8_t)((i + 1) % SPACE_LEAVES);
    }
}

static enum status walk(uint64_t number, uint64_t address, const struct pager_region *make)
{
    enum status s = STATUS_OK;
    unsigned level = LEVELS - 1;
    bool fresh = false;

    while (level > 0 && hand.way[level - 1] != level_tag(level - 1, address)) {
        level--;
    }
    if (level == 0 && !hand.root) {
        s = get_cap(number, CAP_ROOT, P_ROOT);
        hand.root = s == STATUS_OK;
    }
    for (; s == STATUS_OK && level < LEVELS; level++) {
        s = step_down(level, address, make, &fresh);
    }
    return s;
}

enum status space_leaf(uint64_t number, uint64_t address, const struct pager_region *make,
                       unsigned *restr_out, bool *cached_out)
{
    struct space *sp = entry(number);
    enum status s = STATUS_OK;

    *cached_out = hand.way[LEVELS - 1] == level_tag(LEVELS - 1, address) ||
                  take_last_leaf(number, sp, address);
    if (!*cached_out) {
        s = walk(number, address, make);
        if (s == STATUS_OK) {
            keep_leaf(number, sp);
        }
    }
    *restr_out = hand.restr[LEVELS - 1];
    return s;
}
