/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations of IOPriv: port input and output within the range that the capability carries. The
 * kernel's own ports are in the range that init gets as well: a driver that is given them is
 * trusted with them.
 */
#include <kernel/operations.h>

/* Are these ports in the range? */
static bool in_range(const struct invocation *inv, uint64_t first, uint64_t last)
{
    return first <= last && first >= (inv->cap.payload & 0xffff) && last <= inv->cap.payload >> 16;
}

/* May word 2 bytes at the port word 1 be read or written? A sum that overflows is below the port.
 */
static bool ports_allowed(const struct invocation *inv)
{
    uint64_t port = inv->word[1];
    uint64_t width = inv->word[2];

    return (width == 1 || width == 2 || width == 4) && in_range(inv, port, port + width - 1);
}

/* Read a port. What is read may be gone from the device, so it is read after the commit. */
enum status iopriv_op_input(struct invocation *inv)
{
    if (!ports_allowed(inv)) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    inv->out[1] = arch_in((uint16_t)inv->word[1], (unsigned)inv->word[2]);
    return STATUS_OK;
}

/* Write a port. */
enum status iopriv_op_output(struct invocation *inv)
{
    if (!ports_allowed(inv)) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    arch_out((uint16_t)inv->word[1], (unsigned)inv->word[2], (uint32_t)inv->word[3]);
    return STATUS_OK;
}

/* A capability to part of the range. */
enum status iopriv_op_narrow(struct invocation *inv)
{
    uint64_t first = inv->word[1];
    uint64_t last = inv->word[2];

    if (!in_range(inv, first, last)) {
        return STATUS_OUT_OF_RANGE;
    }

    txn_commit();

    inv->out_cap[0] =
        (struct cap){ .type = CAP_IOPRIV, .payload = (uint32_t)first | (uint32_t)last << 16 };
    return STATUS_OK;
}

/* The range. */
void iopriv_op_get_info(struct invocation *inv)
{
    inv->out[1] = inv->cap.payload & 0xffff;
    inv->out[2] = inv->cap.payload >> 16;
}
