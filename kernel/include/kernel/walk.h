/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The steps of a walk, and the hardware page tables that follow from them: what only space.c and
 * its checks (tests/kernel/check/space.c) need to know. Read space.c first.
 */
#pragma once

#include <kernel/depend.h>
#include <kernel/space.h>

#define L2V_MIN PAGE_SHIFT
#define L2V_MAX 46u
#define MAX_WINDOWS 4
#define MAX_STEPS ((L2V_MAX - L2V_MIN + 1) * (MAX_WINDOWS + 1) + MAX_WINDOWS)

/* A GPT on the way; or a window, which leads through the slot of a GPT that holds a space. */
struct step {
    struct gpt *gpt;
    uint64_t at;   /* where in its space, or in the window */
    uint8_t l2g;   /* of the capability that led here */
    uint8_t l2v;   /* of the GPT; of a window, l2g: it goes on as a whole */
    uint8_t restr; /* met so far, that capability's included */
    uint8_t slot;
    bool window;
};

struct path {
    int steps;
    unsigned windows;
    int last_window;        /* step of the last one, or -1 */
    struct gpt *background; /* the last that has a background space, or NULL */
    struct step step[MAX_STEPS];
};

/* The walk, from `c` on, at offset `at` of what it translates. */
enum fault_code walk_path(const struct cap *c, uint64_t at, unsigned access, struct walk *out,
                          struct path *path) WARN_UNUSED;

/* The access that restrictions leave. */
static inline unsigned walk_granted(unsigned restr)
{
    return ACCESS_READ | (restr & (LK_RO | LK_WK) ? 0 : ACCESS_WRITE) |
           (restr & LK_NX ? 0 : ACCESS_EXEC);
}

/* How far all addresses of a region of 2^bits around the path's address go together: the number of
 * the last step; or -1, when not even the root capability translates all of the region, or a window
 * is passed behind that step. `from` is known to be reached. */
static inline int walk_producer(const struct path *path, int from, unsigned bits)
{
    while (from + 1 < path->steps && path->step[from + 1].l2g >= bits &&
           (from < 0 || path->step[from].l2v >= bits)) {
        from++;
    }
    return unlikely(from <= path->last_window) ? -1 : from;
}

/* The table for the region of a level around `address` that step `k` of the path produces. The same
 * for the top table, for which the capability is enough: its region is everything. */
struct table_key walk_key(const struct cap *root, const struct path *path, int k, uva_t address,
                          unsigned level);
struct table_key walk_root_key(const struct cap *root);

/* An entry for a lower table depends on the slots of steps k..walk_end_slot()-1 (of the first on, if
 * `k` is -1): those passed on the way from the producer of its table, step `k`, to that of the lower
 * one, step `below`, and the one that was found not to go on with the whole region: with another guard in it,
 * the lower table would be another. */
static inline int walk_end_slot(const struct path *path, int below, unsigned bits)
{
    ASSERT(below < path->steps);
    return below >= 0 && path->step[below].l2v >= bits ? below + 1 : below;
}
