/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stands on the PCI buses; see bus.h.
 */
#include "bus.h"

#define BUSES 256u
#define SLOTS 32u
#define FUNCTIONS 8u
#define NO_VENDOR 0xffffu
#define CLASS_BRIDGE 0x06u
#define HEADER_LAYOUT 0x7fu

#define COMMAND_PORTS 0x0001u
#define BAR_PORTS 0x1u
#define BAR_KIND 0x6u
#define BAR_KIND_64 0x4u
#define BAR_FLAGS 0xfu
#define ADDRESS_BITS 52u /* of a physical address */

static uint32_t get(const struct bus *bus, unsigned place, unsigned offset, unsigned width)
{
    return bus->access->read(place, offset, width);
}

/* Note the function at `place`. */
static void add(struct bus *bus, unsigned place)
{
    bus->found++;
    if (bus->count == BUS_DEVICES) {
        return;
    }
    bool has_line = get(bus, place, PCI_CFG_PIN, 1) != 0;

    bus->device[bus->count++] = (struct bus_device){
        .place = (uint16_t)place,
        .id = get(bus, place, PCI_CFG_VENDOR, 4),
        .class = get(bus, place, PCI_CFG_CLASS, 4),
        .header = (uint8_t)(get(bus, place, PCI_CFG_HEADER, 1) & HEADER_LAYOUT),
        .line = has_line ? (uint8_t)get(bus, place, PCI_CFG_LINE, 1) : PCI_NO_LINE,
    };
}

/* Look at one function; a bridge marks the bus behind it. Buses are looked at in the order of their
 * numbers, so none is looked at twice; the bus behind a bridge has a larger number. */
static void scan_function(struct bus *bus, unsigned place, bool marked[BUSES])
{
    if (get(bus, place, PCI_CFG_VENDOR, 2) == NO_VENDOR) {
        return;
    }
    add(bus, place);
    if ((get(bus, place, PCI_CFG_HEADER, 1) & HEADER_LAYOUT) == PCI_HEADER_BRIDGE) {
        unsigned behind = get(bus, place, PCI_CFG_SECONDARY, 1) & (BUSES - 1);

        marked[behind] = true;
    }
}

static void scan_slot(struct bus *bus, unsigned place, bool marked[BUSES])
{
    if (get(bus, place, PCI_CFG_VENDOR, 2) == NO_VENDOR) {
        return; /* a device has a function 0, or it is none */
    }
    bool many = (get(bus, place, PCI_CFG_HEADER, 1) & PCI_HEADER_MANY) != 0;

    for (unsigned f = 0; f < (many ? FUNCTIONS : 1); f++) {
        scan_function(bus, place | f, marked);
    }
}

void bus_scan(struct bus *bus, const struct bus_access *access)
{
    bool marked[BUSES] = { true };

    *bus = (struct bus){ .access = access };
    for (unsigned b = 0; b < BUSES; b++) {
        for (unsigned s = 0; marked[b] && s < SLOTS; s++) {
            scan_slot(bus, b << 8 | s << 3, marked);
        }
    }
}

const struct bus_device *bus_find(const struct bus *bus, uint32_t id, unsigned n)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (bus->device[i].id == id && n-- == 0) {
            return &bus->device[i];
        }
    }
    return NULL;
}

bool bus_is_bridge(const struct bus_device *d)
{
    return d->header != 0 || d->class >> 24 == CLASS_BRIDGE;
}

void bus_command(const struct bus *bus, const struct bus_device *d, uint16_t clear, uint16_t set)
{
    uint32_t now = get(bus, d->place, PCI_CFG_COMMAND, 2);

    bus->access->write(d->place, PCI_CFG_COMMAND, 2, (now & ~(uint32_t)clear) | set);
}

/* ---- Base address registers ---- */

static unsigned bar_offset(unsigned i)
{
    return PCI_CFG_BAR + 4 * i;
}

/* What register `i` answers when all ones are written to it; it is put back. */
static uint32_t bar_probe(const struct bus *bus, unsigned place, unsigned i)
{
    uint32_t was = get(bus, place, bar_offset(i), 4);
    uint32_t mask;

    bus->access->write(place, bar_offset(i), 4, UINT32_MAX);
    mask = get(bus, place, bar_offset(i), 4);
    bus->access->write(place, bar_offset(i), 4, was);
    return mask;
}

/* A memory register from its value and its mask, if they make sense. */
static struct bus_bar bar_from(uint64_t value, uint64_t mask)
{
    uint64_t base = value & ~(uint64_t)BAR_FLAGS;
    uint64_t bytes = -(mask & ~(uint64_t)BAR_FLAGS);
    bool good = bytes != 0 && (bytes & (bytes - 1)) == 0 && base != 0 && base % bytes == 0 &&
                bytes < 1ull << ADDRESS_BITS && base <= (1ull << ADDRESS_BITS) - bytes;

    return good ? (struct bus_bar){ .base = base, .bytes = bytes } : (struct bus_bar){ 0 };
}

void bus_bars(const struct bus *bus, const struct bus_device *d, struct bus_bar bars[BUS_BARS])
{
    unsigned count = d->header == 0 ? BUS_BARS : 0;

    for (unsigned i = 0; i < BUS_BARS; i++) {
        bars[i] = (struct bus_bar){ 0 };
    }
    bus_command(bus, d, PCI_COMMAND_MEMORY | COMMAND_PORTS, 0);
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = get(bus, d->place, bar_offset(i), 4);
        uint64_t mask = bar_probe(bus, d->place, i);
        bool wide = (value & BAR_KIND) == BAR_KIND_64;

        if ((value & BAR_PORTS) != 0 || (wide && i + 1 == count)) {
            continue;
        }
        if (wide) {
            value |= (uint64_t)get(bus, d->place, bar_offset(i + 1), 4) << 32;
            mask |= (uint64_t)bar_probe(bus, d->place, i + 1) << 32;
        } else {
            mask |= mask == 0 ? 0 : (uint64_t)UINT32_MAX << 32;
        }
        bars[i] = bar_from(value, mask);
        i += wide ? 1 : 0;
    }
    bus_command(bus, d, 0, PCI_COMMAND_MEMORY);
}
