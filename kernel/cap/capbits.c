/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operation of CapBits: the bits of a capability, as struct cap has them. Sensitive, since object
 * identities show.
 */
#include <kernel/operations.h>
#include <kernel/string.h>

/* The 16 bytes of a capability; of an invalid one, zeros. */
enum status capbits_op_get(struct invocation *inv)
{
    uint64_t bits[2];

    STATIC_ASSERT(sizeof(bits) == sizeof(struct cap), "two words");
    memset(bits, 0, sizeof(bits));
    if (cap_valid(&inv->arg[1])) {
        memcpy(bits, &inv->arg[1], sizeof(bits));
    }

    txn_commit();

    inv->out[1] = bits[0];
    inv->out[2] = bits[1];
    return STATUS_OK;
}
