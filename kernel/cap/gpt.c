/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of GPTs. Whatever changes how a GPT translates first throws away the hardware mappings
 * made through it (INV-MAP-2), in bounded pieces: each is complete in itself, and the system call
 * begins again until none is left.
 */
#include <kernel/gpt.h>
#include <kernel/invoke.h>
#include <kernel/space.h>
#include <kernel/txn.h>
#include <ops.h>

#define L2V_MIN PAGE_SHIFT
#define L2V_MAX 46u

/* ACQUIRE. No mapping made through the slot is left when this returns. */
static void gpt_flush(struct gpt *g, unsigned slot)
{
    txn_acquire_point();
    if (!space_flush_slot(g, slot)) {
        txn_restart();
    }
}

/* A copy of what a slot holds; weakened, through a weak capability. */
enum status gpt_op_get_slot(struct invocation *inv)
{
    return invoke_get_slot(inv, inv_object(inv, gpt)->state.slot, GPT_SLOTS);
}

/* Exchange what a slot holds with the caller's capability; the old one is the answer. */
enum status gpt_op_swap_slot(struct invocation *inv)
{
    struct gpt *g = inv_object(inv, gpt);
    uint64_t slot = inv->word[1];

    if (slot >= GPT_SLOTS) {
        return STATUS_OUT_OF_RANGE;
    }
    cap_prepare(&g->state.slot[slot]);
    gpt_flush(g, (unsigned)slot);

    txn_commit();

    inv->out_cap[0] = g->state.slot[slot];
    cap_copy(&g->state.slot[slot], &inv->arg[1]);
    return STATUS_OK;
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

/* Whether slot 15 is the fault handler. A background space in slot 14 is refused: the walk does not
 * know it yet. */
enum status gpt_op_set_flags(struct invocation *inv)
{
    struct gpt *g = inv_object(inv, gpt);
    uint64_t flags = inv->word[1];

    if (flags & ~(uint64_t)GPT_HAS_HANDLER) {
        return STATUS_REQUEST_ERROR;
    }
    gpt_flush(g, SPACE_ALL_SLOTS);

    txn_commit();

    g->state.flags = (uint8_t)flags;
    return STATUS_OK;
}

/* l2v and flags. */
enum status gpt_op_get_state(struct invocation *inv)
{
    const struct gpt *g = inv_object(inv, gpt);

    txn_commit();

    inv->out[1] = g->state.l2v;
    inv->out[2] = g->state.flags;
    return STATUS_OK;
}
