/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The server `pci` (user/servers/pci; user/idl/pci.idl describes its interface), and what the
 * configuration space of a device is made of.
 */
#pragma once

#include <lykos/gen/pci.h>
#include <stdint.h>

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
