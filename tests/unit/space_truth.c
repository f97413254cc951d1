/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The truth about addresses; see space_truth.h.
 */
#include "space_truth.h"

#include "tests/kernel/probe.h"
#include "world.h"

static struct truth truth_of(struct cap c, uint64_t a, struct way way);

/* A window reads like a rule: the bits that the guard leaves, put into the place at the offset, go
 * on from the capability in the slot that the window means. */
static struct truth truth_of_window(struct cap c, uint64_t a, struct way way)
{
    struct truth t = { .fault = FAULT_INVALID_ADDR };
    uint64_t frame = (uint64_t)(c.count % 256) * 0x100000000ull + c.oid;

    if (a >> c.aux != c.payload) {
        return t;
    }
    t.fault = FAULT_MALFORMED_SPACE;
    way.in = c.type == CAP_LOCALWINDOW ? way.in : way.background;
    way.restr |= c.restr;
    way.l2v = 64;
    if (way.in == NULL || way.windows++ == 4) {
        return t;
    }
    return truth_of(way.in->state.slot[c.type == CAP_LOCALWINDOW ? c.count / 256 : 14],
                    frame * 4096 + a % (1ull << c.aux), way);
}

static struct truth truth_of(struct cap c, uint64_t a, struct way way)
{
    struct truth t = { .fault = FAULT_INVALID_ADDR };

    if (c.type == CAP_WINDOW || c.type == CAP_LOCALWINDOW) {
        return truth_of_window(c, a, way);
    }
    if ((c.type != CAP_GPT && c.type != CAP_PAGE && c.type != CAP_CAPPAGE) ||
        oid_header(c.oid)->count != c.count) {
        return t;
    }
    if (a >> c.aux != c.payload) {
        return t;
    }
    a %= 1ull << c.aux;
    way.restr |= c.restr;
    if (c.type == CAP_CAPPAGE) {
        t.fault = FAULT_DATA_TYPE;
    } else if (c.type == CAP_PAGE && c.aux != 12) {
        t.fault = FAULT_MALFORMED_SPACE;
    } else if (c.type == CAP_PAGE) {
        t.fault = FAULT_NONE;
        t.page = frame_kpa(page_frame(&c));
        t.access = ACCESS_READ;
        t.access |= way.restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE;
        t.access |= way.restr & LK_NX ? 0 : ACCESS_EXEC;
        t.windows = way.windows;
    } else {
        const struct gpt *g = (const struct gpt *)(void *)oid_header(c.oid);
        uint64_t slot = a >> g->state.l2v;

        if (g->state.l2v >= way.l2v) {
            t.fault = FAULT_MALFORMED_SPACE;
        } else if (slot < 16 && !(slot == 15 && (g->state.flags & GPT_HAS_HANDLER)) &&
                   !(slot == 14 && (g->state.flags & GPT_HAS_BACKGROUND))) {
            way.l2v = g->state.l2v;
            way.in = g;
            way.background = g->state.flags & GPT_HAS_BACKGROUND ? g : way.background;
            return truth_of(g->state.slot[slot], a % (1ull << g->state.l2v), way);
        }
    }
    return t;
}

struct truth truth_at(const struct process *p, uva_t address, unsigned access)
{
    struct truth t = { .fault = FAULT_INVALID_ADDR };

    if (address >= LK_USER_MIN && address < LK_USER_END) {
        t = truth_of(p->slot[SLOT_ADDR_SPACE], address, (struct way){ .l2v = 64 });
    }
    if (t.fault == FAULT_NONE && (access & ~t.access & ACCESS_WRITE)) {
        t.fault = FAULT_ACCESS_VIOLATION;
    } else if (t.fault == FAULT_NONE && (access & ~t.access & ACCESS_EXEC)) {
        t.fault = FAULT_NO_EXEC;
    }
    return t;
}
