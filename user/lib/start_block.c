/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the start block is. A file of its own: a program that is not started by init (init itself)
 * defines the function itself, and then this one is not linked.
 */
#include <lykos/start.h>

const struct lk_start *lk_start_block(void)
{
    /* A constant address is no object that the compiler knows the size of. */
    uintptr_t address = LK_START_VA;

    __asm__("" : "+r"(address));
    return (const struct lk_start *)address;
}
