/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The capability list of a PCI device; see pci.h.
 */
#include <lykos/pci.h>

#define CAPS_BEGIN 0x40u  /* the header lies before */
#define OFFSET_MASK 0xfcu /* the lowest two bits of a pointer mean nothing */

/* Where a pointer points: behind the header, or 0, which ends the list. */
static unsigned capability_at(uint32_t pointer)
{
    unsigned at = pointer & OFFSET_MASK;

    return at >= CAPS_BEGIN ? at : 0;
}

unsigned lk_pci_find_cap(pci_reader *read, void *context, uint8_t id, unsigned n)
{
    unsigned at;

    if ((read(context, PCI_CFG_STATUS, 2) & PCI_STATUS_CAPS) == 0) {
        return 0;
    }
    at = capability_at(read(context, PCI_CFG_CAPS, 1));
    for (unsigned steps = 0; at != 0 && steps < PCI_CAPS_MOST; steps++) {
        if (read(context, at, 1) == id && n-- == 0) {
            return at;
        }
        at = capability_at(read(context, at + 1, 1));
    }
    return 0;
}
