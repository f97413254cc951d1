/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager: gives programs their memory when they touch it (user/servers/pager; user/idl/pager.idl
 * describes its interface).
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

#include <lykos/bank.h>
#include <lykos/gen/pager.h>
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

/* Ask for pager_discard() or pager_provide() of the pages in [start, start + bytes), through the
 * register of the program's "pager": in as many pieces as it takes. Ends at the first that is
 * refused. A pager that died meanwhile is asked again, for a while. A thread needs Sleep in
 * LK_REG_SLEEP for that. */
static inline enum status lk_pager_ask(enum status (*what)(uint32_t, uint64_t, uint64_t),
                                       uint32_t pager, uint64_t start, uint64_t bytes)
{
    enum status s = STATUS_OK;

    while (s == STATUS_OK && bytes > 0) {
        uint64_t piece = bytes < PAGER_DISCARD_MOST ? bytes : PAGER_DISCARD_MOST;
        unsigned tries = 0;

        do {
            s = what(pager, start, piece);
        } while (s == STATUS_INVOKEE_GONE || (s == STATUS_INVALID_CAP && lk_bank_await(++tries)));
        start += piece;
        bytes -= piece;
    }
    return s;
}

/* Give pages back. Where the pager died meanwhile the bank may still be about to take a page that
 * the old one gave back, and with it what is written there. */
static inline enum status lk_pager_discard(uint32_t pager, uint64_t start, uint64_t bytes)
{
    return lk_pager_ask(pager_discard, pager, start, bytes);
}

/* Have pages made before they are touched: who does learns by the status, and by no fault, that the
 * bank has none. */
static inline enum status lk_pager_provide(uint32_t pager, uint64_t start, uint64_t bytes)
{
    return lk_pager_ask(pager_provide, pager, start, bytes);
}
