/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stands on the PCI buses: which devices there are, and how large what they decode is. Pure:
 * configuration space is reached through two functions.
 */
#pragma once

#include <lykos/pci.h>
#include <stdbool.h>
#include <stdint.h>

#define BUS_DEVICES 64u /* functions that are kept; further ones are counted only */
#define BUS_BARS 6u

/* Configuration space of all buses. `place` is bus << 8 | device << 3 | function; offset is a
 * multiple of the width, 1, 2 or 4. What is not there reads all ones. */
struct bus_access {
    uint32_t (*read)(unsigned place, unsigned offset, unsigned width);
    void (*write)(unsigned place, unsigned offset, unsigned width, uint32_t value);
};

/* One base address register, as far as it names memory. */
struct bus_bar {
    uint64_t base;  /* physical address */
    uint64_t bytes; /* 0: it names no memory */
};

/* One function of a device. */
struct bus_device {
    uint16_t place;
    uint32_t id;    /* vendor | device << 16 */
    uint32_t class; /* as in PCI_CFG_CLASS */
    uint8_t header; /* layout of its configuration header: 0 device, 1 bridge to another bus */
    uint8_t line;   /* interrupt line, or PCI_NO_LINE */
};

struct bus {
    const struct bus_access *access;
    unsigned count; /* in `device` */
    unsigned found; /* also those for which there was no room */
    struct bus_device device[BUS_DEVICES];
};

/* Find all functions: bus 0, and buses behind bridges whose numbers the firmware has given. At most
 * 256 buses are looked at, each once, whatever bridges say. */
void bus_scan(struct bus *bus, const struct bus_access *access);

/* The n-th device of this ID; null: there are not so many. */
const struct bus_device *bus_find(const struct bus *bus, uint32_t id, unsigned n);

/* Is it something that firmware and chip set need as it is? */
bool bus_is_bridge(const struct bus_device *d);

/* Change the command register: clear bits, set bits. */
void bus_command(const struct bus *bus, const struct bus_device *d, uint16_t clear, uint16_t set);

/* What the base address registers of a device name. While its size is asked for it decodes nothing;
 * afterwards it decodes memory, but no ports, and the registers are as they were. A register that
 * makes no sense (no power of two, not aligned, wrapping) counts as none. */
void bus_bars(const struct bus *bus, const struct bus_device *d, struct bus_bar bars[BUS_BARS]);
