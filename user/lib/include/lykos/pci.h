/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server `pci` (user/servers/pci): hands each driver what its one device consists of.
 *
 * An Entry's protected payload says which device its holder may have, as the device itself says it:
 * vendor in bits 0..15, device in bits 16..31. In the system description:
 *
 *      cap device = entry pci.main payload 0x10431af4
 *
 * A driver claims the device, takes the pages of its registers and its DMA pages, resets the device
 * in the device's own way, and only then has it reach memory (PCI_MASTER):
 *
 *      claim -> page.. -> (reset) -> dma.. -> (set up) -> line -> master
 *
 * All that a driver was given is Null once the device is claimed again. One driver has it at a
 * time: who claims names himself by an AppNotice of his own, and as long as that is good the device
 * is IN_USE for others.
 *
 * When the server has died and was begun again, everything that it gave is Null, and no device
 * reaches memory: drivers are told by lk_watch(), and claim again.
 *
 * Word 0 of a request is one of the methods below, word 0 of the answer an `enum status`.
 */
#pragma once

#include <abi/gen.h>
#include <lykos/invoke.h>
#include <stdint.h>

/* word 1: which of several such devices, from 0; capability 1: AppNotice of who claims. The device
 * no longer reaches memory, and nothing that an earlier driver was given for it is good. Answer:
 * word 1, the place of the device: bus << 8 | device << 3 | function; word 2, interrupt line, or
 * PCI_NO_LINE; word 3, size of its configuration space in bytes. NOT_FOUND: there is none, or not
 * so many. IN_USE: another driver that is still there has it. REQUEST_ERROR: capability 1 is no
 * AppNotice. */
#define PCI_CLAIM 1u

/* The methods below are about the device that the Entry's holder claimed; word 1 is again which of
 * several. STATE_CHANGED: it is not claimed. */

/* word 2: offset, a multiple of the width; word 3: width in bytes, 1, 2 or 4. Reads the device's
 * configuration space. Answer: word 1. OUT_OF_RANGE. */
#define PCI_READ 2u

/* word 2: base address register, 0..5; word 3: number of a page in what it names, from 0. Answer:
 * the Page, which is not cached; word 1, how many pages there are. NOT_FOUND: the register names no
 * memory. OUT_OF_RANGE: no such page. NO_ACCESS: what it names does not fill whole pages, so that a
 * page would show another device. NO_MEMORY: the server has no room for more. */
#define PCI_PAGE 3u

/* word 2: how many pages, 1..PCI_DMA_MOST. Answer: as many Pages, cleared; words 1.., the addresses
 * by which the device reaches them. They belong to the server, so that a driver's death does not
 * give a page away that its device still writes to. NO_MEMORY: the server has no more. */
#define PCI_DMA 4u

/* Answer: the IrqWait of the device's interrupt line. NOT_FOUND: it has none. IN_USE: the line is
 * another device's. */
#define PCI_LINE 5u

/* word 2: 1: the device may read and write memory from now on; 0: not any more. */
#define PCI_MASTER 6u

/* word 1: n. For listings; any payload. Answer: word 1, place, as above; word 2, vendor | device <<
 * 16; word 3, class, subclass, interface and revision as in the device; word 4, 1 if a driver has
 * it. NOT_FOUND: there are no more. */
#define PCI_LIST 7u

#define PCI_METHODS 8u

#define PCI_NO_LINE 0xffu
#define PCI_DMA_MOST 4u

/* ---- Configuration space of a device: offsets, and the capability list. ---- */
#define PCI_CONFIG_BYTES 256u
#define PCI_CFG_VENDOR 0x00u
#define PCI_CFG_DEVICE 0x02u
#define PCI_CFG_COMMAND 0x04u
#define PCI_CFG_STATUS 0x06u
#define PCI_CFG_CLASS 0x08u /* 4 bytes: revision, interface, subclass, class */
#define PCI_CFG_HEADER 0x0eu
#define PCI_CFG_BAR 0x10u
#define PCI_CFG_SECONDARY 0x19u /* of a bridge: the bus behind it */
#define PCI_CFG_CAPS 0x34u
#define PCI_CFG_LINE 0x3cu
#define PCI_CFG_PIN 0x3du

#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_NO_LINE 0x0400u
#define PCI_STATUS_CAPS 0x0010u
#define PCI_HEADER_MANY 0x80u
#define PCI_HEADER_BRIDGE 0x01u

#define PCI_CAP_VENDOR 0x09u /* a capability whose meaning the vendor says */

#define PCI_CAPS_MOST 48u /* as many as fit into 192 bytes: a list that is longer goes in a ring */

/* Reads `width` bytes of configuration space; what cannot be read is all ones. */
typedef uint32_t pci_reader(void *context, unsigned offset, unsigned width);

/* The offset of the n-th capability with this ID, from 0; 0: there are not so many. The device is
 * not trusted: what it says is checked, and a list that goes in a ring ends after PCI_CAPS_MOST
 * steps. Reads only within the first PCI_CONFIG_BYTES. */
unsigned lk_pci_find_cap(pci_reader *read, void *context, uint8_t id, unsigned n);
