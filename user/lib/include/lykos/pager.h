/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager: gives programs their memory when they touch it (user/servers/pager).
 *
 * init tells it of each program: the root of its space, the bank that pays, and its regions. The
 * Entry of the pager stands in slot 15 of the space's root, so the kernel tells it of memory faults
 * before it tells the handler in the process's own slot. What lies in no region, or is not allowed
 * there, is passed on to that handler (Process.resume 2), and so is a fault for which the bank has
 * no frame.
 *
 * The pager keeps nothing that cannot be told again: which pages a program has is seen in its
 * space. So it can be killed at any moment; whoever was waiting for it faults once more
 * (Process.resume 0 or 1, by whoever begins it again). An object that the bank gave when it was
 * killed, and that was not yet in the space, stays paid until that bank is closed: one for each
 * such death at most.
 *
 * It has three endpoints, in this order: "main", for init; "memory", of which programs have an
 * Entry that they find as "pager"; "faults", whose Entries stand in slot 15 of the roots and
 * nowhere else.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/bank.h>
#include <lykos/invoke.h>
#include <stdint.h>

/* ---- The space of a program that has a pager. Its root is a GPT of l2v 28 with bit 0 of its flags
 * set; below it stand GPTs of l2v 24, 20, 16 and 12, and in the last the pages: the pager looks for
 * them there and makes what is missing in this form. Slot 15 of the root is its Entry, slot 14 is
 * kept for a background space. LK_START_VA and LK_IMAGE_VA are in <lykos/start.h>; the image ends
 * at LK_HEAP_VA at the latest; between LK_HEAP_END and LK_STACKS_VA is room for what is neither.
 * ---- */
#define LK_HEAP_VA 0x40000000ull
#define LK_HEAP_END 0xc0000000ull
#define LK_STACKS_VA 0xd0000000ull
#define LK_STACKS_END 0xe0000000ull
#define LK_STACK_EACH 0x100000ull /* the lowest page of each is never there */
#define LK_STACKS ((unsigned)((LK_STACKS_END - LK_STACKS_VA) / LK_STACK_EACH))
/* Stack i ends here; the program's first process has stack 0. */
#define LK_STACK_TOP_OF(i) (LK_STACKS_VA + ((uint64_t)(i) + 1) * LK_STACK_EACH)

#define PAGER_ROOT_L2V 28u
#define PAGER_SPACE_END 0xe0000000ull /* regions end here at the latest */

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
    uint32_t restr;      /* LK_RO, LK_NX: what the program may not do; at least one of them */
    uint64_t file;       /* PAGER_IMAGE: address of the byte for `start` in the pager's view of the
                            archive; need not be page aligned, but then every page is a copy */
    uint64_t file_bytes; /* of these; zeros follow */
    uint64_t each; /* PAGER_STACKS: bytes of address for each, a power of two, 2 pages or more;
                            the region is a multiple of it */
};

/* ---- Methods on pager.main, which init alone holds. ---- */

/* word 1: number of 32 bits, which is the payload of the Entries in slot 15 and of the program: its
 * remainder by PAGER_SPACES is the space's place in the pager, and the whole tells it from others
 * that had the place before, whose Entries mean nothing any more; capability 1: GPT, the root of
 * the space; capability 2: bank; string: up to PAGER_REGIONS struct pager_region, sorted, none
 * overlapping. In place of what was in that place before. OUT_OF_RANGE: the number. REQUEST_ERROR:
 * a capability or a region is not what it must be; nothing has changed. NO_MEMORY. */
#define PAGER_ADD 1u

/* word 1: number. Its space is gone: faults of it are passed on. */
#define PAGER_REMOVE 2u

/* word 1: number. Answer: a struct pager_info. NOT_FOUND: it means no space. */
#define PAGER_INFO 3u

/* ---- Method on the Entry that a program finds as "pager", payload its number. ---- */

/* word 1: first page address, word 2: bytes, whole pages, up to PAGER_DISCARD_MOST: all in one
 * region of kind PAGER_ZERO or PAGER_STACKS. The pages there go back to the bank; the next touch
 * finds zeros. OUT_OF_RANGE: anything else. (A page in a 64 KiB of address that is not all in the
 * region is cleared, and stays.) */
#define PAGER_DISCARD 4u

#define PAGER_DISCARD_MOST 0x40000ull

#define PAGER_SPACES 4096u

struct pager_info {
    uint64_t zeroed;  /* pages made of zeros */
    uint64_t mapped;  /* pages of the file mapped as they are */
    uint64_t copied;  /* pages of the file copied */
    uint64_t refused; /* faults passed on because the bank had nothing */
    uint64_t passed;  /* faults passed on because no region allows it */
};

/* Give the pages in [start, start + bytes) back, through the register of the program's "pager": in
 * as many pieces as it takes. Ends at the first that is refused. A pager that died meanwhile is
 * asked again, for a while: the bank may still be about to take a page that the old one gave back,
 * and with it what is written there. A thread needs Sleep in LK_REG_SLEEP for that. */
static inline enum status lk_pager_discard(uint32_t pager, uint64_t start, uint64_t bytes)
{
    enum status s = STATUS_OK;

    while (s == STATUS_OK && bytes > 0) {
        uint64_t piece = bytes < PAGER_DISCARD_MOST ? bytes : PAGER_DISCARD_MOST;
        unsigned tries = 0;

        do {
            s = (enum status)lk_call2(pager, PAGER_DISCARD, start, piece).w[0];
        } while (s == STATUS_INVOKEE_GONE || (s == STATUS_INVALID_CAP && lk_bank_await(++tries)));
        start += piece;
        bytes -= piece;
    }
    return s;
}
