/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes in words, for messages. Any value will do: unknown ones have a name too.
 */
#pragma once

#include <stdint.h>

const char *lk_status_text(uint64_t status); /* "invalid capability" */
const char *lk_fault_text(uint64_t code);    /* "write to read-only memory" */
const char *lk_type_name(uint64_t type);     /* "Endpoint" */
const char *lk_slot_name(uint64_t slot);     /* "addrSpace" */

/* "Process.setRegs"; null where the type has no such operation. */
const char *lk_op_name(uint64_t type, uint64_t op);
