/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operation of CapBits: the bits of a capability, as struct cap has them. Sensitive, since object
 * identities show.
 */
#include <kernel/operations.h>

/* The 16 bytes of a capability; of an invalid one, zeros. */
void capbits_op_get(struct invocation *inv)
{
    struct cap c = cap_valid(&inv->arg[1]) ? inv->arg[1] : (struct cap){ 0 };

    inv->out[1] = c.low;
    inv->out[2] = c.object;
}
