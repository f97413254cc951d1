/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of Discrim: what is this capability? An invalid capability classifies as Null, also an
 * Entry that may become valid again: it is Null for as long as its endpoint has no recipient.
 */
#include <kernel/operations.h>

/* Type and restrictions of a capability. */
void discrim_op_classify(struct invocation *inv)
{
    const struct cap *c = &inv->arg[1];
    bool valid = cap_valid(c);

    inv->out[1] = valid ? c->type : CAP_NULL;
    inv->out[2] = valid ? c->restr : 0;
}

/* Do two capabilities give the same authority over the same object? */
void discrim_op_compare(struct invocation *inv)
{
    inv->out[1] = cap_same(&inv->arg[1], &inv->arg[2]);
}
