/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager: gives programs their memory when they touch it (user/servers/pager).
 *
 * init tells it of each program: the root of its space, the bank that pays, and its regions. The
 * Entry of the pager stands in slot 15 of the space's root, so the kernel tells it of memory faults
 * before it tells the handler in the process's own slot. What lies in no region, or is not allowed
 * there, is passed on to that handler (Process.resume 2), and so is a fault for which the bank has no
 * frame.
 *
 * The pager keeps nothing that cannot be told again: which pages a program has is seen in its space. So
 * it can be killed at any moment; whoever was waiting for it faults once more.
 */
#ifndef LYKOS_PAGER_H
#define LYKOS_PAGER_H

#include <abi/gen.h>
#include <stdint.h>

/* What a region is made of. */
#define PAGER_ZERO 1u  /* pages of zeros, made when first touched */
#define PAGER_IMAGE 2u /* pages of a file; where it may be written, a copy when first written to */
#define PAGER_STACKS                                                                               \
    3u /* stacks, one behind the other, `each` bytes of address for each; the lowest
                           page of each is never mapped, the others are made when first touched */

#define PAGER_REGIONS 12

struct pager_region {
    uint64_t start, end; /* page addresses */
    uint32_t kind;       /* PAGER_ZERO.. */
    uint32_t restr;      /* LK_RO, LK_NX: what the program may not do */
    uint64_t file;       /* PAGER_IMAGE: address of the byte for `start` in the pager's view of the
                            archive; need not be page aligned */
    uint64_t file_bytes; /* of these; zeros follow */
    uint64_t each;       /* PAGER_STACKS: bytes of address for each, a power of two */
};

/* ---- Methods on pager.main, which init alone holds. ---- */

/* word 1: number, 0..PAGER_SPACES - 1, which is the payload of the Entry in slot 15; capability 1: GPT,
 * the root of the space; capability 2: bank; string: up to PAGER_REGIONS struct pager_region, sorted,
 * none overlapping. In place of what the number meant before. IN_USE, OUT_OF_RANGE, REQUEST_ERROR,
 * NO_MEMORY. */
#define PAGER_ADD 1u

/* word 1: number. Its space is gone. */
#define PAGER_REMOVE 2u

/* word 1: number. Answer: a struct pager_info. */
#define PAGER_INFO 3u

/* ---- Method on the Entry that a program finds as "pager", payload its number. ---- */

/* word 1: first page address, word 2: bytes, whole pages: in regions of kind PAGER_ZERO or
 * PAGER_STACKS. The pages there go back to the bank; the next touch finds zeros. */
#define PAGER_DISCARD 4u

#define PAGER_SPACES 4096u

struct pager_info {
    uint64_t zeroed;  /* pages made of zeros */
    uint64_t mapped;  /* pages of the file mapped as they are */
    uint64_t copied;  /* pages of the file copied */
    uint64_t refused; /* faults passed on because the bank had nothing */
    uint64_t passed;  /* faults passed on because no region allows it */
};

#endif
