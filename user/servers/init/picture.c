/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The picture of an address space; see picture.h.
 */
#include "picture.h"

#include <abi/gen.h>
#include <abi/invoke.h>
#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/string.h>

#define SLOTS 16u
#define PAGE_BITS 12u
#define SLOT_BITS 4u

/* A position: the slots from the root down, four bits each, how many levels are behind the root,
 * and a bit that makes it no 0. */
#define POSITION_DEPTH_AT 48u
#define POSITION_SOME (1ull << 52)
_Static_assert(PICTURE_DEPTH *SLOT_BITS <= POSITION_DEPTH_AT, "a position is one word");

/* A GPT on the way from the root to the place. */
struct level {
    uint64_t base; /* first address that its slot 0 translates */
    uint64_t l2v;
    uint64_t restrictions; /* from the root down, its own among them */
    uint32_t there;        /* slots with something in them that is shown */
    unsigned slot;         /* where the picture goes on: 0..16 */
};

struct picture {
    const struct picture_tree *tree;
    struct level level[PICTURE_DEPTH];
    unsigned depth; /* the level at hand */
    char *out;
    size_t size, len;
};

static const struct level *at_hand(const struct picture *p)
{
    return &p->level[p->depth];
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Add to a line, cut to fit. */
static void add(char *line, const char *text)
{
    size_t n = strlen(line);

    lk_copy_text(line + n, PICTURE_LINE - n, text);
}

static void put_line(struct picture *p, char *line)
{
    size_t n = strlen(line);

    n = n < PICTURE_LINE - 1 ? n : PICTURE_LINE - 2;
    if (n + 1 <= p->size - p->len) {
        memcpy(p->out + p->len, line, n);
        p->out[p->len + n] = '\n';
        p->len += n + 1;
    }
}

/* Is there more behind this slot of a level? */
static bool is_more(const struct level *l, unsigned slot)
{
    return l->there >> slot >> 1 != 0;
}

/* Begin a line for something at the slots up to `last` of the level at hand: the branches, then the
 * addresses. */
static void begin_line(const struct picture *p, unsigned last, uint64_t low, uint64_t high,
                       char *line)
{
    char range[48];

    line[0] = '\0';
    for (unsigned i = 0; i < p->depth; i++) {
        add(line, is_more(&p->level[i], p->level[i].slot) ? "|  " : "   ");
    }
    add(line, is_more(at_hand(p), last) ? "|- " : "`- ");
    lk_format(range, sizeof(range), "0x%08lx-0x%08lx  ", low, high);
    add(line, range);
}

static void add_restrictions(char *line, uint64_t restrictions)
{
    add(line, (restrictions & LK_RO) != 0 ? " read-only" : "");
    add(line, (restrictions & LK_NX) != 0 ? " no-execute" : "");
    add(line, (restrictions & LK_WK) != 0 ? " weak" : "");
    add(line, (restrictions & LK_OP) != 0 ? " opaque" : "");
}

/* What a GPT is, and what its special slots hold, as far as that is known. */
static void add_gpt(char *line, const struct picture_cap *c)
{
    char text[32];

    lk_format(text, sizeof(text), "GPT l2v %lu", c->l2v);
    add(line, text);
    add_restrictions(line, c->restrictions);
    if ((c->flags & GPT_HAS_HANDLER) != 0) {
        add(line, ", slot 15: fault handler");
    }
    if ((c->flags & GPT_HAS_BACKGROUND) != 0) {
        add(line, ", slot 14: background");
    }
}

/* ---- levels ---------------------------------------------------------------------------------- */

/* The GPT at hand is level p->depth; `c` is its capability, and `base` the address at its slot 0.
 */
static void enter(struct picture *p, const struct picture_cap *c, uint64_t base,
                  uint64_t restrictions)
{
    struct level *l = &p->level[p->depth];
    struct picture_cap in;

    *l = (struct level){
        .base = base,
        .l2v = c->l2v,
        .restrictions = restrictions | c->restrictions,
    };
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if ((slot == GPT_HANDLER_SLOT && (c->flags & GPT_HAS_HANDLER) != 0) ||
            (slot == GPT_BACKGROUND_SLOT && (c->flags & GPT_HAS_BACKGROUND) != 0)) {
            continue;
        }
        p->tree->slot(slot, &in);
        if (in.type != LK_TYPE_NULL) {
            l->there |= 1u << slot;
        }
    }
}

/* First address of a slot of the level at hand; and of what a capability there translates. */
static uint64_t slot_base(const struct picture *p, unsigned slot)
{
    return at_hand(p)->base + ((uint64_t)slot << at_hand(p)->l2v);
}

static uint64_t cap_base(const struct picture *p, unsigned slot, const struct picture_cap *c)
{
    return slot_base(p, slot) + (c->match << c->l2g);
}

/* Does a capability in a slot of the level at hand translate any address? */
static bool in_reach(const struct picture *p, const struct picture_cap *c)
{
    uint64_t l2v = at_hand(p)->l2v;

    return c->match == 0 || (c->l2g < l2v && c->match <= ((1ull << l2v) - 1) >> c->l2g);
}

/* Why a GPT in a slot of the level at hand is not followed, or NULL. */
static const char *why_not_down(const struct picture *p, const struct picture_cap *c)
{
    if (!in_reach(p, c)) {
        return ": its guard lets no address pass";
    }
    if (c->l2v >= at_hand(p)->l2v) {
        return ": malformed, l2v does not fall";
    }
    if ((c->restrictions & LK_OP) != 0) {
        return ": nobody may look into it";
    }
    return p->depth + 1 == PICTURE_DEPTH ? ": too deep to be followed" : NULL;
}

/* Go down into the GPT in a slot. */
static void go_down(struct picture *p, unsigned slot, const struct picture_cap *c)
{
    uint64_t base = cap_base(p, slot, c);
    uint64_t restrictions = at_hand(p)->restrictions;

    p->level[p->depth].slot = slot;
    p->tree->down(slot);
    p->depth++;
    enter(p, c, base, restrictions);
}

/* The level above goes on behind the slot that led here. */
static void go_up(struct picture *p)
{
    struct picture_cap root;

    p->depth--;
    p->tree->root(&root);
    for (unsigned i = 0; i < p->depth; i++) {
        p->tree->down(p->level[i].slot);
    }
    p->level[p->depth].slot++;
}

/* ---- what stands in a slot ------------------------------------------------------------------- */

/* Is it a page that belongs to a run: in its slot, and nothing else in there? */
static bool is_plain_page(const struct picture *p, const struct picture_cap *c)
{
    return c->type == LK_TYPE_PAGE && at_hand(p)->l2v == PAGE_BITS && c->match == 0 &&
           c->l2g == PAGE_BITS;
}

static void put_pages(struct picture *p, unsigned first, unsigned last, uint64_t low,
                      uint64_t restrictions)
{
    uint64_t all = at_hand(p)->restrictions | restrictions;
    char line[PICTURE_LINE];
    char text[32];
    unsigned n = last - first + 1;

    begin_line(p, last, low, low + ((uint64_t)n << PAGE_BITS) - 1, line);
    lk_format(text, sizeof(text), "r%s%s  %u page%s", (all & (LK_RO | LK_WK)) != 0 ? "-" : "w",
              (all & LK_NX) != 0 ? "-" : "x", n, n == 1 ? "" : "s");
    add(line, text);
    put_line(p, line);
}

/* A run of pages that begins at this slot. */
static void show_run(struct picture *p, unsigned slot, const struct picture_cap *c)
{
    struct picture_cap next;
    unsigned end = slot + 1;

    for (; end < SLOTS && (at_hand(p)->there >> end & 1) != 0; end++) {
        p->tree->slot(end, &next);
        if (!is_plain_page(p, &next) || next.restrictions != c->restrictions) {
            break;
        }
    }
    put_pages(p, slot, end - 1, slot_base(p, slot), c->restrictions);
    p->level[p->depth].slot = end;
}

static void show_gpt(struct picture *p, unsigned slot, const struct picture_cap *c)
{
    const char *why = why_not_down(p, c);
    uint64_t bits = c->l2g < c->l2v + SLOT_BITS ? c->l2g : c->l2v + SLOT_BITS;
    uint64_t low = cap_base(p, slot, c);
    char line[PICTURE_LINE];

    if (bits > at_hand(p)->l2v) {
        bits = at_hand(p)->l2v;
    }
    begin_line(p, slot, low, low + (1ull << bits) - 1, line);
    add_gpt(line, c);
    add(line, why != NULL ? why : "");
    put_line(p, line);
    if (why == NULL) {
        go_down(p, slot, c);
    } else {
        p->level[p->depth].slot++;
    }
}

/* Neither a GPT nor a page of a run. */
static void show_other(struct picture *p, unsigned slot, const struct picture_cap *c)
{
    char line[PICTURE_LINE];

    if (c->type == LK_TYPE_PAGE && c->l2g == PAGE_BITS && in_reach(p, c)) {
        put_pages(p, slot, slot, cap_base(p, slot, c), c->restrictions);
    } else {
        begin_line(p, slot, slot_base(p, slot), slot_base(p, slot + 1) - 1, line);
        add(line, lk_type_name(c->type));
        add_restrictions(line, c->restrictions);
        add(line, c->type == LK_TYPE_WINDOW        ? " onto the background"
                  : c->type == LK_TYPE_LOCALWINDOW ? " onto another slot"
                  : c->type == LK_TYPE_PAGE        ? ": its guard does not fit"
                                                   : ": no memory");
        put_line(p, line);
    }
    p->level[p->depth].slot++;
}

static void show_slot(struct picture *p, unsigned slot)
{
    struct picture_cap c;

    p->tree->slot(slot, &c);
    if (c.type == LK_TYPE_GPT) {
        show_gpt(p, slot, &c);
    } else if (is_plain_page(p, &c)) {
        show_run(p, slot, &c);
    } else {
        show_other(p, slot, &c);
    }
}

/* ---- positions ------------------------------------------------------------------------------- */

static uint64_t position_of(const struct picture *p)
{
    uint64_t position = POSITION_SOME | (uint64_t)p->depth << POSITION_DEPTH_AT;

    for (unsigned i = 0; i <= p->depth; i++) {
        position |= (uint64_t)p->level[i].slot << (i * SLOT_BITS);
    }
    return position;
}

/* From the root at hand to a position; if the way is not there any more, to behind where it ends.
 */
static void go_to(struct picture *p, uint64_t position)
{
    unsigned depth = position >> POSITION_DEPTH_AT & 15;
    struct picture_cap c;

    depth = depth < PICTURE_DEPTH ? depth : PICTURE_DEPTH - 1;
    for (unsigned i = 0; i < depth; i++) {
        unsigned slot = position >> (i * SLOT_BITS) & 15;

        p->level[i].slot = slot;
        p->tree->slot(slot, &c);
        if ((p->level[i].there >> slot & 1) == 0 || c.type != LK_TYPE_GPT ||
            why_not_down(p, &c) != NULL) {
            p->level[i].slot = slot + 1;
            return;
        }
        go_down(p, slot, &c);
    }
    p->level[depth].slot = position >> (depth * SLOT_BITS) & 15;
}

/* The line of the root. */
static void show_root(struct picture *p, const struct picture_cap *c)
{
    char line[PICTURE_LINE] = "";

    if (c->type == LK_TYPE_GPT) {
        uint64_t bits = c->l2g < c->l2v + SLOT_BITS ? c->l2g : c->l2v + SLOT_BITS;

        lk_format(line, sizeof(line), "0x%08lx-0x%08lx  ", c->match << c->l2g,
                  (c->match << c->l2g) + ((uint64_t)1 << bits) - 1);
        add_gpt(line, c);
    } else {
        lk_format(line, sizeof(line), "no GPT, but %s", lk_type_name(c->type));
    }
    put_line(p, line);
}

/* To the next slot that is shown. False: there are no more. */
static bool next_slot(struct picture *p)
{
    for (;;) {
        struct level *l = &p->level[p->depth];

        while (l->slot < SLOTS && (l->there >> l->slot & 1) == 0) {
            l->slot++;
        }
        if (l->slot < SLOTS) {
            return true;
        }
        if (p->depth == 0) {
            return false;
        }
        go_up(p);
    }
}

size_t picture_part(const struct picture_tree *tree, uint64_t *position, char *out, size_t size)
{
    struct picture p = { .tree = tree, .out = out, .size = size };
    struct picture_cap root;

    tree->root(&root);
    if (*position == 0) {
        show_root(&p, &root);
    }
    if (root.type != LK_TYPE_GPT) {
        *position = 0;
        return p.len;
    }
    enter(&p, &root, root.match << root.l2g, 0);
    if (*position != 0) {
        go_to(&p, *position);
    }
    *position = 0;
    while (next_slot(&p)) {
        if (p.size - p.len < PICTURE_LINE) {
            *position = position_of(&p);
            break;
        }
        show_slot(&p, p.level[p.depth].slot);
    }
    return p.len;
}
