/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of CapPages: 256 capabilities in the page's frame, out of reach of any load or store.
 */
#include <kernel/invoke.h>
#include <kernel/txn.h>
#include <ops.h>

#define CAPPAGE_SLOTS (PAGE_SIZE / sizeof(struct cap))

/* The slots of the capability page invoked. */
static struct cap *cappage_slots(const struct invocation *inv)
{
    return frame_data(page_frame(&inv->cap));
}

/* A copy of what a slot holds; weakened, through a weak capability. */
enum status cappage_op_get_slot(struct invocation *inv)
{
    return invoke_get_slot(inv, cappage_slots(inv), CAPPAGE_SLOTS);
}

/* Exchange what a slot holds with the caller's capability; the old one is the answer. */
enum status cappage_op_swap_slot(struct invocation *inv)
{
    struct cap *slots = cappage_slots(inv);
    uint64_t slot = inv->word[1];

    if (slot >= CAPPAGE_SLOTS) {
        return STATUS_OUT_OF_RANGE;
    }
    cap_prepare(&slots[slot]);

    txn_commit();

    inv->out_cap[0] = slots[slot];
    cap_copy(&slots[slot], &inv->arg[1]);
    return STATUS_OK;
}
