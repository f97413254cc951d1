/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The map of free frames; see frees.h.
 */
#include "frees.h"
#include "state.h"

#define WORD_BITS 6u
#define WORD_MASK 63u

static uint32_t words(unsigned level)
{
    uint32_t n = state.frames;

    for (unsigned i = 0; i <= level; i++) {
        n = (n + WORD_MASK) >> WORD_BITS;
    }
    return n;
}

void frees_clear(void)
{
    for (unsigned level = 0; level < BANK_LEVELS; level++) {
        for (uint32_t i = 0; i < words(level); i++) {
            state.level[level][i] = 0;
        }
    }
    state.free = 0;
}

void frees_put(uint32_t f)
{
    state.free++;
    for (unsigned level = 0; level < BANK_LEVELS; level++) {
        uint64_t *word = &state.level[level][f >> WORD_BITS];
        uint64_t before = *word;

        *word = before | 1ull << (f & WORD_MASK);
        if (before != 0) {
            return;
        }
        f >>= WORD_BITS;
    }
}

void frees_take(uint32_t f)
{
    state.free--;
    for (unsigned level = 0; level < BANK_LEVELS; level++) {
        uint64_t *word = &state.level[level][f >> WORD_BITS];

        *word &= ~(1ull << (f & WORD_MASK));
        if (*word != 0) {
            return;
        }
        f >>= WORD_BITS;
    }
}

uint32_t frees_lowest(void)
{
    uint32_t at = 0;

    if (state.free == 0) {
        return NO_FRAME;
    }
    for (unsigned level = BANK_LEVELS; level-- > 0;) {
        at = at << WORD_BITS | (uint32_t)__builtin_ctzll(state.level[level][at]);
    }
    return at;
}

/* The highest free frame below `end`. */
static uint32_t highest_below(uint32_t end)
{
    uint32_t at = end;
    unsigned level = 0;

    /* Up, until a word has a bit below the place that was reached. */
    for (;; level++) {
        uint64_t below = (at & WORD_MASK) == 0 ? 0
                                               : state.level[level][at >> WORD_BITS] &
                                                     ((1ull << (at & WORD_MASK)) - 1);

        if (below != 0) {
            at = (at & ~WORD_MASK) | (WORD_MASK - (uint32_t)__builtin_clzll(below));
            break;
        }
        if (level == BANK_LEVELS - 1) {
            return NO_FRAME;
        }
        at >>= WORD_BITS;
    }
    /* Down, by the highest bit each time. */
    for (; level > 0; level--) {
        at = at << WORD_BITS | (WORD_MASK - (uint32_t)__builtin_clzll(state.level[level - 1][at]));
    }
    return at;
}

/* The first frame of the run that ends with the free frame `last`, or of its last `n` frames. */
static uint32_t run_start(uint32_t last, uint32_t n)
{
    uint32_t at = last + 1; /* from here on all are free */

    while (at > 0 && last + 1 - at < n) {
        uint32_t in_word = ((at - 1) & WORD_MASK) + 1;
        uint64_t taken = ~state.level[0][(at - 1) >> WORD_BITS] << (64 - in_word);
        uint32_t ones = taken == 0 ? in_word : (uint32_t)__builtin_clzll(taken);

        at -= ones < in_word ? ones : in_word;
        if (ones < in_word) {
            break;
        }
    }
    return last + 1 - at < n ? at : last + 1 - n;
}

uint32_t frees_run(uint32_t n)
{
    uint32_t end = state.frames;

    if (n > state.free) {
        return NO_FRAME;
    }
    while (end >= n) {
        uint32_t last = highest_below(end);

        if (last == NO_FRAME) {
            return NO_FRAME;
        }
        end = run_start(last, n);
        if (last + 1 - end == n) {
            return end;
        }
    }
    return NO_FRAME;
}
