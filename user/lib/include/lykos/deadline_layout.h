/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Offsets in struct lk_deadline, for deadline_call.S. deadline.c checks them against the struct.
 */
#ifndef LYKOS_DEADLINE_LAYOUT_H
#define LYKOS_DEADLINE_LAYOUT_H

#define DEADLINE_CALL 0
#define DEADLINE_ENDED 8

#endif
