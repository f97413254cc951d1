/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations that all memory capabilities have: less authority, another guard. They make
 * capabilities and touch no object. And what all do that have slots: show one.
 */
#include <arch/mmu.h>
#include <kernel/gpt.h>
#include <kernel/operations.h>

enum status slot_get(const struct cap *c, struct cap *slot, struct cap *old)
{
    cap_prepare(slot);

    txn_commit();

    *old = c->restr & LK_WK ? cap_weaken(*slot) : *slot;
    return STATUS_OK;
}

/* The same capability with restrictions added. */
void memory_op_reduce(struct invocation *inv)
{
    inv->out_cap[0] = inv->cap;
    inv->out_cap[0].restr |= (uint8_t)inv->word[1];
}

bool memory_guard(struct cap *c, uint64_t match, uint64_t l2g)
{
    if (match > UINT32_MAX || l2g < PAGE_SHIFT || l2g > MMU_USER_BITS ||
        (cap_is_window(c) && window_offset(c) % (1ull << l2g) != 0)) {
        return false;
    }
    c->payload = (uint32_t)match;
    c->aux = (uint16_t)l2g;
    return true;
}

/* The same capability with another guard. */
enum status memory_op_set_guard(struct invocation *inv)
{
    struct cap c = inv->cap;

    if (!memory_guard(&c, inv->word[1], inv->word[2])) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    inv->out_cap[0] = c;
    return STATUS_OK;
}

/* Guard and restrictions. */
void memory_op_get_guard(struct invocation *inv)
{
    inv->out[1] = inv->cap.payload;
    inv->out[2] = inv->cap.aux;
    inv->out[3] = inv->cap.restr;
}
