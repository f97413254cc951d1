/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shelf: where init keeps the capabilities of its programs, 16 places for each, in capability
 * pages. A process has just 32 registers.
 */
#ifndef INIT_SHELF_H
#define INIT_SHELF_H

#include <abi/gen.h>
#include <stdint.h>

enum shelf_place {
    SHELF_PROCESS,
    SHELF_SCHEDULE,
    SHELF_REPLY,    /* its reply Endpoint */
    SHELF_SPACE,    /* the GPT at the root of its space */
    SHELF_NOTICE,   /* AppNotice of whoever started it and wants to know its end */
    SHELF_OTHER,    /* Process of its making whose fault init was told of last */
    SHELF_ENDPOINT, /* and the following: its endpoints */
    SHELF_PLACES = 16
};

/* Put the capability in register `reg` into a place of a program; register 0 empties it. */
enum status shelf_put(unsigned program, unsigned place, uint32_t reg);

/* Copy the capability in a place of a program into register `reg`. */
enum status shelf_get(unsigned program, unsigned place, uint32_t reg);

#endif
