/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The operation tables of all capability types, made from kernel/abi.
 */
#include <kernel/gpt.h>
#include <kernel/invoke.h>
#include <kernel/process.h>
#include <ops.h>

/* Of every type. */
void common_op_get_type(struct invocation *inv)
{
    inv->out[1] = inv->cap.type;
}

#include <optables.inc>
