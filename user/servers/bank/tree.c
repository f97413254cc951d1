/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The tree of banks; see tree.h.
 */
#include "tree.h"
#include "books.h"
#include "state.h"

#include <lykos/string.h>

/* ---- Capabilities ---- */

uint32_t tree_payload(unsigned bank)
{
    return PAYLOAD_OWNER | bank_serial(bank) << INDEX_BITS | bank;
}

bool tree_find(uint64_t payload, unsigned *bank)
{
    unsigned b = (unsigned)payload & ((1u << INDEX_BITS) - 1);

    if (b >= state.banks || bank_state(b) != BANK_LIVES ||
        tree_payload(b) != ((uint32_t)payload | PAYLOAD_OWNER)) {
        return false;
    }
    *bank = b;
    while (b != TOP) {
        b = bank_above(b);
        if (bank_state(b) != BANK_LIVES) {
            return false;
        }
    }
    return true;
}

/* ---- Paying ---- */

bool tree_can_pay(unsigned bank, uint64_t n)
{
    for (;; bank = bank_above(bank)) {
        const struct record *r = &state.bank[bank];

        if (r->limit != 0 && (r->used > r->limit || n > r->limit - r->used)) {
            return false;
        }
        if (bank == TOP) {
            return true;
        }
    }
}

void tree_pay(unsigned bank, uint32_t n)
{
    state.bank[bank].own += n;
    for (; bank != TOP; bank = bank_above(bank)) {
        state.bank[bank].used += n;
    }
    state.bank[TOP].used += n;
}

void tree_unpay(unsigned bank, uint32_t n)
{
    state.bank[bank].own -= n;
    for (; bank != TOP; bank = bank_above(bank)) {
        state.bank[bank].used -= n;
    }
    state.bank[TOP].used -= n;
}

void tree_set_limit(unsigned bank, uint64_t limit)
{
    TRUTH(state.bank[bank].limit, limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX);
}

/* ---- The tree ---- */

bool tree_is_below(unsigned bank, unsigned top)
{
    while (bank != top && bank != TOP) {
        bank = bank_above(bank);
    }
    return bank == top;
}

bool tree_shows(unsigned bank, unsigned top)
{
    if (top == TOP) {
        return true;
    }
    while (bank != top && bank != TOP && (state.bank[bank].word & BANK_HIDDEN) == 0) {
        bank = bank_above(bank);
    }
    return bank == top;
}

void tree_hide(unsigned bank)
{
    TRUTH(state.bank[bank].word, state.bank[bank].word | BANK_HIDDEN);
}

unsigned tree_next(unsigned bank, unsigned top)
{
    if (state.bank[bank].child != NO_BANK) {
        return state.bank[bank].child;
    }
    for (; bank != top; bank = bank_above(bank)) {
        unsigned next = state.bank[bank].next;

        if (next != state.bank[bank_above(bank)].child) {
            return next;
        }
    }
    return NO_BANK;
}

/* The bank above, and all above that, have `n` more banks below. */
static void count_below(unsigned bank, int n)
{
    while (bank != TOP) {
        bank = bank_above(bank);
        state.bank[bank].below = (uint16_t)(state.bank[bank].below + n);
    }
}

/* Put a bank behind the others that the one above it has, and say how deep it is. */
static void link_bank(unsigned b)
{
    struct record *r = &state.bank[b];
    struct record *above = &state.bank[bank_above(b)];

    if (above->child == NO_BANK) {
        r->next = r->prev = above->child = (uint16_t)b;
    } else {
        struct record *first = &state.bank[above->child];

        r->next = above->child;
        r->prev = first->prev;
        state.bank[first->prev].next = (uint16_t)b;
        first->prev = (uint16_t)b;
    }
    count_below(b, 1);
    state.deep += r->depth > 1 ? 1 : 0;
}

static void unlink_bank(unsigned b)
{
    struct record *r = &state.bank[b];
    struct record *above = &state.bank[bank_above(b)];

    count_below(b, -1);
    state.deep -= r->depth > 1 ? 1 : 0;
    if (r->next == b) {
        above->child = NO_BANK;
        return;
    }
    state.bank[r->next].prev = r->prev;
    state.bank[r->prev].next = r->next;
    if (above->child == b) {
        above->child = r->next;
    }
}

/* ---- Queues of records ---- */

static void enqueue(uint16_t *first, uint16_t *last, unsigned b)
{
    state.bank[b].queue = NO_BANK;
    if (*first == NO_BANK) {
        *first = (uint16_t)b;
    } else {
        state.bank[*last].queue = (uint16_t)b;
    }
    *last = (uint16_t)b;
}

/* ---- Opening and closing ---- */

/* Nobody pays anything, nothing is below. */
static void clear_rebuilt(struct record *r)
{
    size_t from = offsetof(struct record, used);

    memset((char *)r + from, 0, sizeof(*r) - from);
    for (unsigned i = 0; i < LISTS; i++) {
        r->list[i] = NO_FRAME;
    }
    r->child = NO_BANK;
    r->queue = NO_BANK;
}

/* Records cost those nothing who open banks, so they are shared out: half of all are for banks
 * directly below the topmost one, which its holder alone can open, and below each of these there
 * may be a sixteenth, or BANK_DEPTH. */
static bool has_share(unsigned above)
{
    unsigned most = state.banks / 16 > BANK_DEPTH ? state.banks / 16 : BANK_DEPTH;

    while (above != TOP && bank_above(above) != TOP) {
        above = bank_above(above);
    }
    return above == TOP || (state.deep < state.banks / 2 && state.bank[above].below < most);
}

enum status tree_open(unsigned above, const char *name, size_t len, uint64_t limit, unsigned *bank)
{
    unsigned b = state.unused_first;
    struct record *r;

    if (state.bank[above].depth >= BANK_DEPTH) {
        return STATUS_OUT_OF_RANGE;
    }
    if (b == NO_BANK || !has_share(above)) {
        return STATUS_NO_MEMORY;
    }
    r = &state.bank[b];
    state.unused_first = r->queue;
    clear_rebuilt(r);
    memset(r->name, 0, sizeof(r->name));
    for (size_t i = 0; i < len && i < sizeof(r->name) - 1 && name[i] != '\0'; i++) {
        r->name[i] = lk_is_print(name[i]) ? name[i] : '?';
    }
    tree_set_limit(b, limit);
    bank_set(b, BANK_LIVES, bank_serial(b), above); /* from here on it is there */
    r->depth = (uint8_t)(state.bank[above].depth + 1);
    link_bank(b);
    *bank = b;
    return STATUS_OK;
}

void tree_begin_close(unsigned bank)
{
    bank_set(bank, BANK_CLOSING, bank_serial(bank), bank_above(bank));
    enqueue(&state.closing_first, &state.closing_last, bank);
}

void tree_remove(unsigned bank)
{
    uint32_t serial = bank_serial(bank);

    if (state.closing_first == bank) {
        state.closing_first = state.bank[bank].queue;
    }
    unlink_bank(bank);
    if (serial == SERIALS - 1) {
        bank_set(bank, BANK_RETIRED, serial, 0);
    } else {
        bank_set(bank, BANK_UNUSED, serial + 1, 0);
        enqueue(&state.unused_first, &state.unused_last, bank);
    }
}

/* ---- Looking ---- */

void tree_info(unsigned bank, unsigned top, struct bank_info *info)
{
    const struct record *r = &state.bank[bank];

    *info = (struct bank_info){
        .limit = r->limit,
        .used = r->used,
        .own = r->own,
        .available = state.free,
        .depth = (uint32_t)(r->depth - state.bank[top].depth),
        .banks = r->below,
        .ranges = r->ranges,
    };
    memcpy(info->name, r->name, sizeof(info->name));
    for (unsigned i = 0; i < CLASSES; i++) {
        info->objects[books_type(i)] = r->objects[i];
    }
    for (unsigned b = bank;; b = bank_above(b)) {
        const struct record *above = &state.bank[b];
        uint64_t left = above->used < above->limit ? above->limit - above->used : 0;

        if (above->limit != 0 && left < info->available) {
            info->available = left;
        }
        if (b == TOP) {
            return;
        }
    }
}

/* ---- Rebuild ---- */

/* How deep a bank is. One may stand before the one above it in the table, so all the way up. */
static unsigned depth_of(unsigned b)
{
    unsigned depth = 0;

    for (; b != TOP && depth < BANK_DEPTH; b = bank_above(b)) {
        depth++;
    }
    return depth;
}

/* Is a bank above it being closed? Then it is closed with that one. */
static bool closes_with_another(unsigned b)
{
    while (b != TOP) {
        b = bank_above(b);
        if (bank_state(b) == BANK_CLOSING) {
            return true;
        }
    }
    return false;
}

void tree_begin(void)
{
    state.unused_first = NO_BANK;
    state.unused_last = NO_BANK;
    state.closing_first = NO_BANK;
    state.closing_last = NO_BANK;
    state.deep = 0;
    for (unsigned b = 0; b < state.banks; b++) {
        clear_rebuilt(&state.bank[b]);
    }
    for (unsigned b = 0; b < state.banks; b++) {
        if (bank_state(b) == BANK_UNUSED) {
            enqueue(&state.unused_first, &state.unused_last, b);
        } else if (bank_kept(b) && b != TOP) {
            state.bank[b].depth = (uint8_t)depth_of(b);
            link_bank(b);
        }
        if (bank_state(b) == BANK_CLOSING && !closes_with_another(b)) {
            enqueue(&state.closing_first, &state.closing_last, b);
        }
    }
}
