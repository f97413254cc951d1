/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The PCI server: finds the devices, and hands each driver what its one device consists of
 * (user/idl/pci.idl).
 *
 * A request is about the device that the Entry's payload names. Nothing waits for a driver: who
 * claims gives an AppNotice of his own, and whether he is still there is whether that is still
 * good.
 */
#include "bus.h"
#include "given.h"

#include <lykos/gen/pci_server.h>
#include <lykos/lykos.h>

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA 0xcfcu
#define CONFIG_ENABLE 0x80000000u
#define CONFIG_DWORD 0xfcu

#define PAGE 4096ull
#define CLAIMS 8u           /* devices that can be claimed at once */
#define LINES_USUAL 0x0c20u /* 5, 10 and 11: what firmware gives to PCI devices */

/* Registers: those for capabilities with names that the description leaves, and the free ones. */
#define REG_HOLDER (LK_REG_NAMED_END - 1 - CLAIMS) /* AppNotices of who claimed */
#define REG_OUT LK_REG_FREE                        /* up to four capabilities of an answer */

/* A device that was claimed. */
struct claim {
    const struct bus_device *device; /* null: this place is free */
    struct bus_bar bar[BUS_BARS];
};

static struct {
    uint32_t ports, discrim; /* registers */
    struct bus bus;
    struct claim claim[CLAIMS];
} pci;

/* ---- Configuration space, by ports ---- */

static void config_select(unsigned place, unsigned offset)
{
    lk_iopriv_output(pci.ports, CONFIG_ADDRESS, 4,
                     CONFIG_ENABLE | place << 8 | (offset & CONFIG_DWORD));
}

static uint32_t config_read(unsigned place, unsigned offset, unsigned width)
{
    uint64_t value = UINT32_MAX;

    config_select(place, offset);
    lk_iopriv_input(pci.ports, CONFIG_DATA + offset % 4, width, &value);
    return (uint32_t)value;
}

static void config_write(unsigned place, unsigned offset, unsigned width, uint32_t value)
{
    config_select(place, offset);
    lk_iopriv_output(pci.ports, CONFIG_DATA + offset % 4, width, value);
}

/* ---- Claims ---- */

static uint32_t holder_register(const struct claim *c)
{
    return REG_HOLDER + (uint32_t)(c - pci.claim);
}

/* Number of the device as given.h has it. */
static unsigned owner_of(const struct claim *c)
{
    return (unsigned)(c->device - pci.bus.device);
}

/* The claim of this device, or null. */
static struct claim *claim_of(const struct bus_device *d)
{
    for (unsigned i = 0; i < CLAIMS; i++) {
        if (d != NULL && pci.claim[i].device == d) {
            return &pci.claim[i];
        }
    }
    return NULL;
}

/* Type of the capability in a register: LK_TYPE_NULL if it is not good. */
static uint64_t type_of(uint32_t reg)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(pci.discrim, reg, &type, NULL) == STATUS_OK ? type : LK_TYPE_NULL;
}

/* Is the driver that claimed it still there? */
static bool holder_lives(const struct claim *c)
{
    return type_of(holder_register(c)) != LK_TYPE_NULL;
}

/* The device reaches memory no more, and nothing that was given for it is good. */
static void release(struct claim *c)
{
    bus_command(&pci.bus, c->device, PCI_COMMAND_MASTER, PCI_COMMAND_NO_LINE);
    given_take_back(owner_of(c));
    lk_drop_cap(holder_register(c));
    c->device = NULL;
}

/* A place for a new claim; those of drivers that are gone are free. Null: there is none. */
static struct claim *claim_free(void)
{
    for (unsigned i = 0; i < CLAIMS; i++) {
        if (pci.claim[i].device == NULL) {
            return &pci.claim[i];
        }
        if (!holder_lives(&pci.claim[i])) {
            release(&pci.claim[i]);
            return &pci.claim[i];
        }
    }
    return NULL;
}

/* The n-th device that a request may be about, or null. */
static const struct bus_device *device_meant(const struct lk_request *rq, uint64_t n)
{
    return n < BUS_DEVICES ? bus_find(&pci.bus, (uint32_t)rq->payload, (unsigned)n) : NULL;
}

/* Its claim, or null. */
static struct claim *claim_meant(const struct lk_request *rq, uint64_t n)
{
    return claim_of(device_meant(rq, n));
}

/* ---- Methods ---- */

enum status pci_op_claim(struct lk_request *rq, uint64_t n, uint32_t holder, uint64_t *place,
                         uint64_t *line, uint64_t *config_bytes)
{
    const struct bus_device *d = device_meant(rq, n);
    struct claim *c = claim_of(d);

    if (d == NULL || bus_is_bridge(d)) {
        return STATUS_NOT_FOUND;
    }
    if (c != NULL && holder_lives(c)) {
        return STATUS_IN_USE;
    }
    if (c != NULL) {
        release(c);
    }
    c = claim_free();
    if (c == NULL) {
        return STATUS_EXHAUSTED;
    }
    bus_command(&pci.bus, d, PCI_COMMAND_MASTER, PCI_COMMAND_NO_LINE);
    c->device = d;
    lk_copy_cap(holder, holder_register(c));
    bus_bars(&pci.bus, d, c->bar);
    *place = d->place;
    *line = d->line;
    *config_bytes = PCI_CONFIG_BYTES;
    return STATUS_OK;
}

enum status pci_op_read(struct lk_request *rq, uint64_t n, uint64_t offset, uint64_t width,
                        uint64_t *value)
{
    const struct claim *c = claim_meant(rq, n);

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if ((width != 1 && width != 2 && width != 4) || offset >= PCI_CONFIG_BYTES ||
        offset % width != 0) {
        return STATUS_OUT_OF_RANGE;
    }
    *value = config_read(c->device->place, (unsigned)offset, (unsigned)width);
    return STATUS_OK;
}

enum status pci_op_page(struct lk_request *rq, uint64_t n, uint64_t number, uint64_t index,
                        uint64_t *pages, uint32_t *page)
{
    const struct claim *c = claim_meant(rq, n);
    enum status s;

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if (number >= BUS_BARS || c->bar[number].bytes == 0) {
        return STATUS_NOT_FOUND;
    }
    const struct bus_bar *bar = &c->bar[number];

    if (bar->bytes < PAGE) { /* a larger one stands on a multiple of its size */
        return STATUS_NO_ACCESS;
    }
    if (index >= bar->bytes / PAGE) {
        return STATUS_OUT_OF_RANGE;
    }
    s = given_page(owner_of(c), (unsigned)number, bar->base, index, REG_OUT);
    if (s == STATUS_OK) {
        *page = REG_OUT;
        *pages = bar->bytes / PAGE;
    }
    return s;
}

/* All or none; but what was made before it failed is given back only with the rest. The answer has
 * no more words and capabilities than were asked for. */
enum status pci_op_dma(struct lk_request *rq, uint64_t n, uint64_t count, uint64_t *address1,
                       uint64_t *address2, uint64_t *address3, uint64_t *address4, uint32_t *page1,
                       uint32_t *page2, uint32_t *page3, uint32_t *page4)
{
    uint64_t *const address[] = { address1, address2, address3, address4 };
    uint32_t *const page[] = { page1, page2, page3, page4 };
    const struct claim *c = claim_meant(rq, n);

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if (count == 0 || count > PCI_DMA_MOST) {
        return STATUS_OUT_OF_RANGE;
    }
    for (unsigned i = 0; i < count; i++) {
        enum status s = given_dma(owner_of(c), REG_OUT + i, address[i]);

        if (s != STATUS_OK) {
            rq->out_caps = 0;
            return s;
        }
        *page[i] = REG_OUT + i;
    }
    rq->out_caps = (unsigned)count;
    rq->out_words = (unsigned)count;
    return STATUS_OK;
}

enum status pci_op_line(struct lk_request *rq, uint64_t n, uint32_t *line)
{
    const struct claim *c = claim_meant(rq, n);
    enum status s;

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    s = given_line(owner_of(c), c->device->line, REG_OUT);
    if (s == STATUS_OK) {
        bus_command(&pci.bus, c->device, PCI_COMMAND_NO_LINE, 0);
        *line = REG_OUT;
    }
    return s;
}

enum status pci_op_master(struct lk_request *rq, uint64_t n, uint64_t on)
{
    const struct claim *c = claim_meant(rq, n);

    if (c == NULL) {
        return STATUS_STATE_CHANGED;
    }
    if (on > 1) {
        return STATUS_OUT_OF_RANGE;
    }
    bus_command(&pci.bus, c->device, PCI_COMMAND_MASTER, on != 0 ? PCI_COMMAND_MASTER : 0);
    return STATUS_OK;
}

enum status pci_op_list(struct lk_request *rq, uint64_t n, uint64_t *place, uint64_t *id,
                        uint64_t *code, bool *claimed)
{
    (void)rq;
    if (n >= pci.bus.count) {
        return STATUS_NOT_FOUND;
    }
    const struct bus_device *d = &pci.bus.device[n];
    const struct claim *c = claim_of(d);

    *place = d->place;
    *id = d->id;
    *code = d->class;
    *claimed = c != NULL && holder_lives(c);
    return STATUS_OK;
}

static const struct lk_server server = { PCI_SERVER("discrim") };

/* No device reaches memory, also not one that a driver was given before this server was begun
 * again; bridges go on, the firmware needs them. Only then is anything given anew. */
static void begin(void)
{
    static const struct bus_access access = { .read = config_read, .write = config_write };

    pci.ports = lk_cap("ports");
    pci.discrim = lk_cap("discrim");
    bus_scan(&pci.bus, &access);
    for (unsigned i = 0; i < pci.bus.count; i++) {
        if (!bus_is_bridge(&pci.bus.device[i])) {
            bus_command(&pci.bus, &pci.bus.device[i], PCI_COMMAND_MASTER, PCI_COMMAND_NO_LINE);
        }
    }
    given_begin(lk_cap("devices"), lk_cap("memory"), lk_cap("irqctl"),
                (uint32_t)lk_param("lines", LINES_USUAL));
    if (pci.bus.found > pci.bus.count) {
        say("%u functions were found, of which %u are known", pci.bus.found, pci.bus.count);
    }
}

int main(void)
{
    begin();
    lk_serve(&server);
}
