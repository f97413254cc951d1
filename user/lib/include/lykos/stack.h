/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Stacks for threads, in a program that has a pager: LK_STACKS of them, LK_STACK_EACH bytes of
 * address each, of which the lowest page is never there, so that a stack that overflows faults.
 * Their pages come when they are touched. Stack 0 is that of the program's first process.
 *
 *      plan.stack = lk_stack_take(&number);
 *      plan.stack_size = LK_STACK_SIZE;
 *
 * Safe for several threads at once.
 */
#pragma once

#include <lykos/pager.h>
#include <stdbool.h>
#include <stddef.h>

#define LK_STACK_GUARD 4096u
#define LK_STACK_SIZE ((size_t)(LK_STACK_EACH - LK_STACK_GUARD)) /* bytes of a stack */

/* Take a stack: its lowest address that may be used, and its number to *number_out. It ends at
 * LK_STACK_TOP_OF(number), which is aligned to a page. Null: all are taken, or the program has no
 * pager. */
void *lk_stack_take(unsigned *number_out);

/* The stack is free, and its pages go back: nobody runs on it any more. */
void lk_stack_give(unsigned number);

/* In which stack's part of the addresses this one lies, the guard page included, and whether it is
 * in the guard page: for reports. False: in none. */
bool lk_stack_find(uint64_t address, unsigned *number_out, bool *guard_out);
