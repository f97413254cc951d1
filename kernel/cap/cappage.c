/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of CapPages: 256 capabilities in the page's frame, out of reach of any load or store.
 */
#include <kernel/operations.h>

/* The slots of a capability page. */
static struct cap *slots(const struct cap *c)
{
    return frame_data(page_frame(c));
}

/* A copy of what a slot holds; weakened, through a weak capability. */
enum status cappage_op_get_slot(const struct cap *c, uint64_t slot, const struct cap *with UNUSED,
                                struct cap *old)
{
    return slot_get(c, &slots(c)[slot], old);
}

/* Exchange what a slot holds with the caller's capability; the old one is the answer. */
enum status cappage_op_swap_slot(const struct cap *c, uint64_t slot, const struct cap *with,
                                 struct cap *old)
{
    struct cap *s = &slots(c)[slot];

    cap_prepare(s);

    txn_commit();

    cap_copy(old, s);
    cap_copy(s, with);
    return STATUS_OK;
}
