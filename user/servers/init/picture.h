/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An address space as a picture in text: one line for each GPT, and one for each run of adjacent
 * pages with equal rights in one, with the branches of the tree in front.
 *
 * The tree is the program's own and may have any form, a ring among others, and it may change
 * between two parts of the picture. So no more than PICTURE_DEPTH levels are followed, only while
 * l2v falls, as the kernel walks; and where a part ends is said by the slots on the way there, from
 * which the next one finds its place, or the nearest that is still there.
 *
 * Pure: what the tree holds is asked of functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_DEPTH 12u /* levels of GPTs, the root among them */
#define PICTURE_LINE 120u /* most characters of a line, with its end */

/* What there is to see of a capability in the tree. */
struct picture_cap {
    uint64_t type;         /* LK_TYPE_..; Null for one that is not valid */
    uint64_t restrictions; /* LK_RO.. */
    uint64_t match, l2g;   /* its guard */
    uint64_t l2v, flags;   /* of a GPT */
};

/* The tree. One GPT of it is at hand at a time. */
struct picture_tree {
    /* The root is at hand: what it is. */
    void (*root)(struct picture_cap *out);
    /* What stands in a slot of the GPT at hand; Null if it cannot be looked at. */
    void (*slot)(unsigned slot, struct picture_cap *out);
    /* The GPT in a slot of the one at hand is at hand. */
    void (*down)(unsigned slot);
};

/* Whole lines into `out`, at most `size` bytes, not terminated. *position: 0 at first; then where
 * to go on, 0 at the end. At least one line if size is 2 * PICTURE_LINE or more. Returns the bytes.
 */
size_t picture_part(const struct picture_tree *tree, uint64_t *position, char *out, size_t size);
