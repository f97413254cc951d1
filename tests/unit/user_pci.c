/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the PCI server and its drivers make of configuration space: functions, bridges, base address
 * registers, capability lists, of devices that are as they should be and of others.
 */
#include "unit.h"

#include "user/lib/pci.c"
#include "user/servers/pci/bus.c"
#include "user/servers/serial/virtio_find.c"

#include <string.h>

#define FUNCTIONS_MADE 8u
#define DISPLAY 0x03000000u
#define ETHERNET 0x02000001u

/* A function of the model: its configuration space, and which bits of its base address registers
 * can be written. */
static struct function {
    unsigned place;
    uint8_t space[256];
    uint32_t writable[6];
} functions[FUNCTIONS_MADE];
static unsigned made;
static bool decoding_while_sized; /* a register was all ones while memory was decoded */

static void put(struct function *f, unsigned at, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++) {
        f->space[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t space_get(const struct function *f, unsigned at, unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)f->space[at + i] << 8 * i;
    }
    return value;
}

static struct function *function(unsigned place, uint32_t id, uint32_t class)
{
    struct function *f = &functions[made++];

    memset(f, 0, sizeof(*f));
    f->place = place;
    put(f, PCI_CFG_VENDOR, 4, id);
    put(f, PCI_CFG_CLASS, 4, class);
    put(f, PCI_CFG_COMMAND, 2, 7);
    return f;
}

static struct function *at_place(unsigned place)
{
    for (unsigned i = 0; i < made; i++) {
        if (functions[i].place == place) {
            return &functions[i];
        }
    }
    return NULL;
}

static uint32_t model_read(unsigned place, unsigned offset, unsigned width)
{
    const struct function *f = at_place(place);

    CHECK(offset % width == 0 && offset + width <= 256);
    return f == NULL ? UINT32_MAX >> (32 - 8 * width) : space_get(f, offset, width);
}

static void model_write(unsigned place, unsigned offset, unsigned width, uint32_t value)
{
    struct function *f = at_place(place);

    CHECK(f != NULL);
    if (offset >= PCI_CFG_BAR && offset < PCI_CFG_BAR + 24) {
        uint32_t writable = f->writable[(offset - PCI_CFG_BAR) / 4];

        decoding_while_sized |= value == UINT32_MAX && (f->space[PCI_CFG_COMMAND] & 3) != 0;
        value = (value & writable) | (space_get(f, offset, 4) & ~writable);
    }
    put(f, offset, width, value);
}

static const struct bus_access access = { .read = model_read, .write = model_write };
static struct bus bus;

static void bar(struct function *f, unsigned i, uint32_t value, uint32_t writable)
{
    put(f, PCI_CFG_BAR + 4 * i, 4, value);
    f->writable[i] = writable;
}

TEST(pci_scan, "functions of bus 0 are found, with their lines, and those of a device with several")
{
    made = 0;
    function(0x00, 0x12378086, 0x06000002);
    function(0x10, 0x10431af4, DISPLAY);
    put(&functions[1], PCI_CFG_PIN, 1, 1);
    put(&functions[1], PCI_CFG_LINE, 1, 11);
    function(0x18, 0x11111111, DISPLAY);
    put(&functions[2], PCI_CFG_HEADER, 1, PCI_HEADER_MANY);
    function(0x1d, 0x22222222, ETHERNET);
    function(0x11, 0x33333333, ETHERNET); /* function 1 of a device that has but one */
    bus_scan(&bus, &access);
    CHECK_EQUAL(bus.count, 4);
    CHECK_EQUAL(bus.found, 4);
    CHECK(bus_find(&bus, 0x10431af4, 0) != NULL && bus_find(&bus, 0x10431af4, 0)->line == 11);
    CHECK(bus_find(&bus, 0x10431af4, 1) == NULL);
    CHECK(bus_find(&bus, 0x22222222, 0) != NULL && bus_find(&bus, 0x22222222, 0)->place == 0x1d);
    CHECK_EQUAL(bus_find(&bus, 0x22222222, 0)->line, PCI_NO_LINE);
    CHECK(bus_find(&bus, 0x33333333, 0) == NULL);
    CHECK(bus_is_bridge(bus_find(&bus, 0x12378086, 0)));
    CHECK(!bus_is_bridge(bus_find(&bus, 0x22222222, 0)));
}

TEST(pci_bridges, "buses behind bridges are looked at once each, also when bridges go in a ring")
{
    made = 0;
    for (unsigned b = 0; b < 4; b++) { /* bus b has a bridge to bus b + 1, the last to bus 0 */
        struct function *f = function(b << 8 | 8, 0xb0008086 + b, 0x06040000);

        put(f, PCI_CFG_HEADER, 1, PCI_HEADER_BRIDGE);
        put(f, PCI_CFG_SECONDARY, 1, b == 3 ? 0 : b + 1);
    }
    function(3 << 8 | 0x20, 0x10431af4, DISPLAY);
    bus_scan(&bus, &access);
    CHECK_EQUAL(bus.found, 5);
    CHECK(bus_find(&bus, 0x10431af4, 0) != NULL);
    put(&functions[3], PCI_CFG_SECONDARY, 1, 3); /* itself */
    bus_scan(&bus, &access);
    CHECK_EQUAL(bus.found, 5);
}

static uint32_t everywhere(unsigned place, unsigned offset, unsigned width)
{
    (void)place;
    return (uint32_t)(offset == PCI_CFG_HEADER      ? PCI_HEADER_MANY | PCI_HEADER_BRIDGE
                      : offset == PCI_CFG_SECONDARY ? (place >> 8) + 1
                                                    : 0x12345678u) &
           UINT32_MAX >> (32 - 8 * width);
}

TEST(pci_full, "more functions than are kept are counted, and nothing is written behind the table")
{
    static const struct bus_access full = { .read = everywhere, .write = model_write };

    bus_scan(&bus, &full);
    CHECK_EQUAL(bus.count, BUS_DEVICES);
    CHECK_EQUAL(bus.found, 256 * 32 * 8);
}

TEST(pci_bars, "the size of registers is found while nothing is decoded, and they are put back")
{
    struct bus_bar bars[BUS_BARS];
    struct function *f;

    made = 0;
    decoding_while_sized = false;
    f = function(0x10, 0x10431af4, DISPLAY);
    bar(f, 0, 0x0000c001, 0xffffffe0); /* ports */
    bar(f, 1, 0xfebff000, 0xfffff000); /* 4 KiB */
    bar(f, 2, 0, 0);                   /* none */
    bar(f, 4, 0x0000400c, 0xffffc000); /* 64 bits, 16 KiB, above 4 GiB */
    bar(f, 5, 0x00000080, 0xffffffff);
    bus_scan(&bus, &access);
    bus_bars(&bus, &bus.device[0], bars);
    CHECK_EQUAL(bars[0].bytes, 0);
    CHECK_EQUAL(bars[1].base, 0xfebff000);
    CHECK_EQUAL(bars[1].bytes, 0x1000);
    CHECK_EQUAL(bars[2].bytes, 0);
    CHECK_EQUAL(bars[4].base, 0x8000004000);
    CHECK_EQUAL(bars[4].bytes, 0x4000);
    CHECK_EQUAL(bars[5].bytes, 0);
    CHECK_EQUAL(space_get(f, PCI_CFG_BAR, 4), 0x0000c001);
    CHECK_EQUAL(space_get(f, PCI_CFG_BAR + 4, 4), 0xfebff000);
    CHECK_EQUAL(space_get(f, PCI_CFG_BAR + 16, 4), 0x0000400c);
    CHECK_EQUAL(space_get(f, PCI_CFG_BAR + 20, 4), 0x00000080);
    CHECK(!decoding_while_sized);
    CHECK_EQUAL(space_get(f, PCI_CFG_COMMAND, 2) & 3, PCI_COMMAND_MEMORY);
}

TEST(pci_bars_wrong,
     "registers that make no sense count as none: holes, no address, a last wide one")
{
    struct bus_bar bars[BUS_BARS];
    struct function *f;

    made = 0;
    f = function(0x10, 0x10431af4, DISPLAY);
    bar(f, 0, 0xfeb00000, 0xfff0f000); /* bits missing in the middle */
    bar(f, 2, 0x00000000, 0xfffff000); /* not given an address */
    bar(f, 5, 0xfe00000c, 0xffffc000); /* 64 bits, but there is no seventh */
    bus_scan(&bus, &access);
    bus_bars(&bus, &bus.device[0], bars);
    for (unsigned i = 0; i < BUS_BARS; i++) {
        CHECK_EQUAL(bars[i].bytes, 0);
    }
}

/* ---- Capability lists ---- */

static uint32_t config(void *context, unsigned offset, unsigned width)
{
    CHECK(offset % width == 0 && offset + width <= PCI_CONFIG_BYTES);
    return space_get(context, offset, width);
}

static unsigned capability(struct function *f, unsigned at, uint8_t id, unsigned next)
{
    put(f, PCI_CFG_STATUS, 2, PCI_STATUS_CAPS);
    put(f, at, 1, id);
    put(f, at + 1, 1, next);
    return at;
}

TEST(pci_capabilities, "capabilities are found in their order, by their ID")
{
    struct function *f;

    made = 0;
    f = function(0x10, 0x10431af4, DISPLAY);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, 0), 0);
    put(f, PCI_CFG_CAPS, 1, 0x98);
    capability(f, 0x98, 9, 0x41); /* the lowest bits of a pointer mean nothing */
    capability(f, 0x40, 5, 0xfc);
    capability(f, 0xfc, 9, 0);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, 0), 0x98);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, 1), 0xfc);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, 2), 0);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 5, 0), 0x40);
    put(f, PCI_CFG_STATUS, 2, 0);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, 0), 0);
}

TEST(pci_capabilities_ring, "a list that goes in a ring, or into the header, ends")
{
    struct function *f;

    made = 0;
    f = function(0x10, 0x10431af4, DISPLAY);
    put(f, PCI_CFG_CAPS, 1, 0x40);
    capability(f, 0x40, 9, 0x50);
    capability(f, 0x50, 9, 0x40);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, PCI_CAPS_MOST - 1), 0x50);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, PCI_CAPS_MOST), 0);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 7, 0), 0);
    put(f, 0x51, 1, 0x10);
    CHECK_EQUAL(lk_pci_find_cap(config, f, 9, 2), 0);
}

/* ---- The structures of a virtio device ---- */

static void structure(struct function *f, unsigned at, unsigned kind, uint32_t offset,
                      uint32_t bytes, unsigned next)
{
    capability(f, at, PCI_CAP_VENDOR, next);
    put(f, at + 2, 1, kind == VIRTIO_NOTIFY ? 20 : 16);
    put(f, at + 3, 1, kind);
    put(f, at + 4, 1, 4);
    put(f, at + 8, 4, offset);
    put(f, at + 12, 4, bytes);
    if (kind == VIRTIO_NOTIFY) {
        put(f, at + 16, 4, 4);
    }
}

static struct function *virtio_function(void)
{
    struct function *f;

    made = 0;
    f = function(0x10, 0x10431af4, DISPLAY);
    put(f, PCI_CFG_CAPS, 1, 0x84);
    structure(f, 0x84, VIRTIO_COMMON, 0, 0x1000, 0x70);
    structure(f, 0x70, VIRTIO_NOTIFY, 0x3000, 0x1000, 0x60);
    structure(f, 0x60, VIRTIO_ISR, 0x1000, 0x1000, 0x50);
    structure(f, 0x50, VIRTIO_DEVICE, 0x2000, 0x1000, 0x40);
    structure(f, 0x40, 5, 0, 0, 0); /* configuration access: not used */
    return f;
}

TEST(virtio_structures, "the structures of a virtio device are found")
{
    struct virtio_places places;
    struct function *f = virtio_function();

    CHECK(virtio_find(config, f, &places) == NULL);
    CHECK_EQUAL(places.part[VIRTIO_NOTIFY].offset, 0x3000);
    CHECK_EQUAL(places.part[VIRTIO_DEVICE].bytes, 0x1000);
    CHECK_EQUAL(places.part[VIRTIO_ISR].bar, 4);
    CHECK_EQUAL(places.notify_each, 4);
}

TEST(virtio_structures_wrong,
     "a device without a structure, or with one that makes no sense, is told")
{
    struct virtio_places places;

    structure(virtio_function(), 0x84, VIRTIO_COMMON, 0, 0x1000,
              0xf4); /* the rest at the end: cut off */
    capability(&functions[0], 0xf4, PCI_CAP_VENDOR, 0);
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x84 + 3, 1, 77); /* no common structure */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x84 + 12, 4, 55); /* one that is too short */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x84 + 4, 1, 6); /* in a register that cannot be */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x84 + 8, 4, 0xfffffffc); /* that wraps */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x84 + 2, 1, 8); /* in a capability that is too short */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x60 + 12, 4, 0); /* no interrupt status */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x70 + 2, 1, 16); /* a notification structure without a distance */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x70 + 16, 4, 3); /* with an odd one */
    CHECK(virtio_find(config, &functions[0], &places) != NULL);
    put(virtio_function(), 0x50 + 3, 1, 77); /* without one of its own it can do */
    CHECK(virtio_find(config, &functions[0], &places) == NULL);
}

TEST(virtio_structures_random,
     "whatever the configuration space says, nothing is read outside of it")
{
    unit_random_seed(unit_seed(1));
    for (uint64_t i = 0; i < unit_rounds(3000); i++) {
        struct virtio_places places;
        struct function *f = virtio_function();

        for (unsigned k = (unsigned)unit_random(12); k > 0; k--) {
            f->space[0x34 + unit_random(256 - 0x34)] = (uint8_t)unit_random(256);
        }
        if (virtio_find(config, f, &places) == NULL) {
            CHECK(places.part[VIRTIO_COMMON].bytes >= VIRTIO_COMMON_BYTES);
            CHECK(places.part[VIRTIO_COMMON].bar < 6);
        }
    }
}
