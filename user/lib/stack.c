/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Stacks for threads; see stack.h.
 */
#include <lykos/stack.h>
#include <lykos/start.h>

#define BITS 64u

static uint64_t taken[LK_STACKS / BITS] = { 1 }; /* stack 0 */

_Static_assert(LK_STACKS % BITS == 0, "whole words");

static uint64_t lowest(unsigned number)
{
    return LK_STACKS_VA + number * LK_STACK_EACH + LK_STACK_GUARD;
}

/* Take one of the stacks of a word. */
static bool take_in(unsigned word, unsigned *number_out)
{
    uint64_t now = __atomic_load_n(&taken[word], __ATOMIC_RELAXED);

    while (~now != 0) {
        unsigned bit = (unsigned)__builtin_ctzll(~now);

        if (__atomic_compare_exchange_n(&taken[word], &now, now | 1ull << bit, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            *number_out = word * BITS + bit;
            return true;
        }
    }
    return false;
}

void *lk_stack_take(unsigned *number_out)
{
    if (lk_cap_optional("pager") == 0) {
        return NULL;
    }
    for (unsigned word = 0; word < LK_STACKS / BITS; word++) {
        if (take_in(word, number_out)) {
            return (void *)lowest(*number_out);
        }
    }
    return NULL;
}

void lk_stack_give(unsigned number)
{
    if (number > 0 && number < LK_STACKS) {
        /* What does not go back is found by the next who takes it. */
        lk_pager_discard(lk_cap_optional("pager"), lowest(number), LK_STACK_SIZE);
        __atomic_fetch_and(&taken[number / BITS], ~(1ull << (number % BITS)), __ATOMIC_RELEASE);
    }
}

bool lk_stack_find(uint64_t address, unsigned *number_out, bool *guard_out)
{
    if (address < LK_STACKS_VA || address >= LK_STACKS_END) {
        return false;
    }
    *number_out = (unsigned)((address - LK_STACKS_VA) / LK_STACK_EACH);
    *guard_out = (address - LK_STACKS_VA) % LK_STACK_EACH < LK_STACK_GUARD;
    return true;
}
