/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GPT: guarded page table, 16 slots that compose an address space.
 */
#ifndef KERNEL_GPT_H
#define KERNEL_GPT_H

#include <kernel/object.h>

#define GPT_SLOTS 16
#define GPT_HANDLER_SLOT 15
#define GPT_BACKGROUND_SLOT 14
#define GPT_HAS_HANDLER 1u
#define GPT_HAS_BACKGROUND 2u

/* INV-GPT-1  12 <= l2v <= 46. */
struct gpt {
    struct objhdr hdr;
    struct {
        uint8_t l2v;
        uint8_t flags;
        uint8_t spare[14];
        struct cap slot[GPT_SLOTS];
    } state;
};
STATIC_ASSERT(sizeof(struct gpt) <= 320, "12 GPTs in a frame");
#define GPT_SIZE 320

#endif
