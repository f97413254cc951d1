/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What drivers were given; see given.h.
 *
 * DMA pages stand in a Range of this server, not in memory of the driver: a driver that dies gives
 * its memory back, and its device would go on writing there. Here a page is destroyed, and its
 * frame used again, only after its device was kept from reaching memory.
 */
#include "given.h"

#include <lykos/lykos.h>

#define NOBODY 0xffu

/* A device frame and what stands in it. */
struct page {
    uint8_t owner; /* number of the device, or NOBODY */
    uint8_t bar;
    uint64_t number;
};

static struct {
    uint32_t devices, memory, irqctl; /* registers */
    uint32_t lines;
    uint64_t frames;           /* of memory */
    uint8_t dma[GIVEN_DMA];    /* owner of each frame */
    uint8_t line[GIVEN_LINES]; /* owner of each line */
    struct page page[GIVEN_PAGES];
} given;

void given_begin(uint32_t devices, uint32_t memory, uint32_t irqctl, uint32_t lines)
{
    uint64_t frames = 0;

    given.devices = devices;
    given.memory = memory;
    given.irqctl = irqctl;
    given.lines = lines;
    lk_range_get_info(memory, 0, &frames, NULL);
    given.frames = frames < GIVEN_DMA ? frames : GIVEN_DMA;
    for (unsigned i = 0; i < GIVEN_PAGES; i++) {
        given.page[i].owner = NOBODY;
        lk_range_rescind_at(devices, i, 0);
    }
    for (unsigned i = 0; i < given.frames; i++) {
        given.dma[i] = NOBODY;
        lk_range_rescind_at(memory, i, 0);
    }
    for (unsigned i = 0; i < GIVEN_LINES; i++) {
        given.line[i] = NOBODY;
        if ((lines >> i & 1) != 0) {
            lk_irqctl_release(irqctl, i);
        }
    }
}

void given_take_back(unsigned owner)
{
    for (unsigned i = 0; i < GIVEN_PAGES; i++) {
        if (given.page[i].owner == owner) {
            lk_range_rescind_at(given.devices, i, 0);
            given.page[i].owner = NOBODY;
        }
    }
    for (unsigned i = 0; i < given.frames; i++) {
        if (given.dma[i] == owner) {
            lk_range_rescind_at(given.memory, i, 0);
            given.dma[i] = NOBODY;
        }
    }
    for (unsigned i = 0; i < GIVEN_LINES; i++) {
        if (given.line[i] == owner) {
            lk_irqctl_release(given.irqctl, i);
            given.line[i] = NOBODY;
        }
    }
}

/* The frame in which this page stands already; GIVEN_PAGES: none. */
static unsigned page_frame(unsigned owner, unsigned bar, uint64_t number)
{
    unsigned i = 0;

    while (i < GIVEN_PAGES && (given.page[i].owner != owner || given.page[i].bar != bar ||
                               given.page[i].number != number)) {
        i++;
    }
    return i;
}

enum status given_page(unsigned owner, unsigned bar, uint64_t base, uint64_t page, uint32_t reg)
{
    unsigned i = page_frame(owner, bar, page);

    if (i < GIVEN_PAGES) {
        return lk_range_get_cap(given.devices, i, 0, reg);
    }
    for (i = 0; i < GIVEN_PAGES; i++) {
        if (given.page[i].owner != NOBODY) {
            continue;
        }
        enum status s = lk_range_fabricate_device(given.devices, i, base + page * 4096, reg);

        if (s == STATUS_OK) {
            given.page[i] =
                (struct page){ .owner = (uint8_t)owner, .bar = (uint8_t)bar, .number = page };
        }
        return s;
    }
    return STATUS_NO_MEMORY;
}

enum status given_dma(unsigned owner, uint32_t reg, uint64_t *address)
{
    for (unsigned i = 0; i < given.frames; i++) {
        if (given.dma[i] != NOBODY) {
            continue;
        }
        enum status s = lk_range_fabricate(given.memory, LK_TYPE_PAGE, i, 0, reg);

        if (s == STATUS_OK) {
            s = lk_page_get_address(reg, address);
            given.dma[i] = (uint8_t)owner;
        }
        return s;
    }
    return STATUS_NO_MEMORY;
}

enum status given_line(unsigned owner, unsigned line, uint32_t reg)
{
    enum status s;

    if (line >= GIVEN_LINES || (given.lines >> line & 1) == 0) {
        return STATUS_NOT_FOUND;
    }
    if (given.line[line] != NOBODY) {
        return STATUS_IN_USE;
    }
    s = lk_irqctl_allocate(given.irqctl, line, reg);
    if (s == STATUS_OK) {
        given.line[line] = (uint8_t)owner;
    }
    return s;
}
