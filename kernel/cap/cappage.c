/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of CapPages: 256 capabilities in the page's frame, out of reach of any load or store.
 */
#include <kernel/operations.h>

/* The slots of the capability page invoked. */
static struct cap *cappage_slots(const struct invocation *inv)
{
    return frame_data(page_frame(&inv->cap));
}

/* A copy of what a slot holds; weakened, through a weak capability. */
enum status cappage_op_get_slot(struct invocation *inv)
{
    return invoke_get_slot(inv, cappage_slots(inv));
}

/* Exchange what a slot holds with the caller's capability; the old one is the answer. */
enum status cappage_op_swap_slot(struct invocation *inv)
{
    struct cap *slot = &cappage_slots(inv)[inv->word[1]];

    cap_prepare(slot);

    txn_commit();

    inv->out_cap[0] = *slot;
    cap_copy(slot, &inv->arg[1]);
    return STATUS_OK;
}
