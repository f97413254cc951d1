/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GPT: guarded page table, 16 slots that compose an address space.
 */
#pragma once

#include <kernel/object.h>

/* INV-GPT-1  12 <= l2v <= 46. */
struct gpt {
    struct objhdr hdr;
    struct {
        uint8_t l2v;
        uint8_t flags;
        uint8_t spare[14];
        struct cap slot[GPT_SLOTS];
    } state;
};
STATIC_ASSERT(sizeof(struct gpt) <= 320, "12 GPTs in a frame");
#define GPT_SIZE 320

/* A Window or LocalWindow has type, restrictions and guard like every memory capability. It names
 * no object; instead it holds where it begins in the space it leads to, a multiple of 2^l2g, and
 * for a LocalWindow the slot that holds that space. */
static inline bool cap_is_window(const struct cap *c)
{
    return c->type == CAP_WINDOW || c->type == CAP_LOCALWINDOW;
}
static inline uint64_t window_offset(const struct cap *c)
{
    return ((uint64_t)(c->count & 0xff) << 32 | c->oid) << PAGE_SHIFT;
}
static inline unsigned window_root(const struct cap *c)
{
    return c->count >> 8;
}

#define ALL_RESTRICTIONS (LK_RO | LK_NX | LK_WK | LK_OP)

/* Give a memory capability another guard; false, and nothing done, if there is none such, or the
 * offset of the window does not suit it (cap/memory.c). */
bool memory_guard(struct cap *c, uint64_t match, uint64_t l2g) WARN_UNUSED;
