/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What drivers were given: device pages, DMA pages, interrupt lines. All of it can be taken back at
 * once for a device, and of a device that was never claimed nothing is given.
 */
#pragma once

#include "bus.h"

#define GIVEN_PAGES 64u /* device pages */
#define GIVEN_DMA 256u  /* DMA pages at most; the description says how many there are */
#define GIVEN_LINES 24u

/* Begin: `devices` is the Range of device frames, `memory` that of DMA pages, `irqctl` the
 * interrupt controller. Lines of `lines`, a mask, are those that PCI devices have: they are taken
 * from whoever had them, as is all that stands in the two Ranges. */
void given_begin(uint32_t devices, uint32_t memory, uint32_t irqctl, uint32_t lines);

/* Take back all that was given for device number `owner`. */
void given_take_back(unsigned owner);

/* The page number `page` of base address register `bar`, which begins at physical address `base`,
 * into register `reg`; the same one if it was given before. NO_MEMORY: no more fit. */
enum status given_page(unsigned owner, unsigned bar, uint64_t base, uint64_t page, uint32_t reg);

/* A new DMA page into register `reg`, and its address. NO_MEMORY. */
enum status given_dma(unsigned owner, uint32_t reg, uint64_t *address);

/* The IrqWait of a line into register `reg`. NOT_FOUND: not a line of PCI devices. IN_USE: it is
 * another device's, or was given already. */
enum status given_line(unsigned owner, unsigned line, uint32_t reg);
