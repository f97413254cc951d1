/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of GPTs. Whatever changes how a GPT translates first throws away the hardware mappings
 * made through it (INV-MAP-2), in bounded pieces: each is complete in itself, and the system call
 * begins again until none is left.
 */
#include <kernel/gpt.h>
#include <kernel/operations.h>
#include <kernel/space.h>
#include <kernel/walk.h>

/* ACQUIRE. No mapping made through the slot is left when this returns. */
static void gpt_flush(struct gpt *g, unsigned slot)
{
    txn_acquire_point();
    if (!space_flush_slot(g, slot)) {
        txn_restart();
    }
}

/* A copy of what a slot holds; weakened, through a weak capability. */
enum status gpt_op_get_slot(const struct cap *c, uint64_t slot, const struct cap *with UNUSED,
                            struct cap *old)
{
    return slot_get(c, &object_of(c, gpt)->state.slot[slot], old);
}

/* The exchange, when no mapping made through the slot is left. */
static ALWAYS_INLINE enum status swap(struct gpt *g, uint64_t slot, const struct cap *with,
                                      struct cap *old)
{
    txn_commit();

    cap_copy(old, &g->state.slot[slot]);
    cap_copy(&g->state.slot[slot], with);
    space_fill_slot(g, (unsigned)slot);
    return STATUS_OK;
}

static NOINLINE enum status swap_flushed(struct gpt *g, uint64_t slot, const struct cap *with,
                                         struct cap *old)
{
    cap_prepare(&g->state.slot[slot]);
    txn_acquire_point();
    return space_flush_slot(g, (unsigned)slot) ? swap(g, slot, with, old) : STATUS_AGAIN;
}

/* Exchange what a slot holds with the caller's capability; the old one is the answer. */
enum status gpt_op_swap_slot(const struct cap *c, uint64_t slot, const struct cap *with,
                             struct cap *old)
{
    struct gpt *g = object_of(c, gpt);

    if (likely(g->state.slot[slot].type == CAP_NULL && g->state.l2v == L2V_MIN)) {
        return swap(g, slot, with, old); /* no page in a slot for one, no mapping */
    }
    return swap_flushed(g, slot, with, old);
}

/* How many low bits of an address the slot index leaves. */
enum status gpt_op_set_l2v(struct invocation *inv)
{
    struct gpt *g = inv_object(inv, gpt);
    uint64_t l2v = inv->word[1];

    if (l2v < L2V_MIN || l2v > L2V_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    gpt_flush(g, SPACE_ALL_SLOTS);

    txn_commit();

    g->state.l2v = (uint8_t)l2v;
    return STATUS_OK;
}

/* Whether slot 15 is the fault handler, and slot 14 the background space. */
enum status gpt_op_set_flags(struct invocation *inv)
{
    struct gpt *g = inv_object(inv, gpt);

    gpt_flush(g, SPACE_ALL_SLOTS);

    txn_commit();

    g->state.flags = (uint8_t)inv->word[1];
    return STATUS_OK;
}

/* l2v and flags. */
void gpt_op_get_state(struct invocation *inv)
{
    const struct gpt *g = inv_object(inv, gpt);

    inv->out[1] = g->state.l2v;
    inv->out[2] = g->state.flags;
}

/* A window of a type in a slot of the GPT; `guard`: its match, l2g, and restrictions. */
static enum status set_window(struct invocation *inv, uint8_t type, uint64_t root, uint64_t offset,
                              const uint64_t *guard)
{
    struct gpt *g = inv_object(inv, gpt);
    unsigned slot = (unsigned)inv->word[1];
    struct cap c = { .type = type,
                     .oid = (oid_t)(offset >> PAGE_SHIFT),
                     .count = (uint32_t)(offset >> (PAGE_SHIFT + 32) | root << 8) };

    if (root >= GPT_SLOTS || offset >> MMU_USER_BITS != 0 || offset % PAGE_SIZE != 0 ||
        !memory_guard(&c, guard[0], guard[1])) {
        return STATUS_OUT_OF_RANGE;
    }
    if (guard[2] & ~(uint64_t)ALL_RESTRICTIONS) {
        return STATUS_REQUEST_ERROR;
    }
    c.restr = (uint8_t)guard[2];
    gpt_flush(g, slot);

    txn_commit();

    cap_copy(&g->state.slot[slot], &c);
    return STATUS_OK;
}

/* A Window in a slot, to a part of the background space. */
enum status gpt_op_set_window(struct invocation *inv)
{
    return set_window(inv, CAP_WINDOW, 0, inv->word[2], &inv->word[3]);
}

/* A LocalWindow in a slot, to a part of the space in another. */
enum status gpt_op_set_local_window(struct invocation *inv)
{
    return set_window(inv, CAP_LOCALWINDOW, inv->word[2], inv->word[3], &inv->word[4]);
}
