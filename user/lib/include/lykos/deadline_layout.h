/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Offsets in struct lk_deadline, for deadline_call.S. deadline.c checks them against the struct.
 */
#pragma once

#define DEADLINE_CALL 0
#define DEADLINE_ENDED 8
